"""Legal histories pass, and each kind of violation is found."""

import random

import pytest

from tests.torture.oracle import FOREVER, Read, Write, check

NEVER = FOREVER
Step = tuple[str, str | None, float, float]

LEGAL: dict[str, list[Step]] = {
    "nothing was written": [("r", None, 0, 1)],
    "a read after a write": [("w", "a", 0, 1), ("r", "a", 2, 3)],
    "a read while it is written sees it or not": [
        ("w", "a", 0, 9),
        ("r", None, 1, 2),
        ("r", "a", 3, 4),
    ],
    "the old value while the new one is written": [
        ("w", "a", 0, 1),
        ("w", "b", 2, 9),
        ("r", "a", 3, 4),
        ("r", "b", 5, 6),
    ],
    "concurrent writes in either order": [("w", "a", 0, 5), ("w", "b", 0, 5), ("r", "a", 6, 7)],
    "a write of unknown outcome that never happened": [
        ("w", "a", 0, 1),
        ("w", "b", 2, NEVER),
        ("r", "a", 5, 6),
    ],
    "a write of unknown outcome that happened late": [
        ("w", "a", 0, 1),
        ("w", "b", 2, NEVER),
        ("r", "a", 5, 6),
        ("r", "b", 7, 8),
    ],
    "a delete of unknown outcome that happened late": [
        ("w", "a", 0, 1),
        ("w", None, 2, NEVER),
        ("r", "a", 5, 6),
        ("r", None, 7, 8),
    ],
    "deleted and written again": [
        ("w", "a", 0, 1),
        ("w", None, 2, 3),
        ("r", None, 4, 5),
        ("w", "b", 6, 7),
        ("r", "b", 8, 9),
    ],
    "a delete beside a write may come first or last": [
        ("w", "a", 0, 5),
        ("w", None, 0, 5),
        ("r", "a", 6, 7),
    ],
    "absent while a delete runs that other readers have not met yet": [
        ("w", "a", 0, 1),
        ("w", None, 4, 9),
        ("r", None, 4.5, 8),
        ("r", "a", 5, 6),
    ],
    "a refused write is not seen": [("x", "a", 0, 1), ("r", None, 2, 3)],
    "a value was replaced while nobody looked": [
        ("w", "a", 0, 1),
        ("w", "b", 2, 3),
        ("w", "c", 4, 5),
        ("r", "c", 6, 7),
    ],
}
ILLEGAL: dict[str, tuple[str, list[Step]]] = {
    "an acknowledged write is gone": ("lost", [("w", "a", 0, 1), ("r", None, 2, 3)]),
    "gone after it was written again": (
        "lost",
        [("w", "a", 0, 1), ("w", None, 2, 3), ("w", "b", 4, 5), ("r", None, 6, 7)],
    ),
    "seen once though its outcome was unknown, then gone": (
        "lost",
        [("w", "a", 0, NEVER), ("r", "a", 2, 3), ("r", None, 4, 5)],
    ),
    "absent in between": ("lost", [("w", "a", 0, 1), ("r", None, 3, 4), ("r", "a", 5, 6)]),
    "the old value after the new one": (
        "stale read",
        [("w", "a", 0, 1), ("w", "b", 2, 3), ("r", "a", 4, 5)],
    ),
    "back to the old value after the new one was seen": (
        "two values at once",
        [("w", "a", 0, 1), ("w", "b", 2, 9), ("r", "b", 3, 4), ("r", "b", 4.5, 4.6), ("r", "a", 5, 6)],
    ),
    "a value of unknown outcome comes, goes and comes": (
        "two values at once",
        [
            ("w", "a", 0, 1),
            ("w", "b", 2, NEVER),
            ("r", "b", 3, 4),
            ("r", "a", 5, 6),
            ("r", "b", 7, 8),
        ],
    ),
    "concurrent writes, seen in both orders": (
        "two values at once",
        [
            ("w", "a", 0, 5),
            ("w", "b", 0, 5),
            ("r", "a", 6, 7),
            ("r", "b", 8, 9),
            ("r", "a", 10, 11),
            ("r", "b", 12, 13),
        ],
    ),
    "a deleted file is back": (
        "resurrected",
        [("w", "a", 0, 1), ("w", None, 2, 3), ("r", "a", 4, 5)],
    ),
    "bytes that nobody wrote here": ("foreign value", [("w", "a", 0, 1), ("r", "z", 2, 3)]),
    "a write that was refused": ("refused write seen", [("x", "a", 0, 1), ("r", "a", 2, 3)]),
    "bytes from the future": ("seen before written", [("r", "a", 0, 1), ("w", "a", 2, 3)]),
}


def judge(steps: list[Step]) -> set[str]:
    writes = [Write("f", value, begin, end, kind == "x") for kind, value, begin, end in steps if kind != "r"]
    reads = [Read("f", value, begin, end) for kind, value, begin, end in steps if kind == "r"]
    return {violation.kind for violation in check(writes, reads)}


@pytest.mark.parametrize("steps", LEGAL.values(), ids=LEGAL)
def test_a_legal_history_passes(steps: list[Step]) -> None:
    assert judge(steps) == set()


@pytest.mark.parametrize(("kind", "steps"), ILLEGAL.values(), ids=ILLEGAL)
def test_a_violation_is_found(kind: str, steps: list[Step]) -> None:
    assert kind in judge(steps)


def test_registers_do_not_mix() -> None:
    writes = [Write("f", "a", 0, 1), Write("g", "b", 0, 1)]
    assert check(writes, [Read("f", "a", 2, 3), Read("g", "b", 2, 3)]) == []
    assert {found.register for found in check(writes, [Read("f", "b", 2, 3)])} == {"f"}


def history_of_a_true_register(rng: random.Random) -> tuple[list[Write], list[Read]]:
    """What many clients see of a register that takes each step at one moment inside its interval."""
    moments = sorted((rng.uniform(0, 100), number) for number in range(rng.randrange(2, 40)))
    held: object = None
    writes, reads = [], []
    for moment, number in moments:
        begin, end = moment - rng.expovariate(0.3), moment + rng.expovariate(0.3)
        kind = rng.choice(["write", "write", "read", "read", "read", "delete", "unknown", "never", "refused"])
        if kind == "read":
            reads.append(Read("f", held, begin, end))
        elif kind == "never":
            writes.append(Write("f", number, begin, FOREVER))
        elif kind == "refused":
            writes.append(Write("f", number, begin, end, is_refused=True))
        else:
            held = None if kind == "delete" else number
            writes.append(Write("f", held, begin, FOREVER if kind == "unknown" else end))
    return writes, reads


def test_what_a_true_register_shows_is_always_legal() -> None:
    rng = random.Random(20)
    for _ in range(3000):
        writes, reads = history_of_a_true_register(rng)
        assert check(writes, reads) == [], (writes, reads)


def test_a_read_that_was_swapped_for_a_value_of_long_ago_is_found() -> None:
    rng = random.Random(21)
    found = 0
    for number in range(300):
        at = sorted(rng.uniform(0, 100) for _ in range(6))
        writes = [Write("f", "old", at[0], at[1]), Write("f", "new", at[2], at[3])]
        found += bool(check(writes, [Read("f", "old", at[4], at[5])]))
        assert found == number + 1
