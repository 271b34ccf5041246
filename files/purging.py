"""Deletes for good: hidden and given back to the quota at once; the rows go in slices that a sweep takes.

A slice works downwards: children of what is purged become purged themselves, and what has no children goes,
with its versions. Contents that no version needs any more are released.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts import quota
from files import access, locking, reserving
from files.errors import NotFound, OwnerOnly, RootIsFixed
from files.models import Activity, Entry, EntryQuerySet, IsKept, Share, Thumbnail, Upload
from nodes import contents

if TYPE_CHECKING:
    from accounts.models import User

# One sweep at a time: two could each take the other's versions for users of a content nobody needs.
_ADVISORY_LOCK = 0x64_66_73_01

# UNION drops what is met twice: an entry and the folder it lies in may both be named. LATERAL: each step goes
# by the index, however many rows a plan made once expects.
_BYTES_BELOW = """
WITH RECURSIVE below AS (
    SELECT id, owner_id FROM files_entry WHERE id = ANY(%s::uuid[])
    UNION
    SELECT e.id, e.owner_id FROM below CROSS JOIN LATERAL (
        SELECT c.id, c.owner_id FROM files_entry c
         WHERE c.parent_id = below.id AND c.purged_at IS NULL OFFSET 0
    ) e
)
SELECT below.owner_id, sum(v.size)::bigint FROM below CROSS JOIN LATERAL (
    SELECT sum(size) AS size FROM files_version WHERE entry_id = below.id
) v WHERE v.size IS NOT NULL GROUP BY below.owner_id ORDER BY below.owner_id
"""
_MARK_CHILDREN = """
UPDATE files_entry SET purged_at = now() WHERE id IN (
    SELECT c.id FROM files_entry p JOIN files_entry c ON c.parent_id = p.id
     WHERE p.purged_at IS NOT NULL AND c.purged_at IS NULL LIMIT %s
)
"""
_LEAVES = """
SELECT e.id FROM files_entry e
 WHERE e.purged_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM files_entry c WHERE c.parent_id = e.id)
 LIMIT %s FOR UPDATE SKIP LOCKED
"""
_ENTOMB = """
INSERT INTO files_tombstone (id, owner_id)
SELECT e.id, e.owner_id FROM files_entry e JOIN files_entry p ON p.id = e.parent_id
 WHERE e.id = ANY(%s::uuid[]) AND p.purged_at IS NULL
"""
_DELETE_VERSIONS = "DELETE FROM files_version WHERE entry_id = ANY(%s::uuid[]) RETURNING content_id"
_UNNEEDED = """
SELECT DISTINCT wanted.id FROM unnest(%s::uuid[]) AS wanted (id)
 WHERE NOT EXISTS (SELECT 1 FROM files_version v WHERE v.content_id = wanted.id)
"""


def purge(user: "User", entry_id: UUID, *, if_match: Sequence[str] | None = None) -> None:
    """Delete an entry for good, with all below it, from the trash or from its folder.

    On return it is hidden and its bytes no longer count; the rows go later. Raises NotFound, OwnerOnly,
    RootIsFixed or PreconditionFailed.
    """
    with transaction.atomic():
        kind = Entry.objects.filter(id=entry_id, owner=user).values_list("kind", flat=True).first()
        if kind is None:
            raise NotFound if isinstance(access.refusal(user, entry_id), NotFound) else OwnerOnly
        # A folder's bytes are added up, so that nothing below may be written or purged meanwhile.
        lock = locking.hold_shapes if kind == Entry.Kind.FOLDER else locking.share_shapes
        lock([user.pk])
        entry = locking.lock_entry(Entry.objects.purgeable_by(user), entry_id, if_match)
        if entry.parent_id is None:
            raise RootIsFixed
        _mark([entry.id])


def purge_many(user: "User", entry_ids: Sequence[UUID]) -> set[UUID]:
    """Purge entries in slices, each a transaction; returns those that were there to be purged.

    What the user cannot see, and root folders, are passed over.
    """
    return _purge_slices(Entry.objects.purgeable_by(user), entry_ids)


def empty_trash(user: "User") -> int:
    """Purge all that the user has in the trash; returns how many entries."""
    entry_ids = list(Entry.objects.in_trash_of(user).values_list("id", flat=True))
    return len(purge_many(user, entry_ids))


def purge_expired(limit: int) -> int:
    """Purge what has been in the trash for TRASH_RETENTION_SECONDS, at most so many; returns how many."""
    expired_before = Now() - timedelta(seconds=settings.TRASH_RETENTION_SECONDS)
    expired = Entry.objects.filter(IsKept("pk"), trashed_at__lte=expired_before, purged_at__isnull=True)
    return len(_purge_slices(expired, list(expired.values_list("id", flat=True)[:limit])))


def _purge_slices(entries: EntryQuerySet, entry_ids: Sequence[UUID]) -> set[UUID]:
    purged: set[UUID] = set()
    for slice_ids in locking.slices(entry_ids):
        with transaction.atomic():
            owners = Entry.objects.filter(id__in=slice_ids).values_list("owner_id", flat=True).distinct()
            locking.hold_shapes(list(owners))
            locking.lock_entries(slice_ids)
            found = list(entries.filter(id__in=slice_ids, parent__isnull=False).values_list("id", flat=True))
            _mark(found)
        purged.update(found)
    return purged


def _mark(entry_ids: Sequence[UUID]) -> None:
    """Hide entries for good and give their bytes back; the caller holds what keeps those from changing."""
    with connection.cursor() as cursor:
        cursor.execute(_BYTES_BELOW, [list(entry_ids)])
        charged = cursor.fetchall()
    Entry.objects.filter(id__in=entry_ids).update(purged_at=Now(), revision=F("revision") + 1)
    for owner_id, size_bytes in charged:
        quota.subtract(owner_id, size_bytes)


def sweep(limit: int = locking.SLICE_ENTRIES) -> bool:
    """Remove one slice of purged rows; True when there may be more. Safe to repeat, and at the same time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(_MARK_CHILDREN, [limit])
        marked = cursor.rowcount
        cursor.execute(_LEAVES, [limit])
        leaves = [row[0] for row in cursor.fetchall()]
        if not leaves:
            return bool(marked)
        segment_ids = _drop_uploads(leaves)
        Share.objects.filter(entry_id__in=leaves).delete()
        Activity.objects.filter(entry_id__in=leaves).delete()
        cursor.execute(_DELETE_VERSIONS, [leaves])
        content_ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(_ENTOMB, [leaves])
        cursor.execute("DELETE FROM files_entry WHERE id = ANY(%s::uuid[])", [leaves])
        release_unneeded(content_ids)
        reserving.give_back(segment_ids)
    return True


def hold_releases() -> None:
    """Be the only one who removes versions until the transaction ends; taken before every other lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])


def release_unneeded(content_ids: Sequence[UUID]) -> None:
    """Give up those contents that no version needs any more; the caller holds the releases."""
    with connection.cursor() as cursor:
        cursor.execute(_UNNEEDED, [list(content_ids)])
        unneeded = [row[0] for row in cursor.fetchall()]
    contents.release([*unneeded, *Thumbnail.objects.drop_of(unneeded)])


def sweep_slices(limit: int) -> None:
    """Remove at most so many slices."""
    for _ in range(limit):
        if not sweep():
            return


def _drop_uploads(entry_ids: Sequence[UUID]) -> list[UUID]:
    """End the uploads into folders that go, and forget what finished ones became; returns their segments."""
    ended = Upload.objects.select_for_update().filter(parent_id__in=entry_ids)
    segment_ids = [upload.segment_id for upload in ended if upload.segment_id]
    Upload.objects.filter(parent_id__in=entry_ids).delete()
    contents.drop_segments(segment_ids)
    Upload.objects.filter(committed_entry_id__in=entry_ids).update(committed_entry=None)
    return segment_ids
