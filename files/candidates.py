"""Finds the entries whose words match, in order, by the way that reads fewest of them.

The index of words collects all that match before it gives the first. That is right for what is rare. What is
frequent is found soon by looking at one entry after the other along an index that has the order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from files import file_types, names
from files.file_types import FileType
from files.models import Entry
from files.orders import CURRENT_BY_SIZE, FOLDER, FOLDER_BY, LIVING, TREE_BY, WITH_SIZE, type_of

FREQUENT_MATCHES = 20_000
"""Where more are expected, the index of words is not asked first."""
SAMPLED_PAGES = 64
"""Of the table, two thousand entries or so: a millisecond tells which words are frequent."""
LOOKED_AT = 200_000
"""At most so many entries of a tree are looked at one after the other; then all that match are asked for."""
SIZES_LOOKED_AT = 20_000
"""The same by size, where each entry is asked for by its id."""
PATIENCE = 20
"""How many times as many as it should take, were the matches spread evenly over the order."""
PLACE_LOOKED_AT = 10_000
"""A place (the trash, those with a star, folders, a folder) is looked through as a whole up to this."""
FOLDERS_LOOKED_AT = 200
"""So many folders are looked through side by side, each along its own index, whatever they hold."""
SPARED = 10
"""A word so many times as frequent as the rarest costs more to collect than the entries it rules out."""
_SLICE = 200
COLUMNS = {"name": "sort_key", "size": "size", "modified_at": "modified_at", "created_at": "created_at"}

_TRASHED = "e.trashed_at IS NOT NULL AND e.purged_at IS NULL"
# Always the same pages, so that they are at hand. What PostgreSQL knows of words tells little of beginnings:
# "dsc01", "dsc02" … are all rare, and the planner takes any beginning for one in fifty.
_PERCENT = """least(100, 100.0 * %(pages)s::int * current_setting('block_size')::int
       / greatest(pg_relation_size('files_entry'), 1))"""
_SAMPLE = f"""
SELECT 100 / {_PERCENT}, count(*) FILTER (WHERE e.words @@ %(query)s::tsquery),
       count(*) FILTER (WHERE e.words @@ %(query)s::tsquery AND {{own}}), ARRAY[{{terms}}]
  FROM files_entry e TABLESAMPLE SYSTEM ({_PERCENT}) REPEATABLE (0)
"""
# OFFSET 0 keeps apart what stands inside and outside: each part has one index to go by.
_BELOW = f"""
WITH RECURSIVE below AS (
    SELECT unnest(coalesce(%(tops)s::uuid[], ARRAY[files_root(%(owner)s::bigint)])) AS id
    UNION
    SELECT c.id FROM below b CROSS JOIN LATERAL (
        SELECT e.id FROM files_entry e
         WHERE e.parent_id = b.id AND e.kind = 'folder' AND {FOLDER} OFFSET 0
    ) c
)"""
_IS_BELOW = "CASE WHEN e.parent_id IN (SELECT id FROM below) THEN true ELSE false END"
_IS_TOP_OR_BELOW = f"({_IS_BELOW} OR e.id = ANY(%(tops)s::uuid[]))"
_TOPS = f"""
 UNION ALL
SELECT e.* FROM files_entry e
 WHERE e.id = ANY(%(tops)s::uuid[]) AND NOT {_IS_BELOW} AND {{kinds}} AND {LIVING}"""
# The last ending of a name, as `file_types` reads it; null where there is none.
_ENDING = r"lower(substring(e.name from '\.([[:alnum:]]+)$'))"
_FOLDERS = f"{_BELOW} SELECT id FROM below LIMIT %(most)s::int"
_ALONG_TREE = """
{below} SELECT e.id, e.value FROM (
    SELECT e.id, e.{column} AS value, e.words, e.name, e.kind, e.starred, e.modified_at, e.parent_id,
           e.version_id
      FROM files_entry e
     WHERE e.owner_id = %(owner)s::bigint AND {living} AND {beyond}
     ORDER BY e.{column} {way}, e.id {way} LIMIT %(most)s::int
) e WHERE e.words @@ %(query)s::tsquery AND {filters} LIMIT %(limit)s::int
"""
# All trees have their files along one index: an order by size is asked for now and then.
_ALONG_SIZES = f"""
{{below}} SELECT e.id, v.size FROM (
    SELECT v.id, v.entry_id, v.size FROM files_version v WHERE {CURRENT_BY_SIZE} AND {{beyond}}
     ORDER BY v.size {{way}}, v.entry_id {{way}} LIMIT %(most)s::int
) v CROSS JOIN LATERAL (
    SELECT e.id, e.words, e.name, e.kind, e.starred, e.modified_at, e.parent_id, e.version_id
      FROM files_entry e
     WHERE e.id = v.entry_id AND e.version_id = v.id AND e.owner_id = %(owner)s::bigint AND {LIVING} OFFSET 0
) e WHERE e.words @@ %(query)s::tsquery AND {{filters}} LIMIT %(limit)s::int
"""
_ALONG_FOLDERS = """
SELECT e.id, e.value FROM unnest(%(folders)s::uuid[]) AS folder (id) CROSS JOIN LATERAL ({parts}) e
 ORDER BY e.value {way}, e.id {way} LIMIT %(limit)s::int
"""
# A limit that is not known to the planner has it read along the index; else it would rather sort.
_ENDLESS = 2**62
_ALONG_FOLDER = """(
SELECT e.id, e.value FROM (
    SELECT e.id, e.{column} AS value, e.words, e.name, e.kind, e.starred, e.modified_at, e.version_id
      FROM files_entry e
     WHERE e.parent_id = folder.id AND e.kind = '{kind}' AND {living} AND {beyond}
     ORDER BY e.{column} {way}, e.id {way} LIMIT %(endless)s::bigint
) e WHERE e.words @@ %(query)s::tsquery AND {own} LIMIT %(limit)s::int)"""
_IS_SINCE = "e.modified_at >= %(since)s::timestamptz"
_BETWEEN_SIZES = "BETWEEN %(smallest)s::bigint AND %(largest)s::bigint"
_HAS_SIZE = f"(SELECT v.size FROM files_version v WHERE v.id = e.version_id) {_BETWEEN_SIZES}"
_IN_TRASH = f"SELECT e.* FROM files_entry e WHERE e.owner_id = %(owner)s::bigint AND {_TRASHED}"
_WITH_STAR = f"SELECT e.* FROM files_entry e WHERE e.owner_id = %(owner)s::bigint AND e.starred AND {LIVING}"
_SINCE = f"""
SELECT e.* FROM files_entry e
 WHERE e.owner_id = %(owner)s::bigint AND e.modified_at >= %(since)s::timestamptz AND {LIVING}"""
# All trees have their files along one index. Those of others count, too, so that the walk has an end.
_OF_SIZE = f"""
SELECT e.* FROM (
    SELECT v.id, v.entry_id FROM files_version v
     WHERE {CURRENT_BY_SIZE} AND v.size {_BETWEEN_SIZES}
     ORDER BY v.size DESC, v.entry_id DESC LIMIT %(most)s::int
) v LEFT JOIN LATERAL (
    SELECT e.* FROM files_entry e
     WHERE e.id = v.entry_id AND e.version_id = v.id AND e.owner_id = %(owner)s::bigint AND {LIVING} OFFSET 0
) e ON true"""
_IN_FOLDERS = f"""
SELECT e.* FROM below b CROSS JOIN LATERAL (
    SELECT e.* FROM files_entry e WHERE e.parent_id = b.id AND {{kinds}} AND {FOLDER} OFFSET 0
) e"""
_IN_PLACE = """
{below}, place AS MATERIALIZED (
    SELECT e.id, e.kind, e.words, e.name, e.starred, e.parent_id,
           e.sort_key, e.modified_at, e.created_at, e.version_id
      FROM ({place}) e LIMIT %(most)s::int
), found AS (
    SELECT e.id, {value} AS value, e.name, e.kind, e.starred, e.modified_at, e.parent_id, e.version_id
      FROM place e {joins}
     WHERE e.words @@ %(query)s::tsquery
)
SELECT (SELECT count(*) FROM place),
       ARRAY(SELECT e.id FROM found e WHERE {filters} AND {after} ORDER BY e.value {way}, e.id {way})
"""
# Only the rare words stand inside: with more, a plan made while the table was young would walk another index.
_BY_WORDS = """
{below} SELECT e.id FROM (
    SELECT e.id, {value} AS value, e.words, e.name, e.kind, e.starred, e.modified_at, e.trashed_at,
           e.purged_at, e.parent_id, e.version_id
      FROM (SELECT e.* FROM files_entry e WHERE e.words @@ %(rare)s::tsquery OFFSET 0) e {joins}
) e WHERE e.words @@ %(query)s::tsquery AND {state} AND {filters} AND {after}
 ORDER BY e.value {way}, e.id {way} LIMIT %(limit)s::int OFFSET %(offset)s::int
"""


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


@dataclass(frozen=True, slots=True)
class Sample:
    """How many of some entries have all the terms, how many are wanted besides, and how many have each."""

    scale: float
    """So many times as many entries are there."""
    matches: int
    wanted: int
    of_terms: Sequence[int]

    @property
    def expected(self) -> int:
        return int(self.scale * self.matches)

    def rare(self, terms: Sequence[str]) -> list[str]:
        """Return the terms to ask the index for; it would collect all that the others match."""
        most = SPARED * min(self.of_terms)
        return [term for term, count in zip(terms, self.of_terms, strict=True) if count <= most]


def find(wanted: Wanted, page: int) -> Iterator[list[UUID]]:
    """Yield all that match, in order, in slices; the first ones are about a page."""
    sample = look_at_some(wanted)
    if sample.expected > FREQUENT_MATCHES:
        has_index = wanted.column in FOLDER_BY and not wanted.trashed
        if (
            has_index
            and wanted.tops
            and not wanted.with_tops
            and not wanted.starred
            and wanted.kind != Entry.Kind.FOLDER
        ):
            folders = _folders(wanted)
            if len(folders) <= FOLDERS_LOOKED_AT:
                for rows in _along_folders(wanted, folders, page):
                    yield [entry_id for entry_id, _ in rows]
                return
        found = _in_place(wanted)
        if found is not None:
            yield from found
            return
        if not wanted.trashed:
            for rows in _along_tree(wanted, sample, page):
                yield [entry_id for entry_id, _ in rows]
                wanted = replace(wanted, after=_last(rows) or wanted.after)
    yield from _by_words(wanted, sample)


def look_at_some(wanted: Wanted) -> Sample:
    """Look at a few pages of the table."""
    terms = {f"term{number}": term for number, term in enumerate(wanted.terms)}
    counts = ", ".join(f"count(*) FILTER (WHERE e.words @@ %({name})s::tsquery)" for name in terms)
    statement = _SAMPLE.format(terms=counts, own=_own(wanted))
    [(scale, *figures)] = _ask(statement, wanted, pages=SAMPLED_PAGES, **terms)
    return Sample(float(scale), *figures)


def _folders(wanted: Wanted) -> list[UUID]:
    """Return the folders below the topmost, and itself; one more than may be looked through, if there are."""
    return [row[0] for row in _ask(_FOLDERS, wanted, most=FOLDERS_LOOKED_AT + 1)]


def _along_folders(wanted: Wanted, folders: list[UUID], page: int) -> Iterator[list[Any]]:
    """Yield all that match in these folders, each of which is read until it has given a page."""
    kinds = [wanted.kind] if wanted.kind else [kind.value for kind in Entry.Kind]
    while True:
        order = _order_of(wanted)
        living, own = FOLDER_BY[wanted.column], _own(wanted)
        parts = [_ALONG_FOLDER.format(kind=kind, living=living, own=own, **order) for kind in kinds]
        statement = _ALONG_FOLDERS.format(parts=" UNION ALL ".join(parts), **order)
        rows = _ask(statement, wanted, folders=folders, limit=page, endless=_ENDLESS)
        yield rows
        if len(rows) < page:
            return
        wanted = replace(wanted, after=_last(rows))


def _along_tree(wanted: Wanted, sample: Sample, page: int) -> Iterator[list[Any]]:
    """Yield what matches among those entries of a tree that come first, up to a bound."""
    is_size = wanted.column == "size"
    most = SIZES_LOOKED_AT if is_size or wanted.sizes else LOOKED_AT
    if not wanted.tops and not is_size:
        most = min(most, PATIENCE * page * sample.of_terms[0] // max(1, sample.wanted))
    along = _ALONG_SIZES if is_size else _ALONG_TREE
    while True:
        statement = along.format(living=TREE_BY.get(wanted.column), **_narrowed(wanted), **_order_of(wanted))
        rows = _ask(statement, wanted, most=most, limit=page)
        yield rows
        if len(rows) < page:
            return
        wanted = replace(wanted, after=_last(rows))


def _in_place(wanted: Wanted) -> list[list[UUID]] | None:
    """Return those that match in the place they are wanted of, in slices; None where it is none, or large."""
    narrowed = _narrowed(wanted) | {"below": _BELOW}
    kinds = "e.kind = 'folder'" if wanted.kind == Entry.Kind.FOLDER else "true"
    for place in _places(wanted):
        statement = _IN_PLACE.format(place=place.format(kinds=kinds), **narrowed, **_order_of(wanted))
        [(count, found)] = _ask(statement, wanted, most=PLACE_LOOKED_AT + 1)
        if count <= PLACE_LOOKED_AT:
            return [found[start : start + _SLICE] for start in range(0, len(found), _SLICE)]
    return None


def _places(wanted: Wanted) -> Iterator[str]:
    """Yield, in SQL, the places that hold all that is wanted."""
    if wanted.trashed:
        yield _IN_TRASH
        return
    if wanted.starred:
        yield _WITH_STAR
    if wanted.since:
        yield _SINCE
    if wanted.sizes:
        yield _OF_SIZE
    if wanted.tops or wanted.kind == Entry.Kind.FOLDER:
        yield _IN_FOLDERS + (_TOPS if wanted.with_tops else "")


def _by_words(wanted: Wanted, sample: Sample) -> Iterator[list[UUID]]:
    """Yield all that match by the index of words, slice by slice."""
    state = _TRASHED if wanted.trashed else LIVING
    statement = _BY_WORDS.format(state=state, **_narrowed(wanted), **_order_of(wanted))
    rare, offset = " & ".join(sample.rare(wanted.terms)), 0
    while True:
        rows = _ask(statement, wanted, rare=rare, limit=_SLICE, offset=offset)
        yield [row[0] for row in rows]
        if len(rows) < _SLICE:
            return
        offset += _SLICE


def _order_of(wanted: Wanted) -> dict[str, str]:
    """Say in SQL how it is sorted and where its page begins, by the value or by the column."""
    is_size, column = wanted.column == "size", COLUMNS[wanted.column]
    sign = "<" if wanted.is_descending else ">"
    place = f"{sign} (%(value)s::{type_of(wanted.column)}, %(id)s::uuid)"
    along = "v.size, v.entry_id" if is_size else f"e.{column}, e.id"
    beyond = [f"({along}) {place}"] if wanted.after else []
    if wanted.since and wanted.column == "modified_at":
        beyond.append(_IS_SINCE)  # the index ends there
    return {
        "column": column,
        "value": "v.size" if is_size else f"e.{column}",
        "joins": WITH_SIZE if is_size else "",
        "after": f"(e.value, e.id) {place}" if wanted.after else "true",
        "beyond": " AND ".join(beyond) or "true",
        "way": "DESC" if wanted.is_descending else "ASC",
    }


def _narrowed(wanted: Wanted) -> dict[str, str]:
    """Say in SQL which of those that match are wanted, by themselves and by where they lie."""
    is_below = bool(wanted.tops) and not wanted.trashed
    where = (_IS_TOP_OR_BELOW if wanted.with_tops else _IS_BELOW) if is_below else "true"
    return {"below": _BELOW if is_below else "", "filters": f"{_own(wanted)} AND {where}"}


def _own(wanted: Wanted) -> str:
    """Say in SQL what is asked of an entry itself."""
    conditions = ["true"]
    if wanted.kind is not None:
        conditions.append(f"e.kind = '{Entry.Kind(wanted.kind).value}'")
    if wanted.starred:
        conditions.append("e.starred")
    if wanted.type is not None:
        conditions.append(f"e.kind = 'file' AND {_ENDING} = ANY(%(endings)s::text[])")
    if wanted.since is not None:
        conditions.append(_IS_SINCE)
    if wanted.sizes:
        conditions.append(_HAS_SIZE)
    return " AND ".join(conditions)


def _last(rows: Sequence[Any]) -> Position | None:
    return Position(rows[-1][1], rows[-1][0]) if rows else None


def _ask(statement: str, wanted: Wanted, **further: Any) -> list[Any]:
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
