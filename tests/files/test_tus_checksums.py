"""Bytes that come with their checksum (tus: checksum): all of them stay, or none."""

import base64
import hashlib
import io

import pytest
from django.conf import settings
from django.test import RequestFactory

from files import resumable, tus
from files.errors import BadHeader, ChecksumMismatch
from files.models import Entry, Upload
from nodes.errors import SourceCut
from nodes.models import Chunk, Extent, Segment
from storagenode.protocol.body import RequestBody
from tests.files.conftest import code, used_bytes
from tests.files.tus_requests import DATA, content, create, head, patch

pytestmark = pytest.mark.usefixtures("cluster")


def checksum(body, algorithm="sha1"):
    digest = hashlib.new(algorithm, body).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


def offset_of(api, url):
    return int(head(api, url)["Upload-Offset"])


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_pieces_that_match_make_the_file(api, owner, algorithm):
    url = create(api, len(DATA))["Location"]

    for start, stop in ((0, 1000), (1000, 5000), (5000, len(DATA))):
        reply = patch(api, url, start, DATA[start:stop], **checksum(DATA[start:stop], algorithm))
        assert reply.status_code == 204
        assert reply["Upload-Offset"] == str(stop)

    assert content(api) == DATA
    assert Upload.objects.get().checked_from is None
    assert used_bytes(owner) == len(DATA)


def test_a_piece_that_does_not_match_leaves_nothing(api):
    url = create(api, 2000)["Location"]
    patch(api, url, 0, DATA[:1000])

    reply = patch(api, url, 1000, DATA[1000:2000], **checksum(b"others"))

    assert (reply.status_code, reply.json()["code"]) == (460, "checksum_mismatch")
    assert offset_of(api, url) == 1000
    assert patch(api, url, 1000, DATA[1000:1500], **checksum(DATA[1000:1500])).status_code == 204
    assert patch(api, url, 1500, DATA[1500:2000]).status_code == 204
    assert content(api) == DATA[:2000]


def content_digest(body, name="Content-Digest"):
    return {name: f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"}


def repr_digest(body):
    return content_digest(body, "Repr-Digest")


def test_bytes_that_are_not_those_of_their_content_digest_leave_nothing(api):
    others = content_digest(b"others")
    assert code(create(api, 2000, DATA[:1000], headers=others)) == (422, "digest_mismatch")
    assert Segment.objects.get().length == 0

    url = create(api, 2000, DATA[:1000], headers=content_digest(DATA[:1000]))["Location"]
    assert code(patch(api, url, 1000, DATA[1000:2000], **others)) == (422, "digest_mismatch")
    assert offset_of(api, url) == 1000
    assert patch(api, url, 1000, DATA[1000:2000], **content_digest(DATA[1000:2000])).status_code == 204
    assert content(api) == DATA[:2000]


def test_bytes_that_come_with_both_digests_match_both(api):
    url = create(api, 1000)["Location"]
    for right, wrong, refusal in (
        (checksum, content_digest, (422, "digest_mismatch")),
        (content_digest, checksum, (460, "checksum_mismatch")),
    ):
        sent = right(DATA[:1000]) | wrong(b"others")
        assert code(patch(api, url, 0, DATA[:1000], **sent)) == refusal
        assert offset_of(api, url) == 0

    assert (
        patch(api, url, 0, DATA[:1000], **checksum(DATA[:1000]), **content_digest(DATA[:1000])).status_code
        == 204
    )
    assert content(api) == DATA[:1000]


def test_a_whole_file_that_matches_its_digest_is_stored_with_it(api):
    url = create(api, len(DATA))["Location"]
    made = create(api, 1000, DATA[:1000], headers=repr_digest(DATA[:1000]), filename="b.bin")
    assert made.status_code == 201

    sent = repr_digest(DATA) | content_digest(DATA) | checksum(DATA)
    entry = patch(api, url, 0, DATA, **sent)["Dfs-Entry"]

    assert content(api) == DATA and content(api, "b.bin") == DATA[:1000]
    assert api.get(f"/api/v1/entries/{entry}").json()["sha256"] == hashlib.sha256(DATA).hexdigest()


def test_a_file_that_is_not_that_of_its_digest_is_not_made_and_can_be_sent_again(api):
    url = create(api, len(DATA))["Location"]
    refused = create(api, 1000, DATA[:1000], headers=repr_digest(b"others"), filename="b.bin")
    assert code(refused) == (422, "digest_mismatch")

    assert code(patch(api, url, 0, DATA, **repr_digest(b"others"))) == (422, "digest_mismatch")

    assert offset_of(api, url) == 0 and not Entry.objects.filter(kind=Entry.Kind.FILE).exists()
    assert patch(api, url, 0, DATA, **repr_digest(DATA)).status_code == 204
    assert content(api) == DATA


def test_a_digest_of_a_whole_file_that_comes_in_pieces_is_refused(api):
    sent = repr_digest(DATA[:2000])
    assert code(create(api, 2000, headers=sent)) == (400, "bad_header")
    assert code(create(api, 2000, DATA[:1000], headers=sent)) == (400, "bad_header")
    assert code(create(api, headers=sent | {"Upload-Defer-Length": "1"})) == (400, "bad_header")
    assert not Upload.objects.exists()

    url = create(api, 2000)["Location"]
    assert code(patch(api, url, 0, DATA[:1000], **sent)) == (400, "bad_header")
    patch(api, url, 0, DATA[:1000])
    assert code(patch(api, url, 1000, DATA[1000:2000], **sent)) == (400, "bad_header")
    assert offset_of(api, url) == 1000

    later = create(api, headers={"Upload-Defer-Length": "1"}, filename="b.bin")["Location"]
    assert patch(api, later, 0, DATA[:2000], **sent | {"Upload-Length": "2000"}).status_code == 204
    assert content(api, "b.bin") == DATA[:2000]


def test_a_file_without_bytes_is_compared_with_its_digest(api):
    assert code(create(api, 0, headers=repr_digest(b"others"))) == (422, "digest_mismatch")
    assert not Upload.objects.exists()

    assert create(api, 0, headers=repr_digest(b"")).status_code == 201
    assert content(api) == b""


@pytest.mark.parametrize("header", ["Content-Digest", "Repr-Digest"])
@pytest.mark.parametrize("digest", [":AAAA:", hashlib.sha256(b"others").hexdigest()])
def test_a_digest_that_cannot_be_is_refused(api, header, digest):
    url = create(api, 1000)["Location"]

    refused = patch(api, url, 0, DATA[:1000], **{header: f"sha-256={digest}"})

    assert code(refused) == (400, "bad_header")


def test_what_was_recorded_on_the_way_goes_too(api, monkeypatch):
    monkeypatch.setattr("nodes.writing.WINDOW_PIECES", 1)
    body = DATA * 3
    url = create(api, len(body))["Location"]
    recorded = []
    record = Segment.objects.filter(sealed=False)

    class Watched(RequestBody):
        def readinto(self, view):
            recorded.append(record.get().length)
            return super().readinto(view)

    monkeypatch.setattr("files.tus_api.RequestBody", Watched)
    reply = patch(api, url, 0, body, **checksum(b"others"))

    assert reply.status_code == 460
    assert max(recorded) >= settings.CHUNK_SIZE
    assert offset_of(api, url) == 0
    assert not Extent.objects.exists()
    assert not Chunk.objects.filter(state=Chunk.State.LIVE).exists()


def test_bytes_cut_off_before_their_end_cannot_match_and_go(owner, api):
    url = create(api, 2000)["Location"]
    upload_id = Upload.objects.get().id
    environ = RequestFactory().generic("PATCH", url, DATA[:400]).environ
    environ["CONTENT_LENGTH"] = "1000"
    environ["wsgi.input"] = io.BytesIO(DATA[:400])
    wanted = tus.Checksum("sha1", hashlib.sha1(DATA[:1000]).digest())

    with pytest.raises(SourceCut):
        resumable.append(owner, upload_id, RequestBody(environ), offset=0, checksums=[wanted])

    assert offset_of(api, url) == 0


@pytest.mark.parametrize("ask", [head, lambda api, url: patch(api, url, 700, b"x")])
def test_what_a_gateway_left_unproven_when_it_died_is_dropped_by_the_next_request(api, owner, ask):
    url = create(api, 2000)["Location"]
    patch(api, url, 0, DATA[:500])
    patch(api, url, 500, DATA[500:700], **checksum(DATA[500:700]))
    Upload.objects.update(checked_from=500)  # as it is until the bytes are seen to match

    ask(api, url)

    assert offset_of(api, url) == 500
    assert patch(api, url, 500, DATA[500:2000]).status_code == 204
    assert content(api) == DATA[:2000]


def test_the_last_piece_commits_only_when_it_matches(api, owner):
    url = create(api, 1000)["Location"]

    assert patch(api, url, 0, DATA[:1000], **checksum(DATA[:999])).status_code == 460
    assert used_bytes(owner) == 0
    assert patch(api, url, 0, DATA[:1000], **checksum(DATA[:1000])).status_code == 204
    assert used_bytes(owner) == 1000


def test_bytes_of_the_creation_are_checked_too(api):
    assert create(api, 5, b"hello", checksum(b"hullo")).status_code == 460
    assert create(api, 5, b"hello", checksum(b"hello"))["Dfs-Entry"]
    assert content(api) == b"hello"


@pytest.mark.parametrize("sent", ["md5 x", "sha1", "sha1 !", "sha1 eA==", "crc32 AAAA", ""])
def test_a_checksum_that_is_none_is_refused(api, sent):
    url = create(api, 5)["Location"]

    assert patch(api, url, 0, b"hello", **{"Upload-Checksum": sent}).json()["code"] == "bad_header"
    assert offset_of(api, url) == 0
    with pytest.raises(BadHeader):
        tus.parse_checksums({"Upload-Checksum": sent})


def test_the_algorithms_are_told(anonymous):
    reply = anonymous.options("/api/v1/uploads")

    assert reply["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert "checksum" in reply["Tus-Extension"].split(",")


def test_the_error_says_what_to_do():
    assert "Send them again" in str(ChecksumMismatch())
