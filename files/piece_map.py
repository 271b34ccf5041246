"""Lays out the map of a file's pieces: a strip for each node that holds some, a cell for each piece. Pure.

A piece is what the rest of the code calls a chunk; people read "piece" and "copy" here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from nodes.contents import ChunkPlace, ReplicaPlace

MOST_CELLS = 150
MOST_NODES = 4
"""Each has a strip of its own; of more, a zone has one, which opens into those of its nodes."""
CELLS_A_LINE = 25
PITCH = 12  # pixels from one cell to the next
THIS_WEEK = timedelta(days=7)
THIS_MONTH = timedelta(days=31)

# From worst to best: a cell that stands for several pieces shows the worst of them.
BAD, OFF, ABSENT, HALF, EARLIER, MONTH, WEEK = "bad", "off", "none", "half", "3", "2", "1"
_WORST_FIRST = (BAD, OFF, ABSENT, HALF, EARLIER, MONTH, WEEK)
_LEGEND = {
    WEEK: gettext_lazy("this week"),
    MONTH: gettext_lazy("this month"),
    EARLIER: gettext_lazy("earlier"),
    HALF: gettext_lazy("being copied"),
    OFF: gettext_lazy("node is off"),
    BAD: gettext_lazy("bad copy"),
    ABSENT: gettext_lazy("not here"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of the map: its look, and where it lies in its strip in pixels."""

    look: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Strip:
    """The pieces one node holds, or one zone."""

    name: str
    fact: str
    cells: Sequence[Cell]
    summary: str

    @property
    def height(self) -> int:
        return self.cells[-1].y + PITCH - 2


@dataclass(frozen=True, slots=True)
class Zone:
    """The pieces a zone holds: of each piece its best copy there."""

    strip: Strip
    nodes: Sequence[Strip]

    @property
    def title(self) -> str:
        count = len(self.nodes)
        words = ngettext("%(name)s, %(count)s node", "%(name)s, %(count)s nodes", count)
        return words % {"name": self.strip.name, "count": count}


@dataclass(frozen=True, slots=True)
class PieceMap:
    strips: Sequence[Strip]
    """One for each node."""
    zones: Sequence[Zone]
    """None as long as there are few nodes."""
    pieces: int
    pieces_a_cell: int
    legend: Sequence[tuple[str, str]]
    """Look and words of what is on the map, best first."""


def lay_out(places: Sequence[ChunkPlace], now: datetime) -> PieceMap:
    """Draw the map of a manifest as it is at a moment."""
    zone_of = {replica.node: replica.zone for place in places for replica in place.replicas}
    pieces_a_cell = max(1, ceil(len(places) / MOST_CELLS))
    strips = [_strip(node, {node}, places, now, pieces_a_cell) for node in sorted(zone_of)]
    zones = []
    for zone in sorted(set(zone_of.values())) if len(strips) > MOST_NODES else []:
        nodes = [strip for strip in strips if zone_of[strip.name] == zone]
        names = {strip.name for strip in nodes}
        zones.append(Zone(_strip(zone, names, places, now, pieces_a_cell), nodes))
    shown = {cell.look for strip in strips for cell in strip.cells}
    legend = [(look, str(words)) for look, words in _LEGEND.items() if look in shown]
    return PieceMap(strips, zones, len(places), pieces_a_cell, legend)


def _strip(
    name: str, nodes: Set[str], places: Sequence[ChunkPlace], now: datetime, pieces_a_cell: int
) -> Strip:
    here = [_replica_on(nodes, place, now) for place in places]
    looks = [_look(replica, now) for replica in here]
    cells = [
        Cell(look, place % CELLS_A_LINE * PITCH, place // CELLS_A_LINE * PITCH)
        for place, look in enumerate(_worst(looks, pieces_a_cell))
    ]
    return Strip(name, _fact(here, looks, now), cells, _summary(looks))


def _replica_on(nodes: Set[str], place: ChunkPlace, now: datetime) -> ReplicaPlace | None:
    """Several rows may name a node, an old bad one beside a new good one: the best one counts."""
    mine = [replica for replica in place.replicas if replica.node in nodes and replica.state != "missing"]
    return max(mine, key=lambda replica: _WORST_FIRST.index(_look(replica, now)), default=None)


def _look(replica: ReplicaPlace | None, now: datetime) -> str:
    if replica is None:
        return ABSENT
    if replica.state == "corrupt":
        return BAD
    if replica.state == "pending":
        return HALF
    if replica.health == "offline":
        return OFF
    if replica.verified_at is None:
        return MONTH  # checked when it was written; nobody has written down when that was
    age = now - replica.verified_at
    return WEEK if age < THIS_WEEK else MONTH if age < THIS_MONTH else EARLIER


def _worst(looks: Sequence[str], pieces_a_cell: int) -> Iterator[str]:
    for start in range(0, len(looks), pieces_a_cell):
        yield min(looks[start : start + pieces_a_cell], key=_WORST_FIRST.index)


def _fact(here: Sequence[ReplicaPlace | None], looks: Sequence[str], now: datetime) -> str:
    """Say the one thing worth knowing about a strip."""
    count = Counter(looks)
    if count[BAD]:
        words = ngettext(
            "%(count)s bad copy set aside, being replaced",
            "%(count)s bad copies set aside, being replaced",
            count[BAD],
        )
        return words % {"count": count[BAD]}
    if count[OFF]:
        return _("does not answer")
    if count[HALF]:
        there = len(looks) - count[HALF] - count[ABSENT]
        return _("copying, %(there)s of %(all)s") % {"there": there, "all": len(looks)}
    checks = [replica.verified_at for replica in here if replica and replica.verified_at]
    if len(checks) < len(looks) - count[ABSENT] or not checks:
        return _("checked when written")
    days = (now.date() - min(checks).date()).days
    if days < 1:
        return _("checked today, %(time)s") % {"time": f"{min(checks):%H:%M}"}
    if days == 1:
        return _("checked yesterday")
    return _("oldest check %(days)s days ago") % {"days": days}


def _summary(looks: Sequence[str]) -> str:
    count = Counter(looks)
    good = count[WEEK] + count[MONTH] + count[EARLIER]
    words = [_("%(good)s of %(all)s pieces are here") % {"good": good, "all": len(looks)}]
    words += [f"{count[look]} {_LEGEND[look]}" for look in (HALF, OFF, BAD) if count[look]]
    return ", ".join(words)
