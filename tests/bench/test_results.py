"""The arithmetic over rounds."""

import pytest

from bench.results import GIB, MIB, Measurement, Run, cpu_ms_per_operation, cpu_per_gib, medians


def test_the_ratio_is_the_median_of_each_rounds_own_ratio() -> None:
    row = Measurement("upload 1 stream", "tmpfs", GIB)
    for seconds, limit_seconds in ((2.0, 1.0), (9.0, 6.0), (3.0, 2.5)):
        row.add(Run(seconds, {}, limit_seconds), {})

    assert row.ratio == 1.5
    assert row.seconds == 3.0
    assert row.limit_seconds == 2.5


def test_a_row_tells_the_pace_in_the_middle_of_its_rounds_and_none_where_none_was_seen() -> None:
    row = Measurement("upload", "tmpfs", GIB)
    row.add(Run(2.0, {}), {})
    assert row.pace is None
    assert "pace" not in row.last_round()

    for pace in (0.5, 0.9, 1.0):
        row.add(Run(2.0, {}, pace=pace), {})
    assert row.pace == 0.9
    assert row.last_round().endswith("pace 1.00")


def test_a_row_without_a_limit_has_no_ratio() -> None:
    row = Measurement("files up", "tmpfs", MIB, operations=500)
    row.add(Run(2.0, {"gateway": 1.0}), {})

    assert row.ratio is None
    assert row.cpu_ratio is None
    assert row.operations_a_second == 250


def test_cpu_is_told_by_part_and_as_a_sum() -> None:
    row = Measurement("download 1 stream", "disk", GIB // 4, operations=100)
    row.add(Run(1.0, {"gateway": 0.25, "node": 0.5}), {})

    assert cpu_per_gib(row.cpu, row.size_bytes) == {"gateway": 1.0, "node": 2.0, "all": 3.0}
    assert cpu_ms_per_operation(row.cpu, row.operations) == {"gateway": 2.5, "node": 5.0, "all": 7.5}


def test_a_part_that_did_nothing_in_a_round_counts_as_zero_there() -> None:
    assert medians([{"worker": 3.0}, {}, {"worker": 1.0}]) == {"worker": 1.0}


def test_the_cpu_of_the_limit_is_compared_as_a_whole() -> None:
    row = Measurement("upload 1 stream", "disk", GIB)
    row.add(Run(2.0, {"gateway": 1.0, "node": 2.0}, 1.0, {"relay": 0.5, "node": 1.0}), {})

    assert row.cpu_ratio == 2.0


def test_memory_is_the_highest_of_all_rounds() -> None:
    row = Measurement("upload 1 stream", "disk", GIB)
    for held in (200, 500, 300):
        row.add(Run(1.0, {}), {"all": held * MIB})

    assert row.peak_bytes["all"] == 500 * MIB


@pytest.mark.parametrize("count", [1, 3])
def test_every_round_is_kept_for_programs(count: int) -> None:
    row = Measurement("upload 1 stream", "disk", GIB)
    for number in range(count):
        row.add(Run(1.0 + number, {"gateway": 1.0}, 1.0, {"relay": 1.0}, copies_seconds=3.0), {})

    told = row.as_json()

    assert [one["seconds"] for one in told["rounds"]] == [1.0 + number for number in range(count)]
    assert told["seconds_to_three_copies"] == 3.0
