"""Resumable uploads by the tus protocol, on three real storage nodes."""

import io
from concurrent.futures import ThreadPoolExecutor, wait
from uuid import UUID

import pytest
from django.db import connections
from django.db.models.functions import Now
from django.test import RequestFactory

from files import access, resumable, tus
from files.models import Entry, Upload
from nodes import contents
from nodes.errors import SourceCut, WriterSuperseded
from nodes.models import Segment
from storagenode.protocol.body import RequestBody
from tests.files.conftest import code, used_bytes
from tests.files.tus_requests import DATA, UPLOADS, content, create, end, head, metadata, patch

pytestmark = pytest.mark.usefixtures("cluster")


def test_a_file_goes_up_in_pieces(api, owner):
    begun = create(api, len(DATA), filetype="image/png", mtime=1700000000, filename="größe.png")
    url = begun["Location"]
    assert begun.status_code == 201
    assert url.startswith("/api/v1/uploads/")
    assert begun["Upload-Expires"].endswith("GMT")
    assert begun["Upload-Offset"] == "0"

    offset = 0
    for piece in (DATA[:1000], DATA[1000:1001], DATA[1001:]):
        assert head(api, url)["Upload-Offset"] == str(offset)
        reply = patch(api, url, offset, piece)
        offset += len(piece)
        assert reply.status_code == 204
        assert reply["Upload-Offset"] == str(offset)

    entry = access.find(owner, reply["Dfs-Entry"])
    assert (entry.name, entry.content_type, entry.size) == ("größe.png", "image/png", len(DATA))
    assert entry.modified_at.timestamp() == 1700000000
    assert content(api, "größe.png") == DATA
    assert used_bytes(owner) == len(DATA)


def test_every_reply_names_the_version(api, anonymous):
    url = create(api, 5)["Location"]

    for reply in (
        head(api, url),
        patch(api, url, 0, b"12"),
        patch(api, url, 0, b"12"),
        api.patch(url, b"", content_type=tus.BODY_TYPE),
        head(anonymous, url),
        end(api, url),
        end(api, url),
    ):
        assert reply["Tus-Resumable"] == "1.0.0"


def test_anybody_may_ask_what_is_spoken(anonymous):
    reply = anonymous.options(UPLOADS)

    assert reply.status_code == 204
    assert reply["Tus-Version"] == "1.0.0"
    assert set(reply["Tus-Extension"].split(",")) >= {
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "expiration",
        "termination",
    }


def test_another_version_is_refused(api):
    url = create(api, 5)["Location"]
    for reply in (
        create(api, 5, headers={"Tus-Resumable": "0.9.0"}),
        patch(api, url, 0, b"1", **{"Tus-Resumable": "2.0.0"}),
        api.patch(url, b"1", content_type=tus.BODY_TYPE, headers={"Upload-Offset": "0"}),
    ):
        assert code(reply) == (412, "unsupported_tus_version")
        assert reply["Tus-Version"] == "1.0.0"


def test_asking_says_all_there_is_to_know(api):
    url = create(api, 5)["Location"]
    patch(api, url, 0, b"12")

    reply = head(api, url)

    assert reply.status_code == 200
    assert (reply["Upload-Offset"], reply["Upload-Length"]) == ("2", "5")
    assert reply["Upload-Metadata"] == metadata(filename="a.bin")
    assert reply["Cache-Control"] == "no-store"


def test_bytes_can_come_with_the_creation(api):
    whole = create(api, 5, b"hello")
    part = create(api, 5, b"hel", filename="b.bin")

    assert (whole.status_code, whole["Upload-Offset"]) == (201, "5")
    assert UUID(whole["Dfs-Entry"])
    assert content(api) == b"hello"
    assert part["Upload-Offset"] == "3"
    assert patch(api, part["Location"], 3, b"lo").status_code == 204
    assert content(api, "b.bin") == b"hello"


def test_an_empty_file_is_complete_at_once(api):
    reply = create(api, 0)

    assert reply.status_code == 201
    assert reply["Dfs-Entry"]
    assert content(api) == b""


def test_a_length_can_come_later(api):
    url = create(api, headers={"Upload-Defer-Length": "1"})["Location"]

    assert patch(api, url, 0, b"hel").status_code == 204
    assert head(api, url)["Upload-Defer-Length"] == "1"
    assert code(patch(api, url, 3, b"", **{"Upload-Length": "2"})) == (409, "offset_mismatch")
    done = patch(api, url, 3, b"lo", **{"Upload-Length": "5"})

    assert done["Dfs-Entry"]
    assert content(api) == b"hello"


def test_bytes_out_of_order_are_refused(api):
    url = create(api, 5)["Location"]
    patch(api, url, 0, b"he")

    for offset in (0, 1, 3, 5, 6):
        reply = patch(api, url, offset, b"x")
        assert code(reply) == (409, "offset_mismatch")
        assert reply.json()["offset"] == 2
    assert head(api, url)["Upload-Offset"] == "2"


def test_more_bytes_than_declared_are_refused(api):
    url = create(api, 5)["Location"]

    assert code(patch(api, url, 0, b"hello!")) == (413, "upload_too_long")
    assert head(api, url)["Upload-Offset"] == "0"
    assert code(create(api, 3, b"hello", filename="b")) == (413, "upload_too_long")


def test_another_type_of_body_is_refused(api):
    url = create(api, 5)["Location"]

    assert code(patch(api, url, 0, b"hello", content_type="text/plain")) == (415, "unsupported_upload_type")
    assert code(api.patch(url, b"x", content_type=tus.BODY_TYPE, headers={"Tus-Resumable": "1.0.0"})) == (
        400,
        "bad_header",
    )


def test_what_came_before_the_connection_broke_stays(api, owner):
    url = create(api, 10)["Location"]
    environ = RequestFactory().generic("PATCH", url, b"hello").environ
    environ["CONTENT_LENGTH"] = "10"
    environ["wsgi.input"] = io.BytesIO(b"hello")

    with pytest.raises(SourceCut):
        resumable.append(owner, UUID(url[-36:]), RequestBody(environ), offset=0)

    assert head(api, url)["Upload-Offset"] == "5"
    assert patch(api, url, 5, b"world").status_code == 204
    assert content(api) == b"helloworld"


def test_a_lost_answer_is_found_again(api):
    url = create(api, 5)["Location"]
    first = patch(api, url, 0, b"hello")

    again = head(api, url)
    assert (again["Upload-Offset"], again["Upload-Length"]) == ("5", "5")
    assert again["Dfs-Entry"] == first["Dfs-Entry"]
    repeated = patch(api, url, 5, b"")
    assert (repeated.status_code, repeated["Dfs-Entry"]) == (204, first["Dfs-Entry"])
    assert code(patch(api, url, 0, b"hello")) == (409, "offset_mismatch")
    assert Entry.objects.filter(kind="file").count() == 1


def test_the_next_request_shuts_out_the_one_before(owner, api, monkeypatch):
    monkeypatch.setattr(contents, "TAKE_OVER_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(contents, "SILENCE_SECONDS", 0)
    url = create(api, 10)["Location"]
    upload_id = UUID(url[-36:])

    class Overtaken:
        """A body during which another request asks for the offset."""

        remaining = 5

        def readinto(self, view):
            if not self.remaining:
                return 0
            assert resumable.take_over(owner, upload_id).offset == 0
            view[:5] = b"hello"
            self.remaining = 0
            return 5

    with pytest.raises(WriterSuperseded):
        resumable.append(owner, upload_id, Overtaken(), offset=0)

    assert head(api, url)["Upload-Offset"] == "0"


def test_while_another_request_sends_and_gets_on_the_upload_is_locked(api, monkeypatch):
    monkeypatch.setattr(contents, "TAKE_OVER_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(contents, "SILENCE_SECONDS", 600)
    url = create(api, 10**6)["Location"]

    def ask(door, *more):
        try:
            return door(api, url, *more)
        finally:
            connections.close_all()

    with contents.resume(Upload.objects.get().segment_id) as sender, ThreadPoolExecutor(2) as others:
        sender.append(io.BytesIO(b"some"))
        sender.record()
        asked = [others.submit(ask, head), others.submit(ask, patch, sender.offset, b"hello")]
        while wait(asked, timeout=0).not_done:
            Segment.objects.update(recorded_at=Now())  # a record would move the offset that is sent to

    for reply in (one.result() for one in asked):
        assert (reply.status_code, reply["Retry-After"]) == (423, "5")
    assert code(reply) == (423, "upload_locked")
    assert head(api, url)["Upload-Offset"] == str(sender.offset)


def test_unfinished_uploads_are_listed(api, stranger_api):
    url = create(api, 5)["Location"]
    create(api, 5, b"hello", filename="done")
    patch(api, url, 0, b"he")

    (listed,) = api.get(UPLOADS).json()["results"]

    assert listed["url"] == url
    assert (listed["name"], listed["offset"], listed["length"]) == ("a.bin", 2, 5)
    assert stranger_api.get(UPLOADS).json()["results"] == []


def test_the_method_can_be_sent_as_a_header(api):
    url = create(api, 5)["Location"]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}

    reply = api.post(url, b"hello", content_type=tus.BODY_TYPE, headers=headers)

    assert (reply.status_code, reply["Upload-Offset"]) == (204, "5")
