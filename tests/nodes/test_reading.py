"""Only verified bytes leave, from whichever node has them; a reader that goes away leaves nothing behind."""

import threading

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nodes import contents, membership, reading, reclaim, replication, trim
from nodes.errors import ChunkUnavailable
from nodes.models import Chunk, ContentSegment, Extent, Replica
from tests.nodes.living_cluster import CHUNK_BYTES, chunk_of
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes


def spoil(cluster, replica: Replica, fault: str) -> None:
    path = cluster.file(replica)
    good = path.read_bytes()
    if fault == "flipped":
        path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    elif fault == "truncated":
        path.write_bytes(good[: len(good) // 2])
    elif fault == "empty":
        path.write_bytes(b"")
    elif fault == "longer":
        path.write_bytes(good + b"+")
    else:
        path.unlink()


def asked_first(cluster, replica: Replica) -> None:
    """Have readers begin with this replica's node."""
    for node in cluster.running:
        cluster.update(node, latency_ms=100.0)
    cluster.update(replica.node.name, latency_ms=0.0)


@pytest.mark.parametrize("fault", ["flipped", "truncated", "empty", "longer", "missing"])
def test_a_bad_copy_is_never_served_but_noted_for_a_second_look(cluster, fault):
    content = some_bytes(3000, seed=1)
    content_id = cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    bad = chunk.replicas.select_related("node").first()
    spoil(cluster, bad, fault)
    asked_first(cluster, bad)

    assert cluster.read(content_id) == content
    assert cluster.read(content_id, 2990, 3000) == content[2990:]

    bad.refresh_from_db()
    chunk.refresh_from_db()
    assert bad.doubted_at is not None
    assert chunk.copies_due_at is not None
    replicate_all()
    assert len(cluster.holders(chunk)) == 3
    bad.refresh_from_db()
    assert bad.state == (Replica.State.MISSING if fault == "missing" else Replica.State.CORRUPT)


def test_a_node_that_goes_in_mid_stream_is_read_around(cluster):
    content = some_bytes(12 * CHUNK_BYTES, seed=2)
    content_id = cluster.store(content)
    replicate_all()
    stream = contents.read(content_id)
    came = next(stream)
    cluster.take_down("node-a", "node-b")

    came += b"".join(stream)

    assert came == content


def test_all_copies_bad_is_said_before_the_first_byte(cluster):
    content = some_bytes(100, seed=3)
    content_id = cluster.store(content)
    for replica in chunk_of(content).replicas.select_related("node", "chunk"):
        spoil(cluster, replica, "flipped")

    with pytest.raises(ChunkUnavailable):
        contents.read(content_id)
    assert chunk_of(content).replicas.filter(doubted_at__isnull=False).count() == 2


def test_all_copies_of_a_later_chunk_bad_ends_the_stream_short(cluster):
    content = some_bytes(8 * CHUNK_BYTES, seed=4)
    content_id = cluster.store(content)
    later = chunk_of(content[6 * CHUNK_BYTES : 7 * CHUNK_BYTES])
    for replica in later.replicas.select_related("node", "chunk"):
        spoil(cluster, replica, "truncated")

    came = b""
    with pytest.raises(ChunkUnavailable):
        for piece in contents.read(content_id):
            came += piece
    assert came == content[: 6 * CHUNK_BYTES]
    assert cluster.read(content_id, 0, 6 * CHUNK_BYTES) == content[: 6 * CHUNK_BYTES]


def test_any_one_copy_is_enough(cluster):
    content = some_bytes(100, seed=5)
    content_id = cluster.store(content)
    replicate_all()
    left = chunk_of(content).replicas.select_related("node").first().node.name
    cluster.take_down(*(name for name in cluster.running if name != left))

    assert cluster.read(content_id) == content


def test_a_node_that_seems_offline_is_asked_when_nobody_else_has_the_bytes(cluster):
    content_id = cluster.store(b"last resort")
    for name in cluster.running:
        cluster.update(name, health="offline")
    assert cluster.read(content_id) == b"last resort"


def test_a_reader_finds_copies_that_were_made_after_it_began(cluster):
    """Its page of the manifest may be minutes old; the nodes it names may have been emptied since."""
    content = some_bytes(6 * CHUNK_BYTES, seed=6)
    content_id = cluster.store(content)
    replicate_all()
    last = chunk_of(content[5 * CHUNK_BYTES :])
    stream = contents.read(content_id)
    came = next(stream)
    for replica in last.replicas.select_related("node", "chunk"):
        spoil(cluster, replica, "missing")
        Replica.objects.filter(id=replica.id).update(state=Replica.State.MISSING)
    cluster.store(content[5 * CHUNK_BYTES :])

    assert came + b"".join(stream) == content


def test_a_content_taken_apart_while_it_is_read_ends_short_and_never_shifts(cluster, monkeypatch):
    monkeypatch.setattr(reading, "MANIFEST_PAGE_BYTES", 4 * CHUNK_BYTES)
    content = some_bytes(12 * CHUNK_BYTES, seed=7)
    content_id = cluster.store(content)
    segment_id = ContentSegment.objects.get(content_id=content_id).segment_id
    stream = contents.read(content_id)
    came = next(stream)
    Extent.objects.filter(segment_id=segment_id, offset__lt=6 * CHUNK_BYTES).delete()

    with pytest.raises(ChunkUnavailable):
        for piece in stream:
            came += piece

    assert came == content[: len(came)]
    assert len(came) <= 4 * CHUNK_BYTES
    with pytest.raises(ChunkUnavailable):
        contents.read(content_id)


def test_a_reader_that_goes_away_leaves_nothing_behind(cluster, connections_in_use):
    content_id = cluster.store(some_bytes(10 * CHUNK_BYTES, seed=8))
    connection.close()
    for _ in range(3):
        stream = contents.read(content_id)
        next(stream)
        stream.close()
    contents.read(content_id).close()

    for _ in range(reading.FETCHER_THREADS):
        reading._fetchers.submit(int).result()
    assert connections_in_use() == 0


def test_a_stream_looks_ahead_by_a_bounded_number_of_chunks(cluster):
    content_id = cluster.store(some_bytes(20 * CHUNK_BYTES, seed=9))
    fetched: list[int] = []
    before = reading.fetch

    def counting(extent, **more):
        fetched.append(extent.offset)
        return before(extent, **more)

    reading.fetch = counting
    try:
        stream = contents.read(content_id)
        next(stream)
        reading._fetchers.submit(int).result()
        assert len(fetched) <= 1 + reading.READ_AHEAD
        stream.close()
    finally:
        reading.fetch = before


def test_every_range_is_what_the_bytes_say(cluster):
    content = some_bytes(3 * CHUNK_BYTES + 777, seed=10)
    content_id = cluster.store(content)
    border = st.sampled_from(
        [n * CHUNK_BYTES + d for n in range(4) for d in (-1, 0, 1) if n * CHUNK_BYTES + d >= 0]
    )
    place = st.one_of(st.integers(0, len(content)), border)

    @hypothesis_settings(
        max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(one=place, other=place)
    def check(one: int, other: int) -> None:
        start, stop = sorted((one, other))
        assert cluster.read(content_id, start, stop) == content[start:stop]

    check()
    assert cluster.read(content_id, 5) == content[5:]


def test_many_readers_at_once_share_the_fetchers_and_connections(cluster, connections_in_use):
    content = some_bytes(9 * CHUNK_BYTES, seed=11)
    content_id = cluster.store(content)
    wrong: list[object] = []

    def read() -> None:
        try:
            if cluster.read(content_id) != content:
                wrong.append("bytes")
        except BaseException as error:
            wrong.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=read) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    connection.close()
    assert connections_in_use() == 0


@pytest.mark.parametrize("few_chunks", [contents.FEW_CHUNKS, 1])
def test_a_manifest_and_copies_tell_how_safe_a_content_is(cluster, monkeypatch, few_chunks):
    monkeypatch.setattr(contents, "FEW_CHUNKS", few_chunks)
    content = some_bytes(CHUNK_BYTES + 10, seed=12)
    content_id = cluster.store(content)

    assert contents.copies([content_id]) == [contents.Copies(wanted=3, fewest=2, is_being_copied=True)]
    replicate_all()
    assert contents.copies([content_id])[0].is_complete
    lines = contents.manifest(content_id)
    assert [(line.offset, line.length) for line in lines] == [(0, CHUNK_BYTES), (CHUNK_BYTES, 10)]
    assert all(len({place.zone for place in line.replicas}) == 3 for line in lines)


def test_a_content_whose_nodes_retire_while_it_is_read_is_read_to_its_end(cluster):
    content = some_bytes(10 * CHUNK_BYTES, seed=13)
    content_id = cluster.store(content)
    replicate_all()
    stream = contents.read(content_id)
    came = next(stream)
    leaving = cluster.node("node-a")
    membership.drain(leaving)
    replicate_all()
    while trim.trim():
        pass
    membership.retire(leaving)
    reclaim.delete_files()

    assert came + b"".join(stream) == content
    assert not replication.claim(1)
    assert not Chunk.objects.under_replicated().exists()
