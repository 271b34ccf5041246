"""A benchmark tells how much of the machine it had."""

import pytest

from bench.pace import Laps, Pace


def laps_of(*seconds: float) -> Laps:
    laps = Laps()
    laps.seconds = [*seconds]
    return laps


def test_a_round_is_held_against_the_fastest_lap_of_all_rounds() -> None:
    pace = Pace()

    assert pace.of(laps_of(0.2, 0.2)) == 1
    assert pace.of(laps_of(0.1, 0.3)) == pytest.approx(0.5)
    assert pace.of(laps_of(0.2, 0.2)) == pytest.approx(0.5)


def test_even_the_shortest_round_has_a_lap_and_each_takes_cpu_time() -> None:
    with Pace().watched() as laps:
        pass

    assert laps.seconds
    assert all(seconds > 0 for seconds in laps.seconds)


def test_what_fails_while_it_is_watched_fails() -> None:
    with pytest.raises(ZeroDivisionError), Pace().watched():
        1 / 0  # noqa: B018
