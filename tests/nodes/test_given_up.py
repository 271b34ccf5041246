"""A copy that was given up goes, file and row, once it is replaced and its time is over, and never before."""

import pytest
from django.core.management import call_command

from nodes import brake, given_up, membership, reclaim, roster, verdicts
from nodes.models import Chunk, Node, Replica
from tests.nodes.living_cluster import NAMES, Cluster, age, chunk_of, see_all
from tests.nodes.test_reconcile import aside
from tests.nodes.test_replication import replicate_all

DAY = 24 * 3600
CONTENT = b"rots on one disk"


@pytest.fixture(autouse=True)
def a_day_in_quarantine(settings) -> None:
    settings.QUARANTINE_SECONDS = DAY


def look_at(replica: Replica) -> None:
    chunk = replica.chunk
    copy = verdicts.Copy(replica.id, chunk.id, bytes(chunk.digest), chunk.size)
    verdicts.look_again(roster.views()[replica.node_id], [copy])


@pytest.fixture
def rotten(cluster: Cluster) -> Replica:
    """A copy that was found bad: its file is in quarantine, and others have been made."""
    cluster.store(CONTENT)
    replicate_all()
    replica = chunk_of(CONTENT).replicas.stored().select_related("node", "chunk").first()
    cluster.file(replica).write_bytes(b"rotten on a disk")
    look_at(replica)
    replicate_all()
    assert Replica.objects.get(id=replica.id).state == Replica.State.CORRUPT
    assert len(cluster.holders(chunk_of(CONTENT))) == 3
    assert in_quarantine(cluster, replica)
    return replica


def in_quarantine(cluster: Cluster, replica: Replica) -> bool:
    return bool(aside(cluster, replica.node.name, cluster.file(replica)))


def let_a_day_pass() -> None:
    age("nodes_replica", "verified_at", DAY + 1)


def reclaim_all() -> None:
    while reclaim.reclaim():
        pass


def test_a_bad_file_goes_from_quarantine_and_its_row_with_it_when_its_time_is_over(cluster, rotten):
    see_all()
    before = cluster.node(rotten.node.name).quarantined
    reclaim_all()
    assert in_quarantine(cluster, rotten), "a person may want to look at it"

    let_a_day_pass()
    reclaim_all()

    assert not in_quarantine(cluster, rotten)
    assert not Replica.objects.filter(id=rotten.id).exists()
    assert len(cluster.holders(chunk_of(CONTENT))) == 3
    see_all()
    assert cluster.node(rotten.node.name).quarantined == before - 1


def test_the_row_of_a_copy_that_is_gone_goes_too(cluster, rotten):
    gone = chunk_of(CONTENT).replicas.stored().select_related("node", "chunk").first()
    cluster.file(gone).unlink()
    look_at(gone)
    replicate_all()
    assert Replica.objects.get(id=gone.id).state == Replica.State.MISSING

    let_a_day_pass()
    reclaim_all()

    assert {replica.state for replica in Replica.objects.all()} == {Replica.State.STORED}
    assert len(cluster.holders(chunk_of(CONTENT))) == Replica.objects.count() == 3


@pytest.mark.parametrize("lacking", ["a copy", "a trusted copy", "a present node", "a node that proves it"])
def test_nothing_goes_while_the_chunk_lacks_a_good_copy(cluster, rotten, lacking):
    let_a_day_pass()
    other = chunk_of(CONTENT).replicas.stored().select_related("node").first()
    if lacking == "a copy":
        Chunk.objects.update(copies_due_at=rotten.created_at)
    elif lacking == "a trusted copy":
        Replica.objects.doubt([other.id])
    elif lacking == "a present node":
        cluster.update(other.node.name, absence_noted=True)
    else:
        cluster.update(other.node.name, returned_at=other.created_at)

    assert given_up.let_go() is False

    assert Replica.objects.get(id=rotten.id).state == Replica.State.CORRUPT
    assert in_quarantine(cluster, rotten)


def test_what_is_lost_keeps_even_its_bad_files(cluster, rotten):
    """Somebody may still bring a byte back from them."""
    chunk_of(CONTENT).replicas.stored().update(state=Replica.State.CORRUPT)
    let_a_day_pass()

    reclaim_all()

    assert in_quarantine(cluster, rotten)
    assert chunk_of(CONTENT).replicas.filter(state=Replica.State.CORRUPT).count() == 4


def test_nothing_goes_while_half_of_the_nodes_are_away(cluster, rotten):
    let_a_day_pass()
    for name in [name for name in NAMES if name != rotten.node.name][:2]:
        cluster.update(name, health=Node.Health.OFFLINE)

    reclaim_all()

    assert in_quarantine(cluster, rotten)


def test_r20_more_than_is_usual_stay_until_an_admin_confirms(cluster, rotten, monkeypatch):
    monkeypatch.setattr(brake, "FLOOR_CHUNKS", 0)
    let_a_day_pass()

    reclaim_all()
    assert in_quarantine(cluster, rotten)
    call_command("reclaim", "--confirm")

    assert not in_quarantine(cluster, rotten)


def test_a_node_that_is_retired_takes_its_given_up_copies_along(cluster, rotten):
    node = rotten.node
    cluster.update(node.name, duty=Node.Duty.DRAINING)
    Replica.objects.stored().filter(node=node).delete()
    membership.retire(Node.objects.get(id=node.id))

    reclaim_all()

    assert not Replica.objects.filter(node=node).exists()
