"""Draws figures over time as lines: where each point lies on a chart, and what stands at its axes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, log10

from django.utils.translation import gettext as _

WIDTH, HEIGHT = 340, 150
LEFT, RIGHT, TOP, BOTTOM = 34, 62, 8, 22
"""Room for the figures at the left, the names of the lines at the right, the times below."""
BUCKETS = 96
GRID_LINES = 4
DASHES = 4  # looks a line can have; the style sheet knows as many
LABEL_GAP = 12.0  # pixels between two names at the right

Points = Sequence[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its name, its drawing, its last value, and the values for those who read them."""

    name: str
    path: str
    look: int
    last: float | None
    label_y: float
    values: Points


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    words: str
    moment: datetime | None = None
    """What the words stand for, so that readers are told the time where they are."""
    shown: str = "time"
    """How the moment is said: `time` or `day`."""


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of all lines at one moment, and where it lies."""

    at: datetime
    x: float
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    unit: str
    now: str
    lines: Sequence[Line]
    rows: Sequence[Tick]
    """Lines across, by y, with the figure they stand for."""
    times: Sequence[Tick]

    @property
    def table(self) -> list[Row]:
        """The figures by time, the latest first; times in which nobody looked at anything are left out."""
        rows = [
            Row(moments[0][0], _x(place), [value for _at, value in moments])
            for place, moments in enumerate(zip(*(line.values for line in self.lines), strict=True))
        ]
        return [row for row in reversed(rows) if any(value is not None for value in row.values)]

    @property
    def is_empty(self) -> bool:
        return all(line.last is None for line in self.lines)


def draw(
    title: str,
    unit: str,
    series: Mapping[str, Points],
    *,
    since: datetime,
    until: datetime,
    most: float | None = None,
) -> Chart:
    """Draw named series between two moments; `most` sets the height where it is known (100 for percent)."""
    step = (until - since) / BUCKETS
    means = {name: _means(points, since, step) for name, points in series.items()}
    values = [value for points in means.values() for value in points if value is not None]
    top = most or _round_up(max(values, default=0.0))
    marks = [top * part / GRID_LINES for part in range(GRID_LINES + 1)]
    rows = [Tick(_y(mark, top), _figure(mark)) for mark in marks]
    lasts = {name: _last(points) for name, points in means.items()}
    labels = _spread({name: _y(last, top) for name, last in lasts.items() if last is not None})
    lines = [
        Line(
            name=name,
            path=_path(points, top),
            look=place % DASHES,
            last=lasts[name],
            label_y=labels.get(name, 0.0),
            values=[(since + step * (at + 1), value) for at, value in enumerate(points)],
        )
        for place, (name, points) in enumerate(means.items())
    ]
    return Chart(title, unit, _now(list(lasts.values()), unit), lines, rows, _times(since, until))


def _means(points: Points, since: datetime, step: timedelta) -> list[float | None]:
    buckets: list[list[float]] = [[] for _ in range(BUCKETS)]
    for at, value in points:
        place = floor((at - since) / step)
        if value is not None and 0 <= place < BUCKETS:
            buckets[place].append(value)
    return [sum(bucket) / len(bucket) if bucket else None for bucket in buckets]


def _last(points: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(points) if value is not None), None)


def _path(points: Sequence[float | None], top: float) -> str:
    """Gaps in which nobody looked stay gaps, unless there are fewer samples than places."""
    known = [(place, value) for place, value in enumerate(points) if value is not None]
    usual = max(2, ceil(BUCKETS / max(len(known), 1)) + 1)
    parts: list[str] = []
    before: int | None = None
    for place, value in known:
        verb = "L" if before is not None and place - before <= usual else "M"
        parts.append(f"{verb}{_x(place):.1f} {_y(value, top):.1f}")
        if verb == "M":
            parts.append("l.01 0")  # one point alone is seen, too
        before = place
    return "".join(parts)


def _x(place: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / BUCKETS


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * max(0.0, min(value, top)) / top


def _round_up(value: float) -> float:
    """Return the next round figure that four parts divide well."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 1.2, 1.6, 2, 4, 6, 8, 10) if value <= step * power * 1.0001)


def _spread(wanted: Mapping[str, float]) -> dict[str, float]:
    """Move names apart that would stand on one another, from below up."""
    placed: dict[str, float] = {}
    lowest = HEIGHT - BOTTOM + 3.0
    for name, y in sorted(wanted.items(), key=lambda item: -item[1]):
        placed[name] = min(y + 3.0, lowest)
        lowest = placed[name] - LABEL_GAP
    return placed


def _times(since: datetime, until: datetime) -> list[Tick]:
    inner = WIDTH - LEFT - RIGHT
    is_long = until - since > timedelta(days=2)
    shown = "day" if is_long else "time"
    marks = [since + (until - since) * part / 3 for part in range(4)]
    ticks = [
        Tick(LEFT + inner * place / 3, f"{at.day} {at:%b}" if is_long else f"{at:%H:%M}", at, shown)
        for place, at in enumerate(marks[:-1])
    ]
    return [*ticks, Tick(LEFT + inner, _("now"))]


def _figure(value: float) -> str:
    if value >= 1000:
        return f"{value / 1000:g}k"
    return f"{value:.3g}"


def _now(lasts: Sequence[float | None], unit: str) -> str:
    known = sorted(value for value in lasts if value is not None)
    if not known:
        return ""
    low, high = _figure(round(known[0], 1)), _figure(round(known[-1], 1))
    return f"{low}\u00a0{unit}" if low == high else f"{low} to {high}\u00a0{unit}"
