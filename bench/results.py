"""What was measured, and the arithmetic over it; no measuring and no printing here."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

MIB = 2**20
GIB = 2**30


@dataclass
class Run:
    """One round of one measurement: the product's, and right before it the limit's."""

    seconds: float
    cpu: Mapping[str, float]
    limit_seconds: float | None = None
    limit_cpu: Mapping[str, float] | None = None
    copies_seconds: float | None = None
    """Until all chunks had three copies; the CPU of that is in `copies_cpu`."""
    copies_cpu: Mapping[str, float] | None = None
    pace: float | None = None
    """The share of their speed that the machine's cores had meanwhile."""


@dataclass
class Measurement:
    """One row: what was done, how much of it, and how often."""

    name: str
    where: str
    size_bytes: int
    operations: int = 0
    runs: list[Run] = field(default_factory=list)
    peak_bytes: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    """What else was counted, by name."""

    def add(self, run: Run, peak_bytes: Mapping[str, int]) -> None:
        """Add a round and what the parts held at most in it."""
        self.runs.append(run)
        for part, held in peak_bytes.items():
            self.peak_bytes[part] = max(held, self.peak_bytes.get(part, 0))

    def last_round(self) -> str:
        """Say in one line what the last round brought."""
        run = self.runs[-1]
        words = f"{self.name}, round {len(self.runs)}: {run.seconds:.2f} s"
        if run.limit_seconds:
            words += f", limit {run.limit_seconds:.2f} s, ratio {run.seconds / run.limit_seconds:.2f}"
        if self.operations:
            words += f", {self.operations / run.seconds:.0f}/s"
        if run.copies_seconds:
            words += f", three copies after {run.copies_seconds:.2f} s"
        words += f", CPU {total(run.cpu):.2f} s"
        return words + (f", pace {run.pace:.2f}" if run.pace else "")

    def spread(self) -> str:
        """Say in a few words how long its rounds took."""
        return f"{self.milliseconds:.1f} ms in the middle, 95 % within {self.milliseconds_95:.1f} ms"

    @property
    def seconds(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def milliseconds(self) -> float:
        """The median of the rounds."""
        return 1000 * self.seconds

    @property
    def milliseconds_95(self) -> float:
        """What 95 of 100 rounds keep within."""
        in_order = sorted(run.seconds for run in self.runs)
        return 1000 * in_order[max(0, -(-len(in_order) * 95 // 100) - 1)]

    @property
    def limit_seconds(self) -> float | None:
        return _median(run.limit_seconds for run in self.runs)

    @property
    def copies_seconds(self) -> float | None:
        return _median(run.copies_seconds for run in self.runs)

    @property
    def pace(self) -> float | None:
        return _median(run.pace for run in self.runs)

    @property
    def ratio(self) -> float | None:
        """The median of each round's product to limit: the two of a round saw the same neighbours."""
        return _median(run.seconds / run.limit_seconds if run.limit_seconds else None for run in self.runs)

    @property
    def cpu_ratio(self) -> float | None:
        """The same of CPU seconds, which other programs on the machine disturb less."""
        return _median(total(run.cpu) / total(run.limit_cpu) if run.limit_cpu else None for run in self.runs)

    @property
    def cpu_of_limit(self) -> float | None:
        return _median(total(run.limit_cpu) if run.limit_cpu else None for run in self.runs)

    @property
    def bytes_a_second(self) -> float:
        return self.size_bytes / self.seconds

    @property
    def operations_a_second(self) -> float | None:
        return self.operations / self.seconds if self.operations else None

    @property
    def cpu(self) -> dict[str, float]:
        """CPU seconds by part, each the median of the rounds."""
        return medians(run.cpu for run in self.runs)

    @property
    def copies_cpu(self) -> dict[str, float]:
        """CPU seconds by part until all copies were made."""
        return medians(run.copies_cpu for run in self.runs if run.copies_cpu is not None)

    def as_json(self) -> dict[str, Any]:
        """Everything, and every round of it."""
        return {
            "name": self.name,
            "where": self.where,
            "size_bytes": self.size_bytes,
            "operations": self.operations,
            "seconds": self.seconds,
            "limit_seconds": self.limit_seconds,
            "pace": self.pace,
            "ratio": self.ratio,
            "cpu_ratio": self.cpu_ratio,
            "seconds_to_three_copies": self.copies_seconds,
            "bytes_per_second": self.bytes_a_second,
            "operations_per_second": self.operations_a_second,
            "cpu_seconds": self.cpu,
            "cpu_seconds_to_three_copies": self.copies_cpu,
            "cpu_seconds_of_limit": self.cpu_of_limit,
            "cpu_seconds_per_gib": cpu_per_gib(self.cpu, self.size_bytes),
            "cpu_ms_per_operation": cpu_ms_per_operation(self.cpu, self.operations),
            "peak_pss_bytes": dict(self.peak_bytes),
            "counts": self.counts,
            "rounds": [asdict(run) for run in self.runs],
        }


def total(parts: Mapping[str, float]) -> float:
    """The sum over all parts."""
    return sum(parts.values())


def medians(counts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The median by key; a round that lacks a key counts as 0."""
    rounds = list(counts)
    return {
        key: median(one.get(key, 0.0) for one in rounds)
        for key in sorted({key for one in rounds for key in one})
    }


def cpu_per_gib(cpu: dict[str, float], size_bytes: int) -> dict[str, float]:
    """CPU seconds per GiB by part, with their sum as `all`; empty when no bytes were moved."""
    return _scaled(cpu, GIB / size_bytes) if size_bytes else {}


def cpu_ms_per_operation(cpu: dict[str, float], operations: int) -> dict[str, float] | None:
    """CPU milliseconds an operation by part, with their sum as `all`; None without operations."""
    return _scaled(cpu, 1000 / operations) if operations else None


def _scaled(cpu: dict[str, float], factor: float) -> dict[str, float]:
    return {part: seconds * factor for part, seconds in {**cpu, "all": sum(cpu.values())}.items()}


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
