"""What a benchmark prints and writes."""

import json

import pytest

from bench import report, targets
from bench.results import GIB, MIB, Measurement, Run


def measured(
    name: str, *, seconds: float, limit: float | None = None, cpu: float = 1.0, operations: int = 0
) -> Measurement:
    row = Measurement(name, "tmpfs", GIB, operations=operations)
    row.add(Run(seconds, {"gateway": cpu}, limit, None), {"all": 500 * MIB, "gateway": 200 * MIB})
    return row


@pytest.mark.parametrize(
    ("row", "is_met"),
    [
        (measured("upload 1 stream", seconds=1.39, limit=1.0), True),
        (measured("upload 4 streams", seconds=1.41, limit=1.0), False),
        (measured("download 1 stream", seconds=1.49, limit=1.0), True),
        (measured("download 4 streams", seconds=1.51, limit=1.0), False),
        (measured("2,000 files of 4 KiB up", seconds=3.9, operations=2000), True),
        (measured("2,000 files of 4 KiB up", seconds=4.1, operations=2000), False),
        (measured("2,000 files of 4 KiB down", seconds=1.9, operations=2000), True),
        (measured("2,000 files of 4 KiB down", seconds=2.1, operations=2000), False),
        (measured("repair of a wiped node", seconds=1.4, limit=1.0), True),
        (measured("repair of a wiped node", seconds=1.5, limit=1.0), False),
        (measured("idle for 30 s", seconds=30, cpu=1.4, operations=1), True),
        (measured("idle for 30 s", seconds=30, cpu=1.6, operations=1), False),
        (measured("memory: up and down", seconds=9.0), True),
    ],
)
def test_a_target_is_met_or_missed(row: Measurement, is_met: bool) -> None:
    assert targets.judge([row])[0].is_met is is_met


def test_an_upload_may_not_cost_more_cpu_than_agreed() -> None:
    _, of_cpu, _ = targets.judge([measured("upload 1 stream", seconds=1.0, limit=1.0, cpu=3.6)])

    assert not of_cpu.is_met
    assert of_cpu.measured == "3.60 CPU s/GiB"


def test_the_gateways_memory_is_a_target_of_its_own() -> None:
    row = measured("memory: up and down", seconds=9.0)
    row.peak_bytes["gateway"] = 251 * MIB

    of_gateway, of_all = targets.judge([row])

    assert (of_gateway.is_met, of_all.is_met) == (False, True)


def test_the_table_names_every_row_and_says_what_fails() -> None:
    rows = [measured("upload 1 stream", seconds=2.0, limit=1.0), measured("200 ranges", seconds=1.0)]

    text = report.table(rows, {"cores": 2})

    assert "cores: 2" in text
    assert "| 200 ranges" in text
    (verdict,) = [line for line in text.splitlines() if "2.00 ×" in line]
    assert verdict.endswith("FAIL |")


def test_every_line_of_a_table_is_equally_long() -> None:
    text = report.table([measured("upload 1 stream", seconds=2.0, limit=1.0)], {})

    lines = [line for line in text.split("Targets")[0].splitlines() if line.startswith("|")]
    assert len({len(line) for line in lines}) == 1


def test_programs_get_the_same_verdicts() -> None:
    told = json.loads(report.as_json([measured("upload 1 stream", seconds=2.0, limit=1.0)], {"cores": 2}))

    assert told["machine"] == {"cores": 2}
    assert told["measurements"][0]["ratio"] == 2.0
    assert [one["is_met"] for one in told["targets"]] == [False, True, True]
