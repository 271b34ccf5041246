"""Bytes by path and by id, on three real storage nodes."""

import base64
import hashlib
import math
import random
import re

import pytest
from django.conf import settings

from accounts.models import Usage
from files import purging, tree
from files.models import Entry
from nodes import roster
from nodes.models import Chunk, Node
from tests.files.conftest import code, used_bytes
from tests.files.content_requests import CONTENT, body, get, put

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.mark.parametrize(
    "size", [0, 1, 4096, 2**20 + 1, settings.CHUNK_SIZE, settings.CHUNK_SIZE + 1, 3 * settings.CHUNK_SIZE - 7]
)
def test_what_was_put_comes_back(api, size):
    data = random.Random(size).randbytes(size)

    made = put(api, "a/b.bin?parents=true", data)
    back = get(api, "a/b.bin")

    assert made.status_code == 201
    assert body(back) == data
    assert back["Content-Length"] == str(size)
    assert back["ETag"] == made["ETag"] == f'"{made.json()["content_etag"]}"'


def test_a_small_file_costs_one_question_down_and_three_up(api, django_assert_num_queries, monkeypatch):
    """Two up where the server has the body at hand: whether the bytes are known is asked with the rest."""
    put(api, "first.txt", b"first")
    monkeypatch.setattr(roster, "REFRESH_SECONDS", math.inf)  # they are asked for again by the clock
    with django_assert_num_queries(3):
        put(api, "second.txt", b"second")
    with django_assert_num_queries(1):
        assert body(get(api, "second.txt")) == b"second"


def test_the_reply_to_a_put_is_the_entry(api, owner):
    reply = put(api, "hello.txt", b"hello", "text/plain")

    entry = reply.json()
    assert entry == {
        "id": str(Entry.objects.get(name="hello.txt").id),
        "kind": "file",
        "name": "hello.txt",
        "path": "/hello.txt",
        "parent": str(tree.root_folder(owner).id),
        "owner": "owner",
        "role": "owner",
        "size": 5,
        "content_type": "text/plain",
        "sha256": hashlib.sha256(b"hello").hexdigest(),
        "etag": entry["etag"],
        "content_etag": entry["content_etag"],
        "copies": {"wanted": 3, "fewest": 2, "is_complete": False, "is_being_copied": True},
        "starred": False,
        "created_at": entry["created_at"],
        "modified_at": entry["modified_at"],
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", entry["created_at"])
    assert reply["Dfs-Entry"] == entry["id"]
    assert used_bytes(owner) == 5


def test_a_list_tells_of_copies_and_asks_for_them_only_while_some_are_due(
    api, owner, django_assert_num_queries
):
    put(api, "a/hello.txt?parents=true", b"hello")
    tree.create_folder_at(owner, "/a/folder", parents=True)
    listed = f"/api/v1/entries?parent={Entry.objects.get(name='a').id}"

    with django_assert_num_queries(3):
        folder, file = api.get(listed).json()["results"]
    assert folder["copies"] is None
    assert file["copies"] == {"wanted": 3, "fewest": 2, "is_complete": False, "is_being_copied": True}

    Chunk.objects.update(copies_due_at=None)
    with django_assert_num_queries(2):
        folder, file = api.get(listed).json()["results"]
    assert folder["copies"] is None
    assert file["copies"] == {"wanted": 3, "fewest": 3, "is_complete": True, "is_being_copied": False}


def test_putting_again_replaces_and_keeps_the_entry(api, owner):
    first = put(api, "a.txt", b"one").json()

    second = put(api, "a.txt", b"three")

    assert second.status_code == 200
    assert second.json()["id"] == first["id"]
    assert second.json()["content_etag"] != first["content_etag"]
    assert second.json()["etag"] != first["etag"]
    assert body(get(api, "a.txt")) == b"three"
    assert used_bytes(owner) == 8


def test_bytes_go_and_come_by_id(api):
    entry = put(api, "a.txt", b"one").json()
    by_id = f"/api/v1/entries/{entry['id']}/content"

    replaced = api.put(by_id, b"two", content_type="text/plain")

    assert replaced.status_code == 200
    assert body(api.get(by_id)) == body(get(api, "a.txt")) == b"two"
    assert api.head(by_id)["Content-Length"] == "3"


def test_a_head_tells_what_a_get_would(api):
    put(api, "a.txt", b"hello", "text/plain")

    head, full = api.head(CONTENT + "a.txt"), get(api, "a.txt")

    assert head.content == b""
    for name in ("Content-Length", "ETag", "Last-Modified", "Accept-Ranges", "Repr-Digest", "Content-Type"):
        assert head[name] == full[name]
    digest = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert full["Repr-Digest"] == full["Content-Digest"] == f"sha-256=:{digest}:"
    assert "Content-Digest" not in head  # of what is sent


@pytest.mark.parametrize("header", ["Repr-Digest", "Content-Digest"])
@pytest.mark.parametrize("size", [10, 2**20 + 1])
def test_bytes_that_do_not_match_their_digest_are_not_stored(api, owner, header, size):
    data = bytes(size)

    def digest(of):
        return {header: f"sha-256=:{base64.b64encode(hashlib.sha256(of).digest()).decode()}:"}

    refused = put(api, "a.bin", data, **digest(data + b"!"))
    assert code(refused) == (422, "digest_mismatch")
    assert code(get(api, "a.bin")) == (404, "not_found")
    assert used_bytes(owner) == 0

    kept = put(api, "a.bin", data, **digest(data))
    assert kept.json()["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("header", ["Repr-Digest", "Content-Digest"])
@pytest.mark.parametrize("write", [str, lambda digest: f'"{digest}"', lambda digest: f":{digest}:"])
def test_a_digest_that_cannot_be_read_is_refused_with_its_bytes(api, header, write):
    digest = write(hashlib.sha256(b"others").hexdigest())

    assert code(put(api, "a.bin", b"x", **{header: f"sha-256={digest}"})) == (400, "bad_header")
    assert code(get(api, "a.bin")) == (404, "not_found")


def test_a_file_is_never_more_than_its_owners_quota(api, owner):
    Usage.objects.filter(user=owner).update(quota_bytes=100)

    assert code(put(api, "a.bin", bytes(101))) == (507, "quota_exceeded")
    assert code(put(api, "b.bin", bytes(2**20))) == (507, "quota_exceeded")
    assert put(api, "c.bin", bytes(100)).status_code == 201
    assert code(put(api, "c.bin", b"1")) == (507, "quota_exceeded")
    assert used_bytes(owner) == 100
    assert Entry.objects.filter(kind="file").count() == 1


def test_without_a_write_quorum_nothing_is_stored_and_reads_go_on(api, cluster):
    put(api, "a.txt", b"hello")
    Node.objects.exclude(id=cluster()[0].id).update(duty=Node.Duty.DRAINING)
    roster.reload()

    refused = put(api, "b.txt", b"world")

    assert code(refused) == (503, "quorum_not_reached")
    assert refused["Retry-After"]
    assert code(get(api, "b.txt")) == (404, "not_found")
    assert body(get(api, "a.txt")) == b"hello"


def test_a_cluster_without_room_says_so_and_not_to_try_again(api, cluster):
    cluster()
    Node.objects.update(free_bytes=4)
    roster.reload()

    refused = put(api, "b.txt", b"world")

    assert code(refused) == (507, "cluster_full")
    assert "Retry-After" not in refused and not refused.json()["retryable"]
    assert put(api, "c.txt", b"four").status_code == 201


def test_deleting_means_the_trash_and_purging_says_so(api, owner):
    entry = put(api, "a.txt", b"hello").json()

    trashed = api.delete(CONTENT + "a.txt")
    assert trashed.status_code == 200
    assert trashed.json()["trashed_at"]
    assert code(get(api, "a.txt")) == (404, "not_found")
    assert code(api.get(f"/api/v1/entries/{entry['id']}/content")) == (404, "not_found")
    assert used_bytes(owner) == 5

    put(api, "a.txt", b"again")
    assert api.delete(CONTENT + "a.txt?permanent=true").status_code == 204
    assert used_bytes(owner) == 5


def test_a_file_deleted_while_it_is_read_is_read_to_its_end(api, owner):
    data = random.Random(3).randbytes(2 * settings.CHUNK_SIZE)
    entry = put(api, "a.bin", data).json()
    reply = get(api, "a.bin")
    pieces = iter(reply.streaming_content)
    received = next(pieces)

    purging.purge(owner, entry["id"])
    while purging.sweep():
        pass

    assert received + b"".join(pieces) == data


def test_another_method_is_refused(api):
    reply = api.post(CONTENT + "a.txt", b"x", content_type="text/plain")

    assert code(reply) == (405, "method_not_allowed")
    assert reply["Allow"] == "GET, HEAD, PUT, DELETE"
