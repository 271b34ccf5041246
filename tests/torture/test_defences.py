"""Which defences a run must see, and how counters that are reset on the way add up."""

import pytest

from tests.torture import defences, watch
from tests.torture.faults import KINDS
from tests.torture.watch import Rising

SEEN_OTHERWISE = {
    "node suspected",
    "condemned chunk revived",
    "upload resumed",
    "stale writer refused",
}
"""By rows of health and state, or by clients; every other one by a figure."""


def test_defences_are_called_for_by_faults_that_there_are():
    named = {kind for defence in defences.DEFENCES.values() for kind in defence.against}

    assert named <= KINDS.keys()


def test_something_shows_each_defence():
    figures = {*watch.OF_GATEWAY.values(), *watch.OF_NODES.values(), *watch.OF_ROWS.values()}

    assert defences.DEFENCES.keys() == figures | SEEN_OTHERWISE


@pytest.mark.parametrize(
    ("happened", "wanted", "not_wanted"),
    [
        ([], "stale writer refused", "found corrupt"),
        (["bit flipped"], "found corrupt", "found missing"),
        (["bit flipped"], "put aside", "safe mode"),
        (["file removed"], "bytes repaired", "put aside"),
        (["most nodes cut off"], "safe mode", "breaker opened"),
        (["disk full"], "no room said", "store read-only"),
    ],
)
def test_a_fault_calls_for_its_defences_alone(happened, wanted, not_wanted):
    called = defences.called_for(happened)

    assert wanted in called
    assert not_wanted not in called


def test_a_defence_that_never_acted_is_named_and_its_faults_are_wanted_again():
    unseen = defences.unseen(["read hedged", "put aside"], {"put aside": 3, "read hedged": 0})

    assert unseen == ["read hedged"]
    assert "link delayed" in defences.faults_for(unseen)
    assert "bit flipped" not in defences.faults_for(unseen)


def test_a_defence_is_waited_for_while_its_faults_may_still_come():
    assert defences.ends_with("safe mode", ["most nodes killed"], {"bit flipped"})
    assert not defences.ends_with("found corrupt", ["bit flipped"], {"file zeroed"})
    assert not defences.ends_with("stale writer refused", ["bit flipped"], set())


@pytest.mark.parametrize(
    ("series", "looks", "grown"),
    [
        ("x_total", [5, 5, 9], 4),
        ("x_total", [5, 7, 1, 2], 4),  # another process counts from nothing
        ("x_total 503", [0, 2, 1], 3),
        ("x_files", [0, 3, 1, 2], 4),  # a gauge that falls has not begun anew
        ("x_total", [100], 0),  # what was before the first look is nobody's
    ],
)
def test_what_a_figure_grew_by_adds_up(series, looks, grown):
    rising = Rising()

    assert sum(rising.grown("node-1", series, value) for value in looks) == grown


def test_sources_are_kept_apart():
    rising = Rising()
    rising.grown("node-1", "x_total", 5)
    rising.grown("node-2", "x_total", 1)

    assert rising.grown("node-1", "x_total", 6) == 1
    assert rising.grown("node-2", "x_total", 1) == 0
