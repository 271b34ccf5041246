"""How a node is judged, by what was seen and when; what a probe writes down."""

from datetime import UTC, datetime, timedelta

import pytest

from nodes import client, health, membership, roster
from nodes import cluster as overview_of
from nodes.health import HealthLimits, failing_from, judge
from nodes.models import Node
from storagenode.version import VERSION
from tests.nodes.living_cluster import age
from tests.nodes.lying_node import PROBE, change

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LIMITS = HealthLimits(
    suspect_after_failures=2, offline_after=timedelta(seconds=30), repair_after=timedelta(minutes=10)
)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("before", "failing_since", "failures", "expected"),
    [
        ("online", ago(0), 1, "online"),
        ("online", ago(3600), 1, "online"),
        ("unknown", ago(0), 1, "unknown"),
        ("unknown", ago(0), 2, "suspect"),
        ("online", ago(0), 2, "suspect"),
        ("suspect", ago(29.9), 50, "suspect"),
        ("suspect", ago(30), 2, "offline"),
        ("unknown", ago(3600), 700, "offline"),
    ],
)
def test_two_failures_make_suspect_and_thirty_seconds_offline(before, failing_since, failures, expected):
    found = judge(Node.Health(before), failing_since=failing_since, failures=failures, now=NOW, limits=LIMITS)
    assert found == expected


@pytest.mark.parametrize(
    ("failing_since", "probed_at", "expected"),
    [
        (None, None, NOW),
        (None, ago(5), NOW),
        (ago(100), None, NOW),  # nothing that was seen before counts
        (ago(100), ago(5), ago(100)),
        (ago(100), ago(20), ago(100)),
        (ago(100), ago(21), ago(79)),
        (ago(3700), ago(3600), ago(100)),
        (ago(3600), ago(3600), NOW),
    ],
)
def test_time_in_which_nobody_asked_is_not_silence(failing_since, probed_at, expected):
    found = failing_from(
        failing_since=failing_since, probed_at=probed_at, asked_at=NOW, fresh=timedelta(seconds=20)
    )
    assert found == expected


def test_what_was_asked_before_the_last_look_is_no_news(cluster):
    """A worker asked, stood still, and goes on when another has long seen that the node is gone."""
    answered = client.fetch_status(roster.views()[cluster.node("node-a").id])
    cluster.take_down("node-a")
    health.probe_all(), health.probe_all()
    gone = cluster.node("node-a")
    assert gone.health == Node.Health.SUSPECT

    assert not health.note(gone.id, answered, seconds_ago=3600)
    assert cluster.node("node-a").failing_since == gone.failing_since

    assert health.note(gone.id, answered)
    assert cluster.node("node-a").health == Node.Health.ONLINE


def test_a_database_whose_clock_was_set_back_takes_news_all_the_same(cluster):
    age("nodes_node", "probed_at", -3600)
    cluster.take_down("node-a")
    health.probe_all(), health.probe_all()
    assert cluster.node("node-a").health == Node.Health.SUSPECT


def test_a_probe_writes_down_what_it_saw(cluster):
    node = cluster.node("node-a")
    assert node.health == Node.Health.ONLINE
    assert node.capacity_bytes > node.free_bytes > 0
    assert node.filesystem_id
    assert node.latency_ms > 0
    assert node.version == VERSION
    assert abs(node.clock_skew_seconds) < 5


def test_a_node_that_stops_is_suspect_then_offline_and_online_when_it_is_back(cluster, settings):
    cluster.take_down("node-a")
    health.probe_all()
    assert cluster.node("node-a").health == Node.Health.ONLINE
    health.probe_all()
    assert cluster.node("node-a").health == Node.Health.SUSPECT
    age("nodes_node", "failing_since", settings.OFFLINE_AFTER_SECONDS)
    health.probe_all()
    down = cluster.node("node-a")
    assert down.health == Node.Health.OFFLINE
    assert down.problem
    assert "NODE_DOWN" in {problem.code for problem in overview_of.overview().problems}

    cluster.bring_back("node-a")
    health.probe_all()
    back = cluster.node("node-a")
    assert (back.health, back.failures, back.failing_since, back.problem) == ("online", 0, None, "")


def test_a_node_that_was_not_asked_since_the_start_is_not_online_for_failing_once(cluster):
    cluster.take_down("node-a")
    health.forget()
    health.probe_all()
    assert cluster.node("node-a").health == Node.Health.UNKNOWN
    assert cluster.node("node-b").health == Node.Health.ONLINE


def test_another_store_at_the_address_is_a_failure(cluster):
    """An empty disk came back, or the address was given to another node."""
    cluster.update("node-a", url=cluster.node("node-b").url)
    health.probe_all()
    health.probe_all()
    assert cluster.node("node-a").health == Node.Health.SUSPECT
    assert cluster.node("node-a").problem_code == "wrong_store"
    assert cluster.node("node-b").health == Node.Health.ONLINE


def test_retired_nodes_are_not_probed(cluster):
    membership.drain(cluster.node("node-a"))
    membership.retire(cluster.node("node-a"))
    before = cluster.node("node-a").probed_at
    health.probe_all()
    assert cluster.node("node-a").probed_at == before
    assert cluster.node("node-a").id not in roster.views()


def test_a_row_nobody_wrote_lately_says_nothing(cluster):
    cluster.update("node-a", health="offline")
    assert not roster.views()[cluster.node("node-a").id].is_reachable
    age("nodes_node", "probed_at", roster.fresh_seconds() + 1)
    roster.forget()
    assert roster.views()[cluster.node("node-a").id].is_reachable


@pytest.mark.parametrize(
    "nonsense",
    [
        {"free_bytes": 2**70},
        {"free_bytes": -1},
        {"quarantined": 2**40},
        {"sent_bytes": 1e999},
        {"version": "1\0"},
        {"filesystem_id": "x" * 500},
    ],
)
def test_a_node_that_talks_nonsense_is_the_only_one_whose_health_is_not_known(cluster, nonsense):
    Node.objects.update(health=Node.Health.UNKNOWN, probed_at=None)

    with cluster.lying("node-a", {PROBE: change(lambda answer: {**answer, **nonsense})}):
        health.probe_all()

    assert "no status" in cluster.node("node-a").problem
    assert {cluster.node(name).health for name in cluster.running if name != "node-a"} == {"online"}
