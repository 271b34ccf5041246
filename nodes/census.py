"""Counts now and then what is too much to count for everybody who asks; the only writer of `Census`.

Copies are counted by node and state. Chunks are walked through, a slice a call, for those whose copies all
lie in one zone or on nodes that are gone: through 10 million in 100 calls, each of the same small cost.
"""

from django.db import connection, transaction
from django.db.models import Count
from django.db.models.functions import Now

from nodes.models import Census, Replica

SLICE_CHUNKS = 100_000

_SLICE_END = """
SELECT max(id), count(*) FROM (SELECT id FROM nodes_chunk WHERE id > %s ORDER BY id LIMIT %s) AS slice
"""
_JUDGED = """
SELECT count(*) FILTER (WHERE copies > 1 AND zones = 1), count(*) FILTER (WHERE within_reach = 0)
FROM (
    SELECT count(*) AS copies, count(DISTINCT n.zone) AS zones,
           count(*) FILTER (WHERE n.health <> 'offline') AS within_reach
    FROM nodes_replica r
    JOIN nodes_node n ON n.id = r.node_id
    JOIN nodes_chunk c ON c.id = r.chunk_id AND c.state = 'live'
    WHERE r.state = 'stored' AND r.chunk_id > %s AND r.chunk_id <= %s
    GROUP BY r.chunk_id
) AS chunk
"""


def take() -> bool:
    """Count the copies and walk on by a slice of chunks; tells whether this ended a walk.

    One does it at a time, another does nothing meanwhile.
    """
    Census.objects.get_or_create(id=1)
    with transaction.atomic():
        census = Census.objects.select_for_update(skip_locked=True).filter(id=1).first()
        if census is None:
            return False
        census.replicas = _count_replicas()
        is_walk_over = _walk_on(census)
        census.save()
        Census.objects.filter(id=1).update(counted_at=Now())
    return is_walk_over


def read() -> Census:
    """Return the last census; before the first there is so little that it is counted at once."""
    return Census.objects.filter(id=1, counted_at__isnull=False).first() or Census(replicas=_count_replicas())


def replicas_by_node(census: Census) -> dict[int, dict[str, int]]:
    """Return how many copies of each state every node has."""
    return {int(node_id): dict(states) for node_id, states in census.replicas.items()}


def _count_replicas() -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    rows = Replica.objects.order_by().values_list("node_id", "state").annotate(copies=Count("id"))
    for node_id, state, copies in rows:
        counts.setdefault(str(node_id), {})[state] = copies
    return counts


def _walk_on(census: Census) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_SLICE_END, [census.walked_to, SLICE_CHUNKS])
        slice_end, chunks = cursor.fetchone()
        if chunks:
            cursor.execute(_JUDGED, [census.walked_to, slice_end])
            same_zone, unavailable = cursor.fetchone()
            census.found_same_zone += same_zone
            census.found_unavailable += unavailable
            census.walked_to = slice_end
    if chunks == SLICE_CHUNKS:
        return False
    census.same_zone, census.unavailable = census.found_same_zone, census.found_unavailable
    census.found_same_zone = census.found_unavailable = census.walked_to = 0
    return True
