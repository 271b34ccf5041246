"""When all bytes of a resumable upload are there it is a file, or whoever asks is told why it is none."""

import io
from uuid import UUID

import pytest
from django.test import RequestFactory

from files import resumable, tree
from files.errors import UploadTooLong
from files.models import Entry, Upload
from nodes import failpoints
from nodes.models import Segment
from storagenode.protocol.body import RequestBody
from tests.files.conftest import code, entry_of, write_file
from tests.files.test_races import at_once
from tests.files.tus_requests import content, create, head, patch

pytestmark = pytest.mark.usefixtures("cluster")

DEFERRED = {"Upload-Defer-Length": "1"}
LENGTH = {"Upload-Length": "5"}


class Crash(BaseException):
    """The process dies here."""


def filled(api, bytes_sent=b"hello"):
    """An upload of a deferred length that has all its bytes, and nobody has said so."""
    url = create(api, headers=DEFERRED)["Location"]
    assert patch(api, url, 0, bytes_sent).status_code == 204
    return url


def left_whole(api):
    """What an upload was left as by whoever settled its length and came no further."""
    url = filled(api)
    Upload.objects.filter(id=url[-36:]).update(length=5)
    return url


def test_a_length_that_comes_last_is_settled_with_the_file_or_not_at_all(api, owner):
    url = filled(api)
    taken = write_file(owner, "/a.bin")

    assert code(patch(api, url, 5, b"", **LENGTH)) == (409, "name_taken")
    asked = head(api, url)
    assert (asked["Upload-Offset"], asked["Upload-Defer-Length"]) == ("5", "1")
    assert "Upload-Length" not in asked

    tree.rename(owner, taken.id, "other")
    assert patch(api, url, 5, b"", **LENGTH)["Dfs-Entry"] == str(entry_of("a.bin").id)
    assert content(api) == b"hello"
    assert head(api, url)["Upload-Length"] == "5"


def test_a_length_that_comes_last_is_not_settled_by_who_dies_before_the_file_is_there(api):
    url = filled(api)

    def fail():
        raise Crash

    with failpoints.armed("seal.before", fail), pytest.raises(Crash):
        patch(api, url, 5, b"", **LENGTH)

    assert head(api, url)["Upload-Defer-Length"] == "1"
    assert patch(api, url, 5, b"", **LENGTH)["Dfs-Entry"]


def test_asking_for_an_upload_that_has_all_its_bytes_makes_the_file(api):
    url = left_whole(api)

    asked = head(api, url)

    assert (asked["Upload-Offset"], asked["Upload-Length"]) == ("5", "5")
    assert asked["Dfs-Entry"] == str(entry_of("a.bin").id)
    assert content(api) == b"hello"


def test_asking_for_an_upload_that_cannot_become_a_file_says_why(api, owner):
    url = left_whole(api)
    taken = write_file(owner, "/a.bin")

    assert head(api, url).status_code == 409
    assert code(patch(api, url, 5, b"")) == (409, "name_taken")

    tree.rename(owner, taken.id, "other")
    assert head(api, url)["Dfs-Entry"] == str(entry_of("a.bin").id)


def test_a_length_told_to_a_part_is_settled_at_once(api):
    url = create(api, headers=DEFERRED | {"Upload-Concat": "partial"})["Location"]
    patch(api, url, 0, b"hello")

    assert patch(api, url, 5, b"", **LENGTH).status_code == 204
    assert head(api, url)["Upload-Length"] == "5"


def test_of_an_upload_without_bytes_that_becomes_no_file_nothing_is_left(api, owner):
    tree.root_folder(owner)
    before = Segment.objects.count()

    def take_the_name():
        at_once(lambda: write_file(owner, "/a.bin"))

    with failpoints.armed("seal.before", take_the_name):
        assert code(create(api, 0)) == (409, "name_taken")
    assert not Upload.objects.exists()

    def fail():
        raise Crash

    with failpoints.armed("seal.before", fail), pytest.raises(Crash):
        create(api, 0, filename="", path="/new/b.bin", parents="1")
    assert not Upload.objects.exists()
    assert Segment.objects.count() == before
    assert not Entry.objects.filter(name="new").exists()

    assert create(api, 0, filename="b.bin")["Dfs-Entry"]


def test_more_bytes_than_declared_in_a_body_without_a_length_are_not_kept(api, owner):
    url = create(api, 5)["Location"]
    environ = RequestFactory().generic("PATCH", url, b"hello!").environ
    environ.update({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"})
    environ["wsgi.input"] = io.BytesIO(b"hello!")

    with pytest.raises(UploadTooLong):
        resumable.append(owner, UUID(url[-36:]), RequestBody(environ), offset=0)

    assert head(api, url)["Upload-Offset"] == "0"
    assert patch(api, url, 0, b"hello")["Dfs-Entry"]
