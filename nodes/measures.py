"""What this process counts while it serves, for Prometheus; what workers do is counted by `nodes.figures`.

The processes of one gateway add to files in PROMETHEUS_MULTIPROC_DIR, where that is set: one set of files for
each slot. A process that takes a dead one's place takes its slot, so that no counter goes back and no file is
left over.
"""

import os
from pathlib import Path

import prometheus_client
import prometheus_client.values
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
REGISTRY = CollectorRegistry()
"""Where every measure of this process is registered."""

_slot = "preload"


def slot() -> str:
    """Name this process among those of its gateway."""
    return _slot


if FOLDER:  # chosen before the first measure is made
    prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue(slot)  # type: ignore[no-untyped-call]
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


def take_slot(number: int) -> None:
    """Go on with a slot's counters, right after the fork; no living process may have it.

    What its last holder had in hand when it died is in nobody's hand now.
    """
    global _slot
    _slot = str(number)
    if FOLDER:
        for gauge in Path(FOLDER).glob(f"gauge_*_{number}.db"):
            gauge.unlink()


def gathered() -> Collector:
    """Return what all processes of this gateway have counted."""
    return MultiProcessCollector(None, FOLDER) if FOLDER else REGISTRY  # type: ignore[no-untyped-call]


HEDGED_READS = Counter(
    "dfs_hedged_reads", "Chunks asked of a second node because the first was slow.", registry=REGISTRY
)
BREAKERS_OPEN = Gauge(
    "dfs_breakers_open",
    "Gateway processes that have given the node up and not had a good answer since.",
    ["node"],
    multiprocess_mode="sum",
    registry=REGISTRY,
)
NODE_ERRORS = Counter(
    "dfs_node_request_errors", "Requests to nodes without a usable answer.", ["node"], registry=REGISTRY
)
BREAKER_OPENINGS = Counter(
    "dfs_breaker_openings", "Times a node that erred too often was left alone.", ["node"], registry=REGISTRY
)
HANDED_OFF_COPIES = Counter(
    "dfs_handed_off_copies",
    "Copies of writes asked of another node because one failed or was slow.",
    registry=REGISTRY,
)
DOUBTED_COPIES = Counter(
    "dfs_doubted_copies", "Copies that readers found bad, absent or unreadable.", registry=REGISTRY
)
