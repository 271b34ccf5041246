"""Nodes are probed in time, whatever becomes of the messages and of the processes that do the tasks."""

import os
import signal

import psutil
import pytest

from tests.cluster import audit
from tests.cluster.client import Client
from tests.system import System

pytestmark = pytest.mark.cluster


def health_of(system: System, node: str) -> str:
    ((health,),) = audit.query(system, f"SELECT health FROM nodes_node WHERE name = '{node}'")
    return str(health)


def test_a_dead_node_is_suspected_while_redis_is_gone_and_all_that_does_tasks_stands_still(system: System):
    _, *others = system.processes("worker")
    assert len(others) == 2
    with system.frozen_worker(but_first=True):
        system.kill("redis", stay_down=True)
        system.kill("node-3", stay_down=True)
        system.wait_for(
            lambda: health_of(system, "node-3") in ("suspect", "offline"),
            what="the dead node to be suspected",
        )

        def stand_still_or_are_gone() -> bool:
            """What is lost with Redis may end the first process, and these with it; then others begin."""
            there = {one.info["status"] for one in psutil.process_iter(["status"]) if one in others}
            return there <= {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}

        system.wait_for(stand_still_or_are_gone, what="those that stand still to do so, or to be gone")
        assert not system.pids("redis")
    system.start_node("redis")
    system.start_node("node-3")


def test_processes_that_are_killed_are_forked_anew_beside_the_probes_and_do_their_tasks(
    system: System, client: Client
):
    first, *others = system.pids("worker")
    for pid in others:
        os.kill(pid, signal.SIGKILL)

    def are_new() -> bool:
        now = system.pids("worker")
        return now[:1] == [first] and len(now) == 3 and not set(now) & set(others)

    system.wait_for(are_new, what="new processes of the same worker")
    audit.let_leases_end(system)
    client.store("forked-anew.bin", os.urandom(300_000))
    audit.wait_until_complete(system)
