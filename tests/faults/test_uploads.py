"""Uploads that are overtaken by a delete, left lying, or sent by a client that lies."""

import hashlib
import io
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.db import transaction
from django.test import RequestFactory
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import User
from files import purging, resumable, tree
from files.models import Upload
from files.tus import Wanted
from nodes import contents, failpoints, reclaim
from nodes.errors import SourceCut, WriterSuperseded
from nodes.models import Chunk, Extent, Segment
from storagenode.protocol.body import RequestBody
from tests.files.conftest import code, person, token_client, used_bytes
from tests.files.tus_requests import content as content_of
from tests.files.tus_requests import create, head, patch
from tests.nodes.living_cluster import CHUNK_BYTES, Bytes, age
from tests.nodes.test_reclaim import nothing_is_left
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes

CONTENT = "/api/v1/content/"
ABANDONED = 1000
WITH_SHARED_BYTES = 250
WITH_OWN_BYTES = 10


@contextmanager
def once(place: str, action: Callable[[], object]) -> Iterator[None]:
    """Act the first time that somebody comes by a place, and see that somebody did."""
    met: list[str] = []

    def act() -> None:
        if not met:
            met.append(place)
            action()

    with failpoints.armed(place, act):
        yield
    assert met, f"nobody came by {place}"


def remove_for_good() -> None:
    while purging.sweep():
        pass
    for _ in range(3):
        while reclaim.reclaim():
            pass


@pytest.mark.parametrize(
    "place", ["place.after_copy", "place.after_quorum", "seal.before", "record.before", "record.after"]
)
def test_f25_a_file_purged_while_its_new_bytes_come_stays_gone_and_its_chunks_go(cluster, settings, place):
    settings.GRACE_SECONDS = 0
    owner = person("owner")
    api = token_client(owner)
    entry_id = api.put(CONTENT + "a.bin", b"old" * 1000, content_type="text/plain").json()["id"]

    with once(place, lambda: purging.purge(owner, UUID(entry_id))):
        body = some_bytes(2 * CHUNK_BYTES, seed=95)
        reply = api.put(f"/api/v1/entries/{entry_id}/content", body, content_type="text/plain")

    if place == "record.after":  # it had been committed
        assert reply.status_code == 200
    else:
        assert code(reply) == (409, "parent_gone")
    assert api.get(CONTENT + "a.bin").status_code == 404
    assert used_bytes(owner) == 0
    remove_for_good()
    assert nothing_is_left()
    assert api.get(CONTENT + "a.bin").status_code == 404


@pytest.mark.parametrize("place", ["replicate.claimed", "replicate.pending", "replicate.copied"])
def test_f25_a_file_purged_and_reclaimed_in_the_middle_of_its_repair_leaves_no_copy(cluster, settings, place):
    settings.GRACE_SECONDS = 0
    owner = person("owner")
    api = token_client(owner)
    body = some_bytes(500, seed=96)
    entry_id = api.put(CONTENT + "a.bin", body, content_type="text/plain").json()["id"]

    def purge() -> None:
        purging.purge(owner, UUID(entry_id))
        remove_for_good()

    with once(place, purge):
        replicate_all()

    replicate_all()
    remove_for_good()
    assert nothing_is_left()
    assert cluster.files(body) == set()
    assert api.get(CONTENT + "a.bin").status_code == 404


def begin_without_bytes(owner: User, number: int) -> None:
    """Make the rows of uploads that begin and bring nothing."""
    folder = tree.root_folder(owner)
    with transaction.atomic():
        Upload.objects.bulk_create(
            Upload(owner=owner, parent=folder, name=f"empty-{n}", length=1, segment=contents.create_segment())
            for n in range(number)
        )


def test_f40_abandoned_uploads_leave_nothing_but_what_a_file_shares_with_them(cluster, settings):
    settings.GRACE_SECONDS = 0
    owner = person("owner")
    api = token_client(owner)
    kept = some_bytes(CHUNK_BYTES, seed=97)
    api.put(CONTENT + "kept.bin", kept, content_type="text/plain")
    replicate_all()
    of_kept = cluster.files(kept)
    for number in range(WITH_OWN_BYTES):
        url = create(api, 3 * CHUNK_BYTES, filename=f"abandoned-{number}")["Location"]
        own = some_bytes(CHUNK_BYTES, seed=1000 + number)
        assert patch(api, url, 0, kept + own[: CHUNK_BYTES - number]).status_code == 204
    for number in range(WITH_OWN_BYTES, WITH_SHARED_BYTES):
        progress = resumable.create(owner, Wanted(filename=f"abandoned-{number}"), length=3 * CHUNK_BYTES)
        with contents.resume(progress.upload.segment_id) as writer:
            writer.append(Bytes(kept))
            writer.record()
    begin_without_bytes(owner, ABANDONED - WITH_SHARED_BYTES)
    assert Extent.objects.count() == 1 + WITH_SHARED_BYTES + WITH_OWN_BYTES
    assert Upload.objects.count() == ABANDONED
    assert used_bytes(owner) == len(kept), "what is not committed is not charged"
    remove_for_good()
    assert Chunk.objects.count() > WITH_OWN_BYTES, "in progress they keep what they have"

    age("nodes_segment", "recorded_at", settings.UPLOAD_EXPIRY_SECONDS + 1)
    while resumable.end_expired(limit=300):
        pass
    remove_for_good()

    assert Upload.objects.count() == 0
    assert Segment.objects.count() == 1
    assert used_bytes(owner) == len(kept)
    left = {file.name for node in cluster.running.values() for file in (node.data / "chunks").glob("*/*/*")}
    assert left == of_kept
    assert content_of(api, "kept.bin") == kept


class LyingClient(RuleBasedStateMachine):
    """A client that sends gaps, repeats, too much and too little, breaks off, and is overtaken by itself."""

    def __init__(self, owner) -> None:
        super().__init__()
        self.owner = owner
        self.api = token_client(owner)
        self.name = f"lies-{Upload.objects.count()}.bin"

    @initialize(length=st.integers(1, 3 * CHUNK_BYTES), seed=st.integers(0, 10**6))
    def begin(self, length: int, seed: int) -> None:
        self.bytes = some_bytes(length, seed=seed)
        self.offset = 0
        self.url = create(self.api, length, filename=self.name)["Location"]

    @property
    def upload_id(self) -> UUID:
        return UUID(self.url[-36:])

    @property
    def left(self) -> int:
        return len(self.bytes) - self.offset

    def next_bytes(self, share: float) -> bytes:
        return self.bytes[self.offset : self.offset + int(self.left * share)]

    @rule(share=st.floats(0, 1))
    def go_on(self, share: float) -> None:
        body = self.next_bytes(share)
        assert patch(self.api, self.url, self.offset, body).status_code == 204
        self.offset += len(body)

    @rule(by=st.integers(-CHUNK_BYTES, CHUNK_BYTES).filter(bool), share=st.floats(0, 1))
    def leave_a_gap_or_repeat(self, by: int, share: float) -> None:
        wrong = max(self.offset + by, 0)
        if wrong != self.offset:
            assert code(patch(self.api, self.url, wrong, b"?" + self.next_bytes(share))) == (
                409,
                "offset_mismatch",
            )

    @rule(more=st.integers(1, CHUNK_BYTES))
    def send_too_much(self, more: int) -> None:
        if self.left:
            reply = patch(self.api, self.url, self.offset, bytes(self.left + more))
            assert code(reply) == (413, "upload_too_long")

    @rule(share=st.floats(0, 0.99))
    def break_off(self, share: float) -> None:
        body = self.next_bytes(share)
        if self.left > len(body):
            environ = RequestFactory().generic("PATCH", self.url, body).environ
            environ["CONTENT_LENGTH"] = str(self.left)
            environ["wsgi.input"] = io.BytesIO(body)
            with pytest.raises(SourceCut):
                resumable.append(self.owner, self.upload_id, RequestBody(environ), offset=self.offset)
            self.offset += len(body)

    @rule(share=st.floats(0.01, 1))
    def send_the_same_part_twice_at_once(self, share: float) -> None:
        """The first sends garbage; the second asks for the offset meanwhile and sends the right bytes."""
        body = self.next_bytes(share)
        if not body:
            return
        client = self

        class Overtaken:
            remaining = len(body)

            def readinto(self, view: memoryview) -> int:
                if not self.remaining:
                    return 0
                client.go_on(share)
                count = min(len(view), self.remaining)
                view[:count] = b"!" * count
                self.remaining = 0
                return count

        with pytest.raises(WriterSuperseded):
            resumable.append(self.owner, self.upload_id, Overtaken(), offset=self.offset)

    @rule()
    def send_other_bytes_than_the_digest_says(self) -> None:
        digest = b64encode(hashlib.sha256(b"other").digest()).decode()
        headers = {"Repr-Digest": f"sha-256=:{digest}:"}
        reply = self.api.put(
            CONTENT + "digest.bin", self.bytes, content_type="application/octet-stream", headers=headers
        )
        assert code(reply) == (422, "digest_mismatch")

    @invariant()
    def the_offset_is_what_was_taken_and_nothing_is_seen_by_half(self) -> None:
        assert head(self.api, self.url)["Upload-Offset"] == str(self.offset)
        found = self.api.get(CONTENT + self.name).status_code
        assert found == (404 if self.left else 200)

    def teardown(self) -> None:
        if not hasattr(self, "url"):
            return
        if self.left:
            self.go_on(1)
        assert content_of(self.api, self.name) == self.bytes
        assert self.api.get(CONTENT + "digest.bin").status_code == 404
        segment_id = Extent.objects.order_by("segment__recorded_at").last().segment_id
        end = 0
        for offset, length in Extent.objects.filter(segment_id=segment_id).values_list("offset", "length"):
            assert offset == end, "no hole"
            end += length


def test_f41_no_client_however_it_lies_leaves_a_hole_or_a_wrong_byte(cluster, monkeypatch):
    monkeypatch.setattr(contents, "TAKE_OVER_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(contents, "SILENCE_SECONDS", 0)
    owner = person("owner", quota_bytes=None)

    run_state_machine_as_test(
        lambda: LyingClient(owner),
        settings=hypothesis_settings(
            max_examples=12,
            stateful_step_count=10,
            derandomize=True,
            phases=[Phase.generate],  # to shrink a failure takes minutes with real nodes
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
