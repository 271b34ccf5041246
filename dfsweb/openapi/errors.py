"""Which errors each operation can answer with: by what it takes, and by what its view names (`x-problems`).

The status of a code, and how a problem is written, come from `dfsweb.api_errors`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from http import HTTPStatus
from typing import Any

from accounts.errors import AccountError
from dfsweb.api_errors import STATUSES, Problem, status_of
from files.errors import FilesError
from nodes.errors import ClusterError

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
_FOR_NOW = (429, 500, 503)
_EXAMPLE_REQUEST_ID = "0f9c2d6b8e1a4c7f9b3d5e7a1c2f4b6d"
WATCHING = "watching"
"""The tag of what is for whoever looks after the server: it is answered without the database, too."""

Operation = Mapping[str, Any]
Refusal = AccountError | ClusterError | FilesError


def _parameters(operation: Operation, place: str) -> set[str]:
    return {one["name"] for one in operation.get("parameters", []) if one["in"] == place}


def _takes(operation: Operation, *types: str) -> bool:
    return any(kind in operation.get("requestBody", {}).get("content", {}) for kind in types)


def _has(operation: Operation, *headers: str) -> bool:
    return bool(_parameters(operation, "header") & set(headers))


def _is_signed_in(operation: Operation) -> bool:
    return {"token": []} in operation.get("security", ())


def _changes(operation: Operation) -> bool:
    return operation["operationId"].partition("_")[0] in ("post", "put", "patch", "delete")


_FLAGS = {"permanent", "parents", "inline"}
"""Yes-or-no parameters that stand alone; the others of an address are looked at together."""
_BODY_TYPE = "application/offset+octet-stream"
_KEY = "Idempotency-Key"
_BY_SHAPE: tuple[tuple[Callable[[Operation], bool], set[str]], ...] = (
    (lambda operation: True, {"malformed", "overloaded"}),  # no request is beyond being malformed
    (lambda operation: operation["tags"] != [WATCHING], {"database_unavailable"}),
    (_is_signed_in, {"not_signed_in", "token_refused", "token_expired", "scope_missing"}),
    (lambda operation: _is_signed_in(operation) and _changes(operation), {"csrf_refused"}),
    (lambda operation: bool(_parameters(operation, "path")), {"not_found"}),
    (lambda operation: bool(_parameters(operation, "path") & {"path", "below"}), {"invalid_name"}),
    (lambda operation: bool(_parameters(operation, "query") & _FLAGS), {"invalid"}),
    (lambda operation: bool(_parameters(operation, "query") - _FLAGS), {"invalid_fields"}),
    (lambda operation: "cursor" in _parameters(operation, "query"), {"bad_cursor"}),
    (
        lambda operation: _takes(operation, "application/json"),
        {"too_large", "unsupported_media_type", "invalid_fields"},
    ),
    (lambda operation: _has(operation, "If-Match", "If-None-Match"), {"bad_header"}),
    (lambda operation: _has(operation, "If-Match"), {"precondition_failed"}),
    (lambda operation: _has(operation, _KEY), {"bad_header", "idempotency_key_reused"}),
    # A body that nobody asked for is part of what the key stands for.
    (
        lambda operation: _has(operation, _KEY) and "requestBody" not in operation,
        {"too_large", "unsupported_media_type"},
    ),
    (lambda operation: _has(operation, "Range"), {"range_not_satisfiable"}),
    (lambda operation: _has(operation, "Tus-Resumable"), {"unsupported_tus_version"}),
    (
        lambda operation: _takes(operation, "*/*", _BODY_TYPE),
        {
            *("bad_header", "digest_mismatch", "upload_cut", "upload_taken_over", "too_many_transfers"),
            *("quorum_not_reached", "chunk_reclaimed", "window_too_old", "cluster_full", "quota_exceeded"),
        },
    ),
    (
        lambda operation: _takes(operation, _BODY_TYPE),
        {"unsupported_upload_type", "upload_too_long", "checksum_mismatch"},
    ),
)


def of_operation(operation: Operation) -> dict[int, list[str]]:
    """Return the codes of all errors that this operation can answer with, by their statuses."""
    codes = set(operation.get("x-problems", ()))
    for applies, those in _BY_SHAPE:
        if applies(operation):
            codes |= those
    return {
        status: sorted(code for code in codes if status_of(code) == status)
        for status in sorted(map(status_of, codes))
    }


def phrase(status: int) -> str:
    """Return the words for this status, the same whatever Python runs."""
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def name_of(status: int, codes: Sequence[str]) -> str:
    """Return the name of the component that describes a refusal with one of these codes."""
    return ".".join([phrase(status).title().replace(" ", "").replace("-", ""), *codes])


def codes_of(name: str) -> Sequence[str]:
    """Return the codes that stand in such a name."""
    return name.split(".")[1:]


def headers(status: int) -> dict[str, Any]:
    """Return the part of a reply that tells of its own headers; empty when it has none."""
    if status not in _HEADERS:
        return {}
    name, meaning = _HEADERS[status]
    return {"headers": {name: {"description": meaning, "schema": {"type": "string"}}}}


def reply(status: int, codes: Sequence[str]) -> dict[str, Any]:
    """Describe a refusal with one of these codes, with an example of each."""
    code_of = {"properties": {"status": {"const": status}, "code": {"enum": list(codes)}}}
    return told(status, codes) | {
        "content": {
            "application/problem+json": {
                "schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, code_of]},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        }
    }


def told(status: int, codes: Sequence[str], further: str = "") -> dict[str, Any]:
    """Describe a refusal in words and headers."""
    words = [f"`{code}`: {STATUSES[code][1]}." for code in codes]
    return {"description": " ".join([*words, further]).strip(), **headers(status)}


def examples(codes: Set[str]) -> dict[str, Any]:
    """Return a problem of each of these codes, by its code."""
    kinds = {kind.code: kind for base in (AccountError, ClusterError, FilesError) for kind in _below(base)}
    return {code: {"value": _example(code, kinds.get(code))} for code in sorted(codes)}


def _below(base: type[Refusal]) -> Iterator[type[Refusal]]:
    """Yield what stands below an error, that which has a code of its own last."""
    for kind in base.__subclasses__():
        yield from _below(kind)
        yield kind


def _example(code: str, kind: type[Refusal] | None) -> dict[str, Any]:
    fields = [{"field": "name", "detail": "This field is required.", "code": "required"}]
    problem = Problem(
        code,
        (kind.__doc__ or "").strip() if kind else f"{STATUSES[code][1]}.",
        retryable=kind.retryable if kind else status_of(code) in _FOR_NOW,
        errors=fields if code == "invalid_fields" else [],
        facts={"size": 2_483_112} if code == "range_not_satisfiable" else {},
    )
    return problem.members() | {"request_id": _EXAMPLE_REQUEST_ID}
