"""Keeps how all was, for charts: a row a minute for two days, a row an hour for a year."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import connection
from django.db.models import Value
from django.db.models.functions import Now

from nodes import census, figures
from nodes.figures import Figure
from nodes.models import Node, NodeSample, WorkSample

MINUTES_KEPT = timedelta(hours=48)
HOURS_KEPT = timedelta(days=366)
AT_LEAST = timedelta(seconds=5)

_SAMPLE = """
INSERT INTO nodes_nodesample
    (node_id, span, at, is_online, latency_ms, capacity_bytes, free_bytes, replicas,
     received_bytes, sent_bytes)
SELECT n.id, 'minute', date_trunc('minute', now()), n.health = 'online', n.latency_ms, n.capacity_bytes,
       n.free_bytes, coalesce(held.replicas, 0), n.received_bytes, n.sent_bytes
FROM nodes_node n
LEFT JOIN unnest(%s::bigint[], %s::bigint[]) AS held (node_id, replicas) ON held.node_id = n.id
WHERE n.duty <> 'retired'
ON CONFLICT DO NOTHING
"""
# Hours that are over and have no row yet; what a node had at the end of one is in its last minute.
_SUM_UP = """
INSERT INTO nodes_nodesample
    (node_id, span, at, is_online, latency_ms, capacity_bytes, free_bytes, replicas,
     received_bytes, sent_bytes)
SELECT node_id, 'hour', date_trunc('hour', at), bool_and(is_online), avg(latency_ms),
       (array_agg(capacity_bytes ORDER BY at DESC))[1], (array_agg(free_bytes ORDER BY at DESC))[1],
       (array_agg(replicas ORDER BY at DESC))[1], (array_agg(received_bytes ORDER BY at DESC))[1],
       (array_agg(sent_bytes ORDER BY at DESC))[1]
FROM nodes_nodesample
WHERE span = 'minute' AND at < date_trunc('hour', now())
  AND at >= coalesce(
      (SELECT max(at) + interval '1 hour' FROM nodes_nodesample WHERE span = 'hour'), '-infinity')
GROUP BY node_id, date_trunc('hour', at)
ON CONFLICT DO NOTHING
"""
# What was never counted has no row in nodes_counter.
_WORK = """
INSERT INTO nodes_worksample (span, at, taken_at, copied_bytes, repaired_bytes)
SELECT 'minute', date_trunc('minute', now()), now(),
       coalesce(sum(value) FILTER (WHERE name = %s), 0), coalesce(sum(value) FILTER (WHERE name = %s), 0)
FROM nodes_counter
ON CONFLICT DO NOTHING
"""
_SUM_UP_WORK = """
INSERT INTO nodes_worksample (span, at, taken_at, copied_bytes, repaired_bytes)
SELECT 'hour', date_trunc('hour', at), max(taken_at), max(copied_bytes), max(repaired_bytes)
FROM nodes_worksample
WHERE span = 'minute' AND at < date_trunc('hour', now())
  AND at >= coalesce(
      (SELECT max(at) + interval '1 hour' FROM nodes_worksample WHERE span = 'hour'), '-infinity')
GROUP BY date_trunc('hour', at)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Point:
    """One node at one time; the rates are means since the point before, None where there is none."""

    at: datetime
    is_online: bool
    latency_ms: float | None
    capacity_bytes: int
    free_bytes: int
    replicas: int
    received_bytes_per_second: float | None
    sent_bytes_per_second: float | None


def take() -> None:
    """Write down how all is in this minute, sum up the hours that are over, drop what is too old.

    Safe to repeat: a minute and an hour have one row each.
    """
    held = {
        node_id: states.get("stored", 0) for node_id, states in census.replicas_by_node(census.read()).items()
    }
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, [list(held), list(held.values())])
        cursor.execute(_SUM_UP)
        cursor.execute(_WORK, [Figure.COPIED_BYTES, Figure.REPAIRED_BYTES])
        cursor.execute(_SUM_UP_WORK)
    for kept in (NodeSample, WorkSample):
        minutes = kept.objects.filter(span=NodeSample.Span.MINUTE)
        minutes.filter(at__lt=Now() - Value(MINUTES_KEPT)).delete()
        hours = kept.objects.filter(span=NodeSample.Span.HOUR)
        hours.filter(at__lt=Now() - Value(HOURS_KEPT)).delete()


def of_node(node: Node, *, since: datetime, span: NodeSample.Span) -> list[Point]:
    """Return how a node was since then, oldest first; times in which nobody looked have no point."""
    rows = list(NodeSample.objects.filter(node=node, span=span, at__gte=since).order_by("at"))
    return [_point(before, row) for before, row in zip([None, *rows], rows, strict=False)]


def of_repair(*, since: datetime, span: NodeSample.Span) -> list[tuple[datetime, float]]:
    """Return how many bytes a second were copied again since then, oldest first."""
    rows = list(WorkSample.objects.filter(span=span, at__gte=since).order_by("at"))
    return [
        (row.at, _grown(before.repaired_bytes, row.repaired_bytes) / _seconds(before, row))
        for before, row in pairwise(rows)
    ]


def copying_rate(*, since: datetime, now: datetime) -> float | None:
    """Tell how many bytes a second were copied from a moment until now; None where it is not known.

    Only what was written down at least AT_LEAST before is a measure.
    """
    minutes = WorkSample.objects.filter(span=NodeSample.Span.MINUTE)
    first = minutes.filter(taken_at__gte=since, taken_at__lte=now - AT_LEAST).order_by("taken_at").first()
    if first is None:
        return None
    copied = figures.read()[Figure.COPIED_BYTES].value - first.copied_bytes
    return copied / (now - first.taken_at).total_seconds() if copied > 0 else None


def _seconds(before: WorkSample, row: WorkSample) -> float:
    return (row.taken_at - before.taken_at).total_seconds()


def _point(before: NodeSample | None, row: NodeSample) -> Point:
    return Point(
        at=row.at,
        is_online=row.is_online,
        latency_ms=row.latency_ms,
        capacity_bytes=row.capacity_bytes,
        free_bytes=row.free_bytes,
        replicas=row.replicas,
        received_bytes_per_second=_rate(before, row, "received_bytes"),
        sent_bytes_per_second=_rate(before, row, "sent_bytes"),
    )


def _grown(then: int, now: int) -> int:
    """A counter that went back began anew, with its node or with the database: all it has is new."""
    return now - then if now >= then else now


def _rate(before: NodeSample | None, row: NodeSample, figure: str) -> float | None:
    if before is None:
        return None
    grown = _grown(getattr(before, figure), getattr(row, figure))
    return grown / (row.at - before.at).total_seconds()
