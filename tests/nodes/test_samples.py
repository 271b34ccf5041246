"""Charts have a point a minute for two days and one an hour for a year, and no more rows than that."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from nodes import census, figures, health, replication, samples, tasks
from nodes.figures import Figure
from nodes.models import Counter, NodeSample, WorkSample
from tests.nodes.living_cluster import see_all

MINUTE, HOUR = NodeSample.Span.MINUTE, NodeSample.Span.HOUR


def long_ago() -> object:
    return timezone.now() - timedelta(days=500)


def move_back(minutes: float) -> None:
    """Make every sample older, instead of waiting."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE nodes_nodesample SET at = at - %s * interval '1 minute'", [minutes])


def points(cluster, name: str, span: str) -> list[samples.Point]:
    return samples.of_node(cluster.node(name), since=long_ago(), span=span)


def test_a_minute_has_one_point_however_often_it_is_taken(cluster):
    cluster.store(b"counted")
    while replication.replicate_due():
        pass
    tasks.take_census()
    tasks.take_census()

    held = [points(cluster, name, MINUTE) for name in ("node-a", "node-b", "node-c", "node-d")]
    assert {len(rows) for rows in held} <= {1, 2}  # a minute may end in between
    assert sum(rows[-1].replicas for rows in held) == 3
    newest = held[0][-1]
    assert newest.is_online
    assert newest.capacity_bytes > newest.free_bytes > 0
    assert newest.latency_ms > 0


def test_rates_are_what_a_counter_grew_since_the_point_before(cluster):
    cluster.update("node-a", received_bytes=1_000, sent_bytes=50_000)
    samples.take()
    move_back(2)
    cluster.update("node-a", received_bytes=13_000, sent_bytes=600)  # it was started again: sent began anew
    samples.take()

    before, now = points(cluster, "node-a", MINUTE)
    assert before.received_bytes_per_second is None
    seconds = (now.at - before.at).total_seconds()
    assert now.received_bytes_per_second == pytest.approx(12_000 / seconds)
    assert now.sent_bytes_per_second == pytest.approx(600 / seconds)


def test_an_hour_that_is_over_is_summed_up_once(cluster):
    cluster.update("node-a", latency_ms=10, free_bytes=500)
    samples.take()
    move_back(1)
    cluster.update("node-a", latency_ms=30, free_bytes=400, health="offline")
    samples.take()
    NodeSample.objects.filter(span=HOUR).delete()  # an hour may have ended in between
    move_back(timezone.now().minute + 30)
    samples.take(), samples.take()

    hour = points(cluster, "node-a", HOUR)[0]
    assert (hour.latency_ms, hour.free_bytes, hour.is_online) == (20, 400, False)
    assert (hour.at.minute, hour.at.second) == (0, 0)


def test_what_is_too_old_goes(cluster):
    samples.take()
    move_back(samples.MINUTES_KEPT.total_seconds() / 60 + 61)
    samples.take()
    assert len(points(cluster, "node-a", MINUTE)) == 1
    assert len(points(cluster, "node-a", HOUR)) == 1, "the old minute became an hour before it went"

    move_back(samples.HOURS_KEPT.total_seconds() / 60)
    samples.take()
    assert len(points(cluster, "node-a", HOUR)) <= 1


def test_what_was_copied_again_is_kept_a_minute_and_an_hour_each(db):
    samples.take()
    move_work_back(2)
    figures.add({Figure.COPIED_BYTES: 9_000, Figure.REPAIRED_BYTES: 6_000})
    samples.take(), samples.take()

    [(_at, rate)] = samples.of_repair(since=long_ago(), span=MINUTE)
    assert rate == pytest.approx(6_000 / 120, rel=0.5)
    move_work_back(timezone.now().minute + 90)
    samples.take(), samples.take()
    hours = WorkSample.objects.filter(span=HOUR)
    assert hours.latest("at").repaired_bytes == 6_000
    move_work_back(samples.HOURS_KEPT.total_seconds() / 60)
    samples.take()
    assert WorkSample.objects.filter(span=MINUTE).count() == 1


def test_how_fast_copies_are_made_is_told_from_what_was_written_down_since_they_are(db):
    now = health.database_now()
    assert samples.copying_rate(since=long_ago(), now=now) is None
    samples.take()
    figures.add({Figure.COPIED_BYTES: 6_000})
    assert samples.copying_rate(since=long_ago(), now=now) is None, "a moment is no measure"

    move_work_back(1)
    assert samples.copying_rate(since=long_ago(), now=now) == pytest.approx(100, rel=0.2)
    assert samples.copying_rate(since=now, now=now) is None, "what was before they were due does not count"


def test_a_figure_that_began_anew_is_no_loss(db):
    figures.add({Figure.REPAIRED_BYTES: 9_000_000})
    samples.take()
    move_work_back(2)
    Counter.objects.filter(name=Figure.REPAIRED_BYTES).update(value=1_200)  # as an older dump has it
    samples.take()

    [(_at, rate)] = samples.of_repair(since=long_ago(), span=MINUTE)
    assert 0 < rate < 100


def move_work_back(minutes: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE nodes_worksample SET at = at - %(by)s * interval '1 minute',"
            " taken_at = taken_at - %(by)s * interval '1 minute'",
            {"by": minutes},
        )


def test_a_retired_node_gets_no_more_points(cluster):
    cluster.update("node-a", duty="retired")
    samples.take()

    assert not points(cluster, "node-a", MINUTE)
    assert points(cluster, "node-b", MINUTE)


def test_a_walk_through_all_chunks_takes_as_many_calls_as_there_are_slices(cluster, monkeypatch):
    monkeypatch.setattr(census, "SLICE_CHUNKS", 2)
    for name in ("node-a", "node-b", "node-c", "node-d"):
        cluster.update(name, zone="cellar")
    for number in range(5):
        cluster.store(b"chunk %d" % number)

    assert [census.take(), census.take(), census.take()] == [False, False, True]
    assert census.read().same_zone == 5

    cluster.update("node-a", zone="attic"), cluster.update("node-b", zone="attic")
    see_all()
    assert [census.take(), census.take()] == [False, False]
    assert census.read().same_zone == 5, "the figure of the last whole walk stands until the next is over"


def test_before_the_first_census_copies_are_counted_at_once(cluster):
    cluster.store(b"counted")

    held = census.replicas_by_node(census.read())
    assert sum(states["stored"] for states in held.values()) == 2
