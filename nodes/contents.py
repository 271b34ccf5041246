"""The face of the byte store: begin, append, seal, read, release. Everything above speaks to this module.

Names, people and permissions are not known here; copies, nodes and repair are not known above.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from blake3 import blake3
from django.conf import settings
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now

from nodes import findings, reading, reclaim, recording, roster, second_looks, verdicts, wake
from nodes.errors import WriterAtWork, WriterSuperseded
from nodes.ids import as_array, uuid7
from nodes.manifests import ChunkPlace, ReplicaPlace, count_chunks, manifest, manifest_windows
from nodes.models import Content, ContentSegment, Extent, Segment
from nodes.reading import ONLY_CHUNK_COLUMNS, ONLY_CHUNK_JOIN, ExtentView, only_chunk
from nodes.recording import KNOWN_COLUMNS as GLANCE_COLUMNS
from nodes.recording import KNOWN_JOIN as GLANCE_JOIN
from nodes.recording import SegmentState
from nodes.writing import Glance, Source, Writer, give_back_connection

_database = cast(Any, connection)  # ours: it has `fetch_rows`
TAKE_OVER_PATIENCE_SECONDS = 2.0
"""A writer whose line broke needs a moment to record what had come. One that died with its gateway never says
that it has ended, one on a half-open connection much later: nobody shall wait long for those."""
SILENCE_SECONDS = 6.0
"""Of a writer that has recorded nothing for so long nobody can tell that it lives: one that gets a chunk's
bytes in time records every WINDOW_SECONDS. Until then who comes next waits, and learns it."""
TAKE_OVER_POLL_SECONDS = 0.05
MOST_LOST_CHUNKS = 10_000
"""More than anybody would look through; when they are mended, the next are told."""

__all__ = [
    "GLANCE_COLUMNS",
    "GLANCE_JOIN",
    "NONE_LACK_COPIES",
    "ONLY_CHUNK_COLUMNS",
    "ONLY_CHUNK_JOIN",
    "ChunkPlace",
    "Copies",
    "ExtentView",
    "Glance",
    "ReplicaPlace",
    "Source",
    "Writer",
    "all_copies",
    "begin",
    "copies",
    "copies_made",
    "count_chunks",
    "create_segment",
    "cut_back",
    "damaged",
    "drop_segments",
    "glance",
    "glance_parameters",
    "join",
    "manifest",
    "manifest_windows",
    "only_chunk",
    "read",
    "release",
    "resume",
    "take_over",
    "verify",
]


@dataclass(frozen=True, slots=True)
class Copies:
    """How safe a content is: its worst chunk's good copies, of those wanted."""

    wanted: int
    fewest: int
    is_being_copied: bool

    @property
    def is_complete(self) -> bool:
        return self.fewest >= self.wanted


def begin(*, hash_whole: bool = False, glance: Glance | None = None) -> Writer:
    """Begin a content. No I/O: the first record makes the row, so a write that fails early leaves nothing.

    A small body whose bytes were looked up before (see GLANCE_JOIN) comes with its glance.
    """
    segment = SegmentState(id=uuid7(), is_new=True, epoch=0, recorded=0, rewrite_from=0)
    return Writer(segment, hash_whole=hash_whole, recorded=wake.replication, glance=glance)


def glance_parameters(body: bytes | memoryview | None) -> tuple[bytes | None, int | None]:
    """Return the parameters of GLANCE_JOIN for a whole small body, or for one that is not at hand."""
    return (None, None) if not body else (blake3(body).digest(), len(body))


def glance(parameters: tuple[bytes | None, int | None], row: Sequence[Any]) -> Glance | None:
    """Read GLANCE_COLUMNS; None when there was no body at hand."""
    digest, size = parameters
    return None if digest is None or size is None else Glance(digest, size, recording.known(row))


def create_segment() -> Segment:
    """Make the row of a resumable upload, in the caller's transaction."""
    return Segment.objects.create()


def take_over(segment_id: UUID) -> int:
    """Shut out whoever wrote to a segment before; returns the offset from which to go on.

    Who asks goes on with it: that puts its end off as bytes do, for a part, too, that has all of its own and
    waits for others. A writer that has not ended gets TAKE_OVER_PATIENCE_SECONDS to record what it took, and
    keeps the segment while it goes on recording. No transaction may be open. Raises WriterAtWork then, and
    WriterSuperseded when the segment is sealed or gone.
    """
    return _raise_epoch(segment_id, is_writing=False).recorded


def resume(segment_id: UUID, *, hash_whole: bool = False, keep_tail: bool = False) -> Writer:
    """Take a segment over, as `take_over` does, and go on at its offset.

    Use it in a `with` block that ends after the last record or the commit: the next one waits for that. Bytes
    that may have to be cut off again keep the tail: what is there stays apart from them.
    """
    segment = _raise_epoch(segment_id, is_writing=True)
    if keep_tail:
        segment.rewrite_from = segment.recorded
    return Writer(segment, hash_whole=hash_whole, recorded=wake.replication)


def cut_back(segment_id: UUID, length: int, *, epoch: int | None = None) -> bool:
    """Drop the bytes of an unfinished upload beyond a length at which a writer began that kept the tail.

    In the caller's transaction. With an epoch, only while that writer has not been shut out. Returns whether
    it was done; whoever writes is shut out then.
    """
    open_segment = Segment.objects.filter(id=segment_id, sealed=False, length__gte=length)
    if epoch is not None:
        open_segment = open_segment.filter(writer_epoch=epoch)
    if not open_segment.update(length=length, writer_epoch=F("writer_epoch") + 1, is_writing=False):
        return False
    beyond = Extent.objects.filter(segment_id=segment_id, offset__gte=length)
    chunk_ids = set(beyond.values_list("chunk_id", flat=True))
    beyond.delete()
    reclaim.condemn_unneeded(chunk_ids)
    return True


def join(segment_ids: Sequence[UUID]) -> tuple[UUID, int]:
    """Seal several segments as one content, in the caller's transaction; any size at one cost."""
    lengths = {
        segment.id: segment.length
        for segment in Segment.objects.select_for_update().filter(id__in=segment_ids).order_by("id")
    }
    # A sealed segment that no living content holds is being taken apart.
    is_held = Segment.objects.filter(id__in=lengths).filter(
        Q(sealed=False) | Q(contents__content__released_at__isnull=True, contents__isnull=False)
    )
    if not len(lengths) == len(segment_ids) == is_held.distinct().count():
        raise WriterSuperseded("A part of this upload is gone.")
    Segment.objects.filter(id__in=segment_ids).update(sealed=True)
    content = Content.objects.create(size=sum(lengths.values()))
    base_offset = 0
    for segment_id in segment_ids:
        if lengths[segment_id]:
            ContentSegment.objects.create(content=content, base_offset=base_offset, segment_id=segment_id)
            base_offset += lengths[segment_id]
    return content.id, base_offset


def read(
    content_id: UUID, start: int = 0, stop: int | None = None, *, only: ExtentView | None = None
) -> Iterator[bytes]:
    """Return the bytes `start … stop` of a content; its first chunk is verified before this returns.

    `only` is its one extent where ONLY_CHUNK_JOIN found it. Raises ChunkUnavailable now for the first chunk,
    and while iterating for a later one: the connection must then end short. Gives the database connection
    back; close the iterator when the reader goes away.
    """
    if stop is None:
        stop = Content.objects.values_list("size", flat=True).get(id=content_id)
    return reading.read(content_id, start, stop, only=only, doubted=wake.replication)


def release(content_ids: Sequence[UUID]) -> None:
    """Give contents up, in the caller's transaction; their chunks go after the grace period."""
    Content.objects.filter(id__any_of=content_ids, released_at__isnull=True).update(released_at=Now())


def drop_segments(segment_ids: Sequence[UUID]) -> None:
    """Give unfinished uploads up, in the caller's transaction: nobody writes to them any more."""
    if not segment_ids:
        return
    content = Content.objects.create(size=0, released_at=Now())
    Segment.objects.filter(id__any_of=segment_ids, sealed=False).update(
        sealed=True, writer_epoch=F("writer_epoch") + 1
    )
    ContentSegment.objects.bulk_create(
        (
            ContentSegment(content=content, base_offset=number, segment_id=segment_id)
            for number, segment_id in enumerate(segment_ids)
        ),
        batch_size=reclaim.SLICE,
    )


def verify(content_id: UUID, start: int, stop: int) -> int:
    """Have the nodes re-hash now what they store of these bytes; what they find is judged.

    Returns how many copies proved good. A node that does not answer proves nothing.
    """
    views = roster.views()
    asked: dict[roster.NodeView, dict[UUID, verdicts.Copy]] = {}
    for extent in reading.extents_of(content_id, start, stop):
        for source in extent.sources:
            if view := views.get(source.node_id):
                copy = verdicts.Copy(source.replica_id, extent.chunk_id, extent.digest, extent.length)
                asked.setdefault(view, {})[source.replica_id] = copy
    give_back_connection()
    return len(second_looks.look_at({view: list(copies.values()) for view, copies in asked.items()}))


NONE_LACK_COPIES = "NOT EXISTS (SELECT FROM nodes_chunk WHERE copies_due_at IS NOT NULL)"
"""Tells a statement on its way that `all_copies` is what `copies` would say of each content."""
FEW_CHUNKS = 1000
"""While fewer than these lack copies, it is asked whose they are; else each content is looked through."""
_COPIES = """
WITH due AS MATERIALIZED (
    SELECT id FROM nodes_chunk WHERE copies_due_at IS NOT NULL LIMIT %s
), few AS MATERIALIZED (
    SELECT count(*) < %s AS are_all FROM due
), asked AS MATERIALIZED (
    SELECT unnest(%s::uuid[]) AS content_id
), thin AS (
    SELECT place.content_id, due.id AS chunk_id FROM due
    CROSS JOIN LATERAL (SELECT segment_id FROM nodes_extent WHERE chunk_id = due.id OFFSET 0) extent
    CROSS JOIN LATERAL (
        SELECT content_id FROM nodes_contentsegment WHERE segment_id = extent.segment_id OFFSET 0
    ) place
    WHERE (SELECT are_all FROM few)
      -- Not a join, of which a young table's figures may make one of all that is due with all that is asked.
      AND CASE WHEN place.content_id IN (SELECT content_id FROM asked) THEN true ELSE false END
    UNION
    SELECT asked.content_id, chunk.id FROM asked
    CROSS JOIN LATERAL (
        SELECT segment_id FROM nodes_contentsegment WHERE content_id = asked.content_id OFFSET 0
    ) place
    CROSS JOIN LATERAL (SELECT chunk_id FROM nodes_extent WHERE segment_id = place.segment_id OFFSET 0) extent
    CROSS JOIN LATERAL (
        SELECT id FROM nodes_chunk WHERE id = extent.chunk_id AND copies_due_at IS NOT NULL OFFSET 0
    ) chunk
    WHERE NOT (SELECT are_all FROM few)
)
SELECT thin.content_id, min(good.copies) FROM thin CROSS JOIN LATERAL (
    SELECT count(*) AS copies FROM (
        SELECT node_id FROM nodes_replica WHERE chunk_id = thin.chunk_id AND state || '' = 'stored' OFFSET 0
    ) stored JOIN nodes_node n ON n.id = stored.node_id WHERE n.health <> 'offline'
) good GROUP BY thin.content_id
"""


def all_copies() -> Copies:
    """Tell how safe a content is that lacks none."""
    return Copies(wanted=settings.REPLICAS, fewest=settings.REPLICAS, is_being_copied=False)


def copies(content_ids: Sequence[UUID]) -> list[Copies]:
    """Tell how safe each content is, in their order.

    It is one query: only chunks whose copies are due are counted.
    """
    thin = dict(_database.fetch_rows(_COPIES, [FEW_CHUNKS, FEW_CHUNKS, as_array(content_ids)]))
    wanted, complete = settings.REPLICAS, all_copies()
    if not thin:
        return [complete] * len(content_ids)
    return [
        Copies(wanted=wanted, fewest=min(thin[content_id], wanted), is_being_copied=True)
        if content_id in thin
        else complete
        for content_id in content_ids
    ]


def damaged() -> list[UUID]:
    """Return the contents that have lost a chunk for good, as far as anybody knows now."""
    lost = findings.lost_chunk_ids(MOST_LOST_CHUNKS)
    extents = Extent.objects.filter(chunk_id__in=lost, segment__contents__content__released_at__isnull=True)
    contents = extents.order_by().values_list("segment__contents__content_id", flat=True).distinct()
    return list(contents) if lost else []


def copies_made(writer: Writer) -> Copies:
    """Tell how safe a content is that this writer has just taken as a whole, without asking anybody."""
    wanted: int = settings.REPLICAS
    fewest = wanted if writer.fewest_copies is None else min(writer.fewest_copies, wanted)
    return Copies(wanted=wanted, fewest=fewest, is_being_copied=fewest < wanted)


def _raise_epoch(segment_id: UUID, *, is_writing: bool) -> SegmentState:
    """Become the segment's writer once the one before has ended, or seems dead and was waited for."""
    patient_until = time.monotonic() + TAKE_OVER_PATIENCE_SECONDS
    seen: set[datetime] = set()
    while True:
        is_patient = time.monotonic() < patient_until
        segment = _try_to_raise_epoch(segment_id, is_writing=is_writing, is_patient=is_patient)
        if segment is not None:
            return segment
        recorded_at = Segment.objects.filter(id=segment_id, sealed=False).values_list(
            "recorded_at", flat=True
        )
        if not recorded_at:
            raise WriterSuperseded("This upload was finished or ended by another request.")
        seen.update(recorded_at)
        if len(seen) > 1 and not is_patient:
            raise WriterAtWork
        give_back_connection()
        time.sleep(TAKE_OVER_POLL_SECONDS)


def _try_to_raise_epoch(segment_id: UUID, *, is_writing: bool, is_patient: bool) -> SegmentState | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE nodes_segment s SET writer_epoch = writer_epoch + 1, is_writing = %s, recorded_at = now()"
            " WHERE id = %s AND NOT sealed"
            "   AND NOT (is_writing AND (%s OR recorded_at > now() - make_interval(secs => %s)))"
            " RETURNING writer_epoch, length,"
            ' (SELECT e."offset" FROM nodes_extent e WHERE e.segment_id = s.id'
            '  AND e."offset" + e.length = s.length AND e.length < %s)',
            [is_writing, segment_id, is_patient, SILENCE_SECONDS, settings.CHUNK_SIZE],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    epoch, length, tail_offset = row
    return SegmentState(
        id=segment_id,
        is_new=False,
        epoch=epoch,
        recorded=length,
        rewrite_from=length if tail_offset is None else tail_offset,
    )
