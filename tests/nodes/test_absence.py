"""Nodes that are away: their chunks are repaired after long enough, by what was watched, not by silence."""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from nodes import health, membership, roster
from nodes.errors import NodeUnreachable
from nodes.models import Node
from tests.nodes.living_cluster import Cluster, age, chunk_of
from tests.nodes.test_replication import replicate_all


def fail_for(name: str, *, seconds: float) -> None:
    """Have a node seen failing twice, its failure beginning so long ago."""
    node = Node.objects.get(name=name)
    health.note(node.id, NodeUnreachable("no answer"))
    Node.objects.filter(id=node.id).update(failing_since=Now() - timedelta(seconds=seconds))
    health.note(node.id, NodeUnreachable("no answer"))
    roster.forget()


def lose_a_holder(cluster: Cluster, content: bytes, *, seconds: float) -> Node:
    """Store a content with all its copies, and have one of their nodes seen failing for so long."""
    cluster.store(content)
    replicate_all()
    gone: Node = chunk_of(content).replicas.select_related("node").first().node
    cluster.take_down(gone.name)
    fail_for(gone.name, seconds=seconds)
    return gone


def nodes_beside(gone: Node, content: bytes) -> set[str]:
    """Name the other nodes that hold a copy."""
    return {replica.node.name for replica in chunk_of(content).replicas.stored()} - {gone.name}


def pause_probes_for_a_day() -> None:
    for column in ("failing_since", "probed_at"):
        age("nodes_node", column, 24 * 3600)
    roster.forget()


def test_chunks_of_a_node_gone_long_are_repaired(cluster, settings):
    content = b"orphaned"
    gone = lose_a_holder(cluster, content, seconds=settings.REPAIR_AFTER_SECONDS - 5)
    assert chunk_of(content).copies_due_at is None
    fail_for(gone.name, seconds=settings.REPAIR_AFTER_SECONDS + 5)
    assert chunk_of(content).copies_due_at is not None
    replicate_all()

    assert len(nodes_beside(gone, content)) == 3


def test_a_node_that_is_drained_orders_nothing_by_going_away(cluster, settings):
    """Its chunks have their copies elsewhere; a dead one would order all of them again and again."""
    content = b"moved away"
    cluster.store(content)
    replicate_all()
    leaving = chunk_of(content).replicas.select_related("node").first().node
    membership.drain(leaving)
    replicate_all()
    assert chunk_of(content).copies_due_at is None

    cluster.take_down(leaving.name)
    fail_for(leaving.name, seconds=settings.REPAIR_AFTER_SECONDS + 5)

    assert Node.objects.get(id=leaving.id).absence_noted
    assert chunk_of(content).copies_due_at is None


def test_a_node_that_goes_away_while_it_is_drained_counts_no_more_in_the_order_of_repair(cluster, settings):
    """When the drain ordered its chunks it held a copy of each: now those with fewest others come first."""
    content = b"on a disk that is gone"
    cluster.store(content)
    replicate_all()
    leaving = chunk_of(content).replicas.select_related("node").first().node
    membership.drain(leaving)
    assert chunk_of(content).copies_seen == 3

    cluster.take_down(leaving.name)
    fail_for(leaving.name, seconds=settings.REPAIR_AFTER_SECONDS + 5)

    assert chunk_of(content).copies_seen == 2


def test_time_without_probes_is_no_silence(cluster, settings):
    cluster.store(b"nobody looked")
    replicate_all()
    gone = chunk_of(b"nobody looked").replicas.select_related("node").first().node

    cluster.take_down(gone.name)
    health.probe_all()
    pause_probes_for_a_day()
    health.probe_all()

    assert chunk_of(b"nobody looked").copies_due_at is None
    assert Node.objects.get(id=gone.id).health == Node.Health.SUSPECT
    away = timezone.now() - Node.objects.get(id=gone.id).failing_since
    assert away.total_seconds() < settings.OFFLINE_AFTER_SECONDS


def test_a_pause_of_probes_adds_to_an_absence_nothing_and_takes_nothing_of_it(cluster, settings):
    content = b"nearly due"
    lose_a_holder(cluster, content, seconds=settings.REPAIR_AFTER_SECONDS - 60)

    pause_probes_for_a_day()
    health.probe_all()
    assert chunk_of(content).copies_due_at is None
    age("nodes_node", "failing_since", 61)
    health.probe_all()
    assert chunk_of(content).copies_due_at is not None


def test_repair_goes_on_through_a_pause_of_probes(cluster, settings):
    """All workers pause for a while in the middle of a repair; the node stays away for good."""
    content = b"half repaired"
    gone = lose_a_holder(cluster, content, seconds=settings.REPAIR_AFTER_SECONDS + 5)

    pause_probes_for_a_day()
    health.probe_all()
    replicate_all()

    assert len(nodes_beside(gone, content)) == 3


def test_repair_that_a_stop_of_everything_interrupted_is_ordered_again(cluster, settings):
    content = b"stopped in mid-repair"
    gone = lose_a_holder(cluster, content, seconds=settings.REPAIR_AFTER_SECONDS + 5)

    health.forget()
    health.probe_all()  # it may be that it only starts later
    replicate_all()  # what counts now satisfies the order
    fail_for(gone.name, seconds=settings.REPAIR_AFTER_SECONDS + 5)
    replicate_all()

    assert len(nodes_beside(gone, content)) == 3


def test_an_order_for_an_absent_node_is_not_swallowed_while_probes_pause(cluster, settings):
    content = b"pausing probes"
    gone = lose_a_holder(cluster, content, seconds=settings.REPAIR_AFTER_SECONDS + 5)
    age("nodes_node", "probed_at", 10 * 3600 * 24)  # every row is old: nobody has asked lately
    roster.forget()

    replicate_all()

    assert len(nodes_beside(gone, content)) == 3
