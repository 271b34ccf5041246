"""The pure choice of nodes, and the identifiers rows are given."""

import random
import time
import uuid
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.ids import uuid7
from nodes.placement import Candidate, choose_nodes

CANDIDATES = st.lists(
    st.builds(
        Candidate,
        node_id=st.integers(1, 10_000),
        zone=st.sampled_from("abcde"),
        free_bytes=st.integers(0, 10_000),
    ),
    unique_by=lambda candidate: candidate.node_id,
    max_size=12,
)


@given(candidates=CANDIDATES, size=st.integers(0, 10_000), used=st.sets(st.sampled_from("abcdef")))
def test_every_node_with_room_is_offered_once_and_new_zones_come_first(candidates, size, used):
    order = choose_nodes(candidates, size=size, used_zones=used)

    assert {one.node_id for one in order} == {one.node_id for one in candidates if one.free_bytes >= size}
    assert len(order) == len(set(order))
    new_zones = {one.zone for one in order} - used
    first = [one.zone for one in order[: len(new_zones)]]
    assert len(first) == len(set(first))
    assert set(first) == new_zones


@given(candidates=CANDIDATES)
def test_any_prefix_spreads_over_as_many_zones_as_it_can(candidates):
    order = choose_nodes(candidates, size=0)
    zones = len({one.zone for one in candidates})
    for length in range(1, len(order) + 1):
        assert len({one.zone for one in order[:length]}) == min(length, zones)


@pytest.mark.parametrize(
    ("candidates", "size", "used", "expected"),
    [
        ([], 1, set(), []),
        ([Candidate(1, "a", 5)], 6, set(), []),
        ([Candidate(1, "a", 5)], 5, set(), [1]),
        ([Candidate(1, "a", 2**50), Candidate(2, "b", 10)], 1, {"a"}, [2, 1]),
        ([Candidate(1, "a", 0), Candidate(2, "a", 0)], 1, set(), []),
    ],
)
def test_room_and_used_zones_decide(candidates, size, used, expected):
    assert [one.node_id for one in choose_nodes(candidates, size=size, used_zones=used)] == expected


def test_a_node_is_chosen_in_proportion_to_its_free_space():
    dice = random.Random(1)
    candidates = [Candidate(1, "a", 3000), Candidate(2, "a", 1000)]
    firsts = Counter(choose_nodes(candidates, size=1, rng=dice)[0].node_id for _ in range(2000))
    assert 0.71 < firsts[1] / 2000 < 0.79


def test_ids_are_version_7_and_follow_time():
    before = time.time_ns() // 1_000_000
    made = [uuid7() for _ in range(500)]
    after = time.time_ns() // 1_000_000

    assert len(set(made)) == 500
    milliseconds = [one.int >> 80 for one in made]
    assert milliseconds == sorted(milliseconds)
    assert before <= milliseconds[0] <= milliseconds[-1] <= after
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}
