"""Removes copies beyond the replication factor, and those of draining nodes, once enough others are proven.

A copy goes only while REPLICAS others, on nodes that count and answer and in zones enough, were read and
hashed by their nodes within a day. It is marked here; `nodes.reclaim` removes its file. In doubt it stays.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from nodes import brake, failpoints, figures, placement, roster, safety, second_looks, turns, verdicts
from nodes.figures import Figure
from nodes.jobs import is_crowded
from nodes.models import Chunk, ChunkQuerySet, Node, Replica
from nodes.placement import Held

log = logging.getLogger(__name__)

SLICE_CHUNKS = 64
BUDGET_SECONDS = 5.0
TURN = "trim"
TURN_SECONDS = 90.0
"""Longer than one slice may take: a node may be asked to hash for a minute."""
LOOK_AGAIN_SECONDS = 120
"""When a chunk whose copies could not be proven now is looked at again."""

_STORED = """
SELECT r.id, r.chunk_id, r.node_id, n.zone, 1 - n.free_bytes::float / greatest(n.capacity_bytes, 1),
    n.duty = 'draining',
    n.duty = 'active' AND NOT n.absence_noted,
    n.health = 'online' AND n.probed_at > now() - %s::float * interval '1 second',
    r.doubted_at IS NULL AND r.verified_at > r.stored_at AND r.verified_at > now() - interval '24 hours'
        AND nodes_is_proven(n.returned_at, r.verified_at)
FROM nodes_replica r JOIN nodes_node n ON n.id = r.node_id
WHERE r.chunk_id = ANY(%s::bigint[]) AND r.state = 'stored'
"""

_TOO_MANY = """
SELECT count(*) FROM (
    SELECT c.id FROM nodes_chunk c
    JOIN nodes_replica r ON r.chunk_id = c.id AND r.state = 'stored'
    JOIN nodes_node n ON n.id = r.node_id AND n.duty = 'active' AND NOT n.absence_noted
    WHERE c.surplus_at <= now() AND c.copies_due_at IS NULL AND c.state = 'live'
    GROUP BY c.id HAVING count(*) > %s
) AS crowded
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored copy and what trimming asks of it."""

    replica_id: UUID
    chunk_id: int
    node_id: int
    zone: str
    fill: float
    is_on_draining_node: bool
    counts: bool
    is_well: bool
    """Its node was seen to be well just now."""
    is_proven: bool
    """Its node has hashed it since it was written, within a day and since the node last came back."""

    @property
    def held(self) -> Held:
        return Held(self.replica_id, self.zone, self.fill)


def trim(*, budget_seconds: float = BUDGET_SECONDS, is_confirmed: bool = False) -> bool:
    """Work on chunks that may have copies too many, for a while; tells whether some are left.

    Nothing is removed while half of the nodes are away. There is one pass at a time in the whole cluster.
    `is_confirmed` lifts the brake for this call.
    """
    if not _expected().exists():
        return False
    if problem := safety.doubt():
        log.warning("no copies are trimmed: %s", problem)
        return False
    if not is_confirmed and (many := held_back()):
        log.error("%d chunks would lose surplus copies: stopped until an admin confirms", many)
        return False
    deadline = time.monotonic() + budget_seconds
    holder = uuid4()
    while turns.take(TURN, holder, seconds=TURN_SECONDS):
        ids = list(_expected().order_by("surplus_at").values_list("id", flat=True)[:SLICE_CHUNKS])
        if ids:
            prove(ids)
            failpoints.hit("trim.proven")
            remove(ids)
        is_more = len(ids) == SLICE_CHUNKS
        if not is_more or time.monotonic() > deadline:
            turns.give_back(TURN, holder)
            return is_more
    return False


def held_back() -> int:
    """Count the chunks with copies too many, if they are more than may lose some unasked; else 0.

    What draining nodes hold is not counted: an admin has ordered that it goes.
    """
    if not brake.holds(_expected().count()):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_TOO_MANY, [settings.REPLICAS])
        many: int = cursor.fetchone()[0]
    return many if brake.holds(many) else 0


def prove(chunk_ids: Sequence[int]) -> None:
    """Have nodes hash the copies that would be kept, unless they did lately; a bad one makes its chunk due.

    A node is asked once; what does not fit into one request waits for the next look.
    """
    views = roster.views()
    chunks = Chunk.objects.in_bulk(list(chunk_ids))
    unproven: dict[roster.NodeView, list[verdicts.Copy]] = {}
    for copies in _stored(chunk_ids).values():
        if not _may_be_too_many(copies):
            continue
        for copy in _kept(copy for copy in copies if copy.counts and copy.is_well):
            if copy.is_proven or copy.node_id not in views:
                continue
            chunk = chunks[copy.chunk_id]
            asked = unproven.setdefault(views[copy.node_id], [])
            if verdicts.has_room(asked, chunk.size):
                asked.append(verdicts.Copy(copy.replica_id, chunk.id, bytes(chunk.digest), chunk.size))
    second_looks.look_at(unproven)


def remove(chunk_ids: Sequence[int]) -> int:
    """Mark what is too many for removal; decided under locks, by a look that begins after them.

    Nobody retires or drains a node meanwhile; chunks that are due or worked on are passed over. For those
    with too few copies that count, more are ordered. Returns how many copies go.
    """
    surplus: list[UUID] = []
    settled: list[int] = []
    thin: list[int] = []
    waiting: list[int] = []
    with transaction.atomic():
        zones = _lock_nodes()
        locked = list(_expected().filter(id__in=chunk_ids).in_lock_order().values_list("id", flat=True))
        stored = _stored(locked)
        for chunk_id in locked:
            copies = stored.get(chunk_id, [])
            kept = _kept(copy for copy in copies if copy.counts and copy.is_well and copy.is_proven)
            possible = zones | {copy.zone for copy in copies if copy.counts}
            if not _may_be_too_many(copies):
                settled.append(chunk_id)
            elif sum(copy.counts for copy in copies) < settings.REPLICAS:
                thin.append(chunk_id)  # one came to its node when its drain had been ordered: nobody was told
            elif len(kept) < settings.REPLICAS or is_crowded({copy.zone for copy in kept}, possible):
                waiting.append(chunk_id)
            else:
                surplus += [copy.replica_id for copy in copies if _is_removable(copy) and copy not in kept]
                settled.append(chunk_id)
        Replica.objects.stored().filter(id__in=surplus).update(state=Replica.State.DELETING)
        Chunk.objects.filter(id__in=settled).update(surplus_at=None)
        Chunk.objects.filter(id__in=thin).make_due()
        _look_again(waiting)
        figures.add({Figure.COPIES_TRIMMED: len(surplus)})
    if surplus:
        log.info("%d copies are not needed any more and go", len(surplus))
    return len(surplus)


def _expected() -> ChunkQuerySet:
    """Chunks that may have copies too many, and that nobody is to copy or copies."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
    return Chunk.objects.filter(
        free, surplus_at__lte=Now(), copies_due_at__isnull=True, state=Chunk.State.LIVE
    )


def _stored(chunk_ids: Sequence[int]) -> dict[int, list[Stored]]:
    found: dict[int, list[Stored]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [roster.fresh_seconds(), list(chunk_ids)])
        for row in cursor.fetchall():
            copy = Stored(*row)
            found.setdefault(copy.chunk_id, []).append(copy)
    return found


def _is_removable(copy: Stored) -> bool:
    """A copy on a node that is gone for long stays: it may be the last one some day."""
    return copy.counts or copy.is_on_draining_node


def _may_be_too_many(copies: Sequence[Stored]) -> bool:
    counting = [copy for copy in copies if copy.counts]
    return len(counting) > settings.REPLICAS or any(copy.is_on_draining_node for copy in copies)


def _kept(copies: Iterable[Stored]) -> list[Stored]:
    by_key = {copy.replica_id: copy for copy in copies}
    kept = placement.choose_kept((copy.held for copy in by_key.values()), wanted=settings.REPLICAS)
    return [by_key[held.key] for held in kept]


def _lock_nodes() -> set[str]:
    """Keep every node's duty as it is until the end of the transaction; returns the zones with room.

    FOR SHARE: uploads and other passes go on, who would change a duty waits.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT zone, duty, health, free_bytes FROM nodes_node ORDER BY id FOR SHARE")
        return {
            zone
            for zone, duty, seen, free_bytes in cursor.fetchall()
            if duty == Node.Duty.ACTIVE and seen == Node.Health.ONLINE and free_bytes >= settings.CHUNK_SIZE
        }


def _look_again(chunk_ids: Sequence[int]) -> None:
    if chunk_ids:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE nodes_chunk SET surplus_at = now() + %s::float * interval '1 second'"
                " WHERE id = ANY(%s::bigint[])",
                [LOOK_AGAIN_SECONDS, list(chunk_ids)],
            )
