"""Every named problem of copies is told when its situation is real, and is gone when the situation is."""

import time
from datetime import timedelta

import pytest
from blake3 import blake3
from django.db.models import Value
from django.db.models.functions import Now

from nodes import (
    brake,
    census,
    client,
    doctor,
    findings,
    membership,
    orphans,
    rebalance,
    reclaim,
    reconcile,
    replication,
    roster,
    scrub,
)
from nodes import cluster as overview_of
from nodes.errors import ChunkUnavailable
from nodes.ids import uuid7
from nodes.models import Chunk, Node, Replica, Upkeep
from nodes.problems import Code, Severity
from storagenode.protocol.names import chunk_name
from tests.nodes.examined import (
    bring_back,
    codes,
    lose_every_copy,
    replicate_all,
    replicate_what_waits,
    take_offline,
    told,
)
from tests.nodes.living_cluster import CHUNK_BYTES, NAMES, age, chunk_of, see_all
from tests.nodes.test_reconcile import compare_all
from tests.nodes.test_writing import some_bytes


@pytest.fixture(autouse=True)
def roomy_disk(settings) -> None:
    settings.NEARFULL_SHARE = 0  # however full the disk is on which these tests run


def test_due_copies_that_no_worker_takes_up_are_told_until_one_does(cluster):
    cluster.store(b"waits for a third copy")
    age("nodes_chunk", "copies_due_at", doctor.QUEUE_STUCK_SECONDS + 1)
    [problem] = told(Code.QUEUE_STUCK)
    assert problem.count == 1

    replicate_all()
    assert codes() == set()


def test_a_long_queue_that_moves_is_not_stuck(cluster):
    cluster.store(b"done just now")
    replicate_all()
    cluster.store(b"waits for its turn")
    age("nodes_chunk", "copies_due_at", doctor.QUEUE_STUCK_SECONDS + 1)

    assert not told(Code.QUEUE_STUCK)


def test_too_few_copies_are_told_until_they_are_made(cluster):
    take_offline(cluster, "node-c", "node-d")
    cluster.store(b"two copies and no more")
    replicate_all(), replicate_what_waits()
    [problem] = told(Code.UNDER_REPLICATED)
    assert problem.count == 1
    age("nodes_chunk", "thin_since", 3600)
    assert 3600 <= overview_of.overview().oldest_under_replicated_seconds < 4000

    bring_back(cluster, "node-c", "node-d")
    replicate_what_waits()
    assert codes() == set()
    assert overview_of.overview().oldest_under_replicated_seconds == 0


def test_a_third_copy_on_its_way_is_no_problem(cluster):
    cluster.store(b"fresh")

    seen = overview_of.overview()
    assert (seen.under_replicated, seen.health) == (1, "healthy")


def let_repair_take_longer_than_passes_unsaid() -> None:
    age("nodes_chunk", "copies_due_at", findings.UNREPAIRED_SECONDS + 1)


def test_the_files_of_a_node_that_goes_on_answering_are_told_while_they_wait_for_repair(cluster):
    """Somebody empties its folder; at the limit of repair a full disk takes hours."""
    cluster.store(some_bytes(5 * CHUNK_BYTES, seed=1))
    replicate_all()
    node = Replica.objects.select_related("node").first().node
    held = Replica.objects.filter(node=node).count()
    for path in (cluster.running[node.name].data / "chunks").glob("??/??/*"):
        path.unlink()
    compare_all()
    assert codes() == set(), "most is mended within minutes"

    let_repair_take_longer_than_passes_unsaid()
    [problem] = told(Code.UNDER_REPLICATED)
    assert (problem.count, overview_of.overview().health) == (held, "degraded")

    replicate_all()
    assert codes() == set()


def test_what_a_drain_has_yet_to_move_is_told_only_once_a_copy_is_gone(cluster):
    content = b"has three copies, one on its way elsewhere"
    cluster.store(content)
    replicate_all()
    leaving, staying, _ = chunk_of(content).replicas.select_related("node")
    membership.drain(leaving.node)
    let_repair_take_longer_than_passes_unsaid()
    assert not told(Code.UNDER_REPLICATED)
    replication.replicate(replication.claim(1), deadline=time.monotonic() - 1)
    assert not told(Code.UNDER_REPLICATED), "put off, and still there"

    cluster.file(staying).unlink()
    compare_all()
    let_repair_take_longer_than_passes_unsaid()
    assert len(told(Code.UNDER_REPLICATED)) == 1

    replicate_all()
    assert codes() == set()


def test_what_lies_on_a_draining_node_that_is_gone_is_no_copy(cluster, settings):
    content = b"drained too late"
    cluster.store(content)
    replicate_all()
    leaving = chunk_of(content).replicas.select_related("node").first().node
    take_offline(cluster, leaving.name)
    age("nodes_node", "failing_since", settings.REPAIR_AFTER_SECONDS)
    see_all()
    membership.drain(leaving)

    let_repair_take_longer_than_passes_unsaid()
    assert len(told(Code.UNDER_REPLICATED)) == 1

    replicate_all()
    assert not told(Code.UNDER_REPLICATED)


def test_a_lost_chunk_is_told_until_the_same_bytes_are_stored_again(cluster):
    content = b"nowhere any more"
    content_id = cluster.store(content)
    replicate_all()
    lose_every_copy(cluster, content)
    with pytest.raises(ChunkUnavailable):
        cluster.read(content_id)
    [problem] = told(Code.LOST_CHUNK)
    assert (problem.count, problem.severity) == (1, Severity.CRITICAL)
    assert findings.lost_chunk_ids(10) == [chunk_of(content).id]
    assert overview_of.overview().lost == 1
    assert not told(Code.UNDER_REPLICATED), "one chunk is one problem"

    cluster.store(content)
    replicate_what_waits()
    assert codes() == set()
    assert cluster.read(content_id) == content


def test_copies_on_nodes_that_are_down_are_unavailable_and_not_lost(cluster):
    content = b"away for a while"
    cluster.store(content)
    replicate_all()
    holders = sorted(cluster.holders(chunk_of(content)))
    take_offline(cluster, *holders)
    census.take()
    [problem] = told(Code.UNAVAILABLE_CHUNK)
    assert problem.count == 1
    assert holders[0] in problem.detail
    assert not told(Code.LOST_CHUNK)

    bring_back(cluster, *holders)
    assert codes() == set(), "at once, without another census"


def test_copies_in_one_zone_are_told_until_another_zone_has_one(cluster):
    for name in ("node-a", "node-b", "node-c"):
        cluster.update(name, zone="cellar")
    take_offline(cluster, "node-d")
    content = b"all in the cellar"
    cluster.store(content)
    replicate_all()
    bring_back(cluster, "node-d")
    census.take()
    [problem] = told(Code.SAME_ZONE_REPLICAS)
    assert problem.count == 1

    rebalance.order_misplaced_in(0, chunk_of(content).id, 0)
    replicate_all()
    census.take()
    assert codes() == set()
    assert "node-d" in cluster.holders(chunk_of(content))


def test_where_there_is_one_zone_nothing_else_is_expected(cluster):
    Node.objects.update(zone="cellar")
    cluster.store(b"where else")
    replicate_all()
    census.take()

    assert not told(Code.SAME_ZONE_REPLICAS)


def test_copies_nobody_has_compared_for_too_long_are_told_until_somebody_has(cluster, settings):
    cluster.store(b"last read long ago")
    replicate_all()
    age("nodes_replica", "verified_at", settings.SCRUB_PERIOD_SECONDS + 60)
    assert {problem.node for problem in told(Code.SCRUB_OVERDUE)} == cluster.holders(
        chunk_of(b"last read long ago")
    )

    while scrub.scrub_due():
        pass
    assert codes() == set()


def test_files_nobody_has_listed_for_too_long_are_told_until_somebody_has(cluster, settings):
    late = doctor.RECONCILE_LATE_INTERVALS * settings.RECONCILE_INTERVAL_SECONDS
    age("nodes_node", "created_at", late + 60)
    census.take()  # as workers do all the time
    assert {problem.node for problem in told(Code.RECONCILE_OVERDUE)} == set(NAMES)

    while reconcile.reconcile_due():
        pass
    assert codes() == set()


def test_unknown_files_are_told_until_they_are_gone(cluster):
    content = b"written, and never recorded"
    name = chunk_name(blake3(content).digest(), uuid7())
    client.finish_put(client.begin_put(roster.view_of(cluster.node("node-b")), name, content))
    while reconcile.reconcile_due():
        pass
    [problem] = told(Code.ORPHANS_FOUND)
    assert (problem.node, problem.count, problem.severity) == ("node-b", 1, Severity.NOTICE)

    client.delete_chunk(roster.view_of(cluster.node("node-b")), name)
    Upkeep.objects.update(pass_next_at=Now())
    while reconcile.reconcile_due():
        pass
    assert codes() == set()


def test_many_unknown_files_are_told_until_somebody_confirms_them(cluster):
    node = cluster.node("node-b")
    names = [chunk_name(number.to_bytes(32, "big"), uuid7()) for number in range(brake.FLOOR_CHUNKS + 1)]
    orphans.note(node.pk, names)
    age("nodes_orphan", "first_seen_at", 3 * 24 * 3600)
    Upkeep.objects.enlist()
    Upkeep.objects.update(pass_began_at=Now() - Value(timedelta(hours=1)), pass_ended_at=Now())
    [problem] = told(Code.ORPHANS_STOPPED)
    assert problem.count == len(names)

    while orphans.remove_due(is_confirmed=True):
        pass
    assert not told(Code.ORPHANS_STOPPED)


def test_an_unusual_amount_to_remove_is_told_until_somebody_confirms_it(cluster):
    long_ago = Now() - Value(timedelta(days=3))
    for number in range(brake.FLOOR_CHUNKS + 1):
        digest = number.to_bytes(32, "big")
        Chunk.objects.create(digest=digest, size=1, state=Chunk.State.CONDEMNED, condemned_at=long_ago)
    assert not reclaim.reclaim()
    [problem] = told(Code.RECLAIM_STOPPED)
    assert problem.count == brake.FLOOR_CHUNKS + 1

    reclaim.reclaim(is_confirmed=True)
    assert codes() == set()


def test_bad_copies_put_aside_are_told_until_they_are_removed(cluster):
    content = b"rots on one disk"
    cluster.store(content)
    replicate_all()
    replica = chunk_of(content).replicas.stored().select_related("node", "chunk").first()
    assert replica is not None
    cluster.file(replica).write_bytes(b"rotten on one di")
    view = roster.view_of(replica.node)
    name = chunk_name(bytes(replica.chunk.digest), replica.id)
    client.quarantine_chunks(view, [name], "does not match its digest")
    see_all()
    [problem] = told(Code.BAD_COPIES)
    assert (problem.node, problem.count, problem.severity) == (replica.node.name, 1, Severity.NOTICE)

    client.delete_chunk(view, name)
    see_all()
    assert not told(Code.BAD_COPIES)
