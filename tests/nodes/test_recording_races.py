"""Records at once with others, with writers that were shut out, and with nodes that change their duty."""

import random
import threading
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import F

from nodes import (
    contents,
    failpoints,
    health,
    membership,
    placing,
    reclaim,
    recording,
    replication,
)
from nodes.errors import ChunkReclaimed, ClusterError, WriterSuperseded
from nodes.ids import uuid7
from nodes.models import Chunk, Content, Node, Replica
from nodes.recording import Piece
from tests.nodes.living_cluster import Bytes, chunk_of, seal
from tests.nodes.test_recording import new_segment, placed, record
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import wait_until


def test_two_records_that_bring_copies_of_one_thin_chunk_never_wait_in_a_circle(cluster):
    """Both are held where they give up a pending copy, between the lock of the chunk and its order."""
    cluster.store(b"thin")
    chunk = chunk_of(b"thin")
    chunk.replicas.update(state=Replica.State.MISSING)
    Chunk.objects.update(copies_due_at=None)
    pending = Replica.objects.create(chunk=chunk, node=cluster.node("node-a"), state=Replica.State.PENDING)
    pieces = [placed(b"thin", "node-a", "node-b"), placed(b"thin", "node-a", "node-b")]
    outcomes: list[object] = []

    def record_it(piece: Piece) -> None:
        try:
            outcomes.append(record(piece))
        except ChunkReclaimed as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=record_it, args=[piece]) for piece in pieces]
    with transaction.atomic():
        Replica.objects.select_for_update().get(id=pending.id)
        for thread in threads:
            thread.start()
        wait_until(lambda: waiting_for_locks() == 2, "both records to wait")
    for thread in threads:
        thread.join()

    assert all(isinstance(outcome, UUID) for outcome in outcomes), outcomes
    assert len(cluster.holders(chunk)) == chunk.replicas.stored().count() == 2
    assert chunk_of(b"thin").copies_due_at is not None


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        return cursor.fetchone()[0]


def test_of_two_uploads_of_the_same_new_bytes_the_loser_joins_the_winner(cluster):
    content = b"twins"
    winner = placed(content, "node-a", "node-b")
    loser = placed(content, "node-b", "node-c")

    first, second = record(winner), record(loser)

    chunk = chunk_of(content)
    assert cluster.holders(chunk) == {"node-a", "node-b", "node-c"}
    assert len(cluster.files(content)) == 4
    reclaim.delete_files()  # the fourth is one too many on node-b, and a row says so
    assert len(cluster.files(content)) == 3
    assert cluster.read(first) == cluster.read(second) == content
    assert set(Replica.objects.values_list("state", flat=True)) == {Replica.State.STORED}


def test_two_records_of_the_same_new_bytes_at_once_both_count(cluster):
    content = b"at once"
    pieces = [placed(content, "node-a", "node-b"), placed(content, "node-c", "node-d")]
    both = threading.Barrier(2)
    recorded: list[object] = []

    def run(piece: Piece) -> None:
        try:
            both.wait()
            recorded.append(record(piece))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(piece,)) for piece in pieces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(recorded) == 2
    assert len(cluster.holders(chunk_of(content))) == 4
    assert all(cluster.read(content_id) == content for content_id in recorded)


def test_a_copy_on_its_way_gives_way_to_an_upload_to_the_same_node(cluster):
    """The upload counts; the copy's file goes, and its maker finds that it has lost."""
    for name in ("node-b", "node-d"):
        cluster.update(name, duty="draining")
    content = b"overtaken"
    cluster.update("node-b", duty="active")
    record(placed(content, "node-a", "node-b"))
    again: list[object] = []

    def upload() -> None:
        again.append(record(placed(content, "node-a", "node-c")))

    with failpoints.armed("replicate.pending", upload):
        replication.replicate(replication.claim(1))

    chunk = chunk_of(content)
    assert cluster.holders(chunk) == {"node-a", "node-b", "node-c"}
    reclaim.delete_files()
    assert len(cluster.files(content)) == 3
    assert cluster.read(again[0]) == content


def test_an_older_writer_is_shut_out(cluster, no_patience):
    with transaction.atomic():
        segment = contents.create_segment()
    zombie = contents.resume(segment.id)
    zombie.append(Bytes(b"z" * 1000))
    contents.take_over(segment.id)
    writer = contents.resume(segment.id)
    writer.append(Bytes(b"a" * 500))

    with pytest.raises(WriterSuperseded):
        zombie.record()
    writer.record()
    with pytest.raises(WriterSuperseded), transaction.atomic():
        zombie.seal()
    content_id = seal(writer)

    assert cluster.read(content_id) == b"a" * 500
    with pytest.raises(WriterSuperseded):
        contents.resume(segment.id)


def test_a_zombie_that_reads_a_tail_back_after_it_was_rewritten_is_told_so(cluster):
    with transaction.atomic():
        segment = contents.create_segment()
    with contents.resume(segment.id) as first:
        first.append(Bytes(b"t" * 10))
        first.record()
    zombie = contents.resume(segment.id)
    contents.drop_segments([segment.id])
    reclaim.drop_extents()

    with pytest.raises(WriterSuperseded):
        zombie.append(Bytes(b"more"))


def test_a_node_cannot_retire_while_a_record_that_counts_on_it_is_open(cluster):
    piece = placed(b"open record", "node-a", "node-b")
    membership.drain(cluster.node("node-a"))
    outcome: list[object] = []

    def retire() -> None:
        try:
            membership.retire(Node.objects.get(name="node-a"))
        except ClusterError as error:
            outcome.append(error)
        else:
            outcome.append("retired")
        finally:
            connection.close()

    thread = threading.Thread(target=retire)
    with transaction.atomic():
        recording.record(new_segment(), [piece], content_id=uuid7())
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join()

    assert isinstance(outcome[0], ClusterError)
    assert chunk_of(b"open record").replicas.stored().count() == 2


def test_records_go_on_while_a_node_is_being_judged(cluster):
    """A judgement may take long: it orders a look at every chunk of the node."""
    piece = placed(b"meanwhile", "node-a", "node-b")
    done = threading.Event()

    def run() -> None:
        try:
            record(piece)
            done.set()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        Node.objects.select_for_update(no_key=True).get(name="node-a")
        Node.objects.filter(name="node-a").update(failures=F("failures") + 1)
        thread.start()
        assert done.wait(120)
    thread.join()


def test_a_storm_of_overlapping_records_ends_well(cluster):
    """Eight writers record random windows over the same few chunks, while others condemn and order copies."""
    shared = [some_bytes(300 + number, seed=number) for number in range(10)]
    for content in shared[:5]:
        cluster.store(content)
    ready = {content: placed(content, "node-a", "node-b") for content in shared}
    recorded: list[tuple[object, bytes]] = []
    refused: list[ClusterError] = []
    broken: list[BaseException] = []
    is_over = threading.Event()

    def write(seed: int) -> None:
        dice = random.Random(seed)
        try:
            for _ in range(25):
                window = dice.sample(shared, dice.randint(1, 8))
                pieces = []
                for content in window:
                    source = ready[content]
                    piece = Piece(source.length, source.digest, health.database_now().timestamp())
                    piece.placements = [placing.Placement(one.node_id, uuid7()) for one in source.placements]
                    pieces.append(piece)
                try:
                    recorded.append((record(*pieces), b"".join(window)))
                except ClusterError as error:
                    refused.append(error)
        except BaseException as error:
            broken.append(error)
            raise
        finally:
            connection.close()

    def disturb() -> None:
        try:
            while not is_over.is_set():
                with transaction.atomic():
                    reclaim.condemn_unneeded(Chunk.objects.values_list("id", flat=True))
                Chunk.objects.all().make_due()
        except BaseException as error:
            broken.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(8)]
    disturber = threading.Thread(target=disturb)
    disturber.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_over.set()
    disturber.join()

    assert not broken
    assert all(error.retryable for error in refused)
    assert len(recorded) + len(refused) == 200
    assert len(recorded) >= 190
    for chunk in Chunk.objects.all():
        assert chunk.extents.exists() == (chunk.state == Chunk.State.LIVE)
        nodes = list(chunk.replicas.stored().values_list("node_id", flat=True))
        assert len(nodes) == len(set(nodes)) >= 2
    for content_id, content in recorded:
        lengths = [line.length for line in contents.manifest(content_id)]
        assert sum(lengths) == len(content) == Content.objects.get(id=content_id).size
