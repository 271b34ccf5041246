"""The SHA-256 of contents that nobody hashed as they came."""

import hashlib
import os
from uuid import uuid4

import pytest
from django.db import transaction

from nodes import contents, hashing, turns
from nodes.models import Content
from tests.nodes.living_cluster import CHUNK_BYTES, Bytes, age, chunk_of, seal

LARGE = os.urandom(2**20 + CHUNK_BYTES + 1)


def fill():
    """Hash when all that is there has been there for a while."""
    age("nodes_content", "created_at", hashing.FRESH_SECONDS)
    return hashing.fill()


def sha256_of(content_id):
    sha256 = Content.objects.get(id=content_id).sha256
    return None if sha256 is None else bytes(sha256)


@pytest.fixture
def large(cluster):
    content_id = cluster.store(LARGE)
    assert sha256_of(content_id) is None
    return content_id


def test_what_was_too_large_to_hash_as_it_came_is_hashed_later(cluster, large):
    small = cluster.store(b"small")

    assert fill() == 1

    assert sha256_of(large) == hashlib.sha256(LARGE).digest()
    assert sha256_of(small) == hashlib.sha256(b"small").digest()
    assert fill() == 0


def test_a_content_of_several_segments_is_hashed_as_a_whole(cluster):
    segments = []
    for piece in (b"one", b"", b"two"):
        segment = contents.create_segment()
        with contents.resume(segment.id) as writer:
            writer.append(Bytes(piece))
            writer.record()
        segments.append(segment.id)
    with transaction.atomic():
        content_id, _ = contents.join(segments)

    assert fill() == 1
    assert sha256_of(content_id) == hashlib.sha256(b"onetwo").digest()


def test_what_cannot_be_read_now_keeps_nobody_from_the_others(cluster, large):
    broken = seal_large(b"broken" * 200_000)
    cluster.update("node-a", url="http://127.0.0.1:9")
    for replica in chunk_of((b"broken" * 200_000)[:CHUNK_BYTES]).replicas.all():
        replica.delete()

    assert fill() == 1
    assert sha256_of(broken) is None
    assert sha256_of(large) == hashlib.sha256(LARGE).digest()


def seal_large(content):
    writer = contents.begin()
    writer.append(Bytes(content))
    return seal(writer)


def test_it_is_switched_off(cluster, large, settings):
    settings.HASH_BYTES_PER_SECOND = 0
    assert fill() == 0


@pytest.fixture
def short_slices(monkeypatch, settings):
    """Half of the large content is hashed in one; of what is under way nothing stays for other tests."""
    monkeypatch.setattr(hashing, "SLICE_SECONDS", 0.5)
    monkeypatch.setattr(hashing, "_large", hashing._Large())
    settings.HASH_BYTES_PER_SECOND = len(LARGE)


def fill_on() -> int:
    """Hash slice after slice until a content is done; returns how many slices it took."""
    for number in range(1, 100):
        if fill():
            return number
    raise AssertionError("it never came to an end")


def test_what_takes_longer_than_a_slice_goes_on_where_it_stopped(cluster, large, short_slices):
    assert fill_on() > 1
    assert sha256_of(large) == hashlib.sha256(LARGE).digest()
    assert fill() == 0


def test_one_process_at_a_time_is_at_a_large_content(cluster, large, short_slices):
    turns.take(hashing.LARGE_TURN, other := uuid4(), seconds=60)
    assert fill() == 0
    assert hashing._large.hashed is None

    turns.give_back(hashing.LARGE_TURN, other)
    assert fill_on() > 1


def test_a_large_content_that_cannot_be_read_now_is_tried_a_few_times(cluster, large, short_slices):
    names = ("node-a", "node-b", "node-c", "node-d")
    fill()
    cluster.take_down(*names)
    for _ in range(hashing.LARGE_TRIES):
        assert fill() == 0
    assert hashing._large.hashed is None, "others may go first"

    cluster.bring_back(*names)
    fill_on()
    assert sha256_of(large) == hashlib.sha256(LARGE).digest()


def test_one_worker_at_a_time_hashes(cluster, large):
    turns.take(hashing.TURN, other := uuid4(), seconds=60)
    assert fill() == 0

    turns.give_back(hashing.TURN, other)
    assert fill() == 1


def test_what_has_just_come_waits(cluster, large):
    assert hashing.fill() == 0


def test_what_was_given_up_is_not_hashed(cluster, large):
    contents.release([large])

    assert fill() == 0
