"""Tells what changed in a person's tree, or in a folder that another shares, in order: so a copy can follow.

Each entry comes once, as it is now, at the place of its last change: by transaction, then by id. Only those
transactions are told that no running one can still precede. What is gone for good leaves a tombstone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from files import cursors, details
from files.details import EntryDetails, entry_etag
from files.errors import BadCursor, CursorExpired
from files.models import Entry, Tombstone

if TYPE_CHECKING:
    from accounts.models import User

CURSOR_LIFE = timedelta(days=30)
"""Tombstones stay so long: whoever was away for longer has to begin anew."""
_SALT = "files.changes"
_START = ("0", UUID(int=0))
_LAST_ID = UUID(int=2**128 - 1)
"""Behind all of a transaction; it has ended, so no more of it comes."""
# One statement, one snapshot: what it sees and what may still precede it are of one moment.
_CHANGES = """
SELECT changed_in::text, id, is_gone FROM (
    (SELECT changed_in, id, purged_at IS NOT NULL AS is_gone FROM files_entry
      WHERE owner_id = %(owner)s::bigint AND (changed_in, id) > (%(after)s::text::xid8, %(id)s::uuid)
        AND changed_in < pg_snapshot_xmin(pg_current_snapshot()) AND parent_id IS NOT NULL
      ORDER BY changed_in, id LIMIT %(limit)s::int)
    UNION ALL
    (SELECT changed_in, id, true FROM files_tombstone
      WHERE owner_id = %(owner)s::bigint AND (changed_in, id) > (%(after)s::text::xid8, %(id)s::uuid)
        AND changed_in < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY changed_in, id LIMIT %(limit)s::int)
) AS changes ORDER BY changes.changed_in, id LIMIT %(limit)s::int
"""
_CLUSTER = "SELECT system_identifier::text FROM pg_control_system()"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one entry; None: it is gone for good, with all that lay below it."""

    entry_id: UUID
    entry: EntryDetails | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    results: list[Change]
    cursor: str
    """Where to go on, now or when more has changed."""
    is_more: bool


@dataclass(frozen=True, slots=True)
class FolderNews:
    """What changed directly in a folder, for somebody who sees no more of its owner's tree than that."""

    revisions: dict[UUID, str | None]
    """The etag of each entry of the folder that changed; None: it is in the trash or gone."""
    count: int | None
    """So many are there now: what was moved elsewhere is named to nobody. None: the owner changed nothing."""
    cursor: str
    is_more: bool


def page(user: "User", cursor: str | None, *, limit: int) -> ChangePage:
    """Tell what changed in the user's own tree since the cursor was given; all that is there without one.

    Raises BadCursor, or CursorExpired for one that is too old, or of a database that is no more.
    """
    after = _read_cursor(user, cursor) if cursor else _START
    rows, is_more = _changed(user.pk, after, limit)
    there = Entry.objects.filter(id__in=[row[1] for row in rows if not row[2]], purged_at__isnull=True)
    entries = {entry.id: entry for entry in details.with_copies(details.read(there))}
    results = [Change(changed_id, entries.get(changed_id)) for _, changed_id, _ in rows]
    return ChangePage(results, _cursor_behind(user, rows, after), is_more)


def folder_news(user: "User", folder: EntryDetails, cursor: str, *, limit: int) -> FolderNews:
    """Tell what changed in a folder that was found for the user, be it another's, since the cursor was given.

    Its owner's changes are walked through, so many at a time; those elsewhere are kept to themselves.
    Raises BadCursor or CursorExpired as `page` does.
    """
    after = _read_cursor(user, cursor)
    rows, is_more = _changed(folder.owner_id, after, limit)
    inside = Entry.objects.filter(parent=folder.id)
    here = inside.filter(id__in=[row[1] for row in rows])
    revisions = {
        entry_id: entry_etag(entry_id, revision) if trashed_at is None and purged_at is None else None
        for entry_id, revision, trashed_at, purged_at in here.values_list(
            "id", "revision", "trashed_at", "purged_at"
        )
    }
    count = inside.living().count() if rows else None
    if rows and not is_more:  # the last one may be of elsewhere, and a cursor can be read
        rows = [(rows[-1][0], _LAST_ID)]
    return FolderNews(revisions, count, _cursor_behind(user, rows, after), is_more)


def now(user: "User") -> str:
    """Give the cursor of this moment: what has changed until now is not told with it."""
    with connection.cursor() as database:
        database.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        first_open = database.fetchone()[0]
    return _write_cursor(user, first_open, UUID(int=0))


def forget(limit: int) -> int:
    """Remove tombstones that no cursor asks for any more, at most so many; returns how many."""
    old = Tombstone.objects.filter(removed_at__lte=Now() - CURSOR_LIFE - timedelta(days=1))
    return Tombstone.objects.filter(id__in=list(old.values_list("id", flat=True)[:limit])).delete()[0]


def renumber() -> int:
    """Order all entries anew, after a restore: the transactions of another database mean nothing here.

    Returns how many entries there are.
    """
    Tombstone.objects.all().delete()
    return Entry.objects.update(revision=F("revision"))  # the trigger notes this transaction


def _changed(owner_id: int, after: tuple[str, UUID], limit: int) -> tuple[list[Any], bool]:
    """Read transaction, id and whether it is gone of what changed behind a place; and whether more did."""
    transaction, entry_id = after
    with connection.cursor() as database:
        database.execute(
            _CHANGES, {"owner": owner_id, "after": transaction, "id": entry_id, "limit": limit + 1}
        )
        rows = database.fetchall()
    return rows[:limit], len(rows) > limit


def _cursor_behind(user: "User", rows: list[Any], after: tuple[str, UUID]) -> str:
    return _write_cursor(user, *(rows[-1][:2] if rows else after))


def _write_cursor(user: "User", after: str, entry_id: UUID) -> str:
    given_at = timezone.now().isoformat(timespec="seconds")
    return signing.dumps([_database(), user.pk, after, entry_id.hex, given_at], salt=_SALT, compress=True)


def _read_cursor(user: "User", cursor: str) -> tuple[str, UUID]:
    try:
        database, user_id, after, entry_id, given_at = cursors.read(cursor, salt=_SALT)
    except ValueError as error:  # written when cursors held something else
        raise BadCursor(field="cursor") from error
    if user_id != user.pk:
        raise BadCursor(field="cursor")
    if database != _database() or datetime.fromisoformat(given_at) < timezone.now() - CURSOR_LIFE:
        raise CursorExpired
    return after, UUID(hex=entry_id)


def _database() -> Any:
    with connection.cursor() as database:
        database.execute(_CLUSTER)
        return database.fetchone()[0]
