"""What a record makes of placed pieces: one truth about bytes, whoever else records, condemns or deletes."""

import pytest
from blake3 import blake3
from django.db import transaction
from django.db.models.functions import Now

from nodes import (
    client,
    contents,
    health,
    membership,
    placing,
    reclaim,
    recording,
    roster,
)
from nodes.errors import ChunkReclaimed, WindowTooOld
from nodes.ids import uuid7
from nodes.models import Chunk, Content, Extent, Replica, Segment
from nodes.recording import Piece, SegmentState
from storagenode.protocol.names import chunk_name
from tests.nodes.living_cluster import CHUNK_BYTES, NAMES, Bytes, chunk_of, seal
from tests.nodes.test_writing import some_bytes


def new_segment() -> SegmentState:
    return SegmentState(id=uuid7(), is_new=True, epoch=0, recorded=0, rewrite_from=0)


def placed(content: bytes, *names: str) -> Piece:
    """A piece as a writer holds it after its look-up, with copies on the named nodes."""
    digest = blake3(content).digest()
    confirmed = [(view, uuid7()) for view in roster.views().values() if view.name in names]
    for view, replica_id in confirmed:
        client.finish_put(client.begin_put(view, chunk_name(digest, replica_id), memoryview(content)))
    return Piece(
        length=len(content),
        digest=digest,
        asked_at=health.database_now().timestamp(),
        placements=[placing.Placement(view.id, replica_id) for view, replica_id in confirmed],
    )


def trusted(content: bytes) -> Piece:
    digest = blake3(content).digest()
    known = recording.look_up(digest, len(content))
    placements = placing.as_placements(placing.reachable(known.stored_on))
    return Piece(len(content), digest, known.asked_at, placements)


def record(*pieces: Piece, segment: SegmentState | None = None) -> object:
    content_id = uuid7()
    with transaction.atomic():
        recording.record(segment or new_segment(), pieces, content_id=content_id)
    return content_id


def test_known_bytes_are_stored_once(cluster):
    content = some_bytes(2 * CHUNK_BYTES + 9, seed=1)
    first, second = cluster.store(content), cluster.store(content)

    assert Chunk.objects.count() == 3
    assert Replica.objects.count() == 6
    assert cluster.read(first) == cluster.read(second) == content


def test_a_thin_chunk_that_is_uploaded_again_is_mended(cluster):
    content = b"thin"
    cluster.store(content)
    chunk = chunk_of(content)
    lost = chunk.replicas.select_related("node").first().node
    cluster.update(lost.name, health="offline")

    content_id = cluster.store(content)

    assert chunk_of(content) == chunk
    assert len(cluster.holders(chunk) - {lost.name}) == 2
    assert cluster.read(content_id) == content


def test_a_copy_in_doubt_does_not_count_when_its_bytes_are_stored_again(cluster):
    cluster.store(b"doubted")
    chunk = chunk_of(b"doubted")
    doubted = chunk.replicas.select_related("node").first()
    Replica.objects.doubt([doubted.id])

    cluster.store(b"doubted")

    assert chunk_of(b"doubted") == chunk
    assert chunk.replicas.stored().filter(doubted_at__isnull=True).count() == 2


def test_a_copy_in_doubt_gives_way_to_one_that_its_node_has_just_confirmed(cluster):
    cluster.store(b"doubted")
    chunk = chunk_of(b"doubted")
    doubted = chunk.replicas.select_related("node", "chunk").first()
    rotten = cluster.file(doubted)
    rotten.write_bytes(b"rotten!")
    Replica.objects.doubt([doubted.id])
    others = set(NAMES) - {replica.node.name for replica in chunk.replicas.select_related("node")}
    cluster.take_down(*others)

    content_id = cluster.store(b"doubted")

    assert len(cluster.holders(chunk)) == 2
    assert chunk.replicas.get(id=doubted.id).state == Replica.State.DELETING
    assert cluster.read(content_id) == b"doubted"
    cluster.bring_back(*others)
    reclaim.delete_files()
    assert not rotten.exists()


def test_a_lost_chunk_that_is_uploaded_again_is_mended(cluster):
    first = cluster.store(b"lost")
    chunk = chunk_of(b"lost")
    for replica in chunk.replicas.select_related("node", "chunk"):
        cluster.file(replica).unlink()
    chunk.replicas.update(state=Replica.State.MISSING)

    second = cluster.store(b"lost")

    assert chunk_of(b"lost") == chunk
    assert cluster.read(first) == cluster.read(second) == b"lost"


def test_a_condemned_chunk_comes_to_life_by_a_record(cluster):
    cluster.store(b"revived")
    Chunk.objects.update(state=Chunk.State.CONDEMNED, condemned_at=Now())

    content_id = cluster.store(b"revived")

    chunk = chunk_of(b"revived")
    assert (chunk.state, chunk.condemned_at) == (Chunk.State.LIVE, None)
    assert cluster.read(content_id) == b"revived"


def test_bytes_of_a_chunk_that_is_being_deleted_become_a_new_chunk(cluster):
    contents.release([cluster.store(b"phoenix")])
    reclaim.drop_extents()
    old = chunk_of(b"phoenix")
    Chunk.objects.update(state=Chunk.State.DELETING)
    old.replicas.update(state=Replica.State.DELETING)

    content_id = cluster.store(b"phoenix")
    reclaim.delete_files()

    assert chunk_of(b"phoenix") != old
    assert not Chunk.objects.filter(id=old.id).exists()
    assert cluster.read(content_id) == b"phoenix"
    assert len(cluster.files(b"phoenix")) == 2


def test_a_chunk_that_goes_between_look_up_and_record_must_be_sent_again(cluster):
    cluster.store(b"too late")
    piece = trusted(b"too late")
    Chunk.objects.update(state=Chunk.State.DELETING)

    with pytest.raises(ChunkReclaimed):
        record(piece)

    assert Segment.objects.count() == 1
    assert Chunk.objects.count() == 1


def test_replicas_that_cease_to_count_before_the_record_are_not_counted(cluster):
    cluster.store(b"bad luck")
    piece = trusted(b"bad luck")
    chunk_of(b"bad luck").replicas.filter(node_id=piece.placements[0].node_id).update(
        state=Replica.State.CORRUPT
    )
    with pytest.raises(ChunkReclaimed):
        record(piece)


def test_a_window_that_waited_too_long_is_refused(cluster):
    piece = placed(b"old", "node-a", "node-b")
    piece.asked_at -= 61
    with pytest.raises(WindowTooOld):
        record(piece)
    assert not Chunk.objects.exists()

    piece.asked_at += 30
    assert cluster.read(record(piece)) == b"old"


def test_a_segment_never_shrinks(cluster):
    with transaction.atomic():
        segment = contents.create_segment()
    writer = contents.resume(segment.id)
    writer.append(Bytes(b"x" * 5000))
    writer.record()
    state = SegmentState(id=segment.id, is_new=False, epoch=1, recorded=5000, rewrite_from=0)

    with pytest.raises(Exception, match="never shrinks"):
        record(placed(b"short", "node-a", "node-b"), segment=state)

    segment.refresh_from_db()
    assert segment.length == 5000


def test_a_short_tail_is_rewritten_and_its_chunk_condemned(cluster):
    with transaction.atomic():
        segment = contents.create_segment()
    for part in (b"a" * 1000, b"b" * 1000):
        with contents.resume(segment.id) as writer:
            writer.append(Bytes(part))
            writer.record()

    assert Extent.objects.get().length == 2000
    assert chunk_of(b"a" * 1000).state == Chunk.State.CONDEMNED
    assert cluster.read(seal(contents.resume(segment.id))) == b"a" * 1000 + b"b" * 1000


def test_an_old_tail_that_others_need_stays_live(cluster):
    other = cluster.store(b"a" * 1000)
    with transaction.atomic():
        segment = contents.create_segment()
    for part in (b"a" * 1000, b"b" * 1000):
        with contents.resume(segment.id) as writer:
            writer.append(Bytes(part))
            writer.record()

    assert chunk_of(b"a" * 1000).state == Chunk.State.LIVE
    assert cluster.read(other) == b"a" * 1000


def test_the_same_bytes_many_times_in_one_window_are_one_chunk(cluster):
    content = bytes(7 * CHUNK_BYTES)
    content_id = cluster.store(content)

    assert Chunk.objects.count() == 1
    assert Extent.objects.count() == 7
    assert Replica.objects.count() == 2
    assert cluster.read(content_id) == content


def test_an_empty_content_has_no_extents(cluster):
    content_id = cluster.store(b"")
    assert Content.objects.get(id=content_id).size == 0
    assert not Extent.objects.exists()
    assert contents.manifest(content_id) == []
    contents.release([content_id])
    reclaim.drop_extents()
    assert not Content.objects.exists()
    assert not Segment.objects.exists()


def test_a_node_that_retires_before_the_record_does_not_count(cluster):
    """The upload placed its copies before the drain; the drain is over before it records."""
    piece = placed(b"open upload", "node-a", "node-b")
    for change in (membership.drain, membership.retire):
        change(cluster.node("node-a"))

    with pytest.raises(ChunkReclaimed):
        record(piece)
    assert not Chunk.objects.exists()
