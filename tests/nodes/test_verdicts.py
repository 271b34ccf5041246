"""What a second look at a copy means, whoever ordered it: nothing good is given up, nothing bad counts."""

import pytest

from nodes import roster, verdicts
from nodes.errors import NodeError
from nodes.models import Chunk, Replica
from tests.nodes.living_cluster import chunk_of
from tests.nodes.lying_node import QUARANTINE, VERIFY, change, refuse, say
from tests.nodes.test_replication import replicate_all


def copy_of(replica: Replica) -> verdicts.Copy:
    chunk = replica.chunk
    return verdicts.Copy(replica.id, chunk.id, bytes(chunk.digest), chunk.size)


def stored_chunk(cluster, content: bytes) -> Chunk:
    cluster.store(content)
    replicate_all()
    return chunk_of(content)


def first_replica(chunk: Chunk) -> Replica:
    return chunk.replicas.select_related("node", "chunk").order_by("node__name").first()


def look(replica: Replica) -> bool:
    found = verdicts.look_again(roster.views()[replica.node_id], [copy_of(replica)])
    replica.refresh_from_db()
    return replica.id in found


def quarantined(cluster, replica: Replica) -> list:
    name = copy_of(replica).name
    return list((cluster.running[replica.node.name].data / "quarantine").glob(f"{name}.*"))


def test_a_bad_copy_is_put_aside_counts_no_more_and_its_chunk_is_due_as_thin_as_it_is(cluster):
    chunk = stored_chunk(cluster, b"flipped")
    replica = first_replica(chunk)
    cluster.file(replica).write_bytes(b"flipPed")

    assert not look(replica)

    chunk.refresh_from_db()
    assert replica.state == Replica.State.CORRUPT
    assert (chunk.copies_due_at is not None, chunk.copies_seen) == (True, 2)
    assert [path.read_bytes() for path in quarantined(cluster, replica)] == [b"flipPed"]
    replicate_all()
    assert len(cluster.holders(chunk)) == 3


def test_f05_a_copy_that_cannot_be_read_is_replaced_and_its_file_stays_where_it_is(cluster):
    chunk = stored_chunk(cluster, b"unreadable")
    replica = first_replica(chunk)

    with cluster.lying(replica.node.name, {VERIFY: say("error")}):
        assert not look(replica)

    assert replica.state == Replica.State.CORRUPT
    assert cluster.file(replica).exists()
    replicate_all()
    assert len(cluster.holders(chunk)) == 3


def test_f05_the_last_copies_that_cannot_be_read_stay_readable_and_are_due(cluster):
    """A line or a controller that fails makes every copy unreadable for a while: none may be written off."""
    content = b"the last ones"
    content_id = cluster.store(content)
    chunk = chunk_of(content)

    for replica in chunk.replicas.select_related("node", "chunk"):
        with cluster.lying(replica.node.name, {VERIFY: say("error")}):
            look(replica)

    states = sorted(chunk.replicas.values_list("state", flat=True))
    assert states == [Replica.State.CORRUPT, Replica.State.STORED]
    assert chunk.replicas.stored().get().doubted_at is not None
    assert cluster.read(content_id) == content
    assert chunk_of(content).copies_due_at is not None


@pytest.mark.parametrize("answer", [refuse(), say("nonsense"), change(lambda told: {"results": {}})])
def test_an_answer_that_tells_nothing_is_an_error_and_changes_nothing(cluster, answer):
    replica = first_replica(stored_chunk(cluster, b"silence"))

    with cluster.lying(replica.node.name, {VERIFY: answer}), pytest.raises(NodeError):
        look(replica)

    replica.refresh_from_db()
    assert (replica.state, replica.doubted_at) == (Replica.State.STORED, None)


def test_a_bad_copy_counts_no_more_even_where_its_node_cannot_put_it_aside(cluster):
    replica = first_replica(stored_chunk(cluster, b"read-only"))
    cluster.file(replica).write_bytes(b"read-onlY")

    with cluster.lying(replica.node.name, {QUARANTINE: refuse(503)}):
        assert not look(replica)

    assert replica.state == Replica.State.CORRUPT


def test_copies_are_looked_at_in_requests_of_bounded_size(monkeypatch, cluster):
    monkeypatch.setattr(verdicts, "BATCH_COPIES", 2)
    for number in range(5):
        stored_chunk(cluster, b"many %d" % number)
    replicas = [first_replica(chunk) for chunk in Chunk.objects.all()]
    asked: list[int] = []

    def count(told: dict) -> dict:
        asked.append(len(told["results"]))
        return told

    for replica in replicas:
        Replica.objects.filter(id=replica.id).update(node=cluster.node("node-a"))
    with cluster.lying("node-a", {VERIFY: change(count)}):
        verdicts.look_again(roster.views()[cluster.node("node-a").id], [copy_of(r) for r in replicas])

    assert asked == [2, 2, 1]


@pytest.mark.parametrize("state", [Replica.State.CORRUPT, Replica.State.MISSING])
def test_a_copy_given_up_that_is_good_counts_again(cluster, state):
    replica = first_replica(stored_chunk(cluster, b"slandered"))
    Replica.objects.filter(id=replica.id).update(state=state)

    taken = verdicts.take_back(roster.views()[replica.node_id], [copy_of(replica)])

    replica.refresh_from_db()
    assert (taken, replica.state) == (1, Replica.State.STORED)


def test_a_copy_given_up_stays_so_when_it_is_bad_or_another_one_is_there(cluster):
    bad = first_replica(stored_chunk(cluster, b"still bad"))
    Replica.objects.filter(id=bad.id).update(state=Replica.State.CORRUPT)
    cluster.file(bad).write_bytes(b"still baD")
    doubled = first_replica(stored_chunk(cluster, b"doubled"))
    Replica.objects.filter(id=doubled.id).update(state=Replica.State.MISSING)
    Replica.objects.create(chunk=doubled.chunk, node=doubled.node, state=Replica.State.STORED)

    for replica in (bad, doubled):
        assert verdicts.take_back(roster.views()[replica.node_id], [copy_of(replica)]) == 0

    bad.refresh_from_db(), doubled.refresh_from_db()
    assert (bad.state, doubled.state) == (Replica.State.CORRUPT, Replica.State.MISSING)
    assert len(quarantined(cluster, bad)) == 1
    assert cluster.file(doubled).exists()


def test_what_cannot_be_read_now_is_not_given_up_for_a_copy_on_a_node_long_gone(cluster):
    content_id = cluster.store(b"unreadable for a moment")
    chunk = chunk_of(b"unreadable for a moment")
    here, away = chunk.replicas.select_related("node", "chunk").order_by("node__name")
    cluster.take_down(away.node.name)
    cluster.update(away.node.name, health="offline", absence_noted=True)

    with cluster.lying(here.node.name, {VERIFY: say("error")}):
        assert not look(here)

    assert here.state == Replica.State.STORED and here.doubted_at
    assert cluster.read(content_id) == b"unreadable for a moment"
