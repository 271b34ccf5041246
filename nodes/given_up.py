"""Lets go of copies that were given up, once their chunk has had all its good copies for long enough.

A copy found bad or absent keeps its row, and a bad file its place in the node's quarantine, for a person to
look at or for a disk to find again. They are marked here; `nodes.reclaim` has the files removed.
"""

import logging
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from nodes import brake
from nodes.models import Chunk, Replica

log = logging.getLogger(__name__)

SLICE = 1_000

_REPLACED = """
SELECT r.id, r.chunk_id FROM nodes_node n
JOIN nodes_replica r ON r.node_id = n.id AND r.state IN ('corrupt', 'missing')
    AND r.verified_at < now() - %s::float * interval '1 second'
JOIN nodes_chunk c ON c.id = r.chunk_id AND c.state = 'live' AND c.copies_due_at IS NULL
WHERE %s <= (
    SELECT count(*) FROM nodes_replica good JOIN nodes_node at ON at.id = good.node_id
    WHERE good.chunk_id = c.id AND good.state = 'stored' AND good.doubted_at IS NULL
        AND at.duty = 'active' AND NOT at.absence_noted
        AND nodes_is_proven(at.returned_at, good.verified_at)
) AND (%s::bigint[] IS NULL OR c.id = ANY(%s::bigint[]))
"""


def let_go(*, is_confirmed: bool = False) -> bool:
    """Mark replaced copies for removal, a slice; tells whether there may be more.

    More than is usual stay until an admin confirms. The chunks are locked, then all is looked at once more.
    """
    found = _replaced()
    if not is_confirmed and brake.holds(len(found)):
        log.error("%d copies that were given up would go: stopped until an admin confirms", len(found))
        return False
    chunk_ids = sorted({chunk_id for _, chunk_id in found})[:SLICE]
    if not chunk_ids:
        return False
    with transaction.atomic():
        locked = list(Chunk.objects.filter(id__in=chunk_ids).in_lock_order().values_list("id", flat=True))
        ids = [replica_id for replica_id, _ in _replaced(locked)]
        given_up = Replica.objects.filter(id__in=ids, state__in=Replica.GIVEN_UP)
        count = given_up.update(state=Replica.State.DELETING)
    log.info("%d copies that were given up and replaced go", count)
    return len(chunk_ids) == SLICE


def _replaced(chunk_ids: list[int] | None = None) -> list[tuple[UUID, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_REPLACED, [settings.QUARANTINE_SECONDS, settings.REPLICAS, chunk_ids, chunk_ids])
        rows: list[tuple[UUID, int]] = cursor.fetchall()
        return rows
