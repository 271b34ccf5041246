"""From nine nodes on copies keep to few sets of nodes, in different zones, and every node has its share."""

import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes import copysets
from nodes.placement import Candidate, choose_nodes

COPIES = 3
NODES = [(number, "abc"[number % 3]) for number in range(12)]
MEMBERS = st.sets(st.integers(1, 500), min_size=copysets.FEWEST_NODES, max_size=40).flatmap(
    lambda ids: st.tuples(*(st.tuples(st.just(one), st.sampled_from("abcdef")) for one in sorted(ids)))
)


def candidates(nodes=NODES, *, full=()):
    return [Candidate(node_id, zone, 0 if node_id in full else 1000) for node_id, zone in nodes]


def place(sets, *, dice, full=()):
    """Choose nodes as an upload and then replication do: two, later one more."""
    first = choose_nodes(candidates(full=full), size=1, sets=sets, rng=dice)[:2]
    holders = {one.node_id for one in first}
    third = choose_nodes(
        [one for one in candidates(full=full) if one.node_id not in holders],
        size=1,
        used_zones={one.zone for one in first},
        holders=holders,
        sets=sets,
        rng=dice,
    )[0]
    return frozenset({*holders, third.node_id})


@pytest.mark.parametrize(("nodes", "copies"), [(NODES[:8], 3), (NODES, 1), ([], 3)])
def test_few_nodes_or_single_copies_have_no_sets(nodes, copies):
    assert copysets.of(nodes, copies=copies) == ()


@given(members=MEMBERS)
def test_every_node_is_in_some_sets_none_is_too_small_and_zones_differ_where_they_can(members):
    sets = copysets.of(members, copies=COPIES)
    zone_of = dict(members)
    largest_zone = max(Counter(zone_of.values()).values())

    assert {node_id for one in sets for node_id in one} == set(zone_of)
    assert all(COPIES <= len(one) < 2 * COPIES for one in sets)
    assert len(sets) <= copysets.SETS_A_NODE * (len(members) // COPIES)
    if largest_zone <= len(members) // COPIES:
        assert all(len({zone_of[node_id] for node_id in one}) == len(one) for one in sets)


@given(members=MEMBERS, dice=st.randoms())
def test_the_same_nodes_make_the_same_sets_in_whatever_order(members, dice):
    shuffled = list(members)
    dice.shuffle(shuffled)
    assert copysets.of(shuffled, copies=COPIES) == copysets.of(members, copies=COPIES)


def test_r37_chunks_keep_to_the_sets_and_few_losses_of_three_nodes_take_one():
    dice = random.Random(3)
    sets = copysets.of(NODES, copies=COPIES)
    placed = Counter(place(sets, dice=dice) for _ in range(6000))
    at_random = Counter(place((), dice=dice) for _ in range(6000))

    assert set(placed) <= set(sets)
    assert len(placed) <= copysets.SETS_A_NODE * len(NODES) // COPIES == 16
    in_three_zones = [one for one in combinations(NODES, 3) if len({zone for _, zone in one}) == 3]
    assert len(at_random) == len(in_three_zones) == 64
    held = Counter(node_id for one, chunks in placed.items() for node_id in one for _ in range(chunks))
    assert max(held.values()) < 1.3 * min(held.values()), "every node has its share"


def test_what_a_set_cannot_take_goes_elsewhere():
    dice = random.Random(4)
    sets = copysets.of(NODES, copies=COPIES)
    full = {node_id for node_id, _ in NODES[:7]}

    for _ in range(200):
        assert not place(sets, dice=dice, full=full) & full


def test_holders_that_no_set_has_together_have_no_partners():
    sets = (frozenset({1, 2, 3}), frozenset({3, 4, 5}))
    assert copysets.partners({3}, sets) == {1, 2, 4, 5}
    assert copysets.partners({3, 4}, sets) == {5}
    assert copysets.partners({1, 5}, sets) == set()
