"""What is searched for, and how a statement says it of an entry `e`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from files import file_types, names
from files.file_types import FileType
from files.models import Entry
from files.orders import BY_PAGES, FOLDER, WITH_SIZE, type_of

SLICE = 200
"""The index of words is asked for so many of what matches at a time."""
COLUMNS = {"name": "sort_key", "size": "size", "modified_at": "modified_at", "created_at": "created_at"}

TRASHED = "e.trashed_at IS NOT NULL AND e.purged_at IS NULL"
# OFFSET 0 keeps apart what stands inside and outside: each part has one index to go by.
BELOW = f"""
WITH RECURSIVE below AS (
    SELECT unnest(coalesce(%(tops)s::uuid[], ARRAY[files_root(%(owner)s::bigint)])) AS id
    UNION
    SELECT c.id FROM below b CROSS JOIN LATERAL (
        SELECT e.id FROM files_entry e
         WHERE e.parent_id = b.id AND e.kind = 'folder' AND {FOLDER} OFFSET 0
    ) c
)"""
IS_BELOW = "CASE WHEN e.parent_id IN (SELECT id FROM below) THEN true ELSE false END"
_IS_TOP_OR_BELOW = f"({IS_BELOW} OR e.id = ANY(%(tops)s::uuid[]))"
# The last ending of a name, as `file_types` reads it. A pattern would take seven times as long.
_ENDS = "lower(split_part(e.name, '.', -1)) = ANY(%(endings)s::text[]) AND strpos(e.name, '.') > 0"
IS_SINCE = "e.modified_at >= %(since)s::timestamptz"
BETWEEN_SIZES = "BETWEEN %(smallest)s::bigint AND %(largest)s::bigint"
_HAS_SIZE = f"(SELECT v.size FROM files_version v WHERE v.id = e.version_id) {BETWEEN_SIZES}"


@dataclass(frozen=True, slots=True)
class Position:
    """The last entry of a page, by the value it was sorted by."""

    value: Any
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall match, of which kind, where, in which order and from which place on."""

    owner_id: int
    words: Sequence[str]
    order: str
    kind: str | None
    starred: bool
    trashed: bool
    tops: Sequence[UUID] = ()
    """The folders below which it lies, none: anywhere; of what is in the trash, whoever asks decides that."""
    with_tops: bool = False
    """These, which may be files then, are among what is looked through."""
    type: FileType | None = None
    since: datetime | None = None
    """It was modified no earlier."""
    sizes: range | None = None
    """It is a file of so many bytes."""
    after: Position | None = None

    @property
    def column(self) -> str:
        return self.order.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.order.startswith("-")

    @property
    def terms(self) -> list[str]:
        terms = [f"'{names.owner_word(self.owner_id)}'", *(f"'{word}':*" for word in self.words)]
        if self.endings:
            terms.append(f"({' | '.join(repr(ending) for ending in self.endings)})")
        return terms

    @property
    def endings(self) -> Sequence[str]:
        return file_types.ENDINGS[self.type] if self.type else ()


def order_of(wanted: Wanted) -> dict[str, str]:
    """Say in SQL how it is sorted and where its page begins, by the value or by the column."""
    is_size, column = wanted.column == "size", COLUMNS[wanted.column]
    sign = "<" if wanted.is_descending else ">"
    place = f"{sign} (%(value)s::{type_of(wanted.column)}, %(id)s::uuid)"
    along = "v.size, v.entry_id" if is_size else f"e.{column}, e.id"
    beyond = [f"({along}) {place}"] if wanted.after else []
    if wanted.since and wanted.column == "modified_at":
        beyond.append(IS_SINCE)  # the index ends there
    return {
        "column": column,
        "value": "v.size" if is_size else f"e.{column}",
        "joins": WITH_SIZE if is_size else "",
        "after": f"(e.value, e.id) {place}" if wanted.after else "true",
        "beyond": " AND ".join(beyond) or "true",
        "way": "DESC" if wanted.is_descending else "ASC",
    }


def up_to_bound(wanted: Wanted) -> str:
    """Say in SQL that what it is sorted by, of an entry itself, comes no later than a bound."""
    sign, column = ">=" if wanted.is_descending else "<=", COLUMNS[wanted.column]
    return f"{BY_PAGES.get(column, f'e.{column}')} {sign} %(bound)s::{type_of(wanted.column)}"


def narrowed(wanted: Wanted) -> dict[str, str]:
    """Say in SQL which of those that match are wanted, by themselves and by where they lie."""
    is_below = bool(wanted.tops) and not wanted.trashed
    where = (_IS_TOP_OR_BELOW if wanted.with_tops else IS_BELOW) if is_below else "true"
    return {"below": BELOW if is_below else "", "filters": f"{own(wanted)} AND {where}"}


def own(wanted: Wanted) -> str:
    """Say in SQL what is asked of an entry itself."""
    conditions = ["true"]
    if wanted.kind is not None:
        conditions.append(f"e.kind = '{Entry.Kind(wanted.kind).value}'")
    if wanted.starred:
        conditions.append("e.starred")
    if wanted.type is not None:
        conditions.append(f"e.kind = 'file' AND {_ENDS}")
    if wanted.since is not None:
        conditions.append(IS_SINCE)
    if wanted.sizes:
        conditions.append(_HAS_SIZE)
    return " AND ".join(conditions)


def last(rows: Sequence[Any]) -> Position | None:
    """Return where to go on after rows of an id and what they are sorted by; None after none."""
    return Position(rows[-1][1], rows[-1][0]) if rows else None


def ask(statement: str, wanted: Wanted, **further: Any) -> list[Any]:
    """Return the rows of a statement, in which what is wanted has its names."""
    parameters = {
        "owner": wanted.owner_id,
        "tops": list(wanted.tops) or None,
        "endings": list(wanted.endings),
        "since": wanted.since,
        "smallest": wanted.sizes[0] if wanted.sizes else None,
        "largest": wanted.sizes[-1] if wanted.sizes else None,
        "query": " & ".join(wanted.terms),
        **further,
    }
    if wanted.after:
        parameters |= {"value": wanted.after.value, "id": wanted.after.entry_id}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[Any] = cursor.fetchall()
        return rows
