"""Nodes that are away: their chunks are repaired after long enough, by what was watched, not by silence."""

from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Now

from nodes import health, membership, roster
from nodes.errors import NodeUnreachable
from nodes.models import Node
from tests.nodes.living_cluster import age, chunk_of
from tests.nodes.test_replication import replicate_all


def fail_for(name: str, *, seconds: float, watched: bool = True) -> None:
    """Have a node seen failing twice, its failure beginning so long ago."""
    node = Node.objects.get(name=name)
    health.note(node.id, NodeUnreachable("no answer"))
    Node.objects.filter(id=node.id).update(failing_since=Now() - timedelta(seconds=seconds))
    if not watched:
        Node.objects.filter(id=node.id).update(probed_at=F("probed_at") - timedelta(days=1))
    health.note(node.id, NodeUnreachable("no answer"))
    roster.forget()


def test_chunks_of_a_node_gone_long_are_repaired(cluster, settings):
    content = b"orphaned"
    cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    gone = chunk.replicas.select_related("node").first().node
    cluster.take_down(gone.name)

    fail_for(gone.name, seconds=settings.REPAIR_AFTER_SECONDS - 5)
    assert chunk_of(content).copies_due_at is None
    fail_for(gone.name, seconds=settings.REPAIR_AFTER_SECONDS + 5)
    assert chunk_of(content).copies_due_at is not None
    replicate_all()

    assert len({r.node.name for r in chunk.replicas.stored()} - {gone.name}) == 3


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


def test_time_without_probes_is_no_silence(cluster, settings):
    cluster.store(b"nobody looked")
    replicate_all()
    gone = chunk_of(b"nobody looked").replicas.select_related("node").first().node

    fail_for(gone.name, seconds=10 * settings.REPAIR_AFTER_SECONDS, watched=False)

    assert chunk_of(b"nobody looked").copies_due_at is None
    assert Node.objects.get(id=gone.id).health != Node.Health.OFFLINE


def test_repair_that_was_interrupted_by_a_pause_of_probes_is_ordered_again(cluster, settings):
    """All workers pause for a while in the middle of a repair; the node stays away for good."""
    content = b"half repaired"
    cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    gone = chunk.replicas.select_related("node").first().node
    cluster.take_down(gone.name)
    fail_for(gone.name, seconds=settings.REPAIR_AFTER_SECONDS + 5)

    fail_for(gone.name, seconds=1, watched=False)  # after the pause, watching begins anew
    replicate_all()  # what counts now satisfies the order
    fail_for(gone.name, seconds=settings.REPAIR_AFTER_SECONDS + 5)
    replicate_all()

    assert len({r.node.name for r in chunk.replicas.stored()} - {gone.name}) == 3


def test_an_order_for_an_absent_node_is_not_swallowed_while_probes_pause(cluster, settings):
    content = b"pausing probes"
    cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    gone = chunk.replicas.select_related("node").first().node
    cluster.take_down(gone.name)
    fail_for(gone.name, seconds=settings.REPAIR_AFTER_SECONDS + 5)
    age("nodes_node", "probed_at", 10 * 3600 * 24)  # every row is old: nobody has asked lately
    roster.forget()

    replicate_all()

    assert len({r.node.name for r in chunk.replicas.stored()} - {gone.name}) == 3
