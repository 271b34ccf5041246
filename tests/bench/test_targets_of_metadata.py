"""Whether what costs rows and no bytes keeps its targets."""

import pytest

from bench import report, targets
from bench.results import Measurement, Run


def asked(name: str, *milliseconds: float, operations: int = 1) -> Measurement:
    row = Measurement(name, "tmpfs", 0, operations=operations)
    for one in milliseconds:
        row.add(Run(one / 1000, {}), {})
    return row


@pytest.mark.parametrize(
    ("row", "is_met"),
    [
        (asked("first 100 of a large folder", 3.9, 3.9, 90), True),
        (asked("first 100 of a large folder", 4.1, 4.1, 1), False),
        (asked("first 100 with 4 readers", *[10] * 95, *[90] * 5), True),
        (asked("first 100 with 4 readers", *[10] * 94, *[90] * 6), False),
        (asked("first rows while 10 upload", *[150] * 95, *[900] * 5), True),
        (asked("first rows while 10 upload", *[150] * 94, *[900] * 6), False),
        (asked("search: a rare word", 49), True),
        (asked("search: a rare word", 51), False),
        (asked("10,000 deletions by batch", 12_000, operations=10_000), True),
        (asked("10,000 deletions by batch", 13_000, operations=10_000), False),
    ],
)
def test_a_target_is_met_or_missed(row: Measurement, is_met: bool) -> None:
    (verdict,) = targets.judge([row])

    assert verdict.is_met is is_met


@pytest.mark.parametrize(("milliseconds", "is_met"), [(29, True), (31, False)])
def test_the_end_of_an_upload_may_not_depend_on_its_size(milliseconds: float, is_met: bool) -> None:
    rows = [asked("last MiB of 1 MiB", 20), asked("last MiB of 100 GiB", milliseconds)]

    (verdict,) = targets.judge(rows)

    assert verdict.is_met is is_met


def test_the_table_tells_such_rows_in_milliseconds() -> None:
    text = report.table([asked("search: a rare word", 12.34)], {})

    assert "12.3 ms" in text
