"""Draws how the nodes were until now: throughput, answer time and room, over a span."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from nodes import charts, samples
from nodes.charts import Chart
from nodes.models import Node, NodeSample

SPANS = {
    "6h": ("6 h", timedelta(hours=6), NodeSample.Span.MINUTE),
    "24h": ("24 h", timedelta(hours=24), NodeSample.Span.MINUTE),
    "7d": ("7 d", timedelta(days=7), NodeSample.Span.HOUR),
    "30d": ("30 d", timedelta(days=30), NodeSample.Span.HOUR),
}
_MEGABYTE = 1_000_000


def over_time(span: str, now: datetime) -> list[Chart]:
    """Draw how the nodes were until now; `span` is one of SPANS."""
    _words, length, kind = SPANS[span]
    since = now - length
    points = {node.name: samples.of_node(node, since=since, span=kind) for node in Node.objects.in_service()}
    flow = {
        _("read"): _sum((p.at, p.sent_bytes_per_second) for line in points.values() for p in line),
        _("write"): _sum((p.at, p.received_bytes_per_second) for line in points.values() for p in line),
        _("repair"): _sum(samples.of_repair(since=since, span=kind)),
    }
    latency = {
        name: [(p.at, p.latency_ms if p.is_online else None) for p in line] for name, line in points.items()
    }
    fill = {name: [(p.at, _used_percent(p)) for p in line] for name, line in points.items()}
    return [
        charts.draw(_("Throughput"), "MB/s", flow, since=since, until=now),
        charts.draw(_("Answer time"), "ms", latency, since=since, until=now),
        charts.draw(_("Room used"), "%", fill, since=since, until=now, most=100.0),
    ]


def _sum(rates: Iterable[tuple[datetime, float | None]]) -> charts.Points:
    """Add up what all nodes did in the same minute or hour, in megabytes a second."""
    sums: dict[datetime, float] = {}
    for at, rate in rates:
        sums[at] = sums.get(at, 0.0) + (rate or 0.0) / _MEGABYTE
    return sorted(sums.items())


def _used_percent(point: samples.Point) -> float | None:
    if not point.capacity_bytes:
        return None
    return 100.0 * (point.capacity_bytes - point.free_bytes) / point.capacity_bytes
