"""Looks through a small place as a whole: the trash, the starred, what is new, a few sizes, a folder."""

from uuid import UUID

from files import wanting
from files.models import Entry
from files.orders import CURRENT_BY_SIZE, FOLDER, LIVING
from files.sampling import Sample
from files.wanting import Wanted

PLACE_LOOKED_AT = 10_000
"""A place (the trash, those with a star, folders, a folder) is looked through as a whole up to this."""

_TOPS = f"""
 UNION ALL
SELECT e.* FROM files_entry e
 WHERE e.id = ANY(%(tops)s::uuid[]) AND NOT {wanting.IS_BELOW} AND {{kinds}} AND {LIVING}"""
_IN_TRASH = f"SELECT e.* FROM files_entry e WHERE e.owner_id = %(owner)s::bigint AND {wanting.TRASHED}"
_WITH_STAR = f"SELECT e.* FROM files_entry e WHERE e.owner_id = %(owner)s::bigint AND e.starred AND {LIVING}"
_SINCE = f"""
SELECT e.* FROM files_entry e
 WHERE e.owner_id = %(owner)s::bigint AND {wanting.IS_SINCE} AND {LIVING}"""
# All trees have their files along one index. Those of others count, too, so that the walk has an end.
_OF_SIZE = f"""
SELECT e.* FROM (
    SELECT v.id, v.entry_id FROM files_version v
     WHERE {CURRENT_BY_SIZE} AND v.size {wanting.BETWEEN_SIZES}
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


def look_through(wanted: Wanted, sample: Sample) -> list[UUID] | None:
    """Return those that match in a place that holds all that is wanted; None where it is large."""
    if wanted.trashed:
        return _look_through(_IN_TRASH, wanted)
    if sample.wanted * sample.scale > PLACE_LOOKED_AT:
        return None
    places = {_WITH_STAR: wanted.starred, _SINCE: wanted.since, _OF_SIZE: wanted.sizes}
    tried = (_look_through(place, wanted) for place, is_one in places.items() if is_one)
    return next((found for found in tried if found is not None), None)


def look_below(wanted: Wanted) -> list[UUID] | None:
    """Return those that match below the folders, or among all folders; None where these are none, or many."""
    if wanted.trashed or not (wanted.tops or wanted.kind == Entry.Kind.FOLDER):
        return None
    kinds = "e.kind = 'folder'" if wanted.kind == Entry.Kind.FOLDER else "true"
    place = _IN_FOLDERS + (_TOPS if wanted.with_tops else "")
    return _look_through(place.format(kinds=kinds), wanted)


def _look_through(place: str, wanted: Wanted) -> list[UUID] | None:
    narrowed = wanting.narrowed(wanted) | {"below": wanting.BELOW}
    statement = _IN_PLACE.format(place=place, **narrowed, **wanting.order_of(wanted))
    [(count, found)] = wanting.ask(statement, wanted, most=PLACE_LOOKED_AT + 1)
    return found if count <= PLACE_LOOKED_AT else None
