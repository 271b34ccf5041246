"""So many chunks are under way to one node and no more; every place comes back, whatever the outcome."""

import threading
from itertools import count

import pytest
from django.db import connection

from nodes import client, lanes, roster
from nodes.errors import NodeBusy, NodeUnreachable
from nodes.models import Node
from tests.nodes.living_cluster import CHUNK_BYTES, chunk_of
from tests.nodes.slow_line import ask_first, line_to
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import wait_until

_ids = count(-1, -1)


def free(node_id: int) -> int:
    return lanes._of(node_id).qsize()


def fill(node_id: int) -> None:
    while lanes.enter(node_id, timeout_seconds=0):
        pass


def drain(node_id: int) -> None:
    while free(node_id) < lanes.CHUNKS_A_NODE:
        lanes.leave(node_id)


@pytest.fixture
def busy(cluster):
    """node-a, which would be asked first and has all places taken."""
    ask_first(cluster, "node-a")
    node = cluster.node("node-a")
    fill(node.id)
    yield node
    drain(node.id)


def all_are_free() -> bool:
    return all(free(node.id) == lanes.CHUNKS_A_NODE for node in Node.objects.all())


def test_a_lane_has_so_many_places_and_whoever_leaves_makes_room():
    node_id = next(_ids)
    assert not lanes.is_full(node_id)
    assert all(lanes.enter(node_id, timeout_seconds=0) for _ in range(lanes.CHUNKS_A_NODE))
    assert lanes.is_full(node_id)
    assert not lanes.enter(node_id, timeout_seconds=0)
    lanes.leave(node_id)
    assert lanes.enter(node_id, timeout_seconds=0)


def test_readers_turn_to_a_node_that_has_room(cluster, busy):
    content = some_bytes(3000, seed=50)
    cluster.update("node-b", duty="draining")
    drain(busy.id)
    content_id = cluster.store(content)
    replicate_all()
    assert "node-a" in cluster.holders(chunk_of(content))
    fill(busy.id)

    assert cluster.read(content_id) == content
    assert free(busy.id) == 0


def test_a_writer_waits_for_room_and_then_goes_on(cluster, busy):
    for name in ("node-c", "node-d"):
        cluster.update(name, duty="draining")
    content = some_bytes(3000, seed=51)
    stored = []

    def write() -> None:
        try:
            stored.append(cluster.store(content))
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    lanes.leave(busy.id)
    thread.join()
    assert cluster.holders(chunk_of(content)) == {"node-a", "node-b"}
    assert cluster.read(stored[0]) == content


def test_nobody_waits_for_ever(cluster, busy):
    view = roster.views()[busy.id]
    with pytest.raises(NodeBusy):
        client.begin_put(view, f"{'0' * 64}-{'0' * 32}", b"x", lane_seconds=0.05)


def test_every_place_comes_back(cluster):
    content = some_bytes(5 * CHUNK_BYTES, seed=52)
    ask_first(cluster, "node-a")
    content_id = cluster.store(content)
    replicate_all()
    assert cluster.read(content_id) == content
    assert all_are_free()

    with line_to(cluster, "node-a") as line:
        line.to_client.cut_after_bytes = 1000
        wait_until(
            lambda: cluster.read(content_id) == content and line.to_client.cuts,
            "an answer of the node to be cut off before another node is asked, too",
        )
        line.heal()
        line.black_hole = True
        assert cluster.read(content_id) == content
        cluster.store(some_bytes(3000, seed=53))
        line.refuse = True
        line.reset_all()
        assert cluster.read(content_id) == content
        wait_until(all_are_free, "every place to come back")

    cluster.take_down("node-a")
    with pytest.raises(NodeUnreachable):
        client.begin_put(roster.views()[cluster.node("node-a").id], f"{'0' * 64}-{'0' * 32}", b"x")
    assert all_are_free()
