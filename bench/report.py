"""Presents measurements: a table for people with targets, and JSON for programs."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from bench import targets
from bench.results import MIB, Measurement, cpu_ms_per_operation, cpu_per_gib

PARTS = ("gateway", "node", "postgres", "worker", "redis")
HEADINGS = (
    "",
    "time",
    "rate",
    "pace",
    "limit",
    "ratio",
    "CPU ratio",
    "3 copies",
    "CPU",
    *PARTS,
    "peak PSS",
    "gateway",
)


def table(measurements: Sequence[Measurement], machine: dict[str, object]) -> str:
    """The rows of each file system, then each target with its verdict."""
    lines = [", ".join(f"{key}: {value}" for key, value in machine.items()), ""]
    for where in dict.fromkeys(row.where for row in measurements):
        rows = [row for row in measurements if row.where == where]
        lines += [f"On {where}", "", *_aligned([HEADINGS, *map(_cells, rows)]), ""]
    lines += ["Targets", ""]
    verdicts = targets.judge(measurements)
    lines += _aligned(
        [
            ("", "measured", "target", ""),
            *((one.name, one.measured, one.target, "pass" if one.is_met else "FAIL") for one in verdicts),
        ]
    )
    lines += [
        "",
        "CPU and its parts: seconds per GiB, or milliseconds an operation where there are operations.",
        "Memory in MiB (PSS), the highest of all rounds.",
        "Ratio: product to limit, the median of the rounds. 3 copies: until every chunk had all copies.",
        "Pace: the share of the cores' speed that neighbours on the host left, the median of the rounds.",
    ]
    return "\n".join(lines)


def as_json(measurements: Sequence[Measurement], machine: dict[str, object]) -> str:
    """Every figure of every round."""
    verdicts = [vars(one) for one in targets.judge(measurements)]
    rows = [row.as_json() for row in measurements]
    return json.dumps({"machine": machine, "measurements": rows, "targets": verdicts}, indent=1)


def machine() -> dict[str, object]:
    """What the figures belong to."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,  # without git the figures stand alone
    )
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit.stdout.strip() or "unknown",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "kernel": platform.release(),
    }


def _cells(row: Measurement) -> tuple[str, ...]:
    per_operation = cpu_ms_per_operation(row.cpu, row.operations)
    cpu = per_operation or cpu_per_gib(row.cpu, row.size_bytes)
    rate = row.operations_a_second
    return (
        row.name,
        f"{row.seconds:.2f} s" if row.operations != 1 else f"{row.milliseconds:.1f} ms",
        f"{rate:,.0f}/s" if rate else f"{row.bytes_a_second / MIB:,.0f} MiB/s",
        _figure(row.pace),
        _figure(row.limit_seconds, " s"),
        _figure(row.ratio),
        _figure(row.cpu_ratio),
        _figure(row.copies_seconds, " s"),
        f"{cpu.get('all', 0.0):.2f}",
        *(f"{cpu.get(part, 0.0):.2f}" for part in PARTS),
        f"{row.peak_bytes.get('all', 0) / MIB:.0f}",
        f"{row.peak_bytes.get('gateway', 0) / MIB:.0f}",
    )


def _figure(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:.2f}{unit}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of a Markdown table, the first column to the left and the rest to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        [cell.rjust(width) if number else cell.ljust(width) for number, (cell, width) in enumerate(pairs)]
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    rule = ["-" * (width - 1) + (":" if number else "-") for number, width in enumerate(widths)]
    return ["| " + " | ".join(line) + " |" for line in (lines[0], rule, *lines[1:])]
