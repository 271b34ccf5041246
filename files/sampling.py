"""Tells from a few pages of the table how frequent the words of a search are."""

from collections.abc import Sequence
from dataclasses import dataclass

from files import wanting
from files.wanting import Wanted

SAMPLED_PAGES = 64
"""Of the table, two thousand entries or so: a millisecond tells which words are frequent."""
SPARED = 10
"""A word so many times as frequent as the rarest costs more to collect than the entries it rules out."""

# Always the same pages, so that they are at hand. What PostgreSQL knows of words tells little of beginnings:
# "dsc01", "dsc02" … are all rare, and the planner takes any beginning for one in fifty.
_PERCENT = """least(100, 100.0 * %(pages)s::int * current_setting('block_size')::int
       / greatest(pg_relation_size('files_entry'), 1))"""
_SAMPLE = f"""
SELECT 100 / {_PERCENT}, count(*) FILTER (WHERE e.words @@ %(query)s::tsquery),
       count(*) FILTER (WHERE e.words @@ %(query)s::tsquery AND {{own}}), ARRAY[{{terms}}]
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

    @property
    def expected(self) -> int:
        return int(self.scale * self.matches)

    def rare(self, terms: Sequence[str]) -> list[str]:
        """Return the terms to ask the index for; it would collect all that the others match."""
        most = SPARED * min(self.of_terms)
        return [term for term, count in zip(terms, self.of_terms, strict=True) if count <= most]


def look_at_some(wanted: Wanted) -> Sample:
    """Look at a few pages of the table."""
    terms = {f"term{number}": term for number, term in enumerate(wanted.terms)}
    counts = ", ".join(f"count(*) FILTER (WHERE e.words @@ %({name})s::tsquery)" for name in terms)
    statement = _SAMPLE.format(terms=counts, own=wanting.own(wanted))
    [(scale, *figures)] = wanting.ask(statement, wanted, pages=SAMPLED_PAGES, **terms)
    return Sample(float(scale), *figures)
