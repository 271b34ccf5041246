"""Due chunks come to their factor whatever stops half-way; no order to look at copies is ever swallowed."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from nodes import client, failpoints, health, membership, reclaim, replication, roster
from nodes.errors import NodeError
from nodes.models import Chunk, Replica
from storagenode.protocol.names import chunk_name
from tests.nodes.living_cluster import CHUNK_BYTES, age, chunk_of, see_all
from tests.nodes.test_writing import some_bytes


class Crash(BaseException):
    """Ends a worker between two steps."""


def crash() -> None:
    raise Crash


def let_leases_end() -> None:
    age("nodes_chunk", "lease_until", replication.LEASE_SECONDS + 1)


def replicate_all() -> None:
    while replication.replicate_due():
        pass


def make_due_now() -> None:
    Chunk.objects.filter(copies_due_at__isnull=False).update(copies_due_at=Now())


def test_due_chunks_come_to_their_factor_in_different_zones(cluster):
    content = some_bytes(5 * CHUNK_BYTES, seed=1)
    content_id = cluster.store(content)

    replicate_all()

    for chunk in Chunk.objects.all():
        assert len(cluster.holders(chunk)) == 3
        assert (chunk.copies_due_at, chunk.lease_until, chunk.attempts) == (None, None, 0)
    assert cluster.read(content_id) == content


def test_a_second_pass_finds_nothing_to_do(cluster):
    cluster.store(b"twice")
    replicate_all()
    replicas = set(Replica.objects.values_list("id", "state"))

    replicate_all()
    Chunk.objects.all().make_due()
    replicate_all()

    assert set(Replica.objects.values_list("id", "state")) == replicas


def test_the_chunk_with_the_fewest_copies_is_claimed_first(cluster):
    for number in range(3):
        cluster.store(b"chunk %d" % number)
    wanted = chunk_of(b"chunk 1")
    Chunk.objects.filter(id=wanted.id).update(copies_seen=1)

    assert [claim.chunk_id for claim in replication.claim(1)] == [wanted.id]


def test_what_one_worker_has_claimed_no_other_gets(cluster):
    for number in range(6):
        cluster.store(b"chunk %d" % number)
    claimed: list[int] = []

    def claim() -> None:
        try:
            claimed.extend(claim.chunk_id for claim in replication.claim(3))
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed))


@pytest.mark.parametrize("place", ["replicate.claimed", "replicate.pending", "replicate.copied"])
def test_after_a_crash_another_worker_finishes(cluster, place):
    content = b"crash at " + place.encode()
    content_id = cluster.store(content)
    with failpoints.armed(place, crash), pytest.raises(Crash):
        replicate_all()
    let_leases_end()

    replicate_all()
    make_due_now()
    replicate_all()

    chunk = chunk_of(content)
    assert len(cluster.holders(chunk)) == 3
    assert chunk.copies_due_at is None
    assert not chunk.replicas.filter(state=Replica.State.PENDING).exists()
    reclaim.reclaim()
    assert len(cluster.files(content)) == 3
    assert cluster.read(content_id) == content


def test_a_finisher_without_its_lease_changes_nothing(cluster):
    """The late one has copied its bytes; meanwhile another has done the work."""
    content = b"late finisher"
    cluster.store(content)

    def overtake() -> None:
        del failpoints._actions["replicate.copied"]
        let_leases_end()
        replicate_all()
        failpoints._actions["replicate.copied"] = overtake

    with failpoints.armed("replicate.copied", overtake):
        replicate_all()

    chunk = chunk_of(content)
    assert chunk.copies_due_at is None
    assert len(cluster.holders(chunk)) == chunk.replicas.stored().count() == 3
    reclaim.reclaim()
    assert len(cluster.files(content)) == 3


def test_an_order_given_during_a_claim_is_kept(cluster):
    cluster.store(b"ordered again")
    with failpoints.armed("replicate.copied", lambda: Chunk.objects.all().make_due() and None):
        replication.replicate(replication.claim(1))

    chunk = chunk_of(b"ordered again")
    assert chunk.copies_due_at is not None
    assert chunk.lease_until is None


def test_a_doubted_copy_that_is_good_is_cleared(cluster):
    cluster.store(b"slandered")
    replicate_all()
    chunk = chunk_of(b"slandered")
    replica = chunk.replicas.first()
    Replica.objects.doubt([replica.id])
    Chunk.objects.filter(id=chunk.id).make_due()
    age("nodes_replica", "verified_at", 3600)
    before = chunk.replicas.get(id=replica.id).verified_at

    replicate_all()

    replica.refresh_from_db()
    assert (replica.state, replica.doubted_at) == (Replica.State.STORED, None)
    assert replica.verified_at > before
    assert chunk.replicas.stored().count() == 3


@pytest.mark.parametrize("fault", ["bad", "missing"])
def test_a_doubted_copy_that_is_no_good_is_replaced(cluster, fault):
    content = b"rotten " + fault.encode()
    content_id = cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    replica = chunk.replicas.select_related("node").first()
    path = cluster.file(replica)
    if fault == "bad":
        path.write_bytes(b"X" + content[1:])
    else:
        path.unlink()
    Replica.objects.doubt([replica.id])
    Chunk.objects.filter(id=chunk.id).make_due()

    replicate_all()

    replica.refresh_from_db()
    assert replica.state == {"bad": Replica.State.CORRUPT, "missing": Replica.State.MISSING}[fault]
    assert len(cluster.holders(chunk)) == 3
    assert replica.node.name not in cluster.holders(chunk)
    aside = list((cluster.running[replica.node.name].data / "quarantine").glob(path.name + ".*"))
    assert len(aside) == (1 if fault == "bad" else 0)
    assert cluster.read(content_id) == content


def test_rot_is_not_spread_by_copying(cluster):
    content = some_bytes(500, seed=4)
    cluster.store(content)
    chunk = chunk_of(content)
    first = chunk.replicas.select_related("node").first()
    cluster.file(first).write_bytes(b"rot" + content[3:])

    for _ in range(3):
        replicate_all()
        make_due_now()

    stored_on = {replica.node.name for replica in chunk.replicas.stored().select_related("node")}
    assert cluster.holders(chunk) == stored_on - {first.node.name}
    assert len(cluster.holders(chunk)) >= 2


def test_a_doubted_copy_that_cannot_be_asked_about_does_not_count(cluster):
    content = b"silent witness"
    cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    silent = chunk.replicas.select_related("node").first()
    cluster.take_down(silent.node.name)
    Replica.objects.doubt([silent.id])
    Chunk.objects.filter(id=chunk.id).make_due()

    replicate_all()

    assert len(cluster.holders(chunk)) == 4
    assert not chunk.replicas.exclude(state=Replica.State.STORED).exists()


def test_without_a_target_a_chunk_waits_and_is_due_at_once_when_a_node_comes(cluster):
    for name in ("node-c", "node-d"):
        cluster.update(name, duty="draining")
    cluster.store(b"nowhere to go")

    replicate_all()

    chunk = chunk_of(b"nowhere to go")
    assert chunk.copies_due_at > health.database_now()
    assert replication.claim(1) == []
    membership.activate(cluster.node("node-c"))
    replicate_all()
    assert cluster.holders(chunk) == {"node-a", "node-b", "node-c"}


def test_what_was_claimed_and_not_begun_in_time_counts_as_no_attempt(cluster):
    """A busy worker puts off most of what it claims; a back-off of minutes is for what was tried in vain."""
    cluster.store(b"put off")
    for _ in range(5):
        replication.replicate(replication.claim(10), deadline=0)

    chunk = chunk_of(b"put off")
    assert (chunk.attempts, chunk.is_repair, chunk.lease_until) == (0, False, None)
    assert len(cluster.holders(chunk)) == 2
    replicate_all()
    assert len(cluster.holders(chunk)) == 3


def test_chunks_that_waited_in_vain_lose_their_back_off_when_a_node_comes(cluster):
    """Nodes that come and go bring one try after another; they are there soon after the last that failed."""
    content = b"kept waiting"
    cluster.take_down("node-c", "node-d")
    see_all()
    cluster.store(content)
    waiting = Chunk.objects.filter(id=chunk_of(content).id)
    waiting.update(attempts=11, copies_due_at=Now() + timedelta(seconds=600))
    see_all()
    assert chunk_of(content).attempts == 11, "nodes that stay as they are change nothing"

    cluster.bring_back("node-c", "node-d")
    see_all()

    assert chunk_of(content).attempts == 0
    replicate_all()
    assert len(cluster.holders(chunk_of(content))) == 3


def test_a_chunk_put_off_by_the_deadline_is_due_at_once(cluster):
    cluster.store(b"no time left")
    replication.replicate(replication.claim(1), deadline=float("-inf"))

    chunk = chunk_of(b"no time left")
    assert chunk.copies_due_at <= health.database_now()
    replicate_all()
    assert len(cluster.holders(chunk)) == 3


def test_a_chunk_that_went_while_it_was_claimed_gets_no_placement(cluster):
    cluster.store(b"going")
    claims = replication.claim(1)
    Chunk.objects.update(state=Chunk.State.DELETING)

    replication.replicate(claims)

    assert not Replica.objects.filter(state=Replica.State.PENDING).exists()
    assert len(cluster.files(b"going")) == 2


def test_a_node_that_talks_nonsense_is_a_node_error(cluster):
    view = roster.views()[cluster.node("node-a").id]
    name = chunk_name(bytes(32), Replica().id)
    assert client.verify_chunks(view, [name]) == {name: "missing"}
    with pytest.raises(NodeError):
        client.quarantine_chunks(view, [name], "")


def test_chunks_that_are_to_wait_for_different_times_are_settled_together(cluster):
    """One is put off because time is up, the other has no copy to begin with and backs off."""
    cluster.store(some_bytes(100, seed=1))
    cluster.store(some_bytes(100, seed=2))
    lost, thin = Chunk.objects.order_by("id")
    lost.replicas.update(state=Replica.State.MISSING)
    make_due_now()

    replication.replicate(replication.claim(10), deadline=0)

    assert not Chunk.objects.filter(lease_until__isnull=False).exists()
    assert Chunk.objects.filter(id=thin.id, copies_due_at__lte=Now()).exists()
    assert Chunk.objects.filter(id=lost.id, copies_due_at__gt=Now()).exists()


def test_a_chunk_that_could_be_copied_nowhere_a_thousand_times_keeps_none_of_the_others(cluster):
    cluster.store(b"lost")
    cluster.store(b"thin")
    for replica in chunk_of(b"lost").replicas.select_related("node", "chunk"):
        cluster.file(replica).unlink()
    Chunk.objects.filter(id=chunk_of(b"lost").id).update(attempts=1100)
    make_due_now()

    replicate_all()

    assert len(cluster.holders(chunk_of(b"thin"))) == 3
    assert chunk_of(b"lost").copies_due_at
