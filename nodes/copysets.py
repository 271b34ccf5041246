"""Which nodes hold copies together from nine nodes on: few sets, so that few losses take a chunk with them.

At random, a large cluster soon has a chunk on every three nodes there are, and any three that die at once
take some for good; kept to sets, only those three that are one (Cidon et al., Copysets, 2013). No I/O, no
clock.
"""

import random
from collections.abc import Iterable, Set
from functools import lru_cache

FEWEST_NODES = 9
"""Below, sets would be most of all the combinations that there are."""
SETS_A_NODE = 4
"""Each has two partners: what a lost node held is read from about eight others at once."""

Copyset = frozenset[int]


def of(members: Iterable[tuple[int, str]], *, copies: int) -> tuple[Copyset, ...]:
    """Return the sets of these nodes, given with their zones; none while there are too few.

    The same nodes make the same sets, in whatever process; one node more or fewer makes others.
    """
    return _sets(frozenset(members), copies)


@lru_cache(maxsize=16)
def _sets(members: frozenset[tuple[int, str]], copies: int) -> tuple[Copyset, ...]:
    if len(members) < FEWEST_NODES or copies < 2:
        return ()
    found: dict[Copyset, None] = {}
    for number in range(SETS_A_NODE):
        groups: list[set[int]] = [set() for _ in range(len(members) // copies)]
        for at, node_id in enumerate(_zone_by_zone(members, random.Random(number))):
            groups[at % len(groups)].add(node_id)  # neighbours of one zone go to different sets
        found |= dict.fromkeys(map(frozenset, groups))
    return tuple(found)


def _zone_by_zone(members: Set[tuple[int, str]], dice: random.Random) -> list[int]:
    """Shuffle the zones, and within each its nodes."""
    zones: dict[str, list[int]] = {}
    for node_id, zone in sorted(members):
        zones.setdefault(zone, []).append(node_id)
    names = sorted(zones)
    dice.shuffle(names)
    for name in names:
        dice.shuffle(zones[name])
    return [node_id for name in names for node_id in zones[name]]


def partners(holders: Set[int], sets: Iterable[Copyset]) -> Set[int]:
    """Return who shares a set with all the holders; nobody when no set has all of them."""
    return {node_id for one in sets if holders <= one for node_id in one} - holders
