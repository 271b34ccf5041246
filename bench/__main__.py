"""`python -m bench`: measures, says how it goes, and prints the table."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import crowd, idle, metadata, repair, report, small_files, transfers
from bench.results import MIB, Measurement
from bench.stage import Amounts, Stage

TMPFS = Path("/dev/shm")
PROJECT = Path(__file__).resolve().parent.parent
KINDS = ("idle", "upload", "download", "small", "ranges", "memory", "crowd", "repair", "metadata")
QUICK = Amounts(
    transfer_bytes=256 * MIB,
    memory_bytes=512 * MIB,
    small_files=500,
    ranges=50,
    idle_seconds=20,
    entries=250_000,
    sparse_gib=25,
    crowd_seconds=10,
    rounds=2,
)


def main(arguments: Sequence[str]) -> int:
    given = parse(arguments)
    amounts = QUICK if given.quick else Amounts()
    amounts = replace(amounts, rounds=given.rounds or amounts.rounds)
    began_at = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # through every `finally`

    def say(words: str) -> None:
        print(f"{time.monotonic() - began_at:6.0f} s  {words}", file=sys.stderr, flush=True)

    measurements: list[Measurement] = []
    for where in ("tmpfs", "disk") if given.where == "both" else (given.where,):
        root = TMPFS if where == "tmpfs" else given.disk
        say(f"on {where} ({root}): starting")
        measurements += measure(where, root, given.only, amounts, say)
    machine = report.machine()
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(report.as_json(measurements, machine))
    print(report.table(measurements, machine))
    print(f"\nAll figures: {given.json}")
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter of everything, for tuning")
    parser.add_argument("--only", type=_kinds, default=KINDS, help=f"some of {','.join(KINDS)}")
    parser.add_argument("--where", choices=("tmpfs", "disk", "both"), default="both")
    parser.add_argument("--disk", type=Path, default=Path(tempfile.gettempdir()), help="a folder on a disk")
    parser.add_argument("--rounds", type=int, help="how often each measurement is repeated")
    parser.add_argument("--json", type=Path, default=PROJECT / "var/bench/bench.json")
    return parser.parse_args(arguments)


def measure(
    where: str, root: Path, kinds: Sequence[str], amounts: Amounts, say: Callable[[str], None]
) -> list[Measurement]:
    """Start everything in a new folder under `root`, measure, and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="dfsweb-bench-", dir=root))
    try:
        with Stage(where, folder, amounts, say) as stage:
            say("everything runs, warming up")
            transfers.warm_up(stage)
            rows: list[Measurement] = []
            for step in steps(kinds):
                stage.product.connect_anew()  # some lay idle for longer than the gateway keeps them
                rows += step(stage)
            return rows
    finally:
        shutil.rmtree(folder)


def steps(kinds: Sequence[str]) -> Iterator[Callable[[Stage], Iterator[Measurement]]]:
    """The measurements in order: at rest first; repair leaves another cluster, then comes a large tree."""
    if "idle" in kinds:
        yield idle.measure
    if "upload" in kinds or "download" in kinds:
        for streams in (1, 4):
            yield partial(transfers.measure, streams=streams, down="download" in kinds)
    if "ranges" in kinds:
        yield transfers.measure_ranges
    if "memory" in kinds:
        yield transfers.measure_memory
    if "small" in kinds:
        yield small_files.measure
    if "crowd" in kinds:
        yield crowd.measure
    if "repair" in kinds:
        yield repair.measure
    if "metadata" in kinds:
        yield metadata.measure


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(text.split(","))
    if unknown := set(kinds) - set(KINDS):
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
    return kinds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
