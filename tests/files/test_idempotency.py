"""A request that is sent again under its Idempotency-Key: done once, answered alike."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from accounts import idempotency, tasks
from accounts.models import KeptAnswer
from files.models import Entry, Share, Upload, Version
from nodes import failpoints
from tests.files.conftest import code, make_folder, token_client, used_bytes, write_file
from tests.files.tus_requests import create, patch

ENTRIES = "/api/v1/entries"
FOLDER = {"kind": "folder", "name": "new"}
KEY = {"Idempotency-Key": "a-key"}

pytestmark = pytest.mark.usefixtures("cluster")


class Crash(BaseException):
    """The process dies here."""


def post(api, path, body, **headers):
    return api.post(path, body, format="json", headers=KEY | headers)


def put(api, data, path="a.bin", **headers):
    return api.put(
        f"/api/v1/content/{path}", data, content_type="application/octet-stream", headers=KEY | headers
    )


def at_once(owner, ask, times=4):
    """Send a request several times at the same moment."""
    start = threading.Barrier(times, timeout=120)
    clients = [token_client(owner) for _ in range(times)]

    def run(client):
        try:
            start.wait()
            return ask(client)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, clients))


def is_again(reply, first):
    """Tell whether a reply is the first one again, word by word, and says so."""
    same = (reply.status_code, reply.content) == (first.status_code, first.content)
    return same and reply["Idempotent-Replayed"] == "true" and reply.get("ETag") == first.get("ETag")


def test_a_folder_is_made_once_and_the_first_answer_given_again(api):
    first = post(api, ENTRIES, FOLDER)
    again = post(api, ENTRIES, FOLDER)

    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first
    assert is_again(again, first)
    assert post(api, ENTRIES, FOLDER, **{"Idempotency-Key": '"a-key"'}).content == first.content
    assert post(api, ENTRIES, FOLDER, **{"Idempotency-Key": "another"}).status_code == 409


def test_copies_restores_and_batches_are_done_once(api, owner):
    file = write_file(owner, "/a", size=3)
    write_file(owner, "/a", size=4)
    asked = {
        f"{ENTRIES}/{file.id}/copy": {},
        f"{ENTRIES}/{file.id}/versions/1/restore": {},
        "/api/v1/batch": {"operation": "copy", "ids": [str(file.id)]},
    }

    for number, (path, body) in enumerate(asked.items()):
        first, again = (post(api, path, body, **{"Idempotency-Key": str(number)}) for _ in range(2))
        assert first.status_code in (200, 201)
        assert is_again(again, first)

    assert sorted(Entry.objects.filter(kind="file").values_list("name", flat=True)) == [
        *("a", "a (copy 2)", "a (copy)"),
    ]
    assert Version.objects.filter(entry=file).count() == 3
    assert used_bytes(owner) == 3 + 4 + 4 + 3 + 3


def test_many_entries_under_one_key_are_refused_before_anything_is_done(api, owner):
    ids = [str(write_file(owner, "/a").id)] * 1001

    reply = post(api, "/api/v1/batch", {"operation": "trash", "ids": ids})

    assert code(reply) == (422, "invalid")
    assert Entry.objects.filter(trashed_at=None, kind="file").exists()


def test_a_link_is_made_once_and_its_secret_is_not_kept(api, owner):
    folder = make_folder(owner, "/a")

    first, again = (
        post(api, f"{ENTRIES}/{folder.id}/shares", {"role": "view", "password": "secret"}) for _ in range(2)
    )

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Share.objects.count() == 1
    kept = KeptAnswer.objects.get()
    assert kept.body == first.json()["id"]
    assert b"secret" not in bytes(kept.fingerprint)


def test_an_upload_is_begun_once_and_told_as_it_is_now(api):
    first = create(api, 4, headers=KEY)
    assert patch(api, first["Location"], 0, b"ab").status_code == 204
    again = create(api, 4, headers=KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Location"] == first["Location"]
    assert (first["Upload-Offset"], again["Upload-Offset"]) == ("0", "2")
    assert Upload.objects.count() == 1

    done = patch(api, first["Location"], 2, b"cd")
    assert create(api, 4, headers=KEY)["Dfs-Entry"] == done["Dfs-Entry"]
    assert code(create(api, 5, headers=KEY)) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("body", [b"", b"all of it"])
def test_an_upload_begun_with_all_its_bytes_becomes_one_file(api, body):
    first, again = (create(api, len(body), body, headers=KEY) for _ in range(2))

    assert again["Dfs-Entry"] == first["Dfs-Entry"]
    assert Version.objects.count() == 1


@pytest.mark.parametrize("size", [0, 5, 70_000, 2**20 + 1])
def test_a_put_sent_again_makes_no_second_version(api, owner, size):
    first = put(api, bytes(size))
    again = put(api, bytes(size))

    assert first.status_code == 201
    assert is_again(again, first)
    assert Version.objects.count() == 1
    assert used_bytes(owner) == size
    assert put(api, bytes(size), **{"Idempotency-Key": "another"}).status_code == 200


def test_a_put_that_creates_only_is_answered_again_and_not_refused(api):
    first, again = (put(api, b"x", **{"If-None-Match": "*"}) for _ in range(2))

    assert first.status_code == 201
    assert is_again(again, first)


def test_a_put_by_id_is_done_once(api, owner):
    file = write_file(owner, "/a")

    first, again = (
        api.put(f"{ENTRIES}/{file.id}/content", b"new", content_type="text/plain", headers=KEY)
        for _ in range(2)
    )

    assert first.status_code == 200
    assert is_again(again, first)


def test_another_request_under_the_same_key_is_refused_and_does_nothing(api):
    put(api, b"one")

    assert code(put(api, b"two")) == (422, "idempotency_key_reused")
    assert code(put(api, b"one", path="b.bin")) == (422, "idempotency_key_reused")
    assert code(put(api, b"one", **{"If-Match": "*"})) == (422, "idempotency_key_reused")
    assert code(post(api, ENTRIES, FOLDER)) == (422, "idempotency_key_reused")
    assert [version.size for version in Version.objects.all()] == [3]


@pytest.mark.parametrize("key", ["", " ", '"', "a" * 256, 'a"b', "é"])
def test_a_key_that_is_none_is_refused(api, key):
    assert code(post(api, ENTRIES, FOLDER, **{"Idempotency-Key": key})) == (400, "bad_header")
    assert code(put(api, b"x", **{"Idempotency-Key": key})) == (400, "bad_header")
    assert not Version.objects.exists()


def test_keys_are_ones_own(api, stranger_api, stranger):
    first = post(api, ENTRIES, FOLDER)
    other = post(stranger_api, ENTRIES, FOLDER)

    assert other.status_code == 201
    assert other.json()["owner"] == stranger.username
    assert other.json()["id"] != first.json()["id"]


def test_what_failed_did_nothing_and_may_be_sent_again(api, owner):
    file = write_file(owner, "/new")
    assert post(api, ENTRIES, FOLDER).status_code == 409
    assert put(api, b"x", path="no/b.bin").status_code == 404

    Entry.objects.filter(id=file.id).update(name="old")
    make_folder(owner, "/no")

    assert post(api, ENTRIES, FOLDER).status_code == 201
    assert put(api, b"x", path="no/b.bin", **{"Idempotency-Key": "b"}).status_code == 201


def test_a_key_is_free_again_when_its_time_is_over(api, settings):
    put(api, b"one")
    lapsed = timedelta(seconds=settings.IDEMPOTENCY_SECONDS + 1)
    KeptAnswer.objects.update(expires_at=F("expires_at") - lapsed)

    assert put(api, b"two").status_code == 200
    assert KeptAnswer.objects.count() == 1
    tasks.forget_answers()
    assert KeptAnswer.objects.count() == 1
    KeptAnswer.objects.update(expires_at=F("expires_at") - lapsed)
    assert idempotency.forget_expired() == 1
    assert not KeptAnswer.objects.exists()


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: post(client, ENTRIES, FOLDER),
        lambda client: put(client, b"small"),
        lambda client: put(client, bytes(2**20 + 1), **{"If-None-Match": "*"}),
    ],
    ids=["folder", "put", "put that creates only"],
)
def test_twins_that_arrive_at_the_same_moment_do_it_once(owner, ask):
    replies = at_once(owner, ask)

    assert {reply.status_code for reply in replies} == {201}
    assert len({json.dumps(reply.json(), sort_keys=True) for reply in replies}) == 1
    assert sum("Idempotent-Replayed" not in reply for reply in replies) == 1
    assert Entry.objects.exclude(parent=None).count() == 1
    assert Version.objects.count() <= 1


def test_a_gateway_that_dies_around_the_commit_leaves_both_deed_and_key_or_neither(api):
    def crash():
        raise Crash

    with failpoints.armed("seal.before", crash), pytest.raises(Crash):
        put(api, b"x")
    assert not Version.objects.exists()
    assert not KeptAnswer.objects.exists()

    with failpoints.armed("record.after", crash), pytest.raises(Crash):
        put(api, b"x")
    assert not Version.objects.exists()
    assert not KeptAnswer.objects.exists()

    first = put(api, b"x")  # its answer is lost on the way
    assert is_again(put(api, b"x"), first)
    assert Version.objects.count() == 1
