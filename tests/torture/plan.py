"""What a run does: for how long, who takes part, which faults, and what it must reach to prove something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.faults import KINDS

MORE_MINUTES = 20.0
"""A slow machine is given twice the time, at least so much more."""
SHARES = {
    "all": {"single": 0.4, "overkill": 0.15, "safe": 0.45},
    "both": {"single": 0.5, "safe": 0.5},
    "single": {"single": 1.0},
    "overkill": {"overkill": 1.0},
    "safe": {"safe": 1.0},
}
"""How the budgets share the time, by what was asked for; the last goes on until the run has proven enough."""


@dataclass
class Plan:
    """A run to make: `phases` share out the time among budgets, `kinds` says what must happen in each."""

    seed: int
    minutes: float
    """So long at least; longer until all that must happen has happened, but not beyond `most_minutes`."""
    out: Path
    nodes: int = 5
    clients: int = 12
    budget: str = "all"
    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    defences: Sequence[str] | None = None
    """Which must be seen to act; None: each that a fault which happened calls for."""
    wanted: int = 1
    """How often each kind must happen in each budget."""
    hold_scale: float = 1.0
    missed_within_seconds: float = 40.0
    """So long a node that does not answer stays away until it is suspected."""
    fewest_operations: int = 0
    fewest_faults: int = 0
    fewest_kinds: int = 0
    fewest_writes: int = 100
    most_minutes: float = 0.0
    """The hard bound of all faults together; 0: twice the minutes, or 20 more."""
    converge_seconds: float = 900
    waits_for_leases: bool = True
    """Those of killed workers last two minutes; False: at the end they are over at once."""
    phases: Mapping[str, float] = field(default_factory=dict)
    shows_progress: bool = False

    def __post_init__(self) -> None:
        self.phases = self.phases or SHARES[self.budget]
        self.most_minutes = self.most_minutes or max(2 * self.minutes, self.minutes + MORE_MINUTES)

    @property
    def replay(self) -> str:
        """The command that does the same again: the same dice, though threads make of it another run."""
        options = {
            "--nodes": self.nodes,
            "--clients": self.clients,
            "--budget": self.budget,
            "--operations": self.fewest_operations,
            "--faults": self.fewest_faults,
            "--kinds": self.fewest_kinds,
            "--wanted": self.wanted,
            "--most-minutes": f"{self.most_minutes:g}",
        }
        said = " ".join(f"{name} {value}" for name, value in options.items())
        return f"make torture MINUTES={self.minutes:g} SEED={self.seed} TORTURE_OPTIONS='{said}'"


def kinds_for(budget: str, *, has_disks: bool, has_network: bool) -> list[str]:
    """Every kind that a budget allows on this machine."""
    return [
        kind.name
        for kind in KINDS.values()
        if (has_disks or not kind.needs_disks)
        and (has_network or not kind.needs_network)
        and budget in kind.budgets
    ]
