"""Tells from a few pages of the table how frequent the words of a search are, and where matches begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from files import wanting
from files.orders import LIVING
from files.wanting import Wanted

SAMPLED_PAGES = 128
"""Of the table, five thousand entries or so: two milliseconds tell which words are frequent."""
LIKELY = 4
"""A slice of the matches comes before so many of a sample's, unless the first of them lies close."""
SPARED = 10
"""A word so many times as frequent as the rarest costs more to collect than the entries it rules out."""

# Always the same pages, so that they are at hand. What PostgreSQL knows of words tells little of beginnings:
# "dsc01", "dsc02" … are all rare, and the planner takes any beginning for one in fifty.
_PERCENT = """least(100, 100.0 * %(pages)s::int * current_setting('block_size')::int
       / greatest(pg_relation_size('files_entry'), 1))"""
_ORDERED = f"""(array_agg(e.{{column}} ORDER BY e.{{column}} {{way}}, e.id {{way}})
    FILTER (WHERE e.words @@ %(query)s::tsquery AND {{own}} AND {LIVING} AND {{beyond}}))"""
_BOUNDS = f"array_remove(ARRAY[{_ORDERED}[%(likely)s::int], {_ORDERED}[%(sure)s::int]], NULL)"
_SAMPLE = f"""
SELECT 100 / {_PERCENT}, count(*) FILTER (WHERE e.words @@ %(query)s::tsquery),
       count(*) FILTER (WHERE e.words @@ %(query)s::tsquery AND {{own}}), ARRAY[{{terms}}],
       {{bounds}}
  FROM files_entry e TABLESAMPLE SYSTEM ({_PERCENT}) REPEATABLE (0)
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """How many of some entries have all the terms, how many are wanted besides, and how many have each."""

    scale: float
    """So many times as many entries are there."""
    matches: int
    wanted: int
    of_terms: Sequence[int]
    bounds: Sequence[Any]
    """No later than these values of the order a slice of matches is likely to come, then sure to."""

    @property
    def expected(self) -> int:
        return int(self.scale * self.matches)

    def rare(self, terms: Sequence[str]) -> list[str]:
        """Return the terms to ask the index for; it would collect all that the others match."""
        rarest = min(self.of_terms)
        if 2 * self.matches > rarest:  # the others rule out little of what it leaves
            return [terms[self.of_terms.index(rarest)]]
        most = SPARED * rarest
        return [term for term, count in zip(terms, self.of_terms, strict=True) if count <= most]


def look_at_some(wanted: Wanted) -> Sample:
    """Look at a few pages of the table."""
    terms = {f"term{number}": term for number, term in enumerate(wanted.terms)}
    counts = ", ".join(f"count(*) FILTER (WHERE e.words @@ %({name})s::tsquery)" for name in terms)
    # Neither an entry's size nor where in the tree it lies stands in its row.
    is_of_rows = not (wanted.column == "size" or wanted.sizes or wanted.tops or wanted.trashed)
    bounds = (
        _BOUNDS.format(own=wanting.own(wanted), **wanting.order_of(wanted)) if is_of_rows else "'{}'::int[]"
    )
    statement = _SAMPLE.format(terms=counts, own=wanting.own(wanted), bounds=bounds)
    [(scale, *figures)] = wanting.ask(
        statement, wanted, pages=SAMPLED_PAGES, likely=LIKELY, sure=wanting.SLICE + 1, **terms
    )
    return Sample(float(scale), *figures)
