"""A node that errs is left alone for a minute, then tried by one request."""

import pytest

from nodes import breaker, client, measures, roster
from nodes.breaker import OPEN_AT_ERRORS, OPEN_SECONDS, WINDOW_SECONDS, Breaker
from nodes.errors import NodeUnreachable


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(clock: Clock) -> Breaker:
    made = Breaker(clock)
    for _ in range(OPEN_AT_ERRORS):
        made.failed()
    return made


def test_it_opens_at_ten_errors_within_a_minute(clock):
    made = Breaker(clock)
    for _ in range(OPEN_AT_ERRORS - 1):
        made.failed()
    assert made.is_closed
    made.failed()
    assert not made.is_closed


def test_successes_in_between_do_not_hide_errors(clock):
    made = Breaker(clock)
    for _ in range(OPEN_AT_ERRORS):
        made.succeeded()
        made.failed()
    assert not made.is_closed


def test_it_may_close_at_the_moment_when_another_thread_asks_whether_it_is_open():
    moments = iter([0.0] * (OPEN_AT_ERRORS + 1))

    def closes_in_between() -> float:
        if next(moments, None) is None:
            made.succeeded()
        return 0.0

    made = opened(closes_in_between)
    assert [made.is_closed for _ in range(3)] == [False, False, True]


def test_openings_and_what_is_open_are_measured(cluster):
    node = cluster.node("node-a")
    openings = measures.BREAKER_OPENINGS.labels(node.name)
    is_open = measures.BREAKERS_OPEN.labels(node.name)
    before = openings._value.get()
    cluster.take_down(node.name)
    for _ in range(2 * OPEN_AT_ERRORS):
        with pytest.raises(NodeUnreachable):
            client.fetch_status(roster.load()[node.id])
    assert (openings._value.get() - before, is_open._value.get()) == (1, 1)

    cluster.bring_back(node.name)
    client.fetch_status(roster.load()[node.id])
    assert (openings._value.get() - before, is_open._value.get()) == (1, 0)


def test_old_errors_are_forgotten(clock):
    made = Breaker(clock)
    for _ in range(OPEN_AT_ERRORS * 3):
        made.failed()
        clock.now += WINDOW_SECONDS / (OPEN_AT_ERRORS - 1) + 0.1
    assert made.is_closed


def test_a_success_closes_it_and_forgets(clock):
    made = opened(clock)
    made.succeeded()
    assert made.is_closed
    for _ in range(OPEN_AT_ERRORS - 1):
        made.failed()
    assert made.is_closed


def test_after_a_minute_one_request_is_the_trial_and_the_others_wait(clock):
    made = opened(clock)
    clock.now += OPEN_SECONDS
    assert made.is_closed
    made.asked()
    assert not made.is_closed
    made.succeeded()
    assert made.is_closed


def test_a_failed_trial_opens_it_again_at_once(clock):
    made = opened(clock)
    clock.now += OPEN_SECONDS
    made.asked()
    clock.now += 1
    made.failed()
    clock.now += OPEN_SECONDS - 1
    assert not made.is_closed
    clock.now += 1
    assert made.is_closed


def test_a_trial_whose_outcome_nobody_learns_is_followed_by_another(clock):
    made = opened(clock)
    clock.now += OPEN_SECONDS
    made.asked()
    clock.now += breaker.TRIAL_SECONDS
    assert made.is_closed


def test_requests_while_it_is_open_or_closed_change_nothing(clock):
    made = Breaker(clock)
    made.asked()
    assert made.is_closed
    made = opened(clock)
    made.asked()
    clock.now += OPEN_SECONDS
    assert made.is_closed


def test_a_probe_that_succeeded_since_lets_one_request_try_at_once(clock):
    made = opened(clock)
    clock.now += 5
    made.probed(seconds_ago=6)
    assert not made.is_closed
    made.probed(seconds_ago=1)
    assert made.is_closed
    made.asked()
    assert not made.is_closed
    made.probed(seconds_ago=0)
    assert not made.is_closed
    made.succeeded()
    assert made.is_closed


def test_a_node_that_passes_probes_but_fails_requests_is_tried_once_a_probe(clock):
    made = opened(clock)
    for _ in range(5):
        clock.now += 5
        made.probed(seconds_ago=1)
        made.asked()
        assert not made.is_closed
        made.failed()
        made.probed(seconds_ago=1)
        assert not made.is_closed


def test_each_node_has_one_breaker():
    assert breaker.of(-1) is breaker.of(-1)
    assert breaker.of(-1) is not breaker.of(-2)
