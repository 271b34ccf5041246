"""Streams a content back: verified chunk by chunk, failing over between nodes, reading ahead.

A chunk's first byte leaves only after all of the chunk matched its digest. Copies that proved bad, absent or
unreadable are noted for a second look by `nodes.replication`, never judged here.
"""

import logging
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from nodes import lanes, roster, wire
from nodes.beside import Threads
from nodes.errors import (
    ChunkUnavailable,
    NodeBusy,
    NodeError,
    ReplicaAbsent,
    ReplicaCorrupt,
    ReplicaUnreadable,
    WriterSuperseded,
)
from nodes.exchange import FIRST_BYTE_SECONDS, Fetch, settle
from nodes.hedging import Hedging
from nodes.measures import DOUBTED_COPIES, HEDGED_READS
from nodes.models import Chunk, Replica

log = logging.getLogger(__name__)

READ_AHEAD = 2
FETCHER_THREADS = 32
MANIFEST_PAGE_BYTES = 256 * 2**20
"""One question to the database for this much content."""
LONGEST_EXTENT_BYTES = 64 * 2**20
"""No chunk was ever larger, whatever CHUNK_SIZE is now; bounds the search for a range's first extent."""

hedging_reads = Hedging(floor_seconds=wire.TICK_SECONDS, quantile=0.95)
"""A second replica is asked after the 95th percentile of recent fetches, half a second at least (R28)."""

_fetchers = Threads(FETCHER_THREADS, name="fetch")

_EXTENTS = f"""
SELECT cs.base_offset + e."offset", e.length, c.id, c.digest, r.id, r.node_id, r.doubted_at IS NOT NULL
FROM nodes_contentsegment cs
JOIN nodes_extent e ON e.segment_id = cs.segment_id
JOIN nodes_chunk c ON c.id = e.chunk_id
LEFT JOIN nodes_replica r ON r.chunk_id = c.id AND r.state = 'stored'
WHERE cs.content_id = %s
  AND e."offset" > %s - cs.base_offset - {LONGEST_EXTENT_BYTES}
  AND e."offset" < %s - cs.base_offset
  AND e."offset" + e.length > %s - cs.base_offset
ORDER BY cs.base_offset, e."offset"
"""
ONLY_CHUNK_COLUMNS = "whole.id, whole.digest, whole.replica_ids, whole.node_ids, whole.doubts"
ONLY_CHUNK_JOIN = """
LEFT JOIN LATERAL (
    SELECT k.id, k.digest, r.replica_ids, r.node_ids, r.doubts
    FROM (
        SELECT segment_id FROM nodes_contentsegment
        WHERE content_id = {content} AND base_offset = 0 OFFSET 0
    ) cs
    CROSS JOIN LATERAL (
        SELECT chunk_id FROM nodes_extent
        WHERE segment_id = cs.segment_id AND "offset" = 0 AND length = {size} OFFSET 0
    ) e
    CROSS JOIN LATERAL (SELECT id, digest FROM nodes_chunk WHERE id = e.chunk_id OFFSET 0) k
    CROSS JOIN LATERAL (
        SELECT array_agg(id) AS replica_ids, array_agg(node_id) AS node_ids,
               array_agg(doubted_at IS NOT NULL) AS doubts
        FROM nodes_replica WHERE chunk_id = k.id AND state || '' = 'stored'
    ) r
    WHERE r.replica_ids IS NOT NULL
) whole ON true
"""
"""What a content of one chunk is read by, for a statement that finds the content."""
_SEGMENT_CHUNK = """
SELECT e."offset", e.length, c.id, c.digest, r.id, r.node_id, r.doubted_at IS NOT NULL
FROM nodes_extent e JOIN nodes_chunk c ON c.id = e.chunk_id
LEFT JOIN nodes_replica r ON r.chunk_id = c.id AND r.state = 'stored'
WHERE e.segment_id = %s AND e."offset" = %s
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A stored replica that may be read."""

    replica_id: UUID
    node_id: int
    is_doubted: bool = False


@dataclass(frozen=True, slots=True)
class ExtentView:
    """One extent of a content, with the chunk's name and stored replicas."""

    offset: int
    length: int
    chunk_id: int
    digest: bytes
    sources: tuple[Source, ...]


def only_chunk(row: Sequence[Any], size: int) -> ExtentView | None:
    """Read ONLY_CHUNK_COLUMNS; None when the content has more chunks than one, or no copy that is stored."""
    chunk_id, digest, replica_ids, node_ids, doubts = row
    if chunk_id is None:
        return None
    sources = map(Source, replica_ids, node_ids, doubts)
    return ExtentView(0, size, chunk_id, bytes(digest), tuple(sources))


def read(
    content_id: UUID,
    start: int,
    stop: int,
    *,
    only: ExtentView | None = None,
    doubted: Callable[[], None] = lambda: None,
) -> Iterator[bytes]:
    """Return the bytes `start … stop`; the first chunk is verified before this returns.

    `only` is the content's one extent where the caller knows it. Raises ChunkUnavailable now for the first
    chunk, and while iterating for a later one. Holds no database connection while bytes stream. Memory: three
    chunks, and one more while a slow node is raced. `doubted` is called, perhaps from another thread, when a
    bad copy was noted.
    """
    page = [only] if only else extents_of(content_id, start, min(stop, start + MANIFEST_PAGE_BYTES))
    connection.close()
    if start >= stop:
        return iter(())
    _require_unbroken(page, start)
    bring = partial(_fetch_aside, doubted)
    return _stream(content_id, page, start, stop, first=bring(page[0]), bring=bring)


def read_segment_chunk(segment_id: UUID, offset: int) -> list[bytes]:
    """Fetch the chunk whose extent begins at this offset of a segment. Raises ChunkUnavailable.

    Raises WriterSuperseded when no extent begins there any more: another writer has rewritten it.
    """
    extents = _query(_SEGMENT_CHUNK, [segment_id, offset])
    connection.close()
    if not extents:
        raise WriterSuperseded(WriterSuperseded.__doc__)
    return _fetch_aside(lambda: None, extents[0])


def fetch(extent: ExtentView, *, doubted: Callable[[], None] = lambda: None) -> list[bytes]:
    """Fetch a verified chunk from the best node that has it, in pieces. Raises ChunkUnavailable.

    The extent may have been read minutes ago: copies made or moved since are tried before it gives up. Calls
    `doubted` when a bad copy was noted.
    """
    try:
        return _fetch_from(extent, extent.sources, doubted)
    except ChunkUnavailable:
        known = {source.replica_id for source in extent.sources}
        newer = [source for source in _sources_now(extent.chunk_id) if source.replica_id not in known]
        if not newer:
            raise
        return _fetch_from(extent, newer, doubted)


def _fetch_from(extent: ExtentView, candidates: Iterable[Source], doubted: Callable[[], None]) -> list[bytes]:
    """Ask one node after another, and a second one beside a slow one; the first good answer wins."""
    untried = deque(ranked(candidates))
    tried = len(untried)
    racing: list[Fetch] = []
    bad: list[UUID] = []
    may_hedge_more = True
    try:
        while racing or untried:
            try:
                if not racing:
                    racing.append(_ask(extent, *untried.popleft()))
                may_hedge = may_hedge_more and len(racing) == 1 and _may_be_asked_now(untried)
                fetched = _first_settled(racing, may_hedge=may_hedge)
                if fetched is None:
                    may_hedge_more = _hedge(extent, untried, racing)
                    continue
                racing.remove(fetched)
                pieces = fetched.chunk()
            except (ReplicaCorrupt, ReplicaAbsent, ReplicaUnreadable) as error:
                assert fetched is not None
                log.warning("a copy is to be looked at again: %s", error)
                bad.append(fetched.replica_id)
            except NodeError as error:
                log.warning("a copy cannot be read now: %s", error)
            else:
                hedging_reads.note(fetched.seconds)
                for loser in racing:
                    loser.abandon(is_slow=loser.began_at < fetched.began_at)
                return pieces
    finally:
        for loser in racing:
            loser.abandon()
        if bad:
            DOUBTED_COPIES.inc(len(bad))
            if note_doubts(extent.chunk_id, bad):
                doubted()
    raise ChunkUnavailable(digest=extent.digest.hex(), tried=tried)


def _ask(
    extent: ExtentView,
    view: roster.NodeView,
    replica_id: UUID,
    *,
    lane_seconds: float = FIRST_BYTE_SECONDS,
) -> Fetch:
    """Begin to fetch; who waits for a place on the way to a node must hold none on the way to another."""
    return Fetch(
        view, digest=extent.digest, replica_id=replica_id, size=extent.length, lane_seconds=lane_seconds
    )


def _hedge(extent: ExtentView, untried: deque[tuple[roster.NodeView, UUID]], racing: list[Fetch]) -> bool:
    """Ask the next node beside a slow one; one that others keep busy by now is left for later."""
    try:
        racing.append(_ask(extent, *untried[0], lane_seconds=0))
    except NodeBusy:
        return False
    untried.popleft()
    return True


def _may_be_asked_now(untried: Sequence[tuple[roster.NodeView, UUID]]) -> bool:
    """Whether the next node would most likely answer at once."""
    return bool(untried) and untried[0][0].is_reachable and not lanes.is_full(untried[0][0].id)


def _first_settled(racing: list[Fetch], *, may_hedge: bool) -> Fetch | None:
    """Wait for one of the fetches; None when another node is to be asked, too."""
    while may_hedge and (left := hedging_reads.patience_left(racing[0].seconds)):
        if fetched := settle(racing, left):
            return fetched
    if may_hedge and hedging_reads.take():
        HEDGED_READS.inc()
        return None
    return settle(racing)


def ranked(sources: Iterable[Source]) -> list[tuple[roster.NodeView, UUID]]:
    """Order replicas: of reachable, idle and quick nodes first, doubted ones as a last resort."""
    views = roster.views()
    known = [(views[source.node_id], source) for source in sources if source.node_id in views]
    random.shuffle(known)  # equals share the load
    known.sort(key=_rank)
    return [(view, source.replica_id) for view, source in known]


def _rank(known: tuple[roster.NodeView, Source]) -> tuple[bool, int, bool, float]:
    view, source = known
    usability, latency = view.read_rank
    return source.is_doubted, usability, lanes.is_full(view.id), latency


def note_doubts(chunk_id: int, replica_ids: list[UUID]) -> bool:
    """Make a chunk due and mark the replicas that want a second look; tells whether any is newly marked.

    A reader goes on even if this fails.
    """
    try:
        with transaction.atomic():
            Chunk.objects.filter(id=chunk_id).make_due()
            return Replica.objects.doubt(replica_ids) > 0
    except DatabaseError:
        log.exception("bad copies of chunk %s could not be noted", chunk_id)
        return False
    finally:
        if not connection.in_atomic_block:
            connection.close()


def _stream(
    content_id: UUID,
    page: list[ExtentView],
    start: int,
    stop: int,
    *,
    first: list[bytes],
    bring: Callable[[ExtentView], list[bytes]],
) -> Iterator[bytes]:
    upcoming = deque(page)
    loaded_to = page[-1].offset + page[-1].length
    flying: deque[tuple[ExtentView, Future[list[bytes]] | list[bytes]]] = deque([(upcoming.popleft(), first)])
    del first
    try:
        while flying:
            while len(flying) <= READ_AHEAD:
                if not upcoming and loaded_to < stop:
                    upcoming.extend(
                        extents_of(content_id, loaded_to, min(stop, loaded_to + MANIFEST_PAGE_BYTES))
                    )
                    connection.close()
                    _require_unbroken(upcoming, loaded_to)
                    loaded_to = upcoming[-1].offset + upcoming[-1].length
                if not upcoming:
                    break
                extent = upcoming.popleft()
                flying.append((extent, _fetchers.submit(partial(bring, extent))))
            extent, fetched = flying.popleft()
            pieces = fetched.result() if isinstance(fetched, Future) else fetched
            del fetched
            yield from _cut(pieces, extent.offset, start, stop)
    finally:
        for _, fetched in flying:
            if isinstance(fetched, Future):
                fetched.cancel()


def _fetch_aside(doubted: Callable[[], None], extent: ExtentView) -> list[bytes]:
    try:
        return fetch(extent, doubted=doubted)
    finally:
        connection.close()  # of this thread: a look at the roster may have opened it


def _require_unbroken(extents: Iterable[ExtentView], start: int) -> None:
    """Raise ChunkUnavailable unless the extents cover all from the start on.

    A content that is released while it is read loses its extents slice by slice: a gap must end the stream,
    never shift it.
    """
    is_begun = False
    for extent in extents:
        if extent.offset > start:
            raise ChunkUnavailable
        start = extent.offset + extent.length
        is_begun = True
    if not is_begun:
        raise ChunkUnavailable


def _cut(pieces: list[bytes], offset: int, start: int, stop: int) -> Iterator[bytes]:
    """Yield of a chunk's pieces what lies in the range, letting go of each as it leaves."""
    pieces.reverse()
    while pieces:
        piece = pieces.pop()
        begin, end = max(start - offset, 0), min(stop - offset, len(piece))
        offset += len(piece)
        if begin < end:
            yield piece if end - begin == len(piece) else piece[begin:end]


def _sources_now(chunk_id: int) -> list[Source]:
    rows = Replica.objects.stored().filter(chunk_id=chunk_id).values_list("id", "node_id", "doubted_at")
    return [Source(replica_id, node_id, doubted_at is not None) for replica_id, node_id, doubted_at in rows]


def extents_of(content_id: UUID, start: int, stop: int) -> list[ExtentView]:
    """Return what the bytes `start … stop` of a content are made of, in order, with the stored replicas."""
    return _query(_EXTENTS, [content_id, start, stop, start])


def _query(statement: str, parameters: list[UUID | int]) -> list[ExtentView]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    extents: list[ExtentView] = []
    sources: list[Source] = []
    for number, (offset, length, chunk_id, digest, *source) in enumerate(rows):
        if source[0] is not None:
            sources.append(Source(*source))
        is_last_of_extent = number + 1 == len(rows) or rows[number + 1][0] != offset
        if is_last_of_extent:
            extents.append(ExtentView(offset, length, chunk_id, bytes(digest), tuple(sources)))
            sources = []
    return extents
