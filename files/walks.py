"""Walks along an index that has the order, one entry after the other: for words that are frequent."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from files import wanting
from files.models import Entry
from files.orders import CURRENT_BY_SIZE, FOLDER_BY, LIVING, TREE_BY
from files.sampling import Sample
from files.wanting import Wanted

LOOKED_AT = 200_000
"""At most so many entries of a tree are looked at one after the other; then all that match are asked for."""
SIZES_LOOKED_AT = 20_000
"""The same by size, where each entry is asked for by its id."""
PATIENCE = 20
"""How many times as many as it should take, were the matches spread evenly over the order."""
FOLDERS_LOOKED_AT = 200
"""So many folders are looked through side by side, each along its own index, whatever they hold."""

_FOLDERS = f"{wanting.BELOW} SELECT id FROM below LIMIT %(most)s::int"
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


def may_go_by_folders(wanted: Wanted) -> bool:
    """Tell whether all that is wanted lies in folders that have indexes of this order."""
    is_of_folders = wanted.tops and not wanted.with_tops and wanted.kind != Entry.Kind.FOLDER
    return bool(is_of_folders) and wanted.column in FOLDER_BY and not wanted.trashed


def folders_of(wanted: Wanted) -> list[UUID]:
    """Return the folders below the topmost, and itself; one more than may be looked through, if there are."""
    return [row[0] for row in wanting.ask(_FOLDERS, wanted, most=FOLDERS_LOOKED_AT + 1)]


def along_folders(wanted: Wanted, folders: list[UUID], page: int) -> Iterator[list[Any]]:
    """Yield all that match in these folders, each of which is read until it has given a page."""
    kinds = [wanted.kind] if wanted.kind else [kind.value for kind in Entry.Kind]
    while True:
        order = wanting.order_of(wanted)
        living, own = FOLDER_BY[wanted.column], wanting.own(wanted)
        parts = [_ALONG_FOLDER.format(kind=kind, living=living, own=own, **order) for kind in kinds]
        statement = _ALONG_FOLDERS.format(parts=" UNION ALL ".join(parts), **order)
        rows = wanting.ask(statement, wanted, folders=folders, limit=page, endless=_ENDLESS)
        yield rows
        if len(rows) < page:
            return
        wanted = replace(wanted, after=wanting.last(rows))


def along_tree(wanted: Wanted, sample: Sample, page: int) -> Iterator[list[Any]]:
    """Yield what matches among those entries of a tree that come first, up to a bound."""
    is_size = wanted.column == "size"
    most = SIZES_LOOKED_AT if is_size or wanted.sizes else LOOKED_AT
    if not wanted.tops and not is_size:
        most = min(most, PATIENCE * page * sample.of_terms[0] // max(1, sample.wanted))
    along = _ALONG_SIZES if is_size else _ALONG_TREE
    while True:
        statement = along.format(
            living=TREE_BY.get(wanted.column), **wanting.narrowed(wanted), **wanting.order_of(wanted)
        )
        rows = wanting.ask(statement, wanted, most=most, limit=page)
        yield rows
        if len(rows) < page:
            return
        wanted = replace(wanted, after=wanting.last(rows))
