"""Counts what workers do, in rows: it survives their restarts, and every gateway can tell it.

Add to figures last in a transaction: their rows are the ones all workers share.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import connection

from nodes.models import Counter


class Figure(StrEnum):
    """What is counted; the names Prometheus sees are made of these by `nodes.exposition`."""

    CHUNKS_SETTLED = "chunks_settled"
    """Claimed chunks that a worker has looked after, whatever came of it."""
    COPIES_MADE = "copies_made"
    COPIED_BYTES = "copied_bytes"
    REPAIRED_BYTES = "repaired_bytes"
    """Of copied bytes, those of chunks that had all their copies once, or could not get them."""
    COPIES_FAILED = "copies_failed"
    REPLICAS_SCRUBBED = "replicas_scrubbed"
    SCRUBBED_BYTES = "scrubbed_bytes"
    REPLICAS_FOUND_CORRUPT = "replicas_found_corrupt"
    REPLICAS_FOUND_MISSING = "replicas_found_missing"
    ORPHANS_QUARANTINED = "orphans_quarantined"
    CHUNKS_RECOUNTED_WRONG = "chunks_recounted_wrong"
    """Found by the daily recount without the order that they call for."""
    USAGES_RECOUNTED_WRONG = "usages_recounted_wrong"
    """People charged for more or less than they store, found by the daily recount and corrected."""
    FILES_RECLAIMED = "files_reclaimed"
    COPIES_TRIMMED = "copies_trimmed"
    COPIES_REBALANCED = "copies_rebalanced"
    """Made on emptier nodes; the fuller ones give theirs up by trimming."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure's value, and when it last grew."""

    value: int
    raised_at: datetime | None


def add(amounts: dict[Figure, int]) -> None:
    """Add to figures, in the caller's transaction if there is one; zeros cost nothing."""
    names = sorted(figure for figure, amount in amounts.items() if amount)  # one order of locks
    if not names:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO nodes_counter AS c (name, value) SELECT * FROM unnest(%s::text[], %s::bigint[])"
            " ON CONFLICT (name) DO UPDATE SET value = c.value + excluded.value, raised_at = now()",
            [[str(name) for name in names], [amounts[name] for name in names]],
        )


def read() -> dict[Figure, Reading]:
    """Return every figure; what was never counted is zero."""
    rows = {row.name: Reading(row.value, row.raised_at) for row in Counter.objects.all()}
    return {figure: rows.get(figure, Reading(0, None)) for figure in Figure}
