"""A rate is kept whatever is sent, and nobody waits past the time they have."""

import threading

import pytest

from nodes.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_rate_is_kept_over_many_sends(clock):
    pace = Pace(1000, clock=clock, sleep=clock.sleep)

    for _ in range(10):
        assert pace.wait(500, until=clock.now + 60)

    assert clock.now + pace.debt_seconds == pytest.approx(105)


def test_time_that_passed_unused_is_not_saved_up(clock):
    pace = Pace(1000, clock=clock, sleep=clock.sleep)
    clock.now += 3600

    assert pace.wait(1000, until=clock.now)
    assert pace.debt_seconds == pytest.approx(1)


def test_who_would_wait_too_long_is_told_at_once_and_takes_no_room(clock):
    pace = Pace(1000, clock=clock, sleep=clock.sleep)
    assert pace.wait(10_000, until=105)

    assert not pace.wait(1, until=105)

    assert (clock.now, pace.debt_seconds) == (100, pytest.approx(10))


def test_what_is_larger_than_the_rate_goes_alone(clock):
    assert Pace(1, clock=clock, sleep=clock.sleep).wait(10**9, until=clock.now)


def test_without_a_limit_nobody_waits_but_the_time_still_ends(clock):
    pace = Pace(0, clock=clock, sleep=clock.sleep)

    assert pace.wait(10**12, until=clock.now)
    assert not pace.wait(1, until=clock.now - 1)
    assert pace.debt_seconds == 0


def test_threads_share_one_rate(clock):
    pace = Pace(1000, clock=clock, sleep=lambda seconds: None)
    threads = [
        threading.Thread(target=lambda: [pace.wait(10, until=1e9) for _ in range(100)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert pace.debt_seconds == pytest.approx(8)
