"""Which errors each operation can answer with, said once: by what it takes, and by name for the rest.

The codes of a status, and how a problem is written, come from `dfsweb.api_errors`.
"""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from dfsweb.api_errors import STATUSES, Problem

PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457). Facts of it, such as free_bytes, stand beside these members.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do, for people."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
        "request_id": {"type": "string", "description": "What the server's log calls the request."},
        "errors": {
            "type": "array",
            "description": "Of the fields that need another value.",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
                "required": ["field", "detail", "code"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code", "retryable", "request_id"],
}
_HEADERS = {
    401: ("WWW-Authenticate", "The schemes that are taken."),
    416: ("Content-Range", "The size of the file, as bytes */<size>."),
    423: ("Retry-After", "Seconds to wait."),
    429: ("Retry-After", "Seconds to wait."),
    503: ("Retry-After", "Seconds to wait."),
}
_PHRASES = {
    413: "Request Entity Too Large",  # Python 3.13 has other words for these three
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
    460: "Checksum Mismatch",  # of tus, not of HTTP
}
_EXAMPLE_REQUEST_ID = "0f9c2d6b8e1a4c7f9b3d5e7a1c2f4b6d"
_REST_ONLY_JSON = 406

Operation = Mapping[str, Any]


def _parameters(operation: Operation, place: str) -> set[str]:
    return {one["name"] for one in operation.get("parameters", []) if one["in"] == place}


def _takes(operation: Operation, *types: str) -> bool:
    return any(kind in operation.get("requestBody", {}).get("content", {}) for kind in types)


def _gives_json(operation: Operation) -> bool:
    answers = [one for status, one in operation["responses"].items() if status.startswith("2")]
    return any("application/json" in one.get("content", {}) for one in answers)


_BY_SHAPE: tuple[tuple[Callable[[Operation], bool], set[int]], ...] = (
    (lambda operation: True, {400, 503}),  # no request is beyond being malformed, and all need the database
    (lambda operation: bool(operation.get("security")), {401, 403}),
    (lambda operation: bool(_parameters(operation, "path")), {404}),
    (lambda operation: bool(_parameters(operation, "query")), {422}),
    (lambda operation: _takes(operation, "application/json"), {413, 415, 422}),
    (lambda operation: _takes(operation, "*/*", "application/offset+octet-stream"), {409, 413, 422, 507}),
    (lambda operation: bool({"If-Match", "If-None-Match"} & _parameters(operation, "header")), {412}),
    (lambda operation: "Idempotency-Key" in _parameters(operation, "header"), {422}),
    (lambda operation: "Range" in _parameters(operation, "header"), {409, 416}),
    (lambda operation: "Tus-Resumable" in _parameters(operation, "header"), {412}),
    (lambda operation: _takes(operation, "application/offset+octet-stream"), {415, 460}),
)
BY_NAME: dict[str, set[int]] = {
    "post_auth_register": {403, 409, 410, 429},
    "post_auth_tokens": {401, 403, 404, 409, 429},
    "post_auth_invitations": {404},
    "post_auth_password": {429},
    "post_auth_password_reset": {429},
    "get_entries": {404, 409},
    "post_entries": {404, 409},
    "patch_entries_entry_id": {409},
    "delete_entries_entry_id": {409},
    "post_entries_entry_id_copy": {409, 507},
    "post_entries_entry_id_restore": {409},
    "get_entries_entry_id_manifest": {409},
    "post_entries_entry_id_verify": {409},
    "get_entries_entry_id_versions": {409},
    "delete_entries_entry_id_versions_number": {409},
    "post_entries_entry_id_versions_number_restore": {409, 507},
    "post_entries_entry_id_shares": {409},
    "get_entries_entry_id_archive": {409},
    "head_entries_entry_id_archive": {409},
    "get_paths": {409},
    "get_paths_path": {409},
    "head_content_path": {409},
    "delete_content_path": {409},
    "head_entries_entry_id_content": {409},
    "head_entries_entry_id_versions_number_content": {409},
    "get_changes": {410},
    "post_uploads": {404, 410},
    "head_uploads_upload_id": {409, 410, 423},
    "patch_uploads_upload_id": {410, 423},
    "delete_uploads_upload_id": {409, 410},
    "post_nodes_node_id_activate": {409},
    "post_nodes_node_id_drain": {409},
    "post_nodes_node_id_retire": {409},
    "post_nodes_announce": {403, 409},
}


def of_operation(operation: Operation) -> set[int]:
    """Return the statuses of all errors that this operation can answer with."""
    found = set(BY_NAME.get(operation["operationId"], set()))
    for applies, statuses in _BY_SHAPE:
        if applies(operation):
            found |= statuses
    if _gives_json(operation) and operation["operationId"] not in PLAIN_VIEWS:
        found.add(_REST_ONLY_JSON)
    return found


PLAIN_VIEWS = frozenset(
    {"put_content_path", "delete_content_path", "put_entries_entry_id_content", "get_uploads"}
)
"""They write JSON whatever the request accepts."""


def phrase(status: int) -> str:
    """Return the words for this status, the same whatever Python runs."""
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def name_of(status: int) -> str:
    """Return the name of the component that describes this status."""
    return phrase(status).title().replace(" ", "").replace("-", "")


def headers(status: int) -> dict[str, Any]:
    """Return the part of a reply that tells of its own headers; empty when it has none."""
    if status not in _HEADERS:
        return {}
    name, meaning = _HEADERS[status]
    return {"headers": {name: {"description": meaning, "schema": {"type": "string"}}}}


def components() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a reply for each status there is, with all its codes: `errors` refer to them by name."""
    for status in sorted({status for status, _ in STATUSES.values() if status < 500 or status in (503, 507)}):
        codes = {code: title for code, (its, title) in STATUSES.items() if its == status}
        reply: dict[str, Any] = {
            "description": ". ".join(f"`{code}`: {title}" for code, title in codes.items()) + ".",
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {code: {"value": _example(code)} for code in list(codes)[:1]},
                }
            },
        }
        yield name_of(status), reply | headers(status)


def _example(code: str) -> dict[str, Any]:
    fields = [{"field": "name", "detail": "This field is required.", "code": "required"}]
    problem = Problem(
        code, f"{STATUSES[code][1]}.", errors=fields if code == "invalid_fields" else [], facts={}
    )
    return problem.members() | {"request_id": _EXAMPLE_REQUEST_ID}
