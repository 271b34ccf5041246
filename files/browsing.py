"""What the browser's pages show: the rows of a folder or of the trash, the way to it, its totals. Reads only.

The lists themselves come from `files.listing`; here they are put the way a person reads them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import quota
from accounts.quota import Figures
from files import access, details, listing, names, searching
from files.details import EntryDetails
from files.errors import Invalid
from files.models import Entry
from files.searching import Sought
from nodes.contents import Copies

if TYPE_CHECKING:
    from accounts.models import User

ROWS_AT_FIRST = 80  # more than a tall screen shows, of lines or of cards
ROWS_A_PAGE = 200
FACTS_A_PAGE = listing.MAX_LIMIT
MOST_ROWS_ASKED = 200  # that have come or changed, looked up at once
MOST_NAMES_ASKED = 1000  # names of one upload looked up at once
_UP = """
WITH RECURSIVE up (id, parent_id, name, steps) AS (
    SELECT id, parent_id, name, 0 FROM files_entry WHERE id = %s
    UNION ALL
    SELECT e.id, e.parent_id, e.name, up.steps + 1 FROM files_entry e JOIN up ON e.id = up.parent_id
)
SELECT id, name FROM up ORDER BY steps DESC
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a file's copies are shown: a tone, a few words, and one tablet for each copy wanted."""

    tone: str
    words: str
    tablets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    entry: EntryDetails
    mark: Mark | None
    sort_key: str

    @property
    def may(self) -> str:
        """What its reader may do with it: `own`, `edit` or `view`."""
        return "own" if self.entry.is_own else "edit" if self.entry.may_edit else "view"

    @property
    def place(self) -> str:
        """The name of the folder it lies or lay in."""
        folder = self.entry.path.rpartition("/")[0]
        return folder.rpartition("/")[2] or home_name()

    @property
    def days_left(self) -> int:
        trashed_at = self.entry.trashed_at or timezone.now()
        left = trashed_at + timedelta(seconds=settings.TRASH_RETENTION_SECONDS) - timezone.now()
        return max(0, ceil(left / timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class RowPage:
    rows: list[Row]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Crumb:
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Totals:
    """How much lies directly in a folder; bytes of folders within are not counted."""

    count: int
    folders: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Room:
    """How much a person stores and may store, with the marks where it becomes tight."""

    figures: Figures

    @property
    def nearly_bytes(self) -> int:
        return (self.figures.quota_bytes or 0) * 85 // 100

    @property
    def almost_bytes(self) -> int:
        return (self.figures.quota_bytes or 0) * 95 // 100


@dataclass(frozen=True, slots=True)
class TakenName:
    """A file or folder that has the name of one about to be sent."""

    id: UUID
    name: str
    kind: str
    size: int | None
    modified_at: datetime


def folder_rows(
    folder: EntryDetails, cursor: str | None, order: str = "name", *, limit: int, skip: int = 0
) -> RowPage:
    """List a folder already found for its user, from a cursor or a number on. Raises BadCursor."""
    paging = listing.Paging(order=order, limit=limit, cursor=cursor, skip=skip)
    return _rows(listing.children_of(folder, paging))


def starred_rows(user: "User", cursor: str | None, order: str = "name", *, limit: int) -> RowPage:
    """List what has a star, wherever it lies. Raises BadCursor."""
    return _rows(listing.starred(user, listing.Paging(order=order, limit=limit, cursor=cursor)))


def shared_rows(user: "User", cursor: str | None, order: str = "name", *, limit: int) -> RowPage:
    """List what others share with the user, each by itself. Raises BadCursor."""
    return _rows(listing.shared(user, listing.Paging(order=order, limit=limit, cursor=cursor)))


def found_rows(
    user: "User", sought: Sought, cursor: str | None, order: str, *, kind: str | None, limit: int
) -> RowPage:
    """List what is found, wherever it lies. Raises BadCursor."""
    paging = listing.Paging(order=order, kind=kind, limit=limit, cursor=cursor)
    return _rows(searching.search(user, sought, paging))


def recent_rows(user: "User", cursor: str | None, order: str = "-modified_at", *, limit: int) -> RowPage:
    """List files wherever they lie. Raises BadCursor."""
    return _rows(searching.recent(user, listing.Paging(order=order, limit=limit, cursor=cursor)))


def trash_rows(user: "User", cursor: str | None, order: str = "-trashed_at", *, limit: int) -> RowPage:
    """List the trash. Raises BadCursor."""
    return _rows(listing.trashed(user, listing.Paging(order=order, limit=limit, cursor=cursor)))


def row(user: "User", entry_id: UUID) -> Row:
    """Return the line of one entry. Raises NotFound."""
    return _row(details.with_copies([access.find(user, entry_id)])[0])


def rows(user: "User", ids: Sequence[UUID]) -> list[Row]:
    """Return the lines of those of the entries that are there, in any order. Raises Invalid."""
    if len(ids) > MOST_ROWS_ASKED:
        raise Invalid(f"At most {MOST_ROWS_ASKED} lines at once.", field="ids")
    found = Entry.objects.visible_to(user).filter(id__in=ids)
    return [_row(entry) for entry in details.with_copies(details.read(found, reader=user))]


def home_name() -> str:
    """Return what one's root folder is called; it has no name of its own."""
    return _("My files")


def trash_days() -> int:
    """Return how many whole days something stays in the trash."""
    return int(settings.TRASH_RETENTION_SECONDS // 86_400)


def crumbs(folder: EntryDetails) -> list[Crumb]:
    """Name the way from the root, or from the topmost that is shared, to this entry and with it."""
    with connection.cursor() as cursor:
        cursor.execute(_UP, [folder.id])
        way = [Crumb(entry_id, name or home_name()) for entry_id, name in cursor.fetchall()]
    return way if folder.is_own else way[-folder.path.count("/") :]


def top_folders(user: "User") -> list[tuple[UUID, str]]:
    """Name the folders that lie directly in a person's root folder."""
    root = access.root_folder(user)
    found = Entry.objects.living().filter(parent=root.id, kind=Entry.Kind.FOLDER).order_by("sort_key")
    return list(found.values_list("id", "name")[:ROWS_A_PAGE])


def folder_names(user: "User", ids: Iterable[UUID]) -> dict[UUID, str]:
    """Name those of a person's own folders that are there."""
    found = Entry.objects.living().filter(owner=user, id__in=list(ids))
    return {entry_id: name or home_name() for entry_id, name in found.values_list("id", "name")}


def totals(folder: EntryDetails) -> Totals:
    sums = (
        Entry.objects.living()
        .filter(parent=folder.id)
        .aggregate(
            n=Count("id"), folders=Count("id", filter=Q(kind=Entry.Kind.FOLDER)), b=Sum("version__size")
        )
    )
    return Totals(sums["n"], sums["folders"], int(sums["b"] or 0))


def room(user: "User") -> Room:
    return Room(quota.figures(user.pk))


def taken(user: "User", folder_id: UUID, wanted: Iterable[str]) -> list[TakenName]:
    """Say which of the names a folder holds already. Raises NotFound, NotAFolder or InvalidName."""
    folder = access.find_folder(user, folder_id)
    clean = [names.clean(name) for name in wanted][:MOST_NAMES_ASKED]
    found = details.read(Entry.objects.living().filter(parent=folder.id, name__in=clean), folder=folder)
    return [TakenName(one.id, one.name, one.kind, one.size, one.modified_at) for one in found]


def mark(copies: Copies) -> Mark:
    """Put a file's copies in tablets and words."""
    if copies.is_complete:
        return Mark("full", _of(copies.wanted, copies.wanted), ["full"] * copies.wanted)
    words = _of(copies.fewest, copies.wanted)
    missing = copies.wanted - copies.fewest
    if copies.fewest and copies.is_being_copied:
        return Mark("busy", words, ["full"] * copies.fewest + ["half"] + ["none"] * (missing - 1))
    if copies.fewest:
        return Mark("warn", words, ["full"] * copies.fewest + ["off"] * missing)
    return Mark("danger", _("Waiting for nodes"), ["off"] * copies.wanted)


def _of(there: int, wanted: int) -> str:
    return _("%(there)s of %(wanted)s") % {"there": there, "wanted": wanted}


def _rows(page: listing.Page) -> RowPage:
    return RowPage([_row(entry) for entry in page.results], page.next_cursor)


def _row(entry: EntryDetails) -> Row:
    copies = entry.copies if entry.size else None  # of an empty file nothing is kept
    return Row(entry, mark(copies) if copies else None, names.sort_key(entry.name))
