"""A node that is slow, silent or heard by one side only costs a moment, and soon nothing."""

import statistics
import threading
import time

import pytest
from blake3 import blake3

from nodes import breaker, exchange, lanes, placing, reading, roster
from nodes.errors import ChunkUnavailable, QuorumNotReached
from nodes.hedging import SAVED_UP, Hedging
from nodes.models import Chunk, Replica
from tests.nodes.living_cluster import CHUNK_BYTES, chunk_of, see_all
from tests.nodes.slow_line import ask_first, line_to
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import lent, some_bytes
from tests.storagenode.running_node import wait_until

SLOW = "node-a"


@pytest.fixture(autouse=True)
def hedging(monkeypatch) -> None:
    """Nobody's earlier requests count."""
    reads, writes = Hedging(floor_seconds=0.5, quantile=0.95), Hedging(floor_seconds=2.0, quantile=0.99)
    monkeypatch.setattr(reading, "hedging_reads", reads)
    monkeypatch.setattr(placing, "hedging_writes", writes)


def store_on(cluster, name: str, content: bytes):
    """Store a content with three copies, one of them on this node."""
    cluster.update(next(other for other in cluster.running if other != name), duty="draining")
    content_id = cluster.store(content)
    replicate_all()
    assert name in cluster.holders(chunk_of(content))
    return content_id


def is_given_up(cluster, name: str) -> bool:
    return not breaker.of(cluster.node(name).id).is_closed


def test_f10_a_node_two_seconds_slow_costs_ten_readers_half_a_second_and_then_nobody(cluster):
    content = some_bytes(3000, seed=20)
    content_id = store_on(cluster, SLOW, content)

    def seconds_of(reads: int) -> list[float]:
        took = []
        for _ in range(reads):
            began = time.monotonic()
            assert cluster.read(content_id) == content
            took.append(time.monotonic() - began)
        return sorted(took)

    calm = max(seconds_of(50))  # of this machine, at this moment
    with line_to(cluster, SLOW) as line:
        line.to_target.delay_seconds = line.to_client.delay_seconds = 1.0
        took = seconds_of(200)
        assert line.to_target.pieces_delayed
        assert is_given_up(cluster, SLOW)

        written = some_bytes(3000, seed=21)
        cluster.store(written)

        assert SLOW not in cluster.holders(chunk_of(written))
        assert line.connections == breaker.OPEN_AT_ERRORS
    assert reading.hedging_reads.begun >= breaker.OPEN_AT_ERRORS
    assert statistics.median(took[-breaker.OPEN_AT_ERRORS :]) <= 0.8 + calm
    assert took[int(len(took) * 0.99)] < 2.0, "nobody waits for the slow one"


def test_f10_a_node_that_is_quick_again_is_used_again_after_a_probe(cluster):
    content = some_bytes(3000, seed=22)
    content_id = store_on(cluster, SLOW, content)
    with line_to(cluster, SLOW) as line:
        for _ in range(breaker.OPEN_AT_ERRORS):
            breaker.of(cluster.node(SLOW).id).failed()
        assert cluster.read(content_id) == content
        assert line.connections == 0

        see_all()
        line_used = line.to_client.bytes_passed
        ask_first(cluster, SLOW)

        assert cluster.read(content_id) == content
        assert line.to_client.bytes_passed - line_used > len(content)
    assert not is_given_up(cluster, SLOW)


def test_the_loser_of_a_race_is_cancelled(cluster):
    content = some_bytes(3000, seed=23)
    content_id = store_on(cluster, SLOW, content)
    with line_to(cluster, SLOW) as line:
        line.to_client.delay_seconds = 5.0
        assert cluster.read(content_id) == content
        assert line.connections == 1
        wait_until(lambda: line.open_connections == 0, "the end of the loser's connection")


def test_a_healthy_cluster_is_asked_once_for_each_chunk(cluster, monkeypatch):
    patient = Hedging(floor_seconds=30.0, quantile=0.95)  # however busy this machine is
    monkeypatch.setattr(reading, "hedging_reads", patient)
    content = some_bytes(4 * CHUNK_BYTES, seed=24)
    content_id = cluster.store(content)
    for _ in range(30):
        assert cluster.read(content_id) == content
    assert reading.hedging_reads.begun == placing.hedging_writes.begun == 0


def test_second_requests_are_five_in_a_hundred_and_a_few_saved_up():
    hedging = Hedging(floor_seconds=0.5, quantile=0.95)
    asked = 10_000
    for _ in range(asked):
        hedging.take()
        hedging.note(1.0)
    assert asked * 0.05 <= hedging.begun <= asked * 0.05 + SAVED_UP


def test_patience_is_half_a_second_until_most_requests_take_longer():
    hedging = Hedging(floor_seconds=0.5, quantile=0.95)
    assert hedging.patience_left(0.0) == 0.5
    assert hedging.patience_left(0.5) == 0
    for number in range(200):
        hedging.note(2.0 if number % 10 == 0 else 0.01)
    assert hedging.patience_left(0.5) == 1.5
    assert hedging.patience_left(2.0) == 0
    for _ in range(300):
        hedging.note(0.01)
    assert hedging.patience_left(0.5) == 0


def test_without_a_budget_a_reader_waits_for_the_slow_node(cluster):
    content = some_bytes(3000, seed=25)
    content_id = store_on(cluster, SLOW, content)
    while reading.hedging_reads.take():
        pass
    begun = reading.hedging_reads.begun
    with line_to(cluster, SLOW) as line:
        line.to_client.delay_seconds = 0.8
        assert cluster.read(content_id) == content
        assert line.to_client.pieces_delayed
    assert reading.hedging_reads.begun == begun


def test_f12_a_node_behind_a_black_hole_fails_no_read_and_no_write(cluster, pool):
    contents = [some_bytes(2000, seed=30 + number) for number in range(4)]
    known = [store_on(cluster, SLOW, content) for content in contents]
    with line_to(cluster, SLOW) as line:
        assert cluster.read(known[0]) == contents[0]  # and the connection is kept
        line.black_hole = True
        began = time.monotonic()
        for content_id, content in zip(known, contents, strict=True):
            assert cluster.read(content_id) == content
        written = some_bytes(2 * CHUNK_BYTES, seed=35)
        content_id = cluster.store(written)
        assert time.monotonic() - began < 2 * exchange.FIRST_BYTE_SECONDS  # of 50 for five requests
        assert line.to_target.bytes_held
        assert cluster.read(content_id) == written
        for chunk in Chunk.objects.filter(size=CHUNK_BYTES):
            assert not chunk.replicas.filter(node__name=SLOW).exists()
            assert len(cluster.holders(chunk)) == 2
    assert lent(pool) == 0


def test_f12_a_node_that_vanishes_while_a_large_chunk_is_sent_is_replaced(cluster):
    content = some_bytes(64 * 1024, seed=36) * 256
    with line_to(cluster, SLOW) as line:
        line.to_target.black_hole = True
        began = time.monotonic()
        placements = placing.place(blake3(content).digest(), memoryview(content))
        assert time.monotonic() - began < 2 * exchange.FIRST_BYTE_SECONDS  # of 74 for so many bytes
        assert line.to_target.bytes_held
    assert len(placements) == 2
    assert cluster.node(SLOW).id not in {placed.node_id for placed in placements}


def test_f13_a_copy_whose_confirmation_was_lost_is_not_counted(cluster):
    content = some_bytes(3000, seed=37)
    with line_to(cluster, SLOW) as line:
        line.to_client.black_hole = True
        content_id = cluster.store(content)
        wait_until(lambda: line.to_client.bytes_held, "the confirmation that is lost")
        assert cluster.read(content_id) == content
        line.heal()

        chunk = chunk_of(content)
        counted = {replica.id for replica in chunk.replicas.all()}
        assert not chunk.replicas.filter(node__name=SLOW).exists()
        assert set(chunk.replicas.values_list("state", flat=True)) == {Replica.State.STORED}
        on_disk = {name.split("-", 1)[1] for name in cluster.files(content)}
        assert len(on_disk) == 3 > len(counted) == 2
        replicate_all()
        assert len(cluster.holders(chunk)) == 3


def test_f13_a_slow_copy_counts_when_its_confirmation_comes_after_all(cluster):
    """Without another node to ask, whoever is slow is waited for."""
    cluster.update("node-c", duty="draining")
    cluster.update("node-d", duty="draining")
    content = some_bytes(3000, seed=38)
    with line_to(cluster, SLOW) as line:
        line.to_client.delay_seconds = 2.5
        cluster.store(content)
        assert line.to_client.pieces_delayed
    assert cluster.holders(chunk_of(content)) == {"node-a", "node-b"}


def test_f12_without_enough_nodes_a_silent_one_ends_in_a_plain_no(cluster, pool, monkeypatch):
    monkeypatch.setattr(exchange, "FIRST_BYTE_SECONDS", 3.0)
    for name in ("node-c", "node-d"):
        cluster.update(name, duty="draining")
    with line_to(cluster, SLOW) as line:
        line.black_hole = True
        with pytest.raises(QuorumNotReached):
            cluster.store(some_bytes(3000, seed=39))
    assert not Chunk.objects.exists()
    assert lent(pool) == 0


def test_a_node_slower_than_its_least_rate_is_given_up(cluster, monkeypatch):
    monkeypatch.setattr(exchange, "LEAST_BODY_SECONDS", 0.3)
    content = some_bytes(CHUNK_BYTES, seed=40)
    content_id = cluster.store(content)
    chunk = chunk_of(content)
    only, gone = chunk.replicas.select_related("node")
    cluster.take_down(gone.node.name)
    with line_to(cluster, only.node.name) as line:
        line.to_client.bytes_per_second = 40_000
        with pytest.raises(ChunkUnavailable):
            cluster.read(content_id)
        assert line.to_client.pieces_delayed
        line.heal()
        cluster.bring_back(gone.node.name)
        assert cluster.read(content_id) == content
    assert not chunk.replicas.filter(doubted_at__isnull=False).exists()


def test_a_copy_whose_node_is_busy_when_it_would_be_asked_beside_is_asked_when_the_first_fails(
    cluster, monkeypatch
):
    content_id = cluster.store(b"hedged")
    absent, good = chunk_of(b"hedged").replicas.select_related("node", "chunk").order_by("node__name")
    cluster.file(absent).unlink()
    views = roster.views()
    order = [(views[copy.node_id], copy.id) for copy in (absent, good)]
    monkeypatch.setattr(reading, "ranked", lambda sources: order)
    first_settled = reading._first_settled

    def others_come_first(racing, *, may_hedge):
        if not may_hedge:
            return first_settled(racing, may_hedge=False)
        for _ in range(lanes.CHUNKS_A_NODE):
            lanes.enter(good.node_id, timeout_seconds=0)
        threading.Timer(0.2, lambda: [lanes.leave(good.node_id) for _ in range(lanes.CHUNKS_A_NODE)]).start()
        return None

    monkeypatch.setattr(reading, "_first_settled", others_come_first)

    assert cluster.read(content_id) == b"hedged"
