"""A node leaves with nothing that is needed: whatever was on it, or on its way to it, is on others before."""

import pytest
from django.db.models.functions import Now

from nodes import failpoints, health, membership, roster, trim
from nodes.errors import NodeStillNeeded
from nodes.models import Chunk, Node, Replica
from tests.nodes.living_cluster import chunk_of
from tests.nodes.test_replication import replicate_all


def test_copies_on_a_draining_node_do_not_count_and_are_replaced(cluster):
    content = b"moving out"
    cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    leaving = chunk.replicas.select_related("node").first().node

    with pytest.raises(NodeStillNeeded, match="still active"):
        membership.retire(leaving)
    membership.drain(leaving)
    with pytest.raises(NodeStillNeeded, match="1 of them have too few copies elsewhere"):
        membership.retire(leaving)
    replicate_all()

    assert len(cluster.holders(chunk) - {leaving.name}) == 3
    with pytest.raises(NodeStillNeeded, match="0 of them have too few copies elsewhere"):
        membership.retire(leaving)
    trim.trim()
    membership.retire(leaving)
    assert len(cluster.holders(chunk)) == 3
    leaving.refresh_from_db()
    assert leaving.duty == Node.Duty.RETIRED


def test_a_worker_with_an_old_view_does_not_swallow_the_order_of_a_drain(cluster, monkeypatch):
    """The drain happens in another process: this one's roster still calls the node active."""
    content = b"drained elsewhere"
    cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    leaving = chunk.replicas.select_related("node").first().node
    monkeypatch.setattr(roster, "REFRESH_SECONDS", 60)  # however slow this machine is now
    roster.views()
    Node.objects.filter(id=leaving.id).update(duty=Node.Duty.DRAINING)
    health.make_copies_due(leaving.id)
    assert roster.views()[leaving.id].duty == Node.Duty.ACTIVE

    replicate_all()

    assert len(cluster.holders(chunk) - {leaving.name}) == 3


def test_retiring_counts_copies_and_does_not_trust_that_nothing_is_due(cluster):
    content = b"never ordered"
    cluster.store(content)
    chunk = chunk_of(content)
    leaving = chunk.replicas.select_related("node").first().node
    membership.drain(leaving)
    Chunk.objects.update(copies_due_at=None)

    with pytest.raises(NodeStillNeeded):
        membership.retire(leaving)

    assert chunk_of(content).copies_due_at is not None
    replicate_all()
    trim.trim()
    membership.retire(leaving)
    assert len(cluster.holders(chunk)) == 3


def test_condemned_chunks_keep_no_node_from_retiring(cluster):
    cluster.store(b"unwanted")
    Chunk.objects.update(state=Chunk.State.CONDEMNED, condemned_at=Now())
    leaving = Replica.objects.select_related("node").first().node

    membership.drain(leaving)
    membership.retire(leaving)

    assert not Chunk.objects.under_replicated().exists()


@pytest.fixture
def nowhere_else(cluster):
    """The name of the only node that the third copy of a chunk can go to."""
    cluster.store(b"on its way")
    here, *others = cluster.running.keys() - cluster.holders(chunk_of(b"on its way"))
    for name in others:
        cluster.update(name, duty=Node.Duty.DRAINING)
    return here


def test_a_copy_on_its_way_to_a_node_that_retires_is_made_elsewhere(cluster, nowhere_else):
    leaving = cluster.node(nowhere_else)

    def leave() -> None:
        membership.drain(leaving)
        membership.retire(leaving)

    with failpoints.armed("replicate.copied", leave):
        replicate_all()

    chunk = chunk_of(b"on its way")
    assert chunk.copies_due_at is not None
    membership.activate(Node.objects.get(duty=Node.Duty.DRAINING))
    replicate_all()
    assert cluster.holders(chunk) == cluster.running.keys() - {nowhere_else}


@pytest.mark.parametrize("place", ["replicate.pending", "replicate.copied"])
def test_a_copy_on_its_way_to_a_node_that_is_drained_does_not_count(cluster, nowhere_else, place):
    with failpoints.armed(place, lambda: membership.drain(cluster.node(nowhere_else))):
        replicate_all()

    assert chunk_of(b"on its way").copies_due_at is not None


def test_a_drain_ends_though_the_only_other_node_of_its_zone_is_full(cluster, settings):
    """Copies of one zone are better than a node that can never leave."""
    cluster.store(b"on the only disk with room in the cellar")
    chunk = chunk_of(b"on the only disk with room in the cellar")
    leaving, staying = (replica.node for replica in chunk.replicas.select_related("node"))
    full, other = (cluster.node(name) for name in cluster.running.keys() - cluster.holders(chunk))
    settings.REPLICAS = 2
    for zone, nodes in {"cellar": (leaving, full), "attic": (staying, other)}.items():
        Node.objects.filter(id__in=[node.id for node in nodes]).update(zone=zone)
    cluster.update(full.name, free_bytes=0)

    membership.drain(leaving)
    replicate_all()
    while trim.trim():
        pass

    membership.retire(leaving)
    assert cluster.holders(chunk) == {staying.name, other.name}
