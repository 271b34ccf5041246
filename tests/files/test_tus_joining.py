"""Parts that go up at the same time and become one file (tus: concatenation)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F

from accounts.models import Usage
from files import access, purging, resumable, tus
from files.errors import BadHeader
from files.models import Entry, Upload
from nodes.models import Chunk, Content, Segment
from tests.files.conftest import code, make_folder, used_bytes, write_file
from tests.files.test_races import at_once
from tests.files.tus_requests import DATA, UPLOADS, content, end, expire, head, metadata, patch

pytestmark = pytest.mark.usefixtures("cluster")
HALF = len(DATA) // 2


def ask_for_part(api, length, **pairs):
    sent = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Concat": "partial"}
    if pairs:
        sent["Upload-Metadata"] = metadata(**pairs)
    return api.post(UPLOADS, b"", content_type=tus.BODY_TYPE, headers=sent)


def part(api, length):
    return ask_for_part(api, length)["Location"]


def finished_part(api, body):
    url = part(api, len(body))
    if body:
        reply = patch(api, url, 0, body)
        assert reply.status_code == 204
        assert "Dfs-Entry" not in reply
    return url


def join(api, *urls, **pairs):
    sent = {"Tus-Resumable": "1.0.0", "Upload-Concat": "final;" + " ".join(urls)}
    sent["Upload-Metadata"] = metadata(**{"filename": "a.bin"} | pairs)
    return api.post(UPLOADS, b"", content_type=tus.BODY_TYPE, headers=sent)


def test_parts_become_a_file_in_their_order(api, owner):
    first, second = finished_part(api, DATA[:HALF]), finished_part(api, DATA[HALF:])
    before = Chunk.objects.count()

    reply = join(api, first, "http://testserver" + second, mtime=1700000000)

    assert reply.status_code == 201
    entry = access.find(owner, reply["Dfs-Entry"])
    assert (entry.name, entry.size, entry.modified_at.timestamp()) == ("a.bin", len(DATA), 1700000000)
    assert content(api) == DATA
    assert used_bytes(owner) == len(DATA)
    assert Chunk.objects.count() == before
    final = head(api, reply["Location"])
    assert final["Upload-Concat"] == f"final;{first} {second}"
    assert final["Upload-Length"] == final["Upload-Offset"] == str(len(DATA))
    assert code(patch(api, reply["Location"], len(DATA), b"x")) == (403, "final_upload")


def test_a_part_says_that_it_is_one_and_is_no_file(api, owner):
    url = part(api, 5)
    assert head(api, url)["Upload-Concat"] == "partial"

    patch(api, url, 0, b"hello")

    assert head(api, url)["Upload-Offset"] == "5"
    assert used_bytes(owner) == 0
    assert api.get("/api/v1/entries").json()["results"] == []


def test_a_whole_part_lives_on_while_its_sender_asks_for_it(api):
    """The others take days, a few hours each: the whole one has nothing to bring any more."""
    first, second = finished_part(api, DATA[:HALF]), part(api, len(DATA) - HALF)
    almost = timedelta(seconds=settings.UPLOAD_EXPIRY_SECONDS - 60)
    for _ in range(2):
        Segment.objects.update(recorded_at=F("recorded_at") - almost)
        assert head(api, first).status_code == head(api, second).status_code == 200
        assert resumable.end_expired() == 0

    patch(api, second, 0, DATA[HALF:])
    assert join(api, first, second).status_code == 201
    assert content(api) == DATA


def test_a_part_that_says_where_the_file_goes_is_refused_as_that_would_be(api, owner, stranger):
    write_file(owner, "/taken")
    theirs = make_folder(stranger, "/theirs")

    assert code(ask_for_part(api, 5, filename="taken")) == (409, "name_taken")
    assert code(ask_for_part(api, 5, path="/missing/a.bin")) == (404, "parent_not_found")
    assert code(ask_for_part(api, 5, filename="a.bin", parent=theirs.id)) == (404, "not_found")
    assert not Upload.objects.exists()


def test_parts_are_found_below_the_path_that_a_proxy_puts_before(api):
    first, second = finished_part(api, b"one"), finished_part(api, b"two")

    assert join(api, f"/drive{first}", f"https://drive.example.org/drive{second}").status_code == 201
    assert content(api) == b"onetwo"


def test_parts_may_go_up_at_the_same_time(api):
    bodies = [DATA[at : at + HALF // 2] for at in range(0, len(DATA), HALF // 2)]
    urls = at_once(*(lambda body=body: finished_part(api, body) for body in bodies))

    assert join(api, *urls).status_code == 201
    assert content(api) == DATA


def test_empty_parts_and_a_single_one_are_fine(api):
    assert join(api, finished_part(api, b""), finished_part(api, b"x"), finished_part(api, b"")).status_code
    assert content(api) == b"x"
    join(api, finished_part(api, b""), filename="empty")
    assert content(api, "empty") == b""


def test_asking_again_after_a_lost_answer_finds_the_file(api, owner):
    urls = [finished_part(api, b"one"), finished_part(api, b"two")]

    replies = [join(api, *urls), *at_once(*[lambda: join(api, *urls)] * 2)]

    assert {reply.status_code for reply in replies} == {201}
    assert len({reply["Dfs-Entry"] for reply in replies}) == 1
    assert used_bytes(owner) == 6


def test_two_requests_at_once_join_the_parts_once(api, owner):
    urls = [finished_part(api, b"one"), finished_part(api, b"two")]

    replies = at_once(*[lambda: join(api, *urls)] * 3)

    assert {reply.status_code for reply in replies} == {201}
    assert used_bytes(owner) == 6


def test_parts_that_cannot_be_joined_are_as_they_were(api, stranger_api, owner):
    done, open_part = finished_part(api, b"one"), part(api, 5)
    theirs = finished_part(stranger_api, b"theirs")
    file = api.post(
        UPLOADS,
        b"",
        content_type=tus.BODY_TYPE,
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "3",
            "Upload-Metadata": metadata(filename="whole"),
        },
    )["Location"]
    write_file(owner, "/taken")

    assert code(join(api, done, open_part)) == (409, "part_unfinished")
    assert code(join(api, done, theirs)) == (404, "not_found")
    assert code(join(api, done, file)) == (404, "not_found")
    assert code(join(api, done, filename="taken")) == (409, "name_taken")
    assert code(join(api, done, done)) == (400, "bad_header")
    assert code(join(api, done + "x")) == (400, "bad_header")
    kept_for_the_others = 5 + 3
    Usage.objects.filter(user=owner).update(quota_bytes=kept_for_the_others + 2)
    assert code(join(api, done)) == (507, "quota_exceeded")
    Usage.objects.filter(user=owner).update(quota_bytes=kept_for_the_others + 3)
    assert join(api, done).status_code == 201


def test_a_join_that_is_refused_makes_no_folders(api, owner):
    done, open_part = finished_part(api, b"one"), part(api, 5)
    new = {"filename": "", "path": "/new/deep/a.bin", "parents": "1"}

    assert code(join(api, done, open_part, **new)) == (409, "part_unfinished")
    Usage.objects.filter(user=owner).update(quota_bytes=5 + 2)
    assert code(join(api, done, **new)) == (507, "quota_exceeded")
    assert not Entry.objects.exclude(name="").exists()

    Usage.objects.filter(user=owner).update(quota_bytes=5 + 3)
    assert join(api, done, **new).status_code == 201
    assert content(api, "new/deep/a.bin") == b"one"


def test_a_joined_file_and_its_bytes_go_when_it_is_purged(api, owner):
    parts = finished_part(api, b"one"), finished_part(api, b"two")
    reply = join(api, *parts)

    purging.purge(owner, access.find(owner, reply["Dfs-Entry"]).id)
    while purging.sweep():
        pass

    assert used_bytes(owner) == 0
    assert not Content.objects.filter(released_at=None).exists()
    assert code(join(api, *parts)) == (410, "upload_expired")


def test_parts_nobody_joined_expire(api):
    finished_part(api, b"one")
    expire()

    assert resumable.end_expired() == 1
    assert not Upload.objects.exists()
    assert Segment.objects.get().sealed


def test_a_part_can_be_given_up(api):
    url = finished_part(api, b"one")

    assert end(api, url).status_code == 204
    assert code(join(api, url)) == (404, "not_found")


@pytest.mark.parametrize(
    "header", ["final", "final;", "final; ", "part", "final;/elsewhere/1", "final;http://[", "partial;x"]
)
def test_what_is_no_concat_is_refused(header):
    with pytest.raises(BadHeader):
        tus.parse_concat({"Upload-Concat": header}, prefix="/api/v1/uploads/")
