"""Keeps copies well spread: finds chunks whose copies all share a zone, and evens out how full the nodes are.

It only orders and adds: the copy that is too many then is found and removed by `nodes.trim`. It works when
all is well and takes turns with repair, so that it never takes what repair or uploads could use.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from nodes import figures, replication, roster, safety, turns
from nodes.figures import Figure
from nodes.models import Chunk, Node, Rebalance, Replica
from nodes.pace import Pace

log = logging.getLogger(__name__)

WALK_SECONDS = 24 * 3600
"""In a day every chunk has been looked at, twice as a rule."""
MOST_MISPLACED = 10_000
MOVES = 64
"""Chunks a pass; then trimming and reclaiming show what it brought."""
BUDGET_SECONDS = 5.0
SHARE_OF_LIMIT = 0.5

_SLICE = """
SELECT floor(top * (position - width))::bigint, ceil(top * position)::bigint, top FROM (
    SELECT coalesce(max(id), 0) AS top, %s::float AS width,
        (extract(epoch FROM now())::float / %s) - floor(extract(epoch FROM now())::float / %s) AS position
    FROM nodes_chunk
) AS walk
"""
_MISPLACED = f"""
SELECT c.id FROM nodes_chunk c
LEFT JOIN nodes_replica r ON r.chunk_id = c.id AND r.state = 'stored'
LEFT JOIN nodes_node n ON n.id = r.node_id AND n.duty = 'active' AND NOT n.absence_noted
WHERE (c.id > %s AND c.id <= %s OR c.id > %s) AND c.state = 'live' AND c.copies_due_at IS NULL
GROUP BY c.id
HAVING count(n.id) < %s OR (count(n.id) > 1 AND count(DISTINCT n.zone) = 1 AND %s)
LIMIT {MOST_MISPLACED}
"""
_MOVABLE = """
SELECT c.id, c.size FROM nodes_replica r
JOIN nodes_chunk c ON c.id = r.chunk_id
WHERE r.node_id = %(source)s AND r.state = 'stored'
    AND c.state = 'live' AND c.copies_due_at IS NULL AND c.surplus_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM nodes_replica held
        WHERE held.chunk_id = c.id AND held.node_id = %(target)s AND held.state IN ('pending', 'stored')
    )
    AND (
        NOT EXISTS (SELECT 1 FROM nodes_replica other JOIN nodes_node n ON n.id = other.node_id
            WHERE other.chunk_id = c.id AND other.state = 'stored'
            AND other.node_id <> %(source)s AND n.zone = %(target_zone)s)
        OR EXISTS (SELECT 1 FROM nodes_replica other JOIN nodes_node n ON n.id = other.node_id
            WHERE other.chunk_id = c.id AND other.state = 'stored'
            AND other.node_id <> %(source)s AND n.zone = %(source_zone)s)
    )
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Outlook:
    """How uneven the active nodes are and how far evening them out has come.

    `waits_for` says in words why nothing moves, empty when it does.
    """

    difference: float
    """Between the used shares of the fullest and the emptiest."""
    threshold: float
    moved_bytes: int
    """Since this rebalance began."""
    bytes_left: int
    """What would have to move until all are as full as the whole."""
    bytes_per_second: float | None
    """The mean since it began, pauses included; None before the first pass and the wait after it are over."""
    seconds_left: float | None
    """At most, at that rate: it ends before all are as full as the whole."""
    waits_for: str


@dataclass(frozen=True, slots=True)
class Move:
    """Chunks that get a copy on one node so that a fuller one can give its own up."""

    source: Node
    target: Node
    chunk_ids: list[int]


def rebalance() -> int:
    """Make one pass: order what is badly spread, move a little if all is well; returns the copies added."""
    if safety.doubt():
        return 0
    order_misplaced()
    by_fill = _active_by_fill()
    if _is_even(by_fill):
        if Rebalance.objects.exists():  # asked first: to delete nothing costs three statements
            Rebalance.objects.all().delete()
        return 0
    if order_abandoned(by_fill) or _trouble():
        return 0
    found = find_move(by_fill)
    if isinstance(found, Move):
        return _make(found)
    Rebalance.objects.update_or_create(id=1, defaults={"hindrance": found})
    return 0


def order_misplaced() -> int:
    """Look at the chunks whose time of the day it is, and order what lacks copies or shares one zone.

    The database's clock alone says which: nothing is kept, and two passes at once do no harm. Returns how
    many chunks are due now.
    """
    width = 2 * settings.REBALANCE_INTERVAL_SECONDS / WALK_SECONDS
    with connection.cursor() as cursor:
        cursor.execute(_SLICE, [width, WALK_SECONDS, WALK_SECONDS])
        start, stop, top = cursor.fetchone()
    return order_misplaced_in(start, stop, top + min(start, 0))


def order_misplaced_in(start: int, stop: int, again_from: int) -> int:
    """Order what is misplaced among the chunk ids `start < id <= stop` and `id > again_from`."""
    zones = {view.zone for view in roster.views().values() if view.is_writable}
    with connection.cursor() as cursor:
        cursor.execute(_MISPLACED, [start, stop, again_from, settings.REPLICAS, len(zones) > 1])
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return 0
    log.warning("%d chunks lack copies that nobody had ordered, or have all of them in one zone", len(ids))
    return Chunk.objects.filter(id__in=ids).make_due()


def order_abandoned(nodes: Sequence[Node]) -> int:
    """Order the chunks that a pass which died was giving to one of these nodes; returns how many there are.

    Their other copies are all there, so nothing else would look at them before the recount of the day.
    """
    begun = Replica.objects.filter(node__in=nodes, state=Replica.State.PENDING)
    is_free = Q(lease_until=None) | Q(lease_until__lte=Now())
    mine = Chunk.objects.filter(
        is_free, id__in=begun.values("chunk"), copies_due_at=None, state=Chunk.State.LIVE
    )
    return mine.make_due()


def find_move(by_fill: list[Node]) -> Move | Rebalance.Hindrance:
    """Find the fullest of these uneven nodes that can give copies to the emptiest, or why none can.

    Zones are respected: no chunk's copies lie in fewer zones afterwards.
    """
    hindrance = Rebalance.Hindrance.DISK
    for source in reversed(by_fill):
        for target in by_fill:
            gap = _fill(source) - _fill(target)
            if gap <= settings.REBALANCE_THRESHOLD:
                break
            if source.filesystem_id and source.filesystem_id == target.filesystem_id:
                continue  # nothing would become emptier
            hindrance = Rebalance.Hindrance.PLACES
            room = int(gap / 2 * min(source.capacity_bytes, target.capacity_bytes))
            if ids := _movable(source, target, room):
                return Move(source, target, ids)
    return hindrance


def outlook() -> Outlook:
    """Tell how uneven the nodes are, how long it takes, and why nothing moves if nothing does; read only."""
    by_fill = _active_by_fill()
    capacity = sum(node.capacity_bytes for node in by_fill)
    mean = 1 - sum(node.free_bytes for node in by_fill) / capacity if capacity else 0.0
    surplus = sum(max(_fill(node) - mean, 0.0) * node.capacity_bytes for node in by_fill)
    is_even = _is_even(by_fill)
    bytes_left = 0 if is_even else int(surplus)
    moved_bytes, rate = _moved()
    waits_for = _("the nodes are even enough") if is_even else safety.doubt() or _trouble() or _hindrance()
    return Outlook(
        difference=_difference(by_fill),
        threshold=settings.REBALANCE_THRESHOLD,
        moved_bytes=moved_bytes,
        bytes_left=bytes_left,
        bytes_per_second=rate,
        seconds_left=0.0 if is_even else bytes_left / rate if rate else None,
        waits_for=waits_for,
    )


def _active_by_fill() -> list[Node]:
    return sorted(Node.objects.filter(duty=Node.Duty.ACTIVE), key=_fill)


def _is_even(by_fill: list[Node]) -> bool:
    return _difference(by_fill) <= float(settings.REBALANCE_THRESHOLD)


def _moved() -> tuple[int, float | None]:
    """Return the bytes moved since the rebalance began, and how many that is a second if it can be told."""
    row = Rebalance.objects.values_list("moved_bytes", Now() - F("began_at")).first()
    if row is None:
        return 0, None
    moved_bytes, elapsed = row[0], row[1].total_seconds()
    is_told = moved_bytes and elapsed >= settings.REBALANCE_INTERVAL_SECONDS
    return moved_bytes, moved_bytes / elapsed if is_told else None


def _difference(by_fill: list[Node]) -> float:
    return _fill(by_fill[-1]) - _fill(by_fill[0]) if by_fill else 0.0


def _fill(node: Node) -> float:
    return 1 - node.free_bytes / node.capacity_bytes if node.capacity_bytes else 0.0


def _trouble() -> str:
    """Say what comes first: copies that are made or removed now change what nodes will say of their room."""
    if Node.objects.in_service().exclude(health=Node.Health.ONLINE).exists():
        return _("a node is away")
    if Chunk.objects.under_replicated().exists():
        return _("copies are being made")
    if (
        Chunk.objects.filter(surplus_at__isnull=False).exists()
        or Replica.objects.filter(state=Replica.State.DELETING).exists()
    ):
        return _("copies that were moved are being removed")
    return ""


def _hindrance() -> str:
    """Say what the last pass found in the way of every copy."""
    match Rebalance.objects.values_list("hindrance", flat=True).first():
        case Rebalance.Hindrance.DISK:
            return _("the nodes that differ share a disk")
        case Rebalance.Hindrance.PLACES:
            return _("emptier nodes hold a copy of each piece already, or zones would be lost")
    return ""


def _movable(source: Node, target: Node, room_bytes: int) -> list[int]:
    """Return chunks to move, together not larger than this."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVABLE,
            {
                "source": source.id,
                "target": target.id,
                "source_zone": source.zone,
                "target_zone": target.zone,
                "limit": MOVES,
            },
        )
        ids = []
        for chunk_id, size in cursor.fetchall():
            room_bytes -= size
            if room_bytes >= 0:
                ids.append(chunk_id)
    return ids


def _make(move: Move) -> int:
    holder = uuid4()
    if not turns.take(replication.TURN, holder, seconds=replication.TURN_SECONDS):
        return 0
    pace = Pace(settings.REPAIR_BYTES_PER_SECOND * SHARE_OF_LIMIT)
    try:
        Rebalance.objects.exclude(hindrance="").delete()  # what moves now begins anew
        Rebalance.objects.bulk_create([Rebalance()], ignore_conflicts=True)  # it may be under way
        deadline = time.monotonic() + BUDGET_SECONDS
        roster.reload()
        added, size = replication.add_copies(
            move.chunk_ids, roster.views()[move.target.id], pace=pace, deadline=deadline
        )
    finally:
        replication.end_turn(holder, pace)
    Rebalance.objects.update(moved_bytes=F("moved_bytes") + size)
    figures.add({Figure.COPIES_REBALANCED: added})
    log.info("%d chunks of %s got a copy on %s", added, move.source.name, move.target.name)
    return added
