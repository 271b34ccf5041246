"""Has every node re-read and re-hash what it stores, all of it within a period and at a bounded pace.

A node's row of Upkeep is the work order, the pace and the lease. What is due is found by `verified_at`;
judging is `nodes.verdicts`.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Least, Now

from nodes import figures, roster, verdicts
from nodes.beside import ThreadPool
from nodes.errors import NodeError
from nodes.figures import Figure
from nodes.models import Node, Replica, Upkeep
from nodes.roster import NodeView

log = logging.getLogger(__name__)

SLICE_SECONDS = 2.0
"""So much of a node's pace is taken at once: short for even reading, long enough to cost little."""
SLICE_COPIES = 1_000
SLICE_BYTES = 256 * 2**20
LEASE_SECONDS = 120
"""Longer than a task may run (CELERY_TASK_TIME_LIMIT)."""
RETRY_SECONDS = 60
"""After a node did not answer."""
LONGEST_SLEEP_SECONDS = 3600
"""With nothing due, so that changed settings act within the hour."""
WINDOW_COPIES = 4_096
"""Copies are taken at random from so many that have waited longest: none starves, none knows its turn."""
THREADS = 8

_CHOOSE = f"""
SELECT r.id, c.id, c.digest, c.size
FROM (
    SELECT id, chunk_id FROM (
        SELECT id, chunk_id FROM nodes_replica
        WHERE node_id = %s AND state = 'stored' AND doubted_at IS NULL
          AND verified_at < greatest(now() - %s * interval '1 second', %s::timestamptz)
        ORDER BY verified_at LIMIT {WINDOW_COPIES}
    ) AS waiting ORDER BY random() LIMIT {SLICE_COPIES}
) AS r JOIN nodes_chunk c ON c.id = r.chunk_id
"""
_PROGRESS = """
SELECT count(*), count(*) FILTER (WHERE is_fresh),
       coalesce(sum(size), 0), coalesce(sum(size) FILTER (WHERE is_fresh), 0), min(verified_at),
       count(*) FILTER (WHERE is_left), coalesce(sum(size) FILTER (WHERE is_left), 0)
FROM (
    SELECT c.size, r.verified_at, r.verified_at >= now() - %s * interval '1 second' AS is_fresh,
           r.verified_at < %s::timestamptz AS is_left
    FROM nodes_replica r JOIN nodes_chunk c ON c.id = r.chunk_id
    WHERE r.node_id = %s AND r.state = 'stored'
) AS stored
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of what a node stores was verified within the period."""

    copies: int
    verified_copies: int
    stored_bytes: int
    verified_bytes: int
    oldest_verified_at: datetime | None
    copies_left: int
    """Of those to be looked at since `ordered_at`; 0 without an order."""
    bytes_left: int
    ordered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Slice:
    """What one node is to look at now."""

    view: NodeView
    copies: list[verdicts.Copy]

    @property
    def size(self) -> int:
        return sum(copy.size for copy in self.copies)


def scrub_due() -> bool:
    """Have every node whose pace allows it look at a slice of what is due; tells whether some had any."""
    slices = [Slice(view, _choose(view, ordered_at)) for view, ordered_at in _claim()]
    busy = []
    for one in slices:
        if one.copies:
            busy.append(one)
        else:
            _sleep(one.view)
    if busy:
        connection.close()
        with ThreadPool(THREADS, thread_name_prefix="scrub") as scrubbers:
            list(scrubbers.map(_scrub, busy))
    return bool(busy)


def order(node: Node) -> None:
    """Have everything on a node looked at anew, from now on and at the usual pace."""
    Upkeep.objects.enlist()
    Upkeep.objects.filter(node=node).update(scrub_ordered_at=Now(), scrub_next_at=Now())
    log.info("everything on node %s is to be verified anew", node.name)


def due_after(*, period: timedelta, used_bytes: int, bytes_per_second: int) -> timedelta:
    """Tell how long after its last look a copy is due: early enough that all are done within the period.

    The lead is twice what reading the whole node takes, at least a fourteenth of the period, at most half.
    """
    lead = timedelta(seconds=2 * used_bytes / bytes_per_second)
    return period - min(max(lead, period / 14), period / 2)


def progress(node: Node) -> Progress:
    """Count what was verified within the period; reads every row of the node, a second for a million."""
    upkeep = Upkeep.objects.filter(node=node).first()
    ordered_at = upkeep.scrub_ordered_at if upkeep else None
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, [settings.SCRUB_PERIOD_SECONDS, ordered_at, node.id])
        copies, verified_copies, stored_bytes, verified_bytes, oldest, left, bytes_left = cursor.fetchone()
    return Progress(
        copies=copies,
        verified_copies=verified_copies,
        stored_bytes=int(stored_bytes),
        verified_bytes=int(verified_bytes),
        oldest_verified_at=oldest,
        copies_left=left,
        bytes_left=int(bytes_left),
        ordered_at=ordered_at,
    )


def copies_left(node: Node, ordered_at: datetime) -> int:
    """Count what an order has yet to look at, by an index; cheaper than all that `progress` tells."""
    return Replica.objects.stored().filter(node=node, verified_at__lt=ordered_at).count()


def with_oldest() -> QuerySet[Node]:
    """Nodes annotated with `oldest_at`, when the copy was verified that has waited longest; cheap.

    Nodes that are gone are another problem, and left out.
    """
    stored = Replica.objects.stored().filter(node=OuterRef("id"))
    oldest = Subquery(stored.order_by("verified_at").values("verified_at")[:1])
    return Node.objects.in_service().filter(absence_noted=False).annotate(oldest_at=oldest)


def overdue() -> QuerySet[Node]:
    """Nodes with copies that nobody has looked at for longer than the period; annotated and cheap alike."""
    late: QuerySet[Node] = with_oldest().filter(oldest_at__lt=Now() - Value(_period()))  # type: ignore[misc]
    return late


def _period() -> timedelta:
    return timedelta(seconds=settings.SCRUB_PERIOD_SECONDS)


def _claim() -> list[tuple[NodeView, datetime | None]]:
    """Take the nodes that answer and whose time has come; nobody else has them until the lease ends."""
    Upkeep.objects.enlist()
    views = {view.id: view for view in roster.views().values() if view.is_reachable}
    with transaction.atomic():
        rows = dict(
            Upkeep.objects.select_for_update(skip_locked=True)
            .filter(node_id__in=views, scrub_next_at__lte=Now())
            .values_list("node_id", "scrub_ordered_at")
        )
        lease = Now() + Value(timedelta(seconds=LEASE_SECONDS))
        Upkeep.objects.filter(node_id__in=rows).update(scrub_next_at=lease)
    return [(views[node_id], ordered_at) for node_id, ordered_at in rows.items()]


def _due_after(node_id: int) -> timedelta:
    node = Node.objects.get(id=node_id)
    used_bytes = max(node.capacity_bytes - node.free_bytes, 0)
    return due_after(
        period=_period(), used_bytes=used_bytes, bytes_per_second=settings.SCRUB_BYTES_PER_SECOND
    )


def _choose(view: NodeView, ordered_at: datetime | None) -> list[verdicts.Copy]:
    """Choose a slice of what is due, in random order; doubted copies are looked at by replication."""
    with connection.cursor() as cursor:
        cursor.execute(_CHOOSE, [view.id, _due_after(view.id).total_seconds(), ordered_at])
        rows = cursor.fetchall()
    chosen: list[verdicts.Copy] = []
    room = min(settings.SCRUB_BYTES_PER_SECOND * SLICE_SECONDS, SLICE_BYTES)
    for replica_id, chunk_id, digest, size in rows:
        if chosen and size > room:
            break
        chosen.append(verdicts.Copy(replica_id, chunk_id, bytes(digest), size))
        room -= size
    return chosen


def _scrub(work: Slice) -> None:
    began = time.monotonic()
    try:
        verdicts.look_again(work.view, work.copies)
    except NodeError as error:
        log.warning("scrub of %s goes on later: %s", work.view.name, error)
        _go_on(work.view, timedelta(seconds=RETRY_SECONDS))
    else:
        figures.add({Figure.REPLICAS_SCRUBBED: len(work.copies), Figure.SCRUBBED_BYTES: work.size})
        rest = work.size / settings.SCRUB_BYTES_PER_SECOND - (time.monotonic() - began)
        _go_on(work.view, timedelta(seconds=max(rest, 0)))
    finally:
        connection.close()


def _sleep(view: NodeView) -> None:
    """Nothing is due here: come back when the oldest copy is, or one that is stored now would be."""
    after = _due_after(view.id)
    oldest = Replica.objects.stored().filter(node_id=view.id, doubted_at__isnull=True)
    at_last = Now() + Value(min(after, timedelta(seconds=LONGEST_SLEEP_SECONDS)))
    due_at = oldest.order_by("verified_at").annotate(due_at=F("verified_at") + Value(after))
    Upkeep.objects.filter(node_id=view.id).update(
        scrub_next_at=Least(at_last, Coalesce(Subquery(due_at.values("due_at")[:1]), at_last))
    )


def _go_on(view: NodeView, after: timedelta) -> None:
    Upkeep.objects.filter(node_id=view.id).update(scrub_next_at=Now() + Value(after))
