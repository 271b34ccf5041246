"""Reasons to refuse that samples seldom meet are named where the API refuses by them."""

import pytest

from files.names import MAX_DEPTH
from tests.files.conftest import code, person, token_client
from tests.files.test_depth import nest
from tests.files.tus_requests import create
from tests.fuzz import refusals

ENTRIES = f"{refusals.PREFIX}/entries"


@pytest.mark.usefixtures("cluster")
def test_folders_too_deep_are_a_reason_wherever_folders_come_to_lie():
    owner = person("owner")
    *_, top, deepest = nest(owner, MAX_DEPTH)
    folder = nest(owner, 1, "folder")[0]
    there = {"parent": str(deepest.id)}
    api, bound = token_client(owner), token_client(owner, folder_id=top.id)

    replies = {
        "POST /entries": api.post(ENTRIES, {"kind": "folder", "name": "y"} | there, format="json"),
        "PATCH /entries/{entry_id}": api.patch(f"{ENTRIES}/{folder.id}", there, format="json"),
        "POST /entries/{entry_id}/copy": api.post(f"{ENTRIES}/{folder.id}/copy", there, format="json"),
        "PUT /content/{path}": bound.put(
            f"{refusals.PREFIX}/content/x/y/f?parents=true", b"", content_type="text/plain"
        ),
        "POST /uploads": create(bound, 1, filename="", path="/x/y/f", parents="1"),
    }

    for operation, reply in replies.items():
        method, path = operation.split(" ")
        assert code(reply) == (409, "too_deep"), operation
        assert "too_deep" in refusals.codes(f"{method} {refusals.PREFIX}{path}"), operation
