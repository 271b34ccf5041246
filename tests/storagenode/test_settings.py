"""How much of its disk a node leaves free."""

import pytest

from storagenode.settings import GIB, reserve_bytes


@pytest.mark.parametrize(
    ("reserve", "capacity_bytes", "free_bytes"),
    [
        ("smaller", 10 * GIB, GIB // 2),  # 5 % of a small disk
        ("smaller", 20 * GIB, GIB),
        ("smaller", 1000 * GIB, GIB),
        ("larger", 10 * GIB, GIB),
        ("larger", 20 * GIB, GIB),
        ("larger", 1000 * GIB, 50 * GIB),
        ("smaller", 0, 0),
        ("larger", 0, GIB),
        ("0", 1000 * GIB, 0),
        ("4096", 10 * GIB, 4096),
    ],
)
def test_a_reserve_is_one_gib_or_5_percent_the_smaller_or_the_larger_or_what_is_named(
    reserve: str, capacity_bytes: int, free_bytes: int
) -> None:
    assert reserve_bytes(reserve, capacity_bytes) == free_bytes
