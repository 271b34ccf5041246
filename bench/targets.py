"""What dfsweb promises of its speed and memory, and whether measurements keep it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.results import MIB, Measurement, cpu_per_gib

UPLOAD_RATIO = 1.4
DOWNLOAD_RATIO = 1.5
UPLOAD_CPU_SECONDS_PER_GIB = 3.5
SMALL_UP_PER_SECOND = 500
SMALL_DOWN_PER_SECOND = 1000
REPAIR_SHARE = 0.7
IDLE_CPU_SECONDS_A_MINUTE = 3.0
ALL_SERVERS_MIB = 600
GATEWAY_MIB = 238
"""250 MB."""
FIRST_PAGE_MS = 4.0
FIRST_PAGE_MS_95 = 50.0
CROWD_MS_95 = 200.0
SEARCH_MS = 50.0
DELETED_PER_SECOND = 800
COMMIT_RATIO = 1.5
"""The end of an upload of 100 GiB to that of 1 MiB."""


@dataclass(frozen=True)
class Verdict:
    """One target, what was measured, and whether that is enough."""

    name: str
    measured: str
    target: str
    is_met: bool


def judge(measurements: Sequence[Measurement]) -> list[Verdict]:
    """Hold every measurement to the targets that concern it."""
    verdicts = [verdict for row in measurements for verdict in _of_row(row)]
    return [*verdicts, *_of_metadata(measurements), *_of_memory(measurements)]


def _of_row(row: Measurement) -> Iterator[Verdict]:
    name = f"{row.name}, {row.where}"
    kind, _, _ = row.name.partition(" ")
    if row.ratio is not None and kind in ("upload", "download"):
        yield _at_most(name, row.ratio, UPLOAD_RATIO if kind == "upload" else DOWNLOAD_RATIO, "{:.2f} ×")
    if row.ratio is not None and kind == "repair":
        yield _at_least(name, 1 / row.ratio, REPAIR_SHARE, "{:.2f} of the limit")
    if kind == "upload":
        cpu = cpu_per_gib(row.cpu, row.size_bytes)["all"]
        yield _at_most(name, cpu, UPLOAD_CPU_SECONDS_PER_GIB, "{:.2f} CPU s/GiB")
    if kind == "idle":
        cpu = sum(row.cpu.values()) * 60 / row.seconds
        yield _at_most(name, cpu, IDLE_CPU_SECONDS_A_MINUTE, "{:.1f} CPU s a minute")
    if row.operations_a_second is not None and row.where == "tmpfs" and row.name.endswith((" up", " down")):
        target = SMALL_UP_PER_SECOND if row.name.endswith(" up") else SMALL_DOWN_PER_SECOND
        yield _at_least(name, row.operations_a_second, target, "{:,.0f}/s")


def _of_metadata(measurements: Sequence[Measurement]) -> Iterator[Verdict]:
    ends = {}
    for row in measurements:
        name = f"{row.name}, {row.where}"
        if row.name == "first 100 of a large folder":
            yield _at_most(f"{name}, median", row.milliseconds, FIRST_PAGE_MS, "{:.1f} ms")
        elif row.name.startswith("first 100 with"):
            yield _at_most(f"{name}, 95 of 100", row.milliseconds_95, FIRST_PAGE_MS_95, "{:.1f} ms")
        elif row.name.endswith(" upload"):
            yield _at_most(f"{name}, 95 of 100", row.milliseconds_95, CROWD_MS_95, "{:.0f} ms")
        elif row.name.startswith("search: "):
            yield _at_most(name, row.milliseconds, SEARCH_MS, "{:.1f} ms")
        elif row.name.endswith("deletions by batch") and row.operations_a_second is not None:
            yield _at_least(name, row.operations_a_second, DELETED_PER_SECOND, "{:,.0f}/s")
        elif row.name.startswith("last MiB of "):
            ends[row.name.removeprefix("last MiB of "), row.where] = row.milliseconds
    for (size, where), milliseconds in ends.items():
        if size == "100 GiB":
            ratio = milliseconds / ends["1 MiB", where]
            yield _at_most(f"end of 100 GiB to that of 1 MiB, {where}", ratio, COMMIT_RATIO, "{:.2f} ×")


def _of_memory(measurements: Sequence[Measurement]) -> Iterator[Verdict]:
    for row in measurements:
        if row.name.startswith("memory"):
            name = f"gateway while {row.size_bytes // 2 // MIB} MiB go up and come down, {row.where}"
            yield _at_most(name, row.peak_bytes["gateway"] / MIB, GATEWAY_MIB, "{:.0f} MiB")
    if any(row.peak_bytes for row in measurements):
        highest = max(row.peak_bytes.get("all", 0) for row in measurements)
        yield _at_most("all servers together", highest / MIB, ALL_SERVERS_MIB, "{:.0f} MiB")


def _at_most(name: str, measured: float, target: float, words: str) -> Verdict:
    return Verdict(name, words.format(measured), f"≤ {words.format(target)}", measured <= target)


def _at_least(name: str, measured: float, target: float, words: str) -> Verdict:
    return Verdict(name, words.format(measured), f"≥ {words.format(target)}", measured >= target)
