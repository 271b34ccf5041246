"""Lists entries a page at a time: a folder, the starred, the recent, the trash. Folders come first.

A cursor says where the last page ended, never how many entries came before: it stays right while others
change the folder, and a late page costs what the first one does. Who jumps into the middle of a folder skips
entries by their number instead, which costs a walk along the index up to there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.core import signing
from django.db import connection
from django.db.models import Q

from files import access, cursors, details, names
from files.details import COLUMNS, JOINS, EntryDetails, from_row, reader_of
from files.errors import BadCursor, Invalid
from files.models import Entry, EntryQuerySet
from files.orders import FOLDER, FOLDER_BY, WITH_SIZE, type_of
from nodes import contents

if TYPE_CHECKING:
    from accounts.models import User

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
ORDERS = {
    "name": "sort_key",
    "size": "version__size",
    "modified_at": "modified_at",
    "created_at": "created_at",
    "trashed_at": "trashed_at",
    "owner": "owner__username",
}
_ONLY_IN = {"trashed_at": "trash", "owner": "shared"}
"""What sets entries apart in one list alone."""
_TIMES = frozenset({"modified_at", "created_at", "trashed_at"})
_KINDS = (Entry.Kind.FOLDER, Entry.Kind.FILE)
_CONTENT = EntryDetails._fields.index("content_id")
_SALT = "files.listing"

_database = cast(Any, connection)  # ours: it has `fetch_rows`
# What people wait for most, written out: the query builder takes longer for it than PostgreSQL does.
_CHILDREN = f"""
WITH folder AS MATERIALIZED (
    SELECT rtrim(path, '/') || '/' AS beginning, role, {contents.NONE_LACK_COPIES} AS all_copies
      FROM ({{folder}}) found
)
SELECT {COLUMNS}, folder.beginning || e.name, folder.role, folder.all_copies
  FROM folder CROSS JOIN ({{parts}}) e {JOINS} LIMIT %s::int"""
_CHILDREN_OF_KIND = """(
SELECT e.* FROM files_entry e {joins}
 WHERE e.parent_id = %s::uuid AND e.kind = %s AND {living} AND {after}
 ORDER BY {value} {way}, e.id {way} LIMIT %s::int {offset})"""

_PLACE_OF_KIND = """
SELECT count(*), min(place) FILTER (WHERE sort_key LIKE %s) FROM (
    SELECT e.sort_key, row_number() OVER (ORDER BY {value} {way}, e.id {way}) - 1 AS place
      FROM files_entry e {joins} WHERE e.parent_id = %s::uuid AND e.kind = %s AND {living}
) e"""


@dataclass(frozen=True, slots=True)
class Page:
    results: list[EntryDetails]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Paging:
    """How to list: by a name of ORDERS (with a minus: descending), one kind or both, which page."""

    order: str = "name"
    kind: str | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    skip: int = 0
    """So many entries of a folder come before the page; without a cursor."""


def children(user: "User", folder_id: UUID | None, paging: Paging) -> Page:
    """List a folder, the root when none is named. Raises NotFound, NotAFolder or BadCursor."""
    if folder_id is None:
        return children_of(access.find_folder(user, None), paging)
    page = _list(access.looking_up(user, folder_id), paging)
    if not page.results:
        access.find_folder(user, folder_id)  # there is nothing in it, or nothing to see
    return page


def children_of(folder: EntryDetails, paging: Paging) -> Page:
    """List a folder that its user has been found to see: it is checked once, not for each entry."""
    return _list(access.looked_up(folder), paging)


def _list(folder: access.Sight, paging: Paging) -> Page:
    skip = 0 if paging.cursor else paging.skip
    return _page(partial(_children, folder, skip), paging, scope=folder.id.hex)


def place_of(folder: EntryDetails, beginning: str, order: str = "name") -> int | None:
    """Say how many entries of a folder come before the first whose name begins so; None: there is none.

    Costs a walk along the whole folder.
    """
    before = 0
    if "\0" in beginning:  # no name has it, and the database takes none
        return None
    for kind in _KINDS:
        statement = _PLACE_OF_KIND.format(**_along(_Order.of(order, kind)))
        count, place = _database.fetch_row(statement, [names.sort_keys_like(beginning), folder.id, kind])
        if place is not None:
            return before + int(place)
        before += count
    return None


def starred(user: "User", paging: Paging) -> Page:
    entries = Entry.objects.owned_by(user).living().filter(starred=True)
    return _page(partial(_among, entries, reader_of(user)), paging, scope="starred")


def recent(user: "User", paging: Paging) -> Page:
    """List the user's files wherever they lie; meant for the order -modified_at."""
    entries = Entry.objects.owned_by(user).living().filter(kind=Entry.Kind.FILE)
    return _page(partial(_among, entries, reader_of(user)), paging, scope="recent")


def shared(user: "User", paging: Paging) -> Page:
    """List what others share with the user, each by itself; what lies below is listed by its folder."""
    return _page(partial(_among, Entry.objects.shared_with(user), user), paging, scope="shared")


def trashed(user: "User", paging: Paging) -> Page:
    """List what the user put into the trash, with the paths where it was."""
    entries = Entry.objects.in_trash_of(user)
    return _page(partial(_among, entries, reader_of(user)), paging, scope="trash")


def _page(
    read: "Callable[[Sequence[_Part], int], list[EntryDetails]]", paging: Paging, *, scope: str
) -> Page:
    limit = max(1, min(paging.limit, MAX_LIMIT))
    kinds = [kind for kind in _KINDS if paging.kind in (None, kind)]
    column = paging.order.removeprefix("-")
    if column not in ORDERS or _ONLY_IN.get(column, scope) != scope:
        raise Invalid(f"This list cannot be sorted by “{column}”.", field="order")
    after = _read_cursor(paging, scope) if paging.cursor else None
    if after:
        kinds = kinds[kinds.index(Entry.Kind(after.kind)) :]
    # One kind after the other: each is a plain walk along an index.
    parts = [
        _Part(kind, _Order.of(paging.order, kind), after if kind == kinds[0] else None) for kind in kinds
    ]
    found = read(parts, limit + 1)
    results = details.with_copies(found[:limit])
    return Page(results, _write_cursor(paging, scope, results[-1]) if len(found) > limit else None)


@dataclass(frozen=True, slots=True)
class _Order:
    column: str
    is_descending: bool

    @classmethod
    def of(cls, order: str, kind: str) -> "_Order":
        column = order.removeprefix("-")
        if column == "size" and kind == Entry.Kind.FOLDER:
            return cls("name", False)
        return cls(column, order.startswith("-"))


@dataclass(frozen=True, slots=True)
class _Position:
    """The last entry of a page, by the value it was sorted by."""

    kind: str
    value: Any
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class _Part:
    """What to read of one kind: from which place on, the beginning when none is named."""

    kind: str
    order: _Order
    after: _Position | None
    skip: int = 0


def _children(folder: access.Sight, skip: int, parts: Sequence[_Part], limit: int) -> list[EntryDetails]:
    """Read so many of what is in a folder, in one statement; nothing where it is not to be seen."""
    if skip:
        parts = _skipping(folder.id, skip, parts)
        if not parts:
            return []
    parameters = [*folder.parameters]
    for part in parts:
        place = [part.after.value, part.after.entry_id] if part.after else []
        parameters += [folder.id, part.kind, *place, limit, *([part.skip] if part.skip else [])]
    ways = tuple((part.order, part.after is not None, part.skip > 0) for part in parts)
    rows = _database.fetch_rows(_statement(folder.statement, ways), [*parameters, limit])
    copies = contents.all_copies() if rows and rows[0][-1] else None
    return [from_row(row[:-1], copies if row[_CONTENT] else None) for row in rows]


def _skipping(folder_id: UUID, skip: int, parts: Sequence[_Part]) -> list[_Part]:
    """Return what is left of the parts behind so many entries."""
    rest: list[_Part] = []
    for part in parts:
        there = Entry.objects.living().filter(parent=folder_id, kind=part.kind).count() if skip else 0
        if there > skip or not skip:
            rest.append(replace(part, skip=skip))
        skip = max(0, skip - there)
    return rest


@cache
def _statement(folder: str, ways: Sequence[tuple[_Order, bool, bool]]) -> str:
    """Write the statement that goes along each kind in its order: after a place, or skipping some?"""
    parts = " UNION ALL ".join([_children_of_kind(*way) for way in ways])
    return _CHILDREN.format(folder=folder, parts=parts)


def _children_of_kind(order: _Order, is_after: bool, is_skipping: bool) -> str:
    along, after = _along(order), "true"
    if is_after:
        sign = "<" if order.is_descending else ">"
        after = f"({along['value']}, e.id) {sign} (%s::{type_of(order.column)}, %s::uuid)"
    return _CHILDREN_OF_KIND.format(after=after, offset="OFFSET %s::int" if is_skipping else "", **along)


def _along(order: _Order) -> dict[str, str]:
    """Return what in SQL an order is of a folder's entries."""
    return {
        "value": "v.size" if order.column == "size" else f"e.{ORDERS[order.column]}",
        "way": "DESC" if order.is_descending else "ASC",
        "joins": WITH_SIZE if order.column == "size" else "",
        "living": FOLDER_BY.get(order.column, FOLDER),
    }


def _among(
    entries: EntryQuerySet, reader: "User | None", parts: Sequence[_Part], limit: int
) -> list[EntryDetails]:
    """Read so many of the entries, one kind after the other until they are enough."""
    found: list[EntryDetails] = []
    for part in parts:
        if len(found) < limit:
            wanted = _ordered(entries.filter(kind=part.kind), part.order, part.after)
            found += details.read(wanted[: limit - len(found)], reader=reader)
    return found


def _ordered(entries: EntryQuerySet, order: _Order, after: _Position | None) -> EntryQuerySet:
    field, sign, word = ORDERS[order.column], "", "gt"
    if order.is_descending:
        sign, word = "-", "lt"
    if after:
        # The first condition is implied by the second, and the one an index can begin at.
        entries = entries.filter(**{f"{field}__{word}e": after.value}).filter(
            Q(**{f"{field}__{word}": after.value}) | Q(**{field: after.value, f"id__{word}": after.entry_id})
        )
    return entries.order_by(sign + field, sign + "id")


def _write_cursor(paging: Paging, scope: str, last: EntryDetails) -> str:
    column = _Order.of(paging.order, last.kind).column
    value = names.sort_key(last.name) if column == "name" else getattr(last, column)
    if isinstance(value, datetime):
        value = value.isoformat()
    position = [scope, paging.order, paging.kind, last.kind, value, last.id.hex]
    return signing.dumps(position, salt=_SALT, compress=True)


def _read_cursor(paging: Paging, scope: str) -> _Position:
    """It must belong to this very list."""
    *belongs_to, kind, value, entry_id = cursors.read(paging.cursor or "", salt=_SALT)
    if belongs_to != [scope, paging.order, paging.kind]:
        raise BadCursor(field="cursor")
    if _Order.of(paging.order, kind).column in _TIMES:
        value = datetime.fromisoformat(value)
    return _Position(kind, value, UUID(hex=entry_id))
