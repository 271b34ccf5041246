"""How what reads is fuzzed: texts that are nearly right, a sample of runs with every change, more by nightly.

A test that hypothesis drives through `fuzzed` is a law; `tests/fuzz` holds the same laws under atheris.
"""

import json

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests import nightly

RUNS = nightly.count(80, 100_000)
LONGEST_MS = 1000 if nightly.IS_NIGHTLY else None  # none hangs; on a busy machine a moment means nothing

ODD = (
    *(
        True,
        -1,
        2**63,
        10**400,
        1e999,
        -0.5,
        float("nan"),
        "\ud800",
        "1",
        "a\nb",
        "a\0b",
        "",
        [5],
        [[]],
        [{}],
        {},
    ),
    *({"a": {}}, "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "2026-W01"),
)
JSON = st.sampled_from(ODD) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
"""What a body or a reply may be once it is read as JSON."""


def made_of(*pieces: str) -> st.SearchStrategy[str]:
    """Texts that are nearly right, for the most part: pieces of right ones, in any order."""
    piece = st.one_of(st.sampled_from(pieces), st.text(max_size=4), st.integers().map(str))
    texts = st.one_of(st.lists(piece, max_size=12).map("".join), st.text(max_size=60))
    texts.pieces = pieces
    return texts


def fuzzed(*, runs: int = RUNS, **strategies: st.SearchStrategy):
    def wrap(test):
        checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
        quick = settings(max_examples=runs, deadline=LONGEST_MS, database=None, suppress_health_check=checks)
        test.pieces = [piece for one in strategies.values() for piece in getattr(one, "pieces", ())]
        return seed(nightly.SEED)(quick(given(**strategies)(test)))

    return wrap


def read(parse, *given, refusals, **named):
    """Return what is read; None when it is refused by one of these errors."""
    try:
        return parse(*given, **named)
    except refusals as error:
        assert str(error)
        return None


def changed(good: str, where: int, left_out: int, piece: str) -> str:
    """Return a text that is right but for one place: some letters give way to a piece."""
    at = where % (len(good) + 1)
    return good[:at] + piece + good[at + left_out % 8 :]


def places(value: object, before: tuple = ()) -> list[tuple]:
    """Return the way to each value in a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [before, *(place for key, one in inner for place in places(one, (*before, key)))]


def put(document: object, place: tuple, value: object) -> object:
    """Return a copy of a JSON document with another value at a place."""
    if not place:
        return value
    copied = json.loads(json.dumps(document))
    holder = copied
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return copied
