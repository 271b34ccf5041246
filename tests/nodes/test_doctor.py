"""Every named problem of nodes, clocks, room and workers is told when it is real, and gone when it is."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nodes import (
    census,
    doctor,
    findings,
    roster,
)
from nodes import cluster as overview_of
from nodes.errors import StoreCloned
from nodes.models import Chunk, Node
from nodes.problems import KINDS, Code, Severity
from tests.nodes.examined import (
    bring_back,
    codes,
    replicate_all,
    take_offline,
    told,
)
from tests.nodes.living_cluster import NAMES, Cluster, age, see_all
from tests.storagenode.running_node import RunningNode, wait_until

SHIFTED_CLOCK = """
import os, time
told = time.time
time.time = lambda: told() + float(os.environ["CLOCK_SHIFT"])
"""


@pytest.fixture(autouse=True)
def roomy_disk(settings) -> None:
    settings.NEARFULL_SHARE = 0  # however full the disk is on which these tests run


@contextmanager
def another_node(cluster: Cluster, folder: Path, gateway_url: str, **environ: str) -> Iterator[Node]:
    running = RunningNode(folder / "node-e", gateway_url=gateway_url, **environ)
    try:
        asking = running.client()
        wait_until(lambda: asking.ask("GET", "/v1/status").status != 503, "the node to join")
        asking.close()
        yield cluster.join("node-e", running=running)
    finally:
        running.stop()


def test_a_sound_cluster_has_no_problem(cluster):
    cluster.store(b"all is well")
    replicate_all()
    census.take()

    assert codes() == set()
    assert overview_of.overview().health == "healthy"


def test_nodes_on_one_disk_are_told_until_each_has_its_own(cluster):
    [problem] = told(Code.SHARED_DISK)
    assert problem.severity == Severity.NOTICE
    assert "node-a, node-b, node-c and node-d" in problem.detail

    for name in NAMES:
        cluster.update(name, filesystem_id=f"disk of {name}")
    assert not told(Code.SHARED_DISK)


def test_a_node_that_is_down_is_told_until_it_is_back(cluster):
    take_offline(cluster, "node-b")
    [problem] = told(Code.NODE_DOWN)
    assert (problem.node, problem.severity) == ("node-b", Severity.WARNING)
    assert problem.detail.startswith("node-b has not answered since 2")
    assert problem.cause == "Connection refused"
    assert problem.outlook == "It holds no copy of anything."
    assert overview_of.overview().health == "degraded"

    bring_back(cluster, "node-b")
    assert codes() == set()


def test_a_foreign_disk_at_a_nodes_address_is_told_until_the_right_one_is_back(cluster):
    cluster.update("node-a", url=cluster.node("node-b").url)
    see_all(), see_all()
    assert [problem.node for problem in told(Code.FOREIGN_STORE)] == ["node-a"]
    assert [problem.node for problem in told(Code.NODE_DOWN)] == ["node-a"]

    bring_back(cluster, "node-a")
    assert codes() == set()


def test_a_disk_that_is_gone_from_under_its_node_is_told_until_it_is_mounted_again(cluster):
    marker = cluster.running["node-c"].data / "store.json"
    aside = marker.with_name("store.json.aside")
    marker.rename(aside)
    try:
        see_all(), see_all()
        assert [problem.node for problem in told(Code.DISK_GONE)] == ["node-c"]
    finally:
        aside.rename(marker)

    see_all()
    assert codes() == set()


def test_workers_that_probe_nothing_are_told_until_one_does(cluster):
    age("nodes_node", "probed_at", 2 * roster.fresh_seconds() + 1)
    [problem] = told(Code.WORKERS_SILENT)
    assert "has probed a node" in problem.detail

    see_all()
    assert codes() == set()


@pytest.mark.parametrize("was_counted", [True, False])
def test_workers_that_probe_and_do_no_task_are_told_until_one_does(cluster, was_counted):
    """As when Redis is gone, or all of their processes hang."""
    if was_counted:
        census.take()
        age("nodes_census", "counted_at", doctor.IDLE_SECONDS + 1)
    else:
        age("nodes_node", "created_at", doctor.IDLE_SECONDS + 1)
    [problem] = told(Code.WORKERS_SILENT)
    assert "has done a task" in problem.detail

    census.take()
    assert codes() == set()


def test_nodes_are_too_few_for_all_copies_then_for_any_write_and_then_enough_again(cluster):
    take_offline(cluster, "node-c", "node-d")
    assert told(Code.TOO_FEW_NODES)
    take_offline(cluster, "node-b")
    [problem] = told(Code.NO_WRITE_QUORUM)
    assert "nothing can be stored" in problem.detail
    assert not told(Code.TOO_FEW_NODES)
    assert overview_of.overview().health == "failing"

    bring_back(cluster, "node-b", "node-c", "node-d")
    assert codes() == set()


def test_full_nodes_take_no_writes(cluster):
    for name in ("node-b", "node-c", "node-d"):
        cluster.update(name, free_bytes=0)

    assert told(Code.NO_WRITE_QUORUM)


@pytest.mark.parametrize(("shift", "is_refused"), [("90", False), ("-90", False), ("400", True)])
def test_a_wrong_clock_is_told_before_and_after_it_makes_a_node_unusable(
    cluster, tmp_path, key_gateway, shift, is_refused
):
    (tmp_path / "sitecustomize.py").write_text(SHIFTED_CLOCK)
    environ = {"PYTHONPATH": str(tmp_path), "CLOCK_SHIFT": shift}
    with another_node(cluster, tmp_path, key_gateway.url, **environ) as node:
        see_all(), see_all()
        [problem] = told(Code.CLOCK_SKEW)
        assert problem.node == node.name
        assert bool(told(Code.NODE_DOWN)) == is_refused
    if not is_refused:
        assert "90 s " + ("behind" if shift.startswith("-") else "before") in problem.detail

    with another_node(cluster, tmp_path, key_gateway.url):
        see_all()
        assert codes() == set()


def test_the_gateways_own_clock_is_told(cluster, monkeypatch):
    told_time = findings.time.time
    monkeypatch.setattr(findings.time, "time", lambda: told_time() - 75)
    [problem] = told(Code.CLOCK_SKEW)
    assert problem.node is None
    assert "75 s behind" in problem.detail

    monkeypatch.undo()
    assert not told(Code.CLOCK_SKEW)


def test_little_room_is_told_until_there_is_more(cluster, tmp_path, key_gateway, settings):
    settings.NEARFULL_SHARE = 0.01
    with another_node(cluster, tmp_path, key_gateway.url, RESERVE=str(10**18)) as node:
        see_all()
        assert [(p.node, p.detail) for p in told(Code.NEARFULL) if p.node == node.name] == [
            ("node-e", "node-e is full: it takes nothing more.")
        ]

    with another_node(cluster, tmp_path, key_gateway.url) as node:
        see_all()
        assert node.name not in {problem.node for problem in told(Code.NEARFULL)}


def test_a_copy_of_a_disk_that_asks_to_be_let_in_is_told_while_it_asks(cluster, tmp_path, key_gateway):
    original = cluster.running["node-a"]
    (tmp_path / "clone").mkdir()
    shutil.copy(original.data / "store.json", tmp_path / "clone")
    clone = RunningNode(tmp_path / "clone", gateway_url=None)
    try:
        with pytest.raises(StoreCloned):
            cluster.join("node-a", running=clone)
    finally:
        clone.stop()
    [problem] = told(Code.CLONED_STORE)
    assert problem.node == "node-a"
    assert str(clone_port(problem)) in problem.detail

    age("nodes_node", "clone_seen_at", 600)
    assert codes() == set()


def clone_port(problem: doctor.Problem) -> int:
    return int(Node.objects.get(name=problem.node).clone_url.rpartition(":")[2])


def test_nothing_is_removed_while_half_of_the_nodes_are_away(cluster):
    take_offline(cluster, "node-a", "node-b")
    [problem] = told(Code.SAFE_MODE)
    assert "2 of 4 active nodes are away" in problem.detail

    bring_back(cluster, "node-a", "node-b")
    assert codes() == set()


def test_the_gravest_problem_comes_first(cluster):
    take_offline(cluster, "node-b", "node-c", "node-d")

    order = [problem.code for problem in doctor.examine()]
    assert order == sorted(order, key=list(Code).index)
    assert order[0] == Code.NO_WRITE_QUORUM


def test_every_problem_has_its_severity_and_its_advice():
    assert set(KINDS) == set(Code)
    assert all(kind.advice.endswith(".") for kind in KINDS.values())


def test_looking_costs_the_same_few_statements_however_much_there_is(cluster, settings):
    settings.PROBE_INTERVAL_SECONDS = 600  # a look at what silent nodes hold is one statement more
    cluster.store(b"one")
    with CaptureQueriesContext(connection) as few:
        overview_of.overview()
    for number in range(20):
        cluster.store(b"more %d" % number)
    with CaptureQueriesContext(connection) as many:
        overview_of.overview()

    assert len(many) == len(few) <= 17


def test_what_is_unwanted_is_found_along_its_index(cluster):
    """A plan proves nothing of a state that comes as a parameter: the condition stands in the statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO nodes_chunk (digest, size, state, copies_seen, attempts)"
            " SELECT int8send(n), 1, 'live', 3, 0 FROM generate_series(1, 20000) n"
        )
        cursor.execute("ANALYZE nodes_chunk")

    for unwanted in (Chunk.objects.deleting(), Chunk.objects.condemned_beyond_grace()):
        assert "chunk_unwanted" in unwanted.explain()
    assert "chunk_due" in Chunk.objects.under_replicated().explain()
