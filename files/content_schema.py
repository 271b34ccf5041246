"""Describes the routes of bytes, and of uploads HEAD, OPTIONS and POST in the place of another method: no
generator looks into them.

Errors are added to all operations alike, by `dfsweb.openapi`.
"""

from typing import Any

from accounts import idempotency, keyed
from files.tree_views import INTO_A_FOLDER, ON_COMMIT

_ENTRY = {"application/json": {"schema": {"$ref": "#/components/schemas/EntryOut"}}}
_BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_SECURITY: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]


def _header(name: str, meaning: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": meaning}


def _query(name: str, meaning: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "boolean"}, "description": meaning}


def told(**meanings: str) -> dict[str, Any]:
    """Describe headers of a reply; their names are written with underscores."""
    return {
        name.replace("_", "-"): {"description": meaning, "schema": {"type": "string"}}
        for name, meaning in meanings.items()
    }


_STATE = told(
    ETag="The content etag.",
    Last_Modified="When these bytes were stored.",
    Accept_Ranges="bytes.",
    Dfs_Entry="The id of the file.",
)
_NAMED = _STATE | told(Content_Disposition="The name of the file (RFC 6266).")
_TOLD_WHOLE = _NAMED | told(Repr_Digest="sha-256=:<base64>:, once it is known.")
_WHOLE = _TOLD_WHOLE | told(Content_Digest="The same.")
_PART = _NAMED | told(Content_Range="Of one range; several come as multipart/byteranges, each with its own.")
READ: dict[str, Any] = {
    "description": (
        "Read the bytes of a file, all or ranges of them. A browser that asks for them as a script, a style"
        " or a worker (Sec-Fetch-Dest) gets them as application/octet-stream, which it does not run."
    ),
    "parameters": [
        _header("Range", "One range of bytes, or at most 16."),
        _header(
            "If-Range",
            "The etag of the version that the range is of. A date gives the whole: what lies at an address"
            " may be replaced, or moved there, within its second.",
        ),
        _header("If-Match", "Content etags."),
        _header("If-None-Match", "Content etags."),
        _header("If-Modified-Since", "An HTTP date; counts without If-None-Match."),
        _header("If-Unmodified-Since", "An HTTP date; counts without If-Match."),
        _query("inline", "To be shown in place, where that is safe."),
    ],
    "responses": {
        "200": {"description": "The bytes.", "headers": _WHOLE, "content": _BYTES},
        "206": {"description": "The ranges asked for.", "headers": _PART, "content": _BYTES},
        "304": {"description": "Not changed.", "headers": _STATE},
    },
    "x-problems": ["not_a_file", "content_unavailable", "too_many_transfers"],
}
_HEAD: dict[str, Any] = {
    "description": "Tell what a GET of the whole would answer, without the bytes.",
    "parameters": [one for one in READ["parameters"] if one["name"] not in ("Range", "If-Range")],
    "responses": {
        "200": {"description": "The headers of a GET.", "headers": _TOLD_WHOLE},
        "304": {"description": "Not changed.", "headers": _STATE},
    },
    "x-problems": ["not_a_file"],
}
_STORED = told(ETag="The content etag.", Dfs_Entry="The id of the file.")
_WRITE: dict[str, Any] = {
    "description": "Store a whole file: a new version where there is one.",
    "parameters": [
        _header("If-Match", "Content etags, one of which must be current."),
        _header("If-None-Match", "* creates only."),
        _header(
            "If-Unmodified-Since", "An HTTP date; counts without If-Match, and for a file that is there."
        ),
        _header("Repr-Digest", "sha-256=:<base64>:, which the bytes must match."),
        _header("Content-Digest", "The same."),
        {
            **_header(idempotency.HEADER, keyed.MEANING),
            "schema": {"type": "string", "pattern": idempotency.PATTERN},
        },
    ],
    "requestBody": {"content": _BYTES},
    "responses": {
        "200": {"description": "A new version of the file.", "headers": _STORED, "content": _ENTRY},
        "201": {"description": "A new file.", "headers": _STORED, "content": _ENTRY},
    },
    "x-problems": ON_COMMIT,
}
_WRITE_AT: dict[str, Any] = {
    **_WRITE,
    "description": "Store a whole file at a path: a new version where there is one.",
    "parameters": [*_WRITE["parameters"], _query("parents", "Make missing folders.")],
    "x-problems": [*ON_COMMIT, *INTO_A_FOLDER, "parent_not_found"],
}
_DELETE: dict[str, Any] = {
    "description": "Put what lies at a path into the trash.",
    "parameters": [
        _header("If-Match", "Etags."),
        _header("If-Unmodified-Since", "An HTTP date; counts without If-Match, and for a file."),
        _query("permanent", "Purge instead: 204."),
    ],
    "responses": {
        "200": {"description": "It is in the trash.", "content": _ENTRY},
        "204": {"description": "It is purged."},
    },
    "x-problems": ["root_is_fixed"],
}
_ARCHIVE: dict[str, Any] = {
    "description": "Stream a folder, with all below it, as a zip archive.",
    "parameters": [],
    "responses": {
        "200": {
            "description": "The folder as a zip archive, its length announced.",
            "headers": told(Content_Disposition="The name of the folder, and .zip."),
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
    "x-problems": ["not_a_folder", "too_many_entries", "too_deep", "too_many_transfers"],
}
_ASK_ARCHIVE: dict[str, Any] = {
    **_ARCHIVE,
    "description": "Tell how long the archive would be.",
    "responses": {
        "200": {"description": "The headers of a GET.", "headers": _ARCHIVE["responses"]["200"]["headers"]}
    },
}
_ASK_UPLOAD: dict[str, Any] = {
    "description": "Tell the offset from which an upload goes on (tus). An earlier request that still sends"
    " it is waited for, and shut out when nothing of it was recorded for six seconds; while it gets on: 423.",
    "parameters": [
        {**_header("Tus-Resumable", "The version of tus."), "required": True, "schema": {"const": "1.0.0"}}
    ],
    "responses": {
        "200": {
            "description": "How far the upload is.",
            "headers": {
                "Upload-Offset": {"schema": {"type": "integer"}},
                "Upload-Length": {"schema": {"type": "integer"}, "description": "Once it is known."},
                **told(
                    Upload_Defer_Length="1: until then.",
                    Upload_Metadata="As it was sent.",
                    Upload_Concat="As it was sent.",
                    Upload_Expires="When it ends, if nothing more comes and nobody asks for it.",
                    Dfs_Entry="The id of the file, once all bytes have come.",
                ),
            },
        }
    },
    "x-problems": [*ON_COMMIT, "upload_expired", "upload_locked"],
}
_ASK_TUS: dict[str, Any] = {
    "description": "Tell what of tus is spoken here. Nobody needs to be signed in to ask.",
    "parameters": [],
    "responses": {
        "204": {
            "description": "What this server can do.",
            "headers": told(
                Tus_Version="1.0.0.",
                Tus_Extension="The names of the extensions, with commas between them.",
                Tus_Max_Size="How many bytes an upload may have.",
                Tus_Checksum_Algorithm="What Upload-Checksum may use.",
            ),
        }
    },
    "security": [],
}
_IN_PATH = {
    "path": {"type": "string"},
    "entry_id": {"type": "string", "format": "uuid"},
    "upload_id": {"type": "string", "format": "uuid"},
    "number": {"type": "integer", "minimum": 0},
}
_ROUTES = {
    "/api/v1/content/{path}": {"get": READ, "head": _HEAD, "put": _WRITE_AT, "delete": _DELETE},
    "/api/v1/entries/{entry_id}/content": {"get": READ, "head": _HEAD, "put": _WRITE},
    "/api/v1/entries/{entry_id}/versions/{number}/content": {"get": READ, "head": _HEAD},
    "/api/v1/entries/{entry_id}/archive": {"get": _ARCHIVE, "head": _ASK_ARCHIVE},
    "/api/v1/uploads": {"options": _ASK_TUS},
    "/api/v1/uploads/{upload_id}": {"head": _ASK_UPLOAD, "options": _ASK_TUS},
}


def describe_content(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the routes to a generated schema; a hook of drf-spectacular."""
    for route, operations in _ROUTES.items():
        in_path = [
            {"name": name, "in": "path", "required": True, "schema": schema}
            for name, schema in _IN_PATH.items()
            if f"{{{name}}}" in route
        ]
        words = route.removeprefix("/api/v1/").replace("/", "_").replace("{", "").replace("}", "")
        described = result["paths"].setdefault(route, {})
        for method, operation in operations.items():
            described[method] = {
                **operation,
                "operationId": f"{method}_{words}",
                "tags": [words.partition("_")[0]],
                "parameters": [*in_path, *operation["parameters"]],
                "responses": {status: dict(reply) for status, reply in operation["responses"].items()},
                "security": operation.get("security", _SECURITY),
            }
    upload = result["paths"]["/api/v1/uploads/{upload_id}"]
    upload["post"] = _standing_in(upload["patch"], upload["head"])
    return result


def _standing_in(patch: dict[str, Any], head: dict[str, Any]) -> dict[str, Any]:
    """Describe the POST that stands for another method, where a client or a proxy lets no other through."""
    method = {"type": "string", "enum": ["PATCH", "HEAD", "DELETE"]}
    of_patch = [{**one, "required": False} for one in patch["parameters"] if one["name"] == "Upload-Offset"]
    others = [one for one in patch["parameters"] if one["name"] != "Upload-Offset"]
    return {
        **patch,
        "operationId": patch["operationId"].replace("patch", "post"),
        "description": "Do what the method does that the header names: PATCH, HEAD or DELETE (tus).",
        "parameters": [
            {"name": "X-HTTP-Method-Override", "in": "header", "required": True, "schema": method},
            *others,
            *of_patch,
        ],
        "responses": {
            "200": {**head["responses"]["200"], "description": "Of HEAD: how far the upload is."},
            "204": {**patch["responses"]["204"], "description": "Of PATCH and DELETE: done."},
        },
    }
