"""Lays out the map of a file's pieces: a strip for each node that holds some, a cell for each piece. Pure.

A piece is what the rest of the code calls a chunk; people read "piece" and "copy" here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
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


class _Seen:
    """What was seen of one strip: the looks of its copies by cell, and their checks."""

    def __init__(self) -> None:
        self.cells = defaultdict[int, Counter[str]](Counter)
        self.checks = 0
        self.oldest_check: datetime | None = None

    def add(self, cell: int, look: str, copy: ReplicaPlace) -> None:
        self.cells[cell][look] += 1
        if copy.verified_at:
            self.checks += 1
            self.oldest_check = min(self.oldest_check or copy.verified_at, copy.verified_at)


def lay_out(places: Iterable[ChunkPlace], count: int, now: datetime) -> PieceMap:
    """Draw the map of a manifest of so many lines as it is at a moment; one of them is held at a time."""
    pieces_a_cell = max(1, ceil(count / MOST_CELLS))
    zone_of: dict[str, str] = {}
    by_node, by_zone = defaultdict[str, _Seen](_Seen), defaultdict[str, _Seen](_Seen)
    for number, place in enumerate(places):
        zone_of |= {copy.node: copy.zone for copy in place.replicas}
        there = [(_look(copy, now), copy) for copy in place.replicas if copy.state != "missing"]
        # Several rows may name a node, an old bad one beside a new good one: the best counts, here the last.
        there.sort(key=lambda one: _WORST_FIRST.index(one[0]))
        for seen, best in (
            (by_node, {one[1].node: one for one in there}),
            (by_zone, {one[1].zone: one for one in there}),
        ):
            for name, (look, copy) in best.items():
                seen[name].add(number // pieces_a_cell, look, copy)
    strips = [_strip(node, by_node[node], count, now, pieces_a_cell) for node in sorted(zone_of)]
    zones = []
    for zone in sorted(set(zone_of.values())) if len(strips) > MOST_NODES else []:
        nodes = [strip for strip in strips if zone_of[strip.name] == zone]
        zones.append(Zone(_strip(zone, by_zone[zone], count, now, pieces_a_cell), nodes))
    shown = {cell.look for strip in strips for cell in strip.cells}
    legend = [(look, str(words)) for look, words in _LEGEND.items() if look in shown]
    return PieceMap(strips, zones, count, pieces_a_cell, legend)


def _strip(name: str, seen: _Seen, count: int, now: datetime, pieces_a_cell: int) -> Strip:
    cells = [
        Cell(
            _worst(seen.cells[number], min(pieces_a_cell, count - first)),
            number % CELLS_A_LINE * PITCH,
            number // CELLS_A_LINE * PITCH,
        )
        for number, first in enumerate(range(0, count, pieces_a_cell))
    ]
    looks = sum(seen.cells.values(), Counter[str]())
    looks[ABSENT] = count - looks.total()
    return Strip(name, _fact(seen, looks, now), cells, _summary(looks))


def _look(replica: ReplicaPlace, now: datetime) -> str:
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


def _worst(looks: Counter[str], pieces: int) -> str:
    """Return the worst look of a cell that stands for so many pieces."""
    absent = {ABSENT} if looks.total() < pieces else set[str]()
    return min(absent | looks.keys(), key=_WORST_FIRST.index)


def _fact(seen: _Seen, looks: Counter[str], now: datetime) -> str:
    """Say the one thing worth knowing about a strip."""
    if looks[BAD]:
        words = ngettext(
            "%(count)s bad copy set aside, being replaced",
            "%(count)s bad copies set aside, being replaced",
            looks[BAD],
        )
        return words % {"count": looks[BAD]}
    if looks[OFF]:
        return _("does not answer")
    if looks[HALF]:
        there = looks.total() - looks[HALF] - looks[ABSENT]
        return _("copying, %(there)s of %(all)s") % {"there": there, "all": looks.total()}
    if seen.oldest_check is None or seen.checks < looks.total() - looks[ABSENT]:
        return _("checked when written")
    days = (now.date() - seen.oldest_check.date()).days
    if days < 1:
        return _("checked today, %(time)s") % {"time": f"{seen.oldest_check:%H:%M}"}
    if days == 1:
        return _("checked yesterday")
    return _("oldest check %(days)s days ago") % {"days": days}


def _summary(looks: Counter[str]) -> str:
    good = looks[WEEK] + looks[MONTH] + looks[EARLIER]
    words = [_("%(good)s of %(all)s pieces are here") % {"good": good, "all": looks.total()}]
    words += [f"{looks[look]} {_LEGEND[look]}" for look in (HALF, OFF, BAD) if looks[look]]
    return ", ".join(words)
