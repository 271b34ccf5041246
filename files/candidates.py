"""Finds the entries whose words match, in order, by the way that reads fewest of them.

The index of words collects all that match before it gives the first. That is right for what is rare. What is
frequent is found soon by looking at one entry after the other along an index that has the order.
"""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from files import places, sampling, walks, wanting
from files.orders import LIVING
from files.sampling import Sample
from files.wanting import Wanted

FREQUENT_MATCHES = 20_000
"""Where more are expected, the index of words is not asked first."""

# Only the rare words stand inside: with more, a plan made while the table was young would walk another index.
_BY_WORDS = """
{below} SELECT e.id, e.value FROM (
    SELECT e.id, {value} AS value, e.words, e.name, e.kind, e.starred, e.modified_at, e.trashed_at,
           e.purged_at, e.parent_id, e.version_id
      FROM (SELECT e.* FROM files_entry e WHERE e.words @@ %(rare)s::tsquery AND {first} OFFSET 0) e {joins}
) e WHERE e.words @@ %(query)s::tsquery AND {state} AND {filters} AND {after}
 ORDER BY e.value {way}, e.id {way} LIMIT %(limit)s::int
"""


def find(wanted: Wanted, page: int) -> Iterator[list[UUID]]:
    """Yield all that match, in order, in slices: as many as one statement found."""
    sample = sampling.look_at_some(wanted)
    if sample.expected > FREQUENT_MATCHES:
        found = places.look_through(wanted, sample)
        if found is None and walks.may_go_by_folders(wanted):
            folders = walks.folders_of(wanted)
            if len(folders) <= walks.FOLDERS_LOOKED_AT:
                for rows in walks.along_folders(wanted, folders, page):
                    yield [entry_id for entry_id, _ in rows]
                return
        if found is None:
            found = places.look_below(wanted)
        if found is not None:
            yield found
            return
        if not wanted.trashed:
            for rows in walks.along_tree(wanted, sample, page):
                yield [entry_id for entry_id, _ in rows]
                wanted = replace(wanted, after=wanting.last(rows) or wanted.after)
    yield from _by_words(wanted, sample)


def _by_words(wanted: Wanted, sample: Sample) -> Iterator[list[UUID]]:
    """Yield all that match by the index of words, slice by slice, by bounds for the first ones."""
    state = wanting.TRASHED if wanted.trashed else LIVING
    rare, bounds = " & ".join(sample.rare(wanted.terms)), [*sample.bounds, None]
    while bounds:
        bound = bounds[0]
        order = wanting.order_of(wanted)
        first = "true" if bound is None else wanting.up_to_bound(wanted)
        statement = _BY_WORDS.format(state=state, first=first, **wanting.narrowed(wanted), **order)
        rows = wanting.ask(statement, wanted, rare=rare, bound=bound, limit=wanting.SLICE)
        yield [entry_id for entry_id, _ in rows]
        if len(rows) < wanting.SLICE:
            del bounds[0]
        wanted = replace(wanted, after=wanting.last(rows) or wanted.after)
