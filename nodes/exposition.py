"""The cluster's figures as Prometheus reads them: from the rows, so that every gateway tells the same.

Sizes in bytes, times in seconds. Series are bounded by the number of nodes and of problem codes.
"""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from nodes import census, cluster, doctor, figures, findings, rebalance, scrub
from nodes.figures import Figure
from nodes.findings import Facts
from nodes.models import Chunk, Node, Replica
from nodes.problems import Code

_FIGURES = {
    Figure.CHUNKS_SETTLED: ("dfs_chunks_settled", "Chunks whose copies a worker has looked after."),
    Figure.COPIES_MADE: ("dfs_copies_made", "Copies made by workers: pushes, repairs and moves."),
    Figure.COPIED_BYTES: ("dfs_copied_bytes", "Bytes of the copies made."),
    Figure.REPAIRED_BYTES: (
        "dfs_repaired_bytes",
        "Of the copied bytes, those that replaced copies lost or moved; the others are fresh uploads'.",
    ),
    Figure.COPIES_FAILED: ("dfs_copies_failed", "Copies a node did not confirm."),
    Figure.REPLICAS_SCRUBBED: ("dfs_scrubbed_replicas", "Copies re-read and re-hashed by scrub."),
    Figure.SCRUBBED_BYTES: ("dfs_scrubbed_bytes", "Bytes re-read by scrub."),
    Figure.REPLICAS_FOUND_CORRUPT: ("dfs_replicas_found_corrupt", "Copies that did not match their digest."),
    Figure.REPLICAS_FOUND_MISSING: (
        "dfs_replicas_found_missing",
        "Copies that were not in their place.",
    ),
    Figure.ORPHANS_QUARANTINED: ("dfs_orphans_quarantined", "Files nobody knows of, put aside."),
    Figure.CHUNKS_RECOUNTED_WRONG: (
        "dfs_chunks_recounted_wrong",
        "Chunks that the daily recount found thin, surplus or unneeded without an order.",
    ),
    Figure.USAGES_RECOUNTED_WRONG: (
        "dfs_usages_recounted_wrong",
        "People whose charge the daily recount corrected.",
    ),
    Figure.FILES_RECLAIMED: ("dfs_files_reclaimed", "Chunk files removed for good."),
    Figure.COPIES_TRIMMED: ("dfs_copies_trimmed", "Copies beyond the replication factor, given up."),
    Figure.COPIES_REBALANCED: ("dfs_copies_rebalanced", "Copies made on emptier nodes by rebalance."),
}


def collect() -> list[Metric]:
    """Read all figures now."""
    facts = findings.look()
    counted = census.read()
    found = [
        *_of_chunks(facts),
        *_of_nodes(facts, census.replicas_by_node(counted)),
        *_of_balance(),
        *_of_problems(facts),
        *_of_figures(),
    ]
    if counted.counted_at is not None:
        age_seconds = facts.age_seconds(counted.counted_at)
        found.append(_gauge("dfs_census_age_seconds", "Age of the figures by node and state.", age_seconds))
    return found


def _of_chunks(facts: Facts) -> Iterator[Metric]:
    queue = facts.queue
    yield _gauge("dfs_chunks", "Chunks, those left out that are being deleted.", cluster.chunk_count())
    yield _gauge("dfs_under_replicated_chunks", "Chunks with too few copies.", queue.under_replicated)
    yield _gauge("dfs_lost_chunks", "Chunks without a good copy on any node.", queue.lost)
    yield _gauge(
        "dfs_unavailable_chunks", "Chunks whose copies are all on nodes that are down.", facts.unavailable
    )
    yield _gauge("dfs_one_zone_chunks", "Chunks whose copies are all in one zone.", facts.same_zone)
    yield _gauge(
        "dfs_oldest_under_replicated_chunk_age_seconds",
        "For how long the chunk has had too few copies that has had them longest.",
        facts.age_seconds(queue.oldest_at),
    )
    yield _gauge(
        "dfs_oldest_unclaimed_work_age_seconds",
        "For how long the copies have been due that nobody has taken up and that wait longest.",
        facts.age_seconds(queue.waiting_since),
    )


def _of_nodes(facts: Facts, replicas: dict[int, dict[str, int]]) -> Iterator[Metric]:
    by_state = GaugeMetricFamily(
        "dfs_replicas", "Copies by node and state, at the last census.", labels=["node", "state"]
    )
    online = _of_each("dfs_node_online", "Whether its last probes went well.")
    active = _of_each("dfs_node_active", "Whether it is wanted to take copies.")
    capacity = _of_each("dfs_node_capacity_bytes", "Size of its disk.")
    free = _of_each("dfs_node_free_bytes", "What may still be stored, the reserve left out.")
    latency = _of_each("dfs_node_probe_duration_seconds", "Of the last probe that went well.")
    skew = _of_each("dfs_node_clock_skew_seconds", "How far its clock is before the database's.")
    oldest = _of_each(
        "dfs_node_oldest_verified_copy_age_seconds", "For how long one copy on it has not been re-hashed."
    )
    aside = _of_each("dfs_node_quarantined_files", "Bad chunk files put aside.")
    verified = {node.pk: node.oldest_at for node in scrub.with_oldest()}  # type: ignore[attr-defined]
    for node in facts.nodes:
        for state in Replica.State.values:
            by_state.add_metric([node.name, state], replicas.get(node.pk, {}).get(state, 0))
        online.add_metric([node.name], node.health == Node.Health.ONLINE)
        active.add_metric([node.name], node.duty == Node.Duty.ACTIVE)
        capacity.add_metric([node.name], node.capacity_bytes)
        free.add_metric([node.name], node.free_bytes)
        aside.add_metric([node.name], node.quarantined)
        if verified.get(node.pk):
            oldest.add_metric([node.name], facts.age_seconds(verified[node.pk]))
        if node.latency_ms is not None:
            latency.add_metric([node.name], node.latency_ms / 1000)
        if node.clock_skew_seconds is not None:
            skew.add_metric([node.name], node.clock_skew_seconds)
    yield from (by_state, online, active, capacity, free, latency, skew, oldest, aside)


def _of_balance() -> Iterator[Metric]:
    outlook = rebalance.outlook()
    words = "Difference of the used shares of the fullest and the emptiest active node."
    yield _gauge("dfs_fill_difference_ratio", words, outlook.difference)
    yield _gauge(
        "dfs_rebalance_left_bytes", "To move until all nodes are as full as the whole.", outlook.bytes_left
    )
    waiting = Chunk.objects.filter(surplus_at__isnull=False).count()
    yield _gauge("dfs_surplus_waiting_chunks", "Chunks to be looked at for copies too many.", waiting)


def _of_problems(facts: Facts) -> Iterator[Metric]:
    found = [problem.code for problem in doctor.diagnose(facts)]
    problems = GaugeMetricFamily(
        "dfs_problems", "Problems of each code, as the doctor names them.", labels=["code", "severity"]
    )
    for code in Code:
        problems.add_metric([code, code.severity], found.count(code))
    yield problems


def _of_figures() -> Iterator[Metric]:
    for figure, reading in figures.read().items():
        name, words = _FIGURES[figure]
        yield CounterMetricFamily(name, words, value=reading.value)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


def _of_each(name: str, words: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, labels=["node"])
