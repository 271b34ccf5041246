"""Reclaim beside uploads of the same bytes, crashes and late orders: no living chunk ever goes."""

import random
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from nodes import client, failpoints, reclaim, recording, replication, roster
from nodes.errors import ClusterError
from nodes.ids import uuid7
from nodes.models import Chunk, Extent, Node, Replica, Segment
from nodes.placing import Placement
from nodes.recording import Piece
from storagenode.protocol.names import chunk_name
from tests.nodes.living_cluster import chunk_of
from tests.nodes.test_reclaim import let_grace_end, nothing_is_left, release
from tests.nodes.test_recording import new_segment, trusted
from tests.nodes.test_recording_races import waiting_for_locks
from tests.nodes.test_replication import Crash, crash, replicate_all
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import wait_until


def upload_aside(cluster, content: bytes, stored: list) -> threading.Thread:
    def run() -> None:
        try:
            stored.append(cluster.store(content))
        finally:
            connection.close()

    return threading.Thread(target=run)


def test_an_upload_between_lock_and_decision_waits_and_is_whole(cluster, settings):
    """The record waits for the lock; by then the chunk is being deleted, and the bytes are stored anew."""
    content = b"between lock and decision"
    release(cluster.store(content))
    reclaim.reclaim()
    let_grace_end(settings)
    stored: list = []
    thread = upload_aside(cluster, content, stored)

    def start() -> None:
        thread.start()
        thread.join(0.3)

    with failpoints.armed("reclaim.locked", start):
        reclaim.condemn_for_good()
    thread.join()
    reclaim.delete_files()

    assert cluster.read(stored[0]) == content
    assert Chunk.objects.count() == 1


def test_an_upload_recorded_before_the_lock_is_seen_by_the_decision(cluster, settings):
    """An extent from after the pass began: one statement on one snapshot would not see it."""
    content = b"before the lock"
    release(cluster.store(content))
    reclaim.reclaim()
    let_grace_end(settings)
    chunk = chunk_of(content)
    with transaction.atomic():
        segment = Segment.objects.create(length=chunk.size, sealed=True)
        Extent.objects.create(segment=segment, offset=0, length=chunk.size, chunk=chunk)
    Chunk.objects.filter(id=chunk.id).update(state=Chunk.State.CONDEMNED)

    reclaim.condemn_for_good()

    chunk.refresh_from_db()
    assert (chunk.state, chunk.condemned_at) == (Chunk.State.LIVE, None)


@pytest.mark.parametrize("place", ["record.before", "record.after"])
def test_f35_a_pass_while_a_reuse_is_about_to_be_recorded_loses_nothing(cluster, settings, place):
    """The uploader has looked up and trusts the stored copies; a whole pass goes by before it commits."""
    settings.GRACE_SECONDS = 0
    content = b"reuse " + place.encode()
    release(cluster.store(content))
    piece = trusted(content)
    outcome: list = []

    def whole_pass() -> None:
        def run() -> None:
            try:
                reclaim.reclaim()
                reclaim.reclaim()
            finally:
                connection.close()

        failpoints._actions.clear()
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(0.5)  # it may wait for our locks
        outcome.append(thread)

    content_id = uuid7()
    failpoints._actions[place] = whole_pass
    try:
        with transaction.atomic():
            recording.record(new_segment(), [piece], content_id=content_id)
    except ClusterError as error:
        assert error.retryable
        content_id = cluster.store(content)
    finally:
        failpoints._actions.clear()
    outcome[0].join()
    reclaim.reclaim()

    assert cluster.read(content_id) == content
    assert chunk_of(content).state == Chunk.State.LIVE


ROUNDS = 250
UPLOADERS = 4


def test_f35_in_a_thousand_races_of_a_reuse_with_a_pass_nothing_recorded_is_removed(
    transactional_db, settings
):
    """Four uploaders, each with a condemned chunk it has looked up and trusts, and one pass, all at once."""
    settings.GRACE_SECONDS = 0
    nodes = [
        Node.objects.create(
            name=f"row-{number}", store_id=uuid7(), url="http://127.0.0.1:1", zone=str(number)
        )
        for number in range(2)
    ]
    races = [
        Chunk(digest=number.to_bytes(32, "big"), size=7, state=Chunk.State.CONDEMNED)
        for number in range(ROUNDS * UPLOADERS)
    ]
    Chunk.objects.bulk_create(races)  # condemned, but since no time: each is let go in its round
    Replica.objects.bulk_create(
        Replica(chunk=chunk, node=node, state=Replica.State.STORED, stored_at=Now(), verified_at=Now())
        for chunk in races
        for node in nodes
    )
    start = threading.Barrier(UPLOADERS + 1, timeout=60)
    recorded: list[Chunk] = []
    refused: list[Chunk] = []
    broken: list[BaseException] = []

    def take_part(rounds: Callable[[int], None]) -> None:
        try:
            for number in range(ROUNDS):
                rounds(number)
        except BaseException as error:
            broken.append(error)
            start.abort()
            raise
        finally:
            connection.close()

    def upload(lane: int, dice: random.Random, number: int) -> None:
        chunk = races[number * UPLOADERS + lane]
        placements = [Placement(node.id, None) for node in nodes]
        piece = Piece(chunk.size, bytes(chunk.digest), time.time(), placements)
        start.wait()
        time.sleep(dice.random() / 200)  # who is first is to differ
        try:
            with transaction.atomic():
                recording.record(new_segment(), [piece], content_id=uuid7())
        except ClusterError as error:
            assert error.retryable
            refused.append(chunk)
        else:
            recorded.append(chunk)
        start.wait()

    def sweep(dice: random.Random, number: int) -> None:
        of_this_round = [chunk.id for chunk in races[number * UPLOADERS : (number + 1) * UPLOADERS]]
        Chunk.objects.filter(id__in=of_this_round).update(condemned_at=Now())
        start.wait()
        time.sleep(dice.random() / 200)
        reclaim.condemn_for_good()
        start.wait()

    parts = [partial(upload, lane, random.Random(lane)) for lane in range(UPLOADERS)]
    parts.append(partial(sweep, random.Random(UPLOADERS)))
    threads = [threading.Thread(target=take_part, args=[part]) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not broken
    assert len(recorded) + len(refused) == ROUNDS * UPLOADERS
    assert min(len(recorded), len(refused)) > 10, (len(recorded), len(refused))
    assert not Extent.objects.exclude(chunk__state=Chunk.State.LIVE).exists()
    assert Extent.objects.count() == len(recorded)
    kept = Replica.objects.stored().filter(chunk__in=[chunk.id for chunk in recorded])
    assert kept.count() == 2 * len(recorded)


def test_a_chunk_taken_up_while_it_is_condemned_stays_live_and_is_copied(cluster):
    """Condemned by mistake it would wait out the grace with too few copies: nobody repairs what goes."""
    content = b"taken up"
    release(cluster.store(content))
    piece = trusted(content)
    thread = threading.Thread(target=lambda: (reclaim.drop_extents(), connection.close()))

    with transaction.atomic():
        recording.record(new_segment(), [piece], content_id=uuid7())
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()

    assert chunk_of(content).state == Chunk.State.LIVE
    replicate_all()
    assert len(cluster.holders(chunk_of(content))) == 3


@pytest.mark.parametrize("place", ["reclaim.locked", "reclaim.files_deleted"])
def test_after_a_crash_another_pass_finishes(cluster, settings, place):
    release(cluster.store(b"crashed pass"))
    reclaim.reclaim()
    let_grace_end(settings)
    with failpoints.armed(place, crash), pytest.raises(Crash):
        reclaim.reclaim()

    reclaim.reclaim()

    assert nothing_is_left()
    assert not cluster.files(b"crashed pass")


def test_a_late_or_repeated_order_touches_only_its_own_file(cluster, settings):
    """R19: the bytes are stored again while an order to delete the old file is still on its way."""
    content = b"replayed"
    release(cluster.store(content))
    replicas = list(Replica.objects.select_related("node"))
    old = [
        (roster.views()[one.node_id], chunk_name(bytes(chunk_of(content).digest), one.id)) for one in replicas
    ]
    settings.GRACE_SECONDS = 0
    reclaim.reclaim()
    reclaim.reclaim()
    content_id = cluster.store(content)

    for view, name in old:
        client.delete_chunk(view, name)
        client.finish_put(client.begin_put(view, name, memoryview(content)))
        client.delete_chunk(view, name)

    assert cluster.read(content_id) == content
    assert len(cluster.holders(chunk_of(content))) == 2


def test_a_race_of_uploads_releases_and_passes_loses_nothing(cluster, settings):
    """Few contents, no grace, many hands: whatever was committed and not released can be read at the end."""
    settings.GRACE_SECONDS = 0
    few = [some_bytes(200 + number, seed=30 + number) for number in range(4)]
    kept: list = []
    refused: list = []
    broken: list = []
    is_over = threading.Event()
    passes = 0

    def write(seed: int) -> None:
        dice = random.Random(seed)
        try:
            for _ in range(55):
                content = dice.choice(few)
                try:
                    content_id = cluster.store(content)
                except ClusterError as error:
                    refused.append(error)
                    continue
                if dice.random() < 0.85:
                    release(content_id)
                else:
                    kept.append((content_id, content))
        except BaseException as error:
            broken.append(error)
            raise
        finally:
            connection.close()

    def sweep() -> None:
        nonlocal passes
        try:
            while not is_over.is_set():
                reclaim.reclaim()
                passes += 1
        except BaseException as error:
            broken.append(error)
            raise
        finally:
            connection.close()

    def repair() -> None:
        try:
            while not is_over.is_set():
                replication.replicate_due(budget_seconds=0.5)
        except BaseException as error:
            broken.append(error)
            raise
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    others = [threading.Thread(target=sweep), threading.Thread(target=sweep), threading.Thread(target=repair)]
    for thread in writers + others:
        thread.start()
    for thread in writers:
        thread.join()
    is_over.set()
    for thread in others:
        thread.join()

    assert not broken
    assert all(error.retryable for error in refused)
    assert len(refused) < 20
    assert passes >= 2
    for content_id, content in kept:
        assert cluster.read(content_id) == content
    for chunk in Chunk.objects.filter(extents__isnull=False).distinct():
        assert chunk.state == Chunk.State.LIVE
        assert len(cluster.holders(chunk)) == chunk.replicas.stored().count() >= 2


def test_a_worker_whose_chunk_is_reclaimed_meanwhile_never_waits_in_a_circle(cluster, settings):
    """Both give up the same two copies; the worker must not begin with one before the chunk is free."""
    settings.REPLICAS = 4
    content_id = cluster.store(b"released while it is copied")
    copied, condemned = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def replicate() -> None:
        try:
            replication.replicate(replication.claim(1))
        except DatabaseError as error:
            failed.append(error)
        finally:
            connection.close()

    def hold() -> None:
        copied.set()
        condemned.wait()

    worker = threading.Thread(target=replicate)
    with failpoints.armed("replicate.copied", hold):
        worker.start()
        copied.wait()
        release(content_id)
        reclaim.drop_extents()
        chunk = Chunk.objects.get(state=Chunk.State.CONDEMNED)
        first, last = chunk.replicas.filter(state=Replica.State.PENDING).order_by("id")
        with transaction.atomic():
            Chunk.objects.select_for_update().get(id=chunk.id)
            Replica.objects.filter(id=last.id).update(state=Replica.State.DELETING)
            condemned.set()
            wait_until(lambda: waiting_for_locks() == 1, "the worker to wait")
            Replica.objects.filter(id=first.id).update(state=Replica.State.DELETING)
    worker.join()

    assert failed == []
    assert not chunk.replicas.filter(state=Replica.State.PENDING).exists()
