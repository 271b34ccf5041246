"""What replication knows of one chunk while it works on it; no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings

from nodes.roster import NodeView

LONGEST_WAIT_SECONDS = 600.0
"""The back-off of a chunk that finds no target ends here."""
MOST_DOUBLINGS = 10
"""Of the wait; a chunk that can be copied nowhere has tried more often than a float has room for."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A chunk this process may work on until its lease ends."""

    chunk_id: int
    digest: bytes
    size: int
    due_at: datetime | None
    lease_until: datetime | None
    attempts: int
    is_repair: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """One stored replica of a chunk that is at hand."""

    replica_id: UUID
    view: NodeView
    is_doubted: bool


@dataclass(slots=True)
class Job:
    """One claimed chunk, where its copies are, what is to be done and what was done for it."""

    chunk: Claim
    copies: list[Copy] = field(default_factory=list)
    holding: set[int] = field(default_factory=set)
    placements: dict[UUID, NodeView] = field(default_factory=dict)
    confirmed: set[UUID] = field(default_factory=set)
    is_put_off: bool = False

    @property
    def good(self) -> list[Copy]:
        return [copy for copy in self.copies if copy.view.holds_copies_that_count]

    @property
    def seen(self) -> int:
        """How many copies there are now; those that are to leave a draining node are there yet."""
        return sum(not copy.view.is_long_absent for copy in self.copies) + len(self.confirmed)

    @property
    def zones(self) -> set[str]:
        """The zones of the copies that count."""
        return {copy.view.zone for copy in self.good}

    @property
    def lacking(self) -> int:
        return max(int(settings.REPLICAS) - len(self.good) - len(self.confirmed), 0)

    @property
    def copied_bytes(self) -> int:
        return self.chunk.size * len(self.confirmed)

    @property
    def wait_seconds(self) -> float | None:
        """Return when to look again; None when every copy is in place."""
        if self.is_put_off and self.chunk.due_at is not None:
            return 0.0
        if not self.lacking:
            return None
        doublings = min(self.chunk.attempts, MOST_DOUBLINGS)
        return 1.0 if self.confirmed else min(2.0**doublings, LONGEST_WAIT_SECONDS)


def is_crowded(zones: Iterable[str], writable_zones: Iterable[str]) -> bool:
    """Tell whether all copies share one zone although another could hold one (SAME_ZONE_REPLICAS)."""
    used = set(zones)
    return settings.REPLICAS > 1 and len(used) == 1 and not used >= set(writable_zones)
