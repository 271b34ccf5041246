"""Removes what no content needs any more, in two phases with a grace period; if in doubt, nothing.

Released contents lose their extents; chunks left without any are condemned; after the grace they are locked,
and only in a later statement, with a fresh look, marked for deletion; then files go, then rows.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, ProtectedError, Value
from django.db.models.functions import Now

from nodes import brake, client, failpoints, figures, given_up, roster, safety
from nodes.beside import ThreadPool
from nodes.errors import NodeError, NodeRefused
from nodes.figures import Figure
from nodes.models import Chunk, Content, ContentSegment, Extent, Node, Replica, Segment
from nodes.roster import NodeView
from storagenode.protocol.names import chunk_name

log = logging.getLogger(__name__)

SLICE = 1_000
"""Rows a transaction; a purge of any size goes in such slices."""
TOGETHER = 100
"""Contents a transaction: one by one, small files cost a dozen statements each."""
ABANDONED_AFTER = timedelta(hours=1)
"""An unsealed segment is given up this long after uploads expire, so that `files` is always first."""
NODES_AT_ONCE = 16
BUDGET_SECONDS = 2.0
"""A pass waits for its slowest node: one that needs longer for its slice goes on in the next."""


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Files that one node is to remove, named by replica."""

    view: NodeView
    names: dict[UUID, str]


def reclaim(*, is_confirmed: bool = False) -> bool:
    """Make one pass; returns whether more is left to do at once. `is_confirmed` lifts the brake once."""
    problem = safety.doubt()
    if problem:
        log.warning("nothing is reclaimed: %s", problem)
        return False
    is_more = abandon_segments() | drop_extents()
    overdue = Chunk.objects.condemned_beyond_grace().count()
    if not is_confirmed and brake.holds(overdue):
        log.error("%d chunks would be reclaimed at once: stopped until an admin confirms", overdue)
        return is_more
    while condemned := condemn_for_good():
        log.info("%d chunks are beyond their grace and go", condemned)
    is_more |= given_up.let_go(is_confirmed=is_confirmed)
    return delete_files() or is_more


def abandon_segments() -> bool:
    """Give up segments nobody has written to for longer than any upload may pause."""
    limit = timedelta(seconds=settings.UPLOAD_EXPIRY_SECONDS) + ABANDONED_AFTER
    with transaction.atomic():
        ids = list(
            Segment.objects.select_for_update(skip_locked=True)
            .filter(sealed=False, recorded_at__lt=Now() - Value(limit))
            .values_list("id", flat=True)[:SLICE]
        )
        if not ids:
            return False
        Segment.objects.filter(id__in=ids).update(sealed=True)
        content = Content.objects.create(size=0, released_at=Now())
        ContentSegment.objects.bulk_create(
            ContentSegment(content=content, base_offset=number, segment_id=segment_id)
            for number, segment_id in enumerate(ids)
        )
    return len(ids) == SLICE


def drop_extents() -> bool:
    """Take released contents apart, a slice a transaction; condemn chunks that lose their last extent.

    Returns whether some are left: a pass is bounded, or steady releases would keep it from the chunks.
    """
    released = Content.objects.filter(released_at__isnull=False).order_by("released_at", "id")
    pointed_at: list[UUID] = []
    left = SLICE
    while left > 0:
        contents = list(released.exclude(id__in=pointed_at)[: min(TOGETHER, left)])
        if not contents:
            return False
        left -= len(contents)
        if not _try_to_take_apart(contents):
            pointed_at += [content.id for content in contents if not _try_to_take_apart([content])]
    return True


def _try_to_take_apart(contents: list[Content]) -> bool:
    """Take them apart in one transaction, or none of them when something points at one."""
    try:
        with transaction.atomic():
            _take_apart(contents)
    except (ProtectedError, IntegrityError):
        if len(contents) == 1:
            log.exception("content %s was released, but something points at it: it stays", contents[0].id)
        return False
    return True


def _take_apart(contents: list[Content]) -> None:
    """Drop a slice of the extents nobody else holds; the rest goes to a content nobody can point at.

    So the contents themselves go with their first slice, and if anything points at one, nothing is lost.
    """
    holders = ContentSegment.objects.filter(content__in=contents)
    held = holders.values_list("segment_id", flat=True)
    list(
        Segment.objects.select_for_update().filter(id__in=held).order_by("id")
    )  # then, in a later statement:
    shared = ContentSegment.objects.filter(segment_id=OuterRef("segment_id")).exclude(content__in=contents)
    mine = list(holders.filter(~Exists(shared)).values_list("segment_id", flat=True).distinct())
    found = list(
        Extent.objects.filter(segment_id__any_of=mine)
        .order_by("segment_id", "offset")
        .values_list("segment_id", "offset", "chunk_id")[: SLICE + 1]
    )
    gone = found[:SLICE]
    _delete_extents([(segment_id, offset) for segment_id, offset, _ in gone])
    condemn_unneeded({chunk_id for _, _, chunk_id in gone})
    holders.delete()
    if len(found) > SLICE:
        rest = Content.objects.create(size=0, released_at=contents[0].released_at)
        ContentSegment.objects.bulk_create(
            (
                ContentSegment(content=rest, base_offset=number, segment_id=segment_id)
                for number, segment_id in enumerate(mine)
            ),
            batch_size=SLICE,
        )
    else:
        for at in range(0, len(mine), SLICE):
            Segment.objects.filter(id__in=mine[at : at + SLICE]).delete()
    Content.objects.filter(id__in=[content.id for content in contents]).delete()


def condemn_unneeded(chunk_ids: Iterable[int]) -> None:
    """Begin the grace of chunks without extents: locked first, decided in a later statement.

    One statement alone could condemn a chunk that a record has just taken up; then nobody would repair it.
    """
    ids = list(chunk_ids)
    if not ids:
        return
    locked = list(
        Chunk.objects.filter(id__any_of=ids, state=Chunk.State.LIVE)
        .in_lock_order()
        .values_list("id", flat=True)
    )
    needed = Extent.objects.filter(chunk_id=OuterRef("id"))
    Chunk.objects.filter(~Exists(needed), id__any_of=locked).update(
        state=Chunk.State.CONDEMNED, condemned_at=Now()
    )


def condemn_for_good() -> int:
    """Mark chunks beyond their grace for deletion, a slice; returns how many rows left the condemned state.

    Locked first, decided in a second statement: one alone would decide on a snapshot from before the lock.
    """
    with transaction.atomic():
        locked = list(
            Chunk.objects.condemned_beyond_grace()
            .select_for_update(skip_locked=True)
            .order_by("id")
            .values_list("id", flat=True)[:SLICE]
        )
        failpoints.hit("reclaim.locked")
        needed = Extent.objects.filter(chunk_id=OuterRef("id"))
        Chunk.objects.filter(Exists(needed), id__in=locked).update(state=Chunk.State.LIVE, condemned_at=None)
        Chunk.objects.filter(~Exists(needed), id__in=locked).update(state=Chunk.State.DELETING)
        Replica.objects.filter(chunk_id__in=locked, chunk__state=Chunk.State.DELETING).update(
            state=Replica.State.DELETING
        )
    return len(locked)


def delete_files() -> bool:
    """Have nodes remove the files of replicas marked for deletion, then drop their rows and empty chunks."""
    unwanted = [_unwanted_on(view) for view in roster.views().values()]
    connection.close()
    with ThreadPool(NODES_AT_ONCE, thread_name_prefix="remove") as threads:
        outcomes = list(threads.map(_remove_files, unwanted))
    for removed, _ in outcomes:
        Replica.objects.filter(state=Replica.State.DELETING, id__in=removed).delete()
        figures.add({Figure.FILES_RECLAIMED: len(removed)})
    failpoints.hit("reclaim.files_deleted")
    Replica.objects.filter(state=Replica.State.DELETING, node__duty=Node.Duty.RETIRED).delete()
    left = Replica.objects.filter(chunk_id=OuterRef("id"))
    Chunk.objects.deleting().filter(~Exists(left)).delete()
    return any(is_more for _, is_more in outcomes)


def _unwanted_on(view: NodeView) -> Unwanted:
    rows = Replica.objects.filter(state=Replica.State.DELETING, node_id=view.id)
    found = rows.values_list("id", "chunk__digest")[:SLICE]
    return Unwanted(view, {replica_id: chunk_name(bytes(digest), replica_id) for replica_id, digest in found})


def _remove_files(unwanted: Unwanted) -> tuple[list[UUID], bool]:
    """Remove a node's files for a while; returns the replicas they were of, and whether to go on at once.

    One after the other, so that a node is never busy with removals alone; one that does not answer waits, and
    a file that a node cannot remove keeps none of the others.
    """
    removed: list[UUID] = []
    deadline = time.monotonic() + BUDGET_SECONDS
    for replica_id, name in unwanted.names.items():
        try:
            client.delete_chunk(unwanted.view, name)
        except NodeRefused as error:
            log.warning("a file on %s stays for now: %s", unwanted.view.name, error)
            continue
        except NodeError as error:
            log.warning("files on %s wait to be removed: %s", unwanted.view.name, error)
            return removed, False
        removed.append(replica_id)
        if time.monotonic() > deadline:
            return removed, True
    return removed, len(removed) == SLICE


def _delete_extents(keys: list[tuple[object, int]]) -> None:
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            'DELETE FROM nodes_extent WHERE (segment_id, "offset") IN'
            " (SELECT * FROM unnest(%s::uuid[], %s::bigint[]))",
            [[segment_id for segment_id, _ in keys], [offset for _, offset in keys]],
        )
