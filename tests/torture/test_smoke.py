"""A minute of torture with a fixed seed: faults that need no root happen, nothing is lost or wrong."""

from pathlib import Path

import pytest

from tests.torture.run import Plan, torture

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]

SAFE = [
    "node killed",
    "node frozen",
    "link delayed",
    "link black hole",
    "link replies lost",
    "link reset",
    "link cut in mid-body",
    "bit flipped",
    "file truncated",
    "file removed",
    "disk wiped",
    "disk refuses writes",
    "gateway process killed",
    "worker killed",
    "redis emptied",
    "postgres stopped at once",
]
SINGLE = ["node killed", "node frozen", "link refused"]
DEFENCES = ["copy handed off", "found corrupt", "found missing", "bytes repaired", "nothing promised (503)"]
"""Those that act whenever their faults happen; it goes on until each was seen."""


def test_a_minute_of_faults_loses_nothing_and_serves_no_wrong_byte(
    tmp_path: Path,
) -> None:
    report = torture(
        Plan(
            seed=7,
            minutes=0.6,
            out=tmp_path,
            nodes=4,
            clients=6,
            phases={"single": 0.3, "safe": 0.7},
            kinds={"single": SINGLE, "safe": SAFE},
            defences=DEFENCES,
            hold_scale=0.3,
            missed_within_seconds=0,
            fewest_writes=30,
            waits_for_leases=False,
        )
    )
    assert report.is_passed, report.page()
    assert report.reads_in_single > 0
