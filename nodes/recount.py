"""Counts every chunk's copies anew once a day, a slice a call: what a fault or a change by hand has left.

All orders are given with the change that calls for them, and sweeps look only for orders. This looks at what
is there: chunks that lack copies, have too many or are needed by nothing, and that nobody was told of.
"""

import logging
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from nodes import figures, reclaim, turns
from nodes.figures import Figure
from nodes.models import Census, Chunk

log = logging.getLogger(__name__)

TURN = "recount"
LONGEST_TURN_SECONDS = 120
"""Longer than a task may run (CELERY_TASK_TIME_LIMIT)."""
INTERVAL = timedelta(days=1)
SLICE_CHUNKS = 20_000
"""A quarter of a second of PostgreSQL's time a call, and 28 million chunks a day."""
PENDING_SECONDS = 3600
"""Nobody is at a copy for so long; whoever began it has died."""

_SLICE_END = """
SELECT max(id), count(*) FROM (SELECT id FROM nodes_chunk WHERE id > %s ORDER BY id LIMIT %s) AS slice
"""
# One statement, so one moment: orders are given in the transactions that make them necessary.
_FORGOTTEN = """
SELECT id, forgotten FROM (
    SELECT c.id, CASE
        WHEN NOT EXISTS (SELECT 1 FROM nodes_extent e WHERE e.chunk_id = c.id) THEN 'unneeded'
        WHEN c.copies_due_at IS NOT NULL THEN NULL
        WHEN held.good < %(replicas)s OR held.given_up > 0 THEN 'thin'
        WHEN held.good + held.leaving > %(replicas)s AND c.surplus_at IS NULL THEN 'many'
    END AS forgotten
    FROM nodes_chunk c CROSS JOIN LATERAL (
        SELECT count(*) FILTER (
                   WHERE r.state = 'stored' AND n.duty = 'active' AND NOT n.absence_noted
               ) AS good,
               count(*) FILTER (WHERE r.state = 'stored' AND n.duty = 'draining') AS leaving,
               count(*) FILTER (
                   WHERE r.state = 'pending' AND r.created_at < now() - %(patience)s * interval '1 second'
               ) AS given_up
        FROM nodes_replica r JOIN nodes_node n ON n.id = r.node_id WHERE r.chunk_id = c.id
    ) AS held
    WHERE c.id > %(after)s AND c.id <= %(to)s AND c.state = 'live'
      AND (c.lease_until IS NULL OR c.lease_until <= now())
) AS counted WHERE forgotten IS NOT NULL
"""


def walk_on() -> int:
    """Recount the next slice, if the day's walk is not over; returns how many chunks nobody was told of.

    One does it at a time, another does nothing meanwhile. What is found is ordered, never done here.
    """
    due = Q(recount_next_at=None) | Q(recount_next_at__lte=Now())
    walk, holder = Census.objects.filter(due).first(), uuid4()
    if walk is None or not turns.take(TURN, holder, seconds=LONGEST_TURN_SECONDS):
        return 0
    try:
        with connection.cursor() as cursor:
            cursor.execute(_SLICE_END, [walk.recounted_to, SLICE_CHUNKS])
            slice_end, chunks = cursor.fetchone()
        found = _order_forgotten(walk.recounted_to, slice_end) if chunks else 0
        mine = Census.objects.filter(id=walk.id)
        if chunks == SLICE_CHUNKS:
            mine.update(recounted_to=slice_end)
        else:
            mine.update(recounted_to=0, recount_next_at=Now() + INTERVAL)
    finally:
        turns.give_back(TURN, holder)
    return found


def _order_forgotten(after: int, to: int) -> int:
    """Order what is wanted, each kind in a transaction of its own: each locks its chunks in their order."""
    parameters = {"replicas": settings.REPLICAS, "patience": PENDING_SECONDS, "after": after, "to": to}
    found: dict[str, list[int]] = {"thin": [], "many": [], "unneeded": []}
    with connection.cursor() as cursor:
        cursor.execute(_FORGOTTEN, parameters)
        for chunk_id, forgotten in cursor.fetchall():
            found[forgotten].append(chunk_id)
    count = sum(map(len, found.values()))
    if count:
        log.error(
            "the recount found chunks without an order: %d lack copies, %d have too many, %d are not needed",
            *map(len, found.values()),
        )
        with transaction.atomic():
            thin = Chunk.objects.filter(id__in=found["thin"])
            thin.make_due()
            thin.update(is_repair=True)  # within the limit of repair, and after fresh uploads
        Chunk.objects.filter(id__in=found["many"]).expect_surplus()
        with transaction.atomic():
            reclaim.condemn_unneeded(found["unneeded"])
        figures.add({Figure.CHUNKS_RECOUNTED_WRONG: count})
    return count
