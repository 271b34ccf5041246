"""Nodes are probed by a clock of the worker's first process: no message is needed, and nothing keeps it."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from nodes import exchange, failpoints, health, prober
from nodes.models import Node
from nodes.prober import Prober
from tests.nodes.living_cluster import age
from tests.storagenode.running_node import wait_until


@pytest.fixture
def started(cluster, settings) -> Iterator[Callable[[], Prober]]:
    """Starts probers, as many workers would, that probe many times a second."""
    settings.PROBE_INTERVAL_SECONDS = 0.1
    probers: list[Prober] = []

    def start() -> Prober:
        probers.append(Prober())
        probers[-1].start()
        return probers[-1]

    yield start
    for one in probers:
        one.stop()


def is_seen(name: str, seen: Node.Health) -> bool:
    return Node.objects.get(name=name).health == seen


def backends() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def test_a_node_that_is_gone_is_noticed_and_so_is_its_return_without_a_message(cluster, started):
    started()
    cluster.take_down("node-a")
    wait_until(lambda: is_seen("node-a", Node.Health.SUSPECT), "the loss to be noticed")
    cluster.bring_back("node-a")
    wait_until(lambda: is_seen("node-a", Node.Health.ONLINE), "the return to be noticed")


def test_whoever_comes_first_probes_for_all_workers_and_another_steps_in_when_it_is_late(cluster):
    one, other = uuid4(), uuid4()
    assert prober.probe_in_turn(one)
    assert not prober.probe_in_turn(other)
    assert prober.probe_in_turn(one)

    age("nodes_turn", "until", 2 * 3600)
    assert prober.probe_in_turn(other)
    assert not prober.probe_in_turn(one)


def test_a_clock_of_the_database_that_is_set_back_stops_no_probes(cluster):
    holder = uuid4()
    assert prober.probe_in_turn(holder)
    age("nodes_turn", "until", -24 * 3600)
    assert prober.probe_in_turn(holder)


def test_when_the_database_is_gone_for_a_moment_or_a_round_fails_the_next_one_is_made(
    cluster, started, caplog
):
    failures = [OperationalError("it is gone"), RuntimeError("nobody thought of this")]

    def fail() -> None:
        if failures:
            raise failures.pop(0)

    with failpoints.armed("probe.compared", fail):
        started()
        cluster.take_down("node-a")
        wait_until(lambda: is_seen("node-a", Node.Health.SUSPECT), "the loss to be noticed")
    told = [record for record in caplog.records if record.name == "nodes.prober"]
    assert [(record.levelno, bool(record.exc_info)) for record in told] == [
        (logging.WARNING, False),
        (logging.ERROR, True),
    ]


def test_a_worker_that_stops_waits_for_its_round_and_leaves_no_connection(cluster, started):
    before = backends()
    is_in_round, may_go_on = threading.Event(), threading.Event()

    def wait() -> None:
        is_in_round.set()
        may_go_on.wait()

    with failpoints.armed("probe.compared", wait):
        one = started()
        assert is_in_round.wait(60)
        assert backends() == before + 1
        stopping = threading.Thread(target=one.stop)
        stopping.start()
        stopping.join(0.2)
        assert stopping.is_alive()
        may_go_on.set()
        stopping.join()
    wait_until(lambda: backends() == before, "its connection to be closed")


def test_a_process_that_is_forked_meanwhile_waits_for_the_round_and_shares_no_connection(cluster, started):
    """Or a lock that was held would never be given back there, and two would hear each other's answers."""
    is_in_round, may_go_on = threading.Event(), threading.Event()
    found: list[int] = []

    def wait() -> None:
        is_in_round.set()
        may_go_on.wait()

    def fork() -> None:
        child = os.fork()
        if child == 0:
            node = cluster.running["node-b"]
            is_shared = exchange._pool.take("127.0.0.1", node.port) is not None
            is_locked = prober._awake.locked()
            os._exit(2 * is_shared + is_locked)
        found.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    with failpoints.armed("probe.compared", wait):
        started()
        assert is_in_round.wait(60)
        forking = threading.Thread(target=fork)
        forking.start()
        forking.join(0.2)
        assert forking.is_alive()
        may_go_on.set()
        forking.join()
    assert found == [0]
    health.probe_all()
    assert is_seen("node-b", Node.Health.ONLINE), "the connections are good for their owner"
