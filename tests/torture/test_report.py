"""What makes a run fail: what went wrong, and what would have proven nothing."""

import pytest

from tests.torture.report import Report, judge


def judged(*, lacking=(), broken=(), **facts) -> list[str]:
    report = Report(
        commit="c", machine="m", seed=1, seconds=1.0, replay="", **({"acknowledged_writes": 500} | facts)
    )
    judge(report, lacking=lacking, fewest_writes=100, broken=broken)
    assert report.is_passed == (not report.problems)
    assert ("passed" if report.is_passed else "FAILED") in report.page()
    return report.problems


def test_a_run_with_nothing_to_say_against_it_passes():
    assert judged(reads_in_single=10) == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"lacking": ["disk full did not happen often enough (safe)"]}, "disk full"),
        ({"lacking": ["read hedged was never seen"]}, "read hedged"),
        ({"broken": [RuntimeError("a node did not come back\nlogs")]}, "a node did not come back"),
        ({"violations": {"lost": 1}}, "1 × lost"),
        ({"findings": {"a bad copy left": 2}}, "2 × a bad copy left"),
        ({"reads_failed_in_single": 1}, "1 reads failed with one node hurt"),
        ({"acknowledged_writes": 99}, "only 99 acknowledged writes"),
        ({"unknown_share": 0.11}, "11% of the writes"),
    ],
)
def test_each_thing_that_is_wrong_or_unproven_fails_the_run_by_name(facts, said):
    (problem,) = judged(**facts)

    assert said in problem
