"""What a run is to do: its bound, which kinds a budget takes, and the command that does it again."""

import shlex
from pathlib import Path

import pytest

from tests.torture.faults import KINDS
from tests.torture.plan import SHARES, Plan, kinds_for


@pytest.mark.parametrize(("minutes", "most"), [(1, 21), (19, 39), (20, 40), (30, 60)])
def test_a_slow_machine_gets_twice_the_time_and_never_less_than_twenty_minutes_more(minutes, most):
    assert Plan(seed=1, minutes=minutes, out=Path()).most_minutes == most


@pytest.mark.parametrize("shares", SHARES.values())
def test_budgets_share_all_of_the_time(shares):
    assert sum(shares.values()) == pytest.approx(1)


def test_one_node_at_a_time_is_hurt_in_single_and_many_in_overkill_alone():
    single, safe, overkill = (
        set(kinds_for(budget, has_disks=True, has_network=True)) for budget in ("single", "safe", "overkill")
    )

    assert all(KINDS[name].hurts == "node" for name in single)
    assert single < safe
    assert not safe & overkill
    assert safe | overkill == KINDS.keys()


def test_what_the_machine_lacks_is_not_asked_for():
    bare = {
        kind for budget in SHARES["all"] for kind in kinds_for(budget, has_disks=False, has_network=False)
    }

    assert bare == {kind.name for kind in KINDS.values() if not kind.needs_disks and not kind.needs_network}


def test_the_replay_line_says_who_took_part_and_what_was_to_be_reached():
    plan = Plan(
        seed=9, minutes=4, out=Path(), nodes=6, clients=3, budget="both", fewest_operations=12_000, wanted=2
    )

    words = shlex.split(plan.replay)

    assert words[:4] == ["make", "torture", "MINUTES=4", "SEED=9"]
    assert words[4] == (
        "TORTURE_OPTIONS=--nodes 6 --clients 3 --budget both --operations 12000 --faults 0 --kinds 0"
        " --wanted 2 --most-minutes 24"
    )
