"""Why something that the description allows may be refused: by which codes, at which operations.

What follows from what an operation takes is said once for all of them; the rest names each operation.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from dfsweb.api_errors import status_of
from tests.fuzz.description import document

PREFIX = "/api/v1"
OF_TAKING: dict[str, tuple[str, set[str]]] = {
    "{entry_id}": ("an id that is made up is nobody's", {"not_found"}),
    "{invitation_id}": ("an id that is made up is nobody's", {"not_found"}),
    "{node_id}": ("a number that is made up is no node's", {"not_found"}),
    "{number}": ("a number that is made up is no version's", {"not_found"}),
    "{path}": (
        "nothing lies at a path that is made up; names have rules that no schema can say",
        {"not_found", "invalid_name"},
    ),
    "{session_id}": ("an id that is made up is nobody's", {"not_found"}),
    "{share_id}": ("an id that is made up is nobody's", {"not_found"}),
    "{token_id}": ("an id that is made up is nobody's", {"not_found"}),
    "{token}": ("an address that is made up is no link's", {"not_found"}),
    "{below}": ("names have rules that no schema can say", {"invalid_name"}),
    "{upload_id}": ("an id that is made up is nobody's", {"not_found"}),
    "cursor": ("cursors are opaque, and no text with nothing in it", {"bad_cursor", "invalid_fields"}),
    "Idempotency-Key": ("a key is good for one request", {"idempotency_key_reused"}),
    "If-Match": ("it is about what is there", {"precondition_failed"}),
    "If-Unmodified-Since": ("it is about what is there", {"precondition_failed"}),
    "Range": ("it is about the bytes that are there", {"range_not_satisfiable"}),
}
"""By the name of a parameter, or a piece of the path."""

BY_NAME: dict[str, tuple[set[str], str]] = {
    "a made-up key of a join proves nothing": ({"join_token_refused"}, "POST /nodes/announce"),
    "a node with copies is not let go": ({"node_still_needed"}, "POST /nodes/{node_id}/retire"),
    "a made-up token is no scraper's": ({"scrape_denied"}, "GET /metrics"),
    "it may be tried so often only": (
        {"too_many_attempts"},
        "POST /auth/password, POST /auth/password-reset, POST /auth/register, POST /auth/tokens",
    ),
    "names and passwords have rules that no schema can say": (
        {"invalid_fields"},
        "POST /auth/invitations, POST /auth/password, POST /auth/register, POST /auth/tokens",
    ),
    "a made-up password is nobody's": ({"sign_in_refused"}, "POST /auth/tokens"),
    "a made-up invitation is gone": ({"invitation_refused"}, "POST /auth/register"),
    "a key tells again of what it made, which may have been taken back since": (
        {"not_found"},
        "POST /auth/invitations",
    ),
    "a name is taken once": ({"username_taken"}, "POST /auth/register"),
    "an account has so many tokens": ({"too_many_tokens"}, "POST /auth/tokens"),
    "fields depend on each other": (
        {"invalid_fields"},
        "GET /entries, POST /entries, PATCH /entries/{entry_id}, POST /entries/{entry_id}/copy,"
        " POST /entries/{entry_id}/shares, PATCH /shares/{share_id}, POST /entries/{entry_id}/verify,"
        " GET /paths, GET /paths/{path}, POST /batch, GET /changes",
    ),
    "fields depend on what is there": (
        {"invalid"},
        "GET /entries, POST /entries/{entry_id}/shares, PATCH /shares/{share_id}, GET /paths,"
        " GET /paths/{path}, POST /batch",
    ),
    "names of entries have rules that no schema can say": (
        {"invalid_name"},
        "POST /entries, PATCH /entries/{entry_id}, POST /entries/{entry_id}/copy, POST /uploads",
    ),
    "a made-up folder is not there": (
        {"not_found"},
        "GET /entries, POST /entries, PATCH /entries/{entry_id}, POST /entries/{entry_id}/copy,"
        " POST /entries/{entry_id}/restore, PUT /content/{path}, POST /uploads",
    ),
    "nor is one of a made-up path": (
        {"parent_not_found"},
        "POST /entries, PUT /content/{path}, POST /uploads",
    ),
    "a name is in its folder once": (
        {"name_taken"},
        "POST /entries, PATCH /entries/{entry_id}, POST /entries/{entry_id}/copy, PUT /content/{path},"
        " POST /entries/{entry_id}/restore, POST /uploads",
    ),
    "folders lie in each other only so deep": (
        {"too_deep"},
        "POST /entries, PATCH /entries/{entry_id}, POST /entries/{entry_id}/copy, PUT /content/{path},"
        " POST /uploads",
    ),
    "a folder has no bytes and no versions": (
        {"not_a_file"},
        "GET /content/{path}, HEAD /content/{path}, PUT /content/{path}, GET /entries/{entry_id}/content,"
        " HEAD /entries/{entry_id}/content, PUT /entries/{entry_id}/content,"
        " GET /entries/{entry_id}/manifest, POST /entries/{entry_id}/verify,"
        " GET /entries/{entry_id}/versions, DELETE /entries/{entry_id}/versions/{number},"
        " GET /entries/{entry_id}/versions/{number}/content,"
        " HEAD /entries/{entry_id}/versions/{number}/content,"
        " POST /entries/{entry_id}/versions/{number}/restore",
    ),
    "a file has nothing below it": (
        {"not_a_folder"},
        "GET /entries, POST /entries, PATCH /entries/{entry_id}, POST /entries/{entry_id}/copy,"
        " GET /entries/{entry_id}/archive, HEAD /entries/{entry_id}/archive, GET /paths/{path},"
        " PUT /content/{path}, POST /uploads",
    ),
    "the topmost folder stays": (
        {"root_is_fixed"},
        "PATCH /entries/{entry_id}, DELETE /entries/{entry_id}, POST /entries/{entry_id}/copy,"
        " POST /entries/{entry_id}/shares, DELETE /content/{path}",
    ),
    "a folder does not go into itself": ({"move_into_itself"}, "PATCH /entries/{entry_id}"),
    "only what is in the trash comes back": ({"not_in_trash"}, "POST /entries/{entry_id}/restore"),
    "the current version stays": ({"version_is_current"}, "DELETE /entries/{entry_id}/versions/{number}"),
    "conditions, ranges and digests have a form of their own": (
        {"bad_header"},
        "GET /content/{path}, HEAD /content/{path}, PUT /content/{path}, DELETE /content/{path},"
        " GET /entries/{entry_id}/content, HEAD /entries/{entry_id}/content,"
        " PUT /entries/{entry_id}/content, GET /entries/{entry_id}, PATCH /entries/{entry_id},"
        " DELETE /entries/{entry_id}, POST /entries/{entry_id}/restore,"
        " DELETE /entries/{entry_id}/versions/{number},"
        " GET /entries/{entry_id}/versions/{number}/content,"
        " HEAD /entries/{entry_id}/versions/{number}/content",
    ),
    "a made-up digest is of other bytes": (
        {"digest_mismatch"},
        "PUT /content/{path}, PUT /entries/{entry_id}/content, POST /uploads, PATCH /uploads/{upload_id},"
        " POST /uploads/{upload_id}",
    ),
    "headers of tus depend on each other and on the offset": (
        {"bad_header"},
        "POST /uploads, PATCH /uploads/{upload_id}, POST /uploads/{upload_id}",
    ),
    "an upload takes bytes of one type, as many as announced": (
        {"unsupported_upload_type", "upload_too_long"},
        "POST /uploads, PATCH /uploads/{upload_id}, POST /uploads/{upload_id}",
    ),
    "an upload takes the next bytes": (
        {"offset_mismatch"},
        "PATCH /uploads/{upload_id}, POST /uploads/{upload_id}",
    ),
    "a made-up checksum is of other bytes": (
        {"checksum_mismatch"},
        "POST /uploads, PATCH /uploads/{upload_id}, POST /uploads/{upload_id}",
    ),
    "only parts that are whole are joined": ({"part_unfinished"}, "POST /uploads"),
    "what parts became is not sent to": (
        {"final_upload"},
        "PATCH /uploads/{upload_id}, POST /uploads/{upload_id}",
    ),
}
WITHOUT_A_TOKEN = {"not_signed_in", "token_refused"}
"""What a check of schemathesis is told that sends each request without one, and with a made-up one."""
FOR_STAFF = {
    *("GET /auth/invitations", "POST /auth/invitations", "DELETE /auth/invitations/{invitation_id}"),
    *("GET /nodes", "GET /nodes/rebalance", "POST /nodes/rebalance", "GET /nodes/{node_id}"),
    *("POST /nodes/{node_id}/activate", "POST /nodes/{node_id}/drain", "POST /nodes/{node_id}/retire"),
    *("GET /nodes/{node_id}/scrub", "POST /nodes/{node_id}/scrub", "POST /cluster/confirm-restore"),
}
"""What a person is refused by `scope_missing` or `staff_only`, whatever is sent."""


def named(label: str) -> str:
    """Return an operation as it is called here, `GET /entries`."""
    method, path = label.split(" ", 1)
    return f"{method} {path.removeprefix(PREFIX)}"


@cache
def codes(label: str) -> frozenset[str]:
    """Return by which codes an operation may refuse what its description allows."""
    return frozenset({code for _, some in _reasons(label) for code in some})


def statuses(label: str) -> list[str]:
    return sorted({str(status_of(code)) for code in codes(label)})


def _reasons(label: str) -> Iterator[tuple[str, set[str]]]:
    method, path = label.split(" ", 1)
    taken = parameters(document()["paths"][path], method) | set(path.split("/"))
    yield from (reason for taking, reason in OF_TAKING.items() if taking in taken)
    for reason, (some, operations) in BY_NAME.items():
        if named(label) in operations.split(", "):
            yield reason, some
    yield "whoever asks has to be known", WITHOUT_A_TOKEN


def parameters(item: dict[str, Any], method: str) -> set[str]:
    """Return the names of what an operation takes in its address and headers."""
    return {one["name"] for one in item[method.lower()].get("parameters", []) if one["in"] != "path"}
