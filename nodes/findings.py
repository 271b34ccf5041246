"""Gathers what the doctor judges: rows alone, a few statements that cost little however much there is.

What would take long to count comes from the census.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, OuterRef

from nodes import brake, census, figures, orphans, roster, safety, scrub, trim, watermark
from nodes.figures import Figure
from nodes.health import database_now
from nodes.models import Chunk, ChunkQuerySet, Node, Orphan, Replica, Upkeep, Watermark

UNREPAIRED_SECONDS = 300
"""Most losses are made good sooner, and alarm nobody."""

_QUEUE = f"""
SELECT count(*),
       count(*) FILTER (WHERE attempts > 1 OR copies_seen < %s OR is_repair AND copies_seen < %s
           AND coalesce(thin_since, copies_due_at) < now() - interval '{UNREPAIRED_SECONDS} s'),
       min(coalesce(thin_since, copies_due_at)),
       min(copies_due_at) FILTER (WHERE lease_until IS NULL OR lease_until <= now()),
       count(*) FILTER (WHERE copies_seen < %s), min(copies_seen),
       coalesce(sum(size::bigint * greatest(%s - copies_seen, 1)), 0)
FROM nodes_chunk WHERE copies_due_at IS NOT NULL AND state = 'live'
"""

# So many are counted as they are now, whatever the census says: it may be a minute old.
COUNTED_AT_MOST = 20_000
_HELD = """
SELECT n.id, (SELECT count(*) FROM (
    SELECT FROM nodes_replica r JOIN nodes_chunk c ON c.id = r.chunk_id AND c.state = 'live'
    WHERE r.node_id = n.id AND r.state = 'stored' LIMIT %s) AS copies)
FROM unnest(%s::bigint[]) AS n (id)
"""
AWAY = (Node.Health.SUSPECT, Node.Health.OFFLINE)
_CORRECTED = (Figure.CHUNKS_RECOUNTED_WRONG, Figure.USAGES_RECOUNTED_WRONG)


@dataclass(frozen=True, slots=True)
class Queue:
    """The chunks whose copies want a look."""

    under_replicated: int
    alarming: int
    """Tried in vain, with fewer copies than a write quorum, or waiting long for one that was lost.

    Neither a fresh upload's third copy on its way, nor what a draining node still holds.
    """
    oldest_at: datetime | None
    """Since when the one has too few copies that has had them longest."""
    waiting_since: datetime | None
    """When the one that nobody has claimed became due that waits longest."""
    thin: int
    """Of the under-replicated, those with fewer copies than wanted; what leaves a draining node is none."""
    fewest_seen: int | None
    """How many copies the one has that has fewest; None when there is none."""
    bytes_left: int
    """Of the copies to be made."""
    lost: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found in the rows, all at about one moment."""

    now: datetime
    own_skew_seconds: float
    """How far this process's clock is before the database's."""
    nodes: Sequence[Node]
    queue: Queue
    held: Mapping[int, int]
    """Copies by node, of nodes that cannot be relied on now and of which some are wanted."""
    counted_at: datetime | None
    """When a worker last took the census, which it does every minute."""
    same_zone: int
    unavailable: int
    settled_at: datetime | None
    """When a worker last ended work on copies."""
    recount_corrected_at: datetime | None
    """When a recount last found what nobody was told of."""
    condemned_overdue: int
    is_reclaim_brake_on: bool
    doubt: str
    """Why half of the nodes or more are not to be relied on; empty when they are."""
    went_back: Watermark | None
    """The watermark while the database is older than what nodes were told, and nobody has confirmed it."""
    cloned: Sequence[Node]
    scrub_overdue: Mapping[int, datetime]
    """By node: since when some copy has not been looked at."""
    upkeep: Mapping[int, Upkeep]
    orphans: Mapping[int, int]
    """Files that no row knows, by node."""
    is_orphans_brake_on: bool
    surplus_held_back: int
    """Chunks with copies too many, while they are too many to trim unasked; else 0."""
    online: Sequence[Node] = field(init=False)
    writable: Sequence[Node] = field(init=False)
    away: Sequence[Node] = field(init=False)
    """Nodes that were asked and do not answer."""
    unasked: Sequence[Node] = field(init=False)
    """Nodes of which nothing is known, or nothing new."""

    def __post_init__(self) -> None:
        online = [node for node in self.nodes if node.health == Node.Health.ONLINE]
        writable = [n for n in online if n.duty == Node.Duty.ACTIVE and n.free_bytes >= settings.CHUNK_SIZE]
        object.__setattr__(self, "online", online)
        away = [node for node in self.nodes if node.health in AWAY]
        unasked = [node for node in self.nodes if node not in away and not _is_seen(node, self.now)]
        object.__setattr__(self, "writable", writable)
        object.__setattr__(self, "away", away)
        object.__setattr__(self, "unasked", unasked)

    @property
    def out_of_reach(self) -> int:
        """At most so many chunks have a copy that counts and cannot be relied on now.

        Which chunks several such nodes share nobody has counted. What was counted out is in the queue.
        """
        return sum(self.held.values())

    @property
    def fewest_in_reach(self) -> int:
        """At least so many copies of every chunk can be read now, as far as is known."""
        wanted: int = settings.REPLICAS
        seen = wanted if self.queue.fewest_seen is None else min(self.queue.fewest_seen, wanted)
        return max(0, seen - len(self.held))

    def age_seconds(self, moment: datetime | None) -> float:
        """How long ago a moment was; 0 for one to come, and for none."""
        return 0.0 if moment is None else max((self.now - moment).total_seconds(), 0.0)


def look() -> Facts:
    """Gather the facts."""
    now = database_now()
    figured = figures.read()
    corrected = [figured[figure].raised_at for figure in _CORRECTED]
    counted = census.read()
    overdue = Chunk.objects.condemned_beyond_grace().count()
    nodes = list(Node.objects.in_service())
    unknown = dict(Orphan.objects.order_by().values_list("node_id").annotate(files=Count("id")))
    is_any_away = any(node.health == Node.Health.OFFLINE for node in nodes)
    return Facts(
        now=now,
        own_skew_seconds=time.time() - now.timestamp(),
        nodes=nodes,
        queue=_look_at_queue(),
        held=_held_by_unreliable(nodes, now, census.replicas_by_node(counted)),
        counted_at=counted.counted_at,
        same_zone=counted.same_zone,
        unavailable=counted.unavailable if is_any_away else 0,
        settled_at=figured[Figure.CHUNKS_SETTLED].raised_at,
        recount_corrected_at=max((at for at in corrected if at), default=None),
        condemned_overdue=overdue,
        is_reclaim_brake_on=brake.holds(overdue),
        doubt=safety.away(),
        went_back=watermark.went_back(),
        cloned=list(Node.objects.in_service().cloned()),
        scrub_overdue={node.pk: node.oldest_at for node in scrub.overdue()},  # type: ignore[attr-defined]
        upkeep=Upkeep.objects.in_bulk(),
        orphans=unknown,
        is_orphans_brake_on=bool(unknown) and orphans.is_stopped(),
        surplus_held_back=trim.held_back(),
    )


def lost_chunk_ids(limit: int) -> list[int]:
    """Return chunks of which no node in service has a good copy, at most `limit`."""
    return list(_lost().order_by("id").values_list("id", flat=True)[:limit])


def _lost() -> ChunkQuerySet:
    """An attempt leaves in `copies_seen` how many good copies it found: an index leads to those with none."""
    stored = Replica.objects.stored().filter(chunk_id=OuterRef("id"))
    return Chunk.objects.under_replicated().filter(~Exists(stored), copies_seen=0)


def _is_seen(node: Node, now: datetime) -> bool:
    """Whether a node was well when it was last asked, and that was lately."""
    fresh = timedelta(seconds=roster.fresh_seconds())
    return node.health == Node.Health.ONLINE and bool(node.probed_at and now - node.probed_at <= fresh)


def _held_by_unreliable(
    nodes: Sequence[Node], now: datetime, counted: Mapping[int, Mapping[str, int]]
) -> dict[int, int]:
    """Count what nodes hold that may not answer, those left out whose copies count no more already."""
    unreliable = [node.pk for node in nodes if not _is_seen(node, now) and not node.absence_noted]
    if not unreliable:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [COUNTED_AT_MOST, unreliable])
        held = dict(cursor.fetchall())
    for node_id, copies in held.items():
        if copies == COUNTED_AT_MOST:
            held[node_id] = max(copies, counted.get(node_id, {}).get("stored", 0))
    return {node_id: copies for node_id, copies in held.items() if copies}


def _look_at_queue() -> Queue:
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, [settings.WRITE_QUORUM, *[settings.REPLICAS] * 3])
        due, alarming, oldest_at, waiting_since, thin, fewest_seen, bytes_left = cursor.fetchone()
    lost = _lost().count() if alarming else 0
    return Queue(due, alarming, oldest_at, waiting_since, thin, fewest_seen, int(bytes_left), lost)
