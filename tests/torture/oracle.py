"""Judges a history: was every read explained by some order of the writes that each took effect at one moment?

A register is what one name holds: a file's bytes, or a file's name. Each write brings a value of its own,
which makes the check near linear (Gibbons and Korach, "Testing shared memories", 1997): the moments in which
a value was surely in force form its *zone*, and no zone may hold the whole life of another value, or overlap.

A write without an end may have taken effect at any time since its begin, or never.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Write:
    """`value` None is a delete; `end` is FOREVER when nobody knows whether it happened; times in seconds."""

    register: str
    value: object
    begin: float
    end: float
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """What was seen; `value` None is "not there"."""

    register: str
    value: object
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Violation:
    """Something no order of the writes explains."""

    kind: str
    register: str
    facts: str


@dataclass(frozen=True, slots=True)
class _Zone:
    """A value's life as far as it shows: `sure` is the first end of what proves it, `late` the last begin."""

    value: object
    sure: float
    late: float

    @property
    def is_forward(self) -> bool:
        """Surely in force from `sure` to `late`; otherwise it took effect between `late` and `sure`."""
        return self.sure < self.late


def check(writes: Iterable[Write], reads: Iterable[Read]) -> list[Violation]:
    """Return every violation, register by register."""
    written: dict[str, list[Write]] = defaultdict(list)
    seen: dict[str, list[Read]] = defaultdict(list)
    for write in writes:
        written[write.register].append(write)
    for read in reads:
        seen[read.register].append(read)
    return [
        violation
        for register in sorted(written.keys() | seen.keys())
        for violation in _check_register(register, written[register], seen[register])
    ]


def _check_register(register: str, writes: Sequence[Write], reads: Sequence[Read]) -> list[Violation]:
    found = []
    by_value = {write.value: write for write in writes if write.value is not None}
    seen: dict[object, list[Read]] = defaultdict(list)
    for read in reads:
        if read.value is None:
            continue
        write = by_value.get(read.value)
        if write is None:
            found.append(Violation("foreign value", register, f"{read.value} was never written here"))
        elif write.is_refused:
            found.append(Violation("refused write seen", register, f"{read.value} had been refused"))
        elif write.begin > read.end:
            found.append(Violation("seen before written", register, f"{read.value} at {read.end:.3f}"))
        else:
            seen[read.value].append(read)
    zones = [
        _zone(write, seen[write.value])
        for write in writes
        if not write.is_refused and write.value is not None and (write.end < FOREVER or seen[write.value])
    ]
    deletes = [write for write in writes if write.value is None and not write.is_refused]
    sure_deletes = [_Zone(None, delete.end, delete.begin) for delete in deletes if delete.end < FOREVER]
    found += _overlaps(register, zones, sure_deletes)
    found += _absences(register, zones, deletes, [read for read in reads if read.value is None])
    return found


def _zone(write: Write, reads: Sequence[Read]) -> _Zone:
    return _Zone(
        write.value,
        sure=min([write.end, *(read.end for read in reads)]),
        late=max([write.begin, *(read.begin for read in reads)]),
    )


def _overlaps(register: str, zones: Sequence[_Zone], deletes: Sequence[_Zone]) -> list[Violation]:
    """A value in force without a break leaves no room for another one, nor for an acknowledged delete."""
    found = []
    forward = sorted((zone for zone in zones if zone.is_forward), key=lambda zone: zone.sure)
    for before, after in pairwise(forward):
        if after.sure < before.late:
            facts = f"{before.value} and {after.value} both in force at {after.sure:.3f}"
            found.append(Violation("two values at once", register, facts))
    starts = [zone.sure for zone in forward]
    for zone in [*(zone for zone in zones if not zone.is_forward), *deletes]:
        place = bisect_right(starts, zone.late) - 1
        if place >= 0 and zone.late > forward[place].sure and zone.sure < forward[place].late:
            around = forward[place]
            kind = "resurrected" if zone.value is None else "stale read"
            facts = f"{around.value} still seen at {around.late:.3f}, "
            facts += "deleted" if zone.value is None else f"replaced by {zone.value}"
            found.append(Violation(kind, register, f"{facts} from {zone.late:.3f} to {zone.sure:.3f}"))
    return found


def _absences(
    register: str, zones: Sequence[_Zone], deletes: Sequence[Write], reads: Sequence[Read]
) -> list[Violation]:
    """Nothing there needs a cause: the beginning or a delete, with no value surely in force since."""
    found = []
    forward = [zone for zone in zones if zone.is_forward]
    for read in reads:
        if any(_may_explain(delete, read, forward) for delete in deletes):
            continue
        since = max((delete.end for delete in deletes if delete.end < read.begin), default=-FOREVER)
        for zone in zones:
            if zone.late > since and zone.sure < read.begin:
                facts = f"{zone.value} was there at {zone.sure:.3f}, absent from {read.begin:.3f}"
                found.append(Violation("lost", register, facts))
                break
    return found


def _may_explain(delete: Write, read: Read, forward: Sequence[_Zone]) -> bool:
    """Whether a delete may have taken effect while it was seen that nothing was there."""
    begin, end = max(delete.begin, read.begin), min(delete.end, read.end)
    return begin <= end and not any(zone.sure < begin and end < zone.late for zone in forward)
