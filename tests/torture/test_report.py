"""What makes a run fail: what went wrong, and what would have proven nothing."""

import pytest

from tests.torture.history import Operation
from tests.torture.nemesis import Injected
from tests.torture.report import Report, count_availability, judge


def report_of(**facts) -> Report:
    return Report(commit="c", machine="m", seed=1, seconds=1.0, replay="", **facts)


def fault(kind: str, node: str | None, begin: float, end: float, *, budget: str = "safe") -> Injected:
    return Injected(kind, "node" if node else "service", node, begin, end, True, budget)


def read(begin: float, end: float, status: int, detail: str = "") -> Operation:
    outcome = "ok" if status == 200 else "fail"
    return Operation(1, "get", "cold/1", None, begin, end=end, outcome=outcome, status=status, detail=detail)


def judged(*, lacking=(), broken=(), **facts) -> list[str]:
    report = report_of(**({"acknowledged_writes": 500} | facts))
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


@pytest.mark.parametrize("budget", ["single", "safe"])
def test_a_read_that_failed_with_one_node_hurt_is_told_with_what_was_on_or_had_just_ended(budget):
    report = report_of()
    faults = [
        fault("disk wiped", "node-5", 1, 9),
        fault("gateway process killed", None, 95, 97),
        fault("node killed", "node-1", 98, 104, budget=budget),
        fault("link reset", "node-2", 120, 121),
    ]

    count_availability(report, [read(100, 100.5, 200), read(101, 103, 503, "chunk_unavailable")], faults)

    assert (report.reads_failed_with_one_node_hurt, report.reads_with_one_node_hurt) == (1, 2)
    [told] = report.failed_reads
    assert "101.0 to 103.0 s" in told and "503 chunk_unavailable" in told
    assert "node killed (node-1, 98.0 to 104.0 s)" in told
    assert "gateway process killed (a service, 95.0 to 97.0 s)" in told
    assert "disk wiped" not in told and "link reset" not in told
    assert told in report.page()


def test_of_many_failed_reads_some_are_told():
    report = report_of()

    count_availability(
        report, [read(at, at + 0.5, 503) for at in range(1, 90)], [fault("node killed", "n", 0, 99)]
    )

    assert report.reads_failed_with_one_node_hurt == 89
    assert 0 < len(report.failed_reads) < 20


def test_the_page_tells_how_long_it_took_until_nodes_were_suspected():
    page = report_of(seconds_to_suspect=[1.0, 3.0, 20.0]).page()

    assert "seconds to suspect        median 3.0, longest 20.0 (3 times)" in page
