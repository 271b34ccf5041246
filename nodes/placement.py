"""The pure choice of nodes for a chunk, and of copies to keep: distinct zones first, then by free space.

No I/O, no clock.
"""

import math
import random
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from uuid import UUID

from nodes import copysets
from nodes.copysets import Copyset

_chance = random.Random()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that may take a copy."""

    node_id: int
    zone: str
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Held:
    """A copy that is there; `fill` is the share of its node that is used."""

    key: UUID
    zone: str
    fill: float


def choose_nodes(
    candidates: Iterable[Candidate],
    *,
    size: int,
    used_zones: Set[str] = frozenset(),
    holders: Set[int] = frozenset(),
    sets: Sequence[Copyset] = (),
    rng: random.Random = _chance,
) -> list[Candidate]:
    """Order the candidates by preference: the first n are the choice for n copies, the rest are hand-offs.

    Nodes without room for `size` bytes are left out. As many different zones as possible come first, those
    not in `used_zones` before the others; within that, a node is the likelier to come early the more it has
    free (weighted random order: Efraimidis and Spirakis, 2006), so fresh nodes fill without being flooded.
    Where there are copysets, those come first that share one with the `holders` of the chunk, or with the
    first node when there are none.
    """
    shuffled = sorted(
        (candidate for candidate in candidates if candidate.free_bytes >= size),
        key=lambda candidate: -math.log(1.0 - rng.random()) / max(candidate.free_bytes, 1),
    )
    if sets and shuffled:
        first = holders or {shuffled[0].node_id}
        wanted = copysets.partners(first, sets) | first
        shuffled.sort(key=lambda candidate: candidate.node_id not in wanted)
    rounds: dict[str, int] = dict.fromkeys(used_zones, 1)
    ranked = []
    for candidate in shuffled:
        nth_of_zone = rounds.get(candidate.zone, 0)
        rounds[candidate.zone] = nth_of_zone + 1
        ranked.append((nth_of_zone, candidate))
    return [candidate for _, candidate in sorted(ranked, key=lambda pair: pair[0])]


def choose_kept(copies: Iterable[Held], *, wanted: int) -> list[Held]:
    """Choose the copies to keep: as many different zones as possible, and the emptiest nodes of each."""
    rounds: dict[str, int] = {}
    ranked = []
    for copy in sorted(copies, key=lambda copy: (copy.fill, copy.key)):
        nth_of_zone = rounds.get(copy.zone, 0)
        rounds[copy.zone] = nth_of_zone + 1
        ranked.append((nth_of_zone, copy))
    return [copy for _, copy in sorted(ranked, key=lambda pair: pair[0])[:wanted]]
