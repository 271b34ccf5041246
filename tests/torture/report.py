"""What a run showed: figures as JSON and as one page, and whether it counts as passed."""

import json
import platform
import statistics
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.torture.auditor import Audit
from tests.torture.history import Operation
from tests.torture.nemesis import Injected, Nemesis
from tests.torture.oracle import Violation
from tests.torture.watch import Watch
from tests.torture.workload import World

MOST_UNKNOWN_SHARE = 0.10
UNKNOWN_SECONDS = 60.0
"""So long a client waits at most for an answer."""
CLIENT_READS = ("get", "range")
FAILED_READS_TOLD = 10
IN_ITS_WAKE_SECONDS = 20.0
"""For so long a fault that is over may still be why a read fails."""


@dataclass
class Report:
    """Everything that is told of one run; times in seconds."""

    commit: str
    machine: str
    seed: int
    seconds: float
    replay: str
    operations: dict[str, dict[str, int]] = field(default_factory=dict)
    operations_total: int = 0
    acknowledged_writes: int = 0
    unknown_share: float = 0.0
    faults: dict[str, dict[str, int]] = field(default_factory=dict)
    faults_confirmed: int = 0
    fault_kinds: int = 0
    spoilt_files: int = 0
    wiped_stores: int = 0
    lost_acknowledged_writes: int = 0
    wrong_bytes: int = 0
    violations: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    reads_with_one_node_hurt: int = 0
    reads_failed_with_one_node_hurt: int = 0
    failed_reads: list[str] = field(default_factory=list)
    """The first of those that failed with one node hurt, and what was on or had just ended."""
    reads_in_single: int = 0
    reads_failed_in_single: int = 0
    read_availability: float = 1.0
    write_availability: float = 1.0
    latency_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    defences: dict[str, int] = field(default_factory=dict)
    """How often each was seen to act, at least."""
    repaired_mb: float = 0.0
    repair_seconds: float = 0.0
    repair_mb_per_second: float = 0.0
    """While something was repaired, beside everything else."""
    seconds_to_suspect: list[float] = field(default_factory=list)
    seconds_to_full_copies: list[float] = field(default_factory=list)
    convergence_seconds: float = 0.0
    files_read_back: int = 0
    copies_read: int = 0
    problems: list[str] = field(default_factory=list)
    """Why the run failed; empty when it passed."""

    @property
    def verdict(self) -> str:
        return "passed" if self.is_passed else "FAILED"

    @property
    def is_passed(self) -> bool:
        return not self.problems

    def write(self, folder: Path) -> None:
        """Write `report.json` and `report.txt`."""
        (folder / "report.json").write_text(json.dumps(asdict(self), indent=1) + "\n")
        (folder / "report.txt").write_text(self.page())

    def page(self) -> str:
        """The report for people."""
        lines = [
            f"torture: {self.verdict}  seed {self.seed}, {self.seconds:.0f} s,"
            f" commit {self.commit}, {self.machine}",
            *(f"  problem: {problem}" for problem in self.problems),
            *(f"    {example}" for example in self.examples[:40]),
            f"operations      {self.operations_total} ({self.acknowledged_writes} acknowledged writes,"
            f" {self.unknown_share:.1%} of writes of unknown outcome)",
            *(f"  {kind:14}{_counts(outcomes)}" for kind, outcomes in sorted(self.operations.items())),
            f"faults          {self.faults_confirmed} of {self.fault_kinds} kinds; {self.spoilt_files} files"
            f" spoilt, {self.wiped_stores} disks wiped",
            *(f"  {budget}: {_counts(kinds)}" for budget, kinds in self.faults.items()),
            f"defences seen   {_counts(self.defences)}",
            f"lost acknowledged writes  {self.lost_acknowledged_writes}",
            f"wrong bytes               {self.wrong_bytes}",
            f"other violations          {sum(self.violations.values()) - self.lost_acknowledged_writes}",
            f"reads failed, one node hurt (single budget)  {self.reads_failed_in_single}"
            f" of {self.reads_in_single}",
            f"reads failed, one node hurt (whole run)      {self.reads_failed_with_one_node_hurt}"
            f" of {self.reads_with_one_node_hurt}",
            *(f"  {failed}" for failed in self.failed_reads),
            f"availability              reads {self.read_availability:.3%}, writes"
            f" {self.write_availability:.3%}, with all faults",
            *(
                f"latency {what:18} {', '.join(f'{name} {ms:.0f} ms' for name, ms in at.items())}"
                for what, at in self.latency_ms.items()
            ),
            f"seconds to suspect        {_spread(self.seconds_to_suspect)}",
            f"seconds to full copies    {_spread(self.seconds_to_full_copies)}",
            f"repaired                  {self.repaired_mb:.1f} MB in {self.repair_seconds:.0f} s in which"
            f" something was: {self.repair_mb_per_second:.2f} MB/s",
            f"converged in              {self.convergence_seconds:.0f} s after the last fault",
            f"read at the end           {self.files_read_back} files through the API, {self.copies_read}"
            " copies on disk",
            f"again                     {self.replay}",
        ]
        return "\n".join(lines) + "\n"


def compile_report(
    *, world: World, nemesis: Nemesis, audit: Audit, violations: Sequence[Violation], watch: Watch
) -> Report:
    """Count everything; whether it is a failure is judged by `judge`."""
    operations = world.history.operations
    report = Report(
        commit=_commit(), machine=platform.platform(), seed=world.seed, seconds=world.history.now(), replay=""
    )
    by_kind: dict[str, Counter[str]] = {}
    for op in operations:
        by_kind.setdefault(op.kind, Counter())[op.outcome] += 1
    report.operations = {kind: dict(outcomes) for kind, outcomes in by_kind.items()}
    report.operations_total = len(operations)
    writes = [op for op in operations if op.is_write]
    report.acknowledged_writes = sum(op.outcome == "ok" for op in writes)
    promised = [op for op in writes if not _is_in(op, nemesis.injected, "overkill")]
    report.unknown_share = sum(op.outcome == "info" for op in promised) / max(len(promised), 1)
    for budget in dict.fromkeys(fault.budget for fault in nemesis.injected):
        report.faults[budget] = dict(nemesis.confirmed(budget))
    report.faults_confirmed = nemesis.confirmed().total()
    report.fault_kinds = len(nemesis.confirmed())
    report.spoilt_files, report.wiped_stores = len(nemesis.atlas.injured), len(nemesis.atlas.wiped)
    kinds = Counter(violation.kind for violation in violations)
    kinds.update(wrong.kind for wrong in world.wrong)
    report.violations = dict(kinds)
    report.lost_acknowledged_writes = kinds["lost"]
    report.wrong_bytes = kinds["wrong bytes"] + kinds["foreign value"]
    report.findings = dict(audit.findings)
    report.examples = [*audit.examples, *map(str, violations[:20]), *map(str, world.wrong[:20])]
    count_availability(report, operations, nemesis.injected)
    report.defences = dict(watch.evidence + world.seen)
    report.repaired_mb = round(watch.repaired_bytes / 1e6, 3)
    report.repair_seconds = round(watch.repair_seconds, 1)
    report.repair_mb_per_second = round(report.repaired_mb / max(watch.repair_seconds, 1e-9), 3)
    suspects = watch.seconds_to_suspect(nemesis.injected)
    report.seconds_to_suspect = [round(seconds, 2) for seconds in suspects]
    report.seconds_to_full_copies = [round(seconds, 2) for seconds in nemesis.recoveries]
    report.convergence_seconds = audit.convergence_seconds
    report.files_read_back, report.copies_read = audit.files_read, audit.copies_read
    return report


def judge(report: Report, *, lacking: Sequence[str], fewest_writes: int, broken: Sequence[object]) -> None:
    """Write down every reason why this run did not pass; one that proves nothing did not."""
    report.problems += [f"the run broke: {str(error).splitlines()[0]}" for error in broken]
    report.problems += [f"{count} × {kind}" for kind, count in report.violations.items()]
    report.problems += [f"{count} × {kind}" for kind, count in report.findings.items()]
    report.problems += [f"proves nothing: {what}" for what in lacking]
    if report.reads_failed_in_single:
        report.problems.append(f"{report.reads_failed_in_single} reads failed with one node hurt")
    if report.acknowledged_writes < fewest_writes:
        report.problems.append(f"proves nothing: only {report.acknowledged_writes} acknowledged writes")
    if report.unknown_share > MOST_UNKNOWN_SHARE:
        report.problems.append(f"proves little: {report.unknown_share:.0%} of the writes have no outcome")


def count_availability(report: Report, operations: Sequence[Operation], faults: Sequence[Injected]) -> None:
    """Count what was served, how fast, and what was not though only one node was hurt."""
    served: dict[str, list[bool]] = {"read": [], "write": []}
    latencies: dict[str, list[float]] = {}
    for op in operations:
        is_read = op.kind in CLIENT_READS
        if op.end == float("inf") and is_read:
            continue
        if is_read or op.is_write:
            served["read" if is_read else "write"].append(
                op.outcome == "ok" or (op.status or 0) in range(400, 500)
            )
        around = [fault for fault in faults if fault.begin < op.end and op.begin < fault.end]
        if op.outcome == "ok" and (is_read or op.kind in ("put", "overwrite")):
            when = "under fault" if around else "calm"
            latencies.setdefault(f"{'reads' if is_read else 'puts'} {when}", []).append(op.end - op.begin)
        if not is_read or len({fault.node for fault in around}) != 1 or around[0].node is None:
            continue
        has_failed = op.outcome == "fail"
        report.reads_with_one_node_hurt += 1
        report.reads_failed_with_one_node_hurt += has_failed
        if has_failed and len(report.failed_reads) < FAILED_READS_TOLD:
            report.failed_reads.append(_why(op, faults))
        if around[0].budget == "single":
            report.reads_in_single += 1
            report.reads_failed_in_single += has_failed
    report.read_availability = _share(served["read"])
    report.write_availability = _share(served["write"])
    report.latency_ms = {what: _percentiles(values) for what, values in sorted(latencies.items())}


def _why(op: Operation, faults: Sequence[Injected]) -> str:
    """Say of a read that failed what it was told, and what may be the reason."""
    possible = [
        f"{fault.kind} ({fault.node or 'a service'}, {fault.begin:.1f} to {fault.end:.1f} s)"
        for fault in faults
        if fault.begin < op.end and op.begin < fault.end + IN_ITS_WAKE_SECONDS
    ]
    told = f"{op.kind} of {op.register}, {op.begin:.1f} to {op.end:.1f} s: {op.status or ''} {op.detail}"
    return f"{told}; {', '.join(possible)}"


def _is_in(op: Operation, faults: Sequence[Injected], budget: str) -> bool:
    latest = op.begin + UNKNOWN_SECONDS
    return any(fault.budget == budget and fault.begin < latest and op.begin < fault.end for fault in faults)


def _share(served: Sequence[bool]) -> float:
    return sum(served) / len(served) if served else 1.0


def _percentiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        name: round(1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
    }


def _counts(figures: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(figures.items()))


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "not measured"
    return f"median {statistics.median(values):.1f}, longest {max(values):.1f} ({len(values)} times)"


def _commit() -> str:
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
