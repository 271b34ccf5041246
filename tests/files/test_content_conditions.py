"""Reading, writing and deleting that depend on what is there."""

import pytest

from accounts.models import Usage
from files.models import Entry
from tests.files.conftest import code, make_folder
from tests.files.content_requests import CONTENT, body, get, put

pytestmark = pytest.mark.usefixtures("cluster")


def test_a_reader_who_has_it_gets_nothing_new(api):
    reply = put(api, "a.txt", b"hello")

    unchanged = get(api, "a.txt", **{"If-None-Match": f'"x", W/{reply["ETag"]}'})
    changed = get(api, "a.txt", **{"If-None-Match": '"x"'})
    refused = get(api, "a.txt", **{"If-Match": '"x"'})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged["ETag"] == reply["ETag"]
    assert changed.status_code == 200
    assert code(refused) == (412, "precondition_failed")


def test_a_write_can_depend_on_what_is_there(api):
    first = put(api, "a.txt", b"one", **{"If-None-Match": "*"})
    assert first.status_code == 201

    assert code(put(api, "a.txt", b"two", **{"If-None-Match": "*"})) == (412, "precondition_failed")
    assert code(put(api, "a.txt", b"two", **{"If-Match": '"x"'})) == (412, "precondition_failed")
    assert code(put(api, "b.txt", b"two", **{"If-Match": "*"})) == (412, "precondition_failed")
    assert put(api, "a.txt", b"two", **{"If-Match": first["ETag"]}).status_code == 200
    assert code(put(api, "a.txt", b"three", **{"If-Match": first["ETag"]})) == (412, "precondition_failed")
    assert body(get(api, "a.txt")) == b"two"


def test_a_write_can_depend_on_what_is_not_there(api):
    first = put(api, "a.txt", b"one")

    for etag in (first["ETag"], f"W/{first['ETag']}"):  # compared weakly
        refused = put(api, "a.txt", b"two", **{"If-None-Match": etag})
        assert code(refused) == (412, "precondition_failed")
    second = put(api, "a.txt", b"two", **{"If-None-Match": '"x"'})
    assert second.status_code == 200
    assert put(api, "a.txt", b"three", **{"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({"If-Match": '"abc"'}, (412, "precondition_failed")),
        ({"If-Match": "*"}, (412, "precondition_failed")),
        ({"Repr-Digest": f"sha-256=:{'A' * 43}=:"}, (422, "digest_mismatch")),
    ],
)
def test_a_write_that_is_refused_makes_no_folders(api, owner, headers, refusal):
    make_folder(owner, "/new")

    assert code(put(api, "new/dir/sub/f?parents=true", b"x", **headers)) == refusal

    assert [name for name in Entry.objects.values_list("name", flat=True) if name] == ["new"]
    assert put(api, "new/dir/sub/f?parents=true", b"x", **{"If-None-Match": "*"}).status_code == 201
    assert body(get(api, "new/dir/sub/f")) == b"x"


def test_a_write_without_room_makes_no_folders(api, owner):
    Usage.objects.filter(user=owner).update(quota_bytes=10)

    for size in (11, 2**20):
        assert code(put(api, "new/dir/f?parents=true", bytes(size))) == (507, "quota_exceeded")

    assert not Entry.objects.exclude(name="").exists()


def test_deleting_can_depend_on_either_etag(api):
    first = put(api, "a.txt", b"one")
    second = put(api, "a.txt", b"two").json()

    refused = api.delete(CONTENT + "a.txt", headers={"If-Match": first["ETag"]})
    assert code(refused) == (412, "precondition_failed")
    by_content = api.delete(CONTENT + "a.txt", headers={"If-Match": f'"{second["content_etag"]}"'})
    assert by_content.status_code == 200
    assert by_content["ETag"] == f'"{by_content.json()["etag"]}"'
    etag = put(api, "b.txt", b"one").json()["etag"]
    assert api.delete(CONTENT + "b.txt", headers={"If-Match": f'"{etag}"'}).status_code == 200


def test_reading_writing_and_deleting_can_depend_on_a_date(api):
    reply = put(api, "a.txt", b"one")
    entry = f"/api/v1/entries/{reply['Dfs-Entry']}/content"
    before, now = "Mon, 04 May 2020 12:30:15 GMT", get(api, "a.txt")["Last-Modified"]

    def since(date):
        return {"If-Unmodified-Since": date}

    def put_by_id(data, date):
        return api.put(entry, data, content_type="text/plain", headers=since(date))

    too_late = (412, "precondition_failed")
    assert code(get(api, "a.txt", **since(before))) == too_late
    assert code(put(api, "a.txt", b"two", **since(before))) == too_late
    assert code(put_by_id(b"two", before)) == too_late
    assert code(api.delete(CONTENT + "a.txt", headers=since(before))) == too_late
    assert body(get(api, "a.txt", **since(now))) == body(get(api, "a.txt", **since("yesterday"))) == b"one"
    assert body(get(api, "a.txt", **since(before), **{"If-Match": reply["ETag"]})) == b"one"
    assert put(api, "a.txt", b"two", **since(now)).status_code == 200
    assert put_by_id(b"three", get(api, "a.txt")["Last-Modified"]).status_code == 200
    assert put(api, "new.txt", b"", **since(before)).status_code == 201  # nothing is there
    assert api.delete(CONTENT + "a.txt", headers=since(get(api, "a.txt")["Last-Modified"])).status_code == 200


def test_a_star_in_quotes_is_the_tag_of_nothing(api):
    put(api, "a.txt", b"one")

    assert get(api, "a.txt", **{"If-None-Match": '"*"'}).status_code == 200
    assert code(get(api, "a.txt", **{"If-Match": '"*"'})) == (412, "precondition_failed")
    assert code(put(api, "a.txt", b"two", **{"If-Match": '"*"'})) == (412, "precondition_failed")
    assert put(api, "a.txt", b"two", **{"If-None-Match": '"*"'}).status_code == 200


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_broken_header_is_the_callers_mistake(api, header):
    put(api, "a.txt", b"x")

    assert code(put(api, "a.txt", b"y", **{header: '"open'})) == (400, "bad_header")
    assert code(get(api, "a.txt", **{header: '"open'})) == (400, "bad_header")
