"""The states a file has had: lists them, brings one back, deletes one, and ends those kept long enough.

A version is never changed. Bringing one back makes a new version over the same content; no byte is moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import connection, transaction

from accounts import quota
from files import access, cursors, locking, purging, uploads
from files.details import EntryDetails
from files.errors import VersionIsCurrent, VersionNotFound
from files.models import Entry, IsKept, Version
from files.uploads import Target

if TYPE_CHECKING:
    from accounts.models import User

_DELETE = "DELETE FROM files_version WHERE id = ANY(%s::uuid[]) RETURNING content_id, size"
_ENTRIES_TO_PRUNE = """
SELECT v.entry_id, e.owner_id FROM (
    SELECT entry_id FROM files_version WHERE replaced_at <= now() - %(retention)s::interval
    UNION
    SELECT entry_id FROM files_version WHERE replaced_at IS NOT NULL
     GROUP BY entry_id HAVING count(*) >= %(kept)s::int
) v JOIN files_entry e ON e.id = v.entry_id
 WHERE files_is_kept(v.entry_id) ORDER BY v.entry_id LIMIT %(limit)s::int
"""
_TO_PRUNE = """
SELECT id FROM (
    SELECT id, replaced_at, row_number() OVER (ORDER BY number DESC) AS place
      FROM files_version WHERE entry_id = %(entry)s::uuid
) v WHERE replaced_at IS NOT NULL
   AND (place > %(kept)s::int OR replaced_at <= now() - %(retention)s::interval)
"""


@dataclass(frozen=True, slots=True)
class VersionDetails:
    """One state of a file, as it is shown."""

    id: UUID
    number: int
    size: int
    content_type: str
    sha256: bytes | None
    created_by: str
    created_at: datetime
    modified_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class VersionPage:
    results: list[VersionDetails]
    next_cursor: str | None


def page(user: "User", entry_id: UUID, *, limit: int, cursor: str | None = None) -> VersionPage:
    """List a file's versions, the newest first. Raises NotFound, NotAFile or BadCursor."""
    file = access.find_file(user, entry_id)
    versions = Version.objects.filter(entry_id=file.id).order_by("-number")
    if cursor is not None:
        versions = versions.filter(number__lt=_read_cursor(cursor, file.id))
    rows = versions.values_list(
        *("id", "number", "size", "content_type", "content__sha256", "created_by__username"),
        *("created_at", "modified_at"),
    )[: limit + 1]
    found = [
        VersionDetails(
            id=version_id,
            number=number,
            size=size,
            content_type=content_type,
            sha256=None if sha256 is None else bytes(sha256),
            created_by=created_by,
            created_at=created_at,
            modified_at=modified_at,
            is_current=version_id == file.version_id,
        )
        for version_id, number, size, content_type, sha256, created_by, created_at, modified_at in rows
    ]
    following = _write_cursor(found[limit - 1].number, file.id) if len(found) > limit else None
    return VersionPage(found[:limit], following)


def find(user: "User", entry_id: UUID, number: int) -> EntryDetails:
    """Return a file as it was in one of its versions. Raises NotFound, NotAFile or VersionNotFound."""
    file = access.find_file(user, entry_id)
    version = _version(file.id, number)
    sha256 = version.content.sha256
    return file._replace(
        version_id=version.id,
        version_at=version.created_at,
        modified_at=version.modified_at,
        content_id=version.content_id,
        size=version.size,
        content_type=version.content_type,
        sha256=None if sha256 is None else bytes(sha256),
    )


def restore(
    user: "User", entry_id: UUID, number: int, *, if_match: Sequence[str] | None = None
) -> EntryDetails:
    """Make a file what it was in an earlier version: a new version with the same bytes, charged like any.

    The current version stays as it is. Raises NotFound, ReadOnly, NotAFile, PreconditionFailed,
    VersionNotFound or QuotaExceeded.
    """
    file = access.find_file(user, entry_id)
    with transaction.atomic():
        locking.share_shapes([file.owner_id])
        entry = locking.lock_entry(Entry.objects.editable_by(user), entry_id, if_match, user=user)
        version = _version(entry.id, number)
        if version.id == entry.version_id:
            return file
        assert entry.parent_id is not None  # a file never lies nowhere
        return uploads.commit_content(
            user,
            version.content_id,
            version.size,
            Target(entry.parent_id, entry.name, entry_id=entry.id),
            sha256=None if version.content.sha256 is None else bytes(version.content.sha256),
            content_type=version.content_type,
            modified_at=version.modified_at,
        ).details


def delete(user: "User", entry_id: UUID, number: int, *, if_match: Sequence[str] | None = None) -> None:
    """Delete an earlier version for good; its bytes count no more.

    Raises NotFound, OwnerOnly, NotAFile, PreconditionFailed, VersionNotFound, or VersionIsCurrent.
    """
    file = access.require_file(access.find_own(user, entry_id))
    with transaction.atomic():
        purging.hold_releases()
        locking.share_shapes([file.owner_id])
        entry = locking.lock_entry(Entry.objects.editable_by(user), entry_id, if_match)
        version = _version(entry.id, number)
        if version.id == entry.version_id:
            raise VersionIsCurrent
        _remove(entry.owner_id, [version.id])


def prune(limit: int) -> int:
    """End versions beyond VERSIONS_KEPT or VERSION_RETENTION_SECONDS of so many files; returns of how many.

    The current version always stays. Safe to repeat, and at the same time.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES_TO_PRUNE, {**_limits(), "limit": limit})
        found = cursor.fetchall()
    for entry_id, owner_id in found:
        _prune(entry_id, owner_id)
    return len(found)


def _prune(entry_id: UUID, owner_id: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        purging.hold_releases()
        locking.share_shapes([owner_id])
        locking.lock_entries([entry_id])
        # Purged meanwhile, its bytes are given back already.
        if not Entry.objects.filter(IsKept("pk"), id=entry_id).exists():
            return
        cursor.execute(_TO_PRUNE, {**_limits(), "entry": entry_id})
        _remove(owner_id, [row[0] for row in cursor.fetchall()])


def _limits() -> dict[str, Any]:
    retention = timedelta(seconds=settings.VERSION_RETENTION_SECONDS)
    return {"retention": retention, "kept": settings.VERSIONS_KEPT}


def _remove(owner_id: int, version_ids: list[UUID]) -> None:
    """Remove versions of a file that the caller holds, with the releases and its tree's shape."""
    with connection.cursor() as cursor:
        cursor.execute(_DELETE, [version_ids])
        gone = cursor.fetchall()
    purging.release_unneeded([content_id for content_id, _ in gone])
    quota.subtract(owner_id, sum(size for _, size in gone))


def _version(entry_id: UUID, number: int) -> Version:
    found = Version.objects.select_related("content").filter(entry_id=entry_id, number=number).first()
    if found is None:
        raise VersionNotFound
    return found


def _write_cursor(number: int, entry_id: UUID) -> str:
    return signing.dumps(number, salt=f"{__name__} {entry_id}")


def _read_cursor(cursor: str, entry_id: UUID) -> int:
    number: int = cursors.read(cursor, salt=f"{__name__} {entry_id}")
    return number
