"""Any stretch of bytes tells who wrote it."""

import random

import pytest

from tests.torture import content


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128, 65_536, 65_537])
def test_a_content_has_its_length_and_names_one_writer(length: int) -> None:
    made = content.make(7, 42, length)
    assert len(made) == length
    assert content.writers(7, made, 0) == ({42} if length >= content.LINE else set())


def test_a_slice_is_that_of_the_whole() -> None:
    whole = content.make(7, 42, 100_001)
    rng = random.Random(1)
    for _ in range(200):
        start = rng.randrange(len(whole))
        stop = rng.randrange(start + 1, len(whole) + 200)
        assert content.slice_of(7, 42, len(whole), start, stop) == whole[start:stop]


def test_any_128_bytes_name_their_writer() -> None:
    whole = content.make(7, 42, 10_000)
    for start in range(500):
        assert content.writers(7, whole[start : start + 128], start) == {42}


def test_mixed_foreign_and_broken_bytes_show() -> None:
    mine, other = content.make(7, 1, 640), content.make(7, 2, 640)
    assert content.writers(7, mine[:320] + other[320:], 0) == {1, 2}
    assert content.writers(8, mine, 0) == {None}
    assert content.writers(7, bytes(640), 0) == {None}


def test_no_two_operations_runs_or_lengths_write_the_same_line() -> None:
    lines = {
        content.make(seed, op, length)[:64] for seed in (1, 2) for op in (1, 2, 3) for length in (640, 700)
    }
    assert len(lines) == 12
