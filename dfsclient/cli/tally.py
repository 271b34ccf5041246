"""The outcome of a command over several items: each told as it happens, all of them in one exit code."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import typer

from dfsclient.cli.exits import Exit, code_of
from dfsclient.cli.output import Output, counted, described
from dfsclient.errors import DfsError, NotSignedIn, Unreachable

Outcome = Literal["done", "planned", "unchanged", "skipped"]
HOPELESS = (NotSignedIn, Unreachable)  # what stands in the way of one item stands in the way of all
Job = TypeVar("Job")


@dataclass(frozen=True)
class Item:
    """What became of one item."""

    source: str
    target: str | None
    outcome: Outcome
    size_bytes: int | None = None


class Tally:
    """Counts and tells outcomes; safe for many threads. `verb` is what was done, `planned` what would be."""

    def __init__(self, out: Output, *, verb: str, planned: str) -> None:
        self._out = out
        self._words = {
            "done": verb,
            "planned": planned,
            "unchanged": "is there already:",
            "skipped": "left out",
        }
        self._lock = threading.Lock()
        self._results: list[dict[str, Any]] = []
        self._good = 0
        self._failures: list[Exit] = []
        self.is_hopeless = False

    def add(self, item: Item) -> None:
        """Count and tell what went well."""
        with self._lock:
            self._good += 1
            arrow = f" → {item.target}" if item.target else ""
            if item.outcome == "skipped":
                self._out.warn(f"{self._words['skipped']} {item.source}: neither a file nor a folder")
            else:
                self._out.note(f"{self._words[item.outcome]} {item.source}{arrow}")
            self._note(item.source, item.target, item.outcome, item.size_bytes, None)

    def fail(self, source: str, error: DfsError | OSError, *, target: str | None = None) -> None:
        """Count and tell a failure."""
        with self._lock:
            self._failures.append(code_of(error))
            self.is_hopeless = self.is_hopeless or isinstance(error, HOPELESS)
            self._out.problem(error, source)
            self._note(source, target, "failed", None, described(error, source))

    def attempt_all(self, sources: Iterable[str], work: Callable[[str], Item]) -> None:
        """Do one item after the other."""
        for source in sources:
            if not self.is_hopeless:
                self.attempt(source, work)

    def attempt(self, source: str, work: Callable[[str], Item]) -> None:
        """Do one item; its error is counted and the next one is not held up."""
        try:
            item = work(source)
        except BrokenPipeError:
            raise
        except (DfsError, OSError) as error:
            self.fail(source, error)
        else:
            self.add(item)

    def finish(self) -> None:
        """Write the document and end with the exit code that fits all items together."""
        if self._out.as_json:
            self._out.document({"results": self._results, "done": self._good, "failed": len(self._failures)})
        if self._failures:
            if self._good:
                self._out.note(f"{counted(self._good, 'item')} done, {len(self._failures):,} failed.")
            raise typer.Exit(Exit.PARTLY if self._good else self._failures[0])

    def _note(
        self,
        source: str,
        target: str | None,
        outcome: str,
        size_bytes: int | None,
        error: dict[str, Any] | None,
    ) -> None:
        if self._out.as_json:
            self._results.append(
                {
                    "source": source,
                    "target": target,
                    "outcome": outcome,
                    "size_bytes": size_bytes,
                    "error": error,
                }
            )


def each(jobs: Iterable[Job], work: Callable[[Job], None], tally: Tally, *, at_once: int) -> None:
    """Do all jobs, that many at once, new ones only as old ones end; stop early when it is hopeless."""
    pool = ThreadPoolExecutor(at_once)
    running: set[Future[None]] = set()
    try:
        for job in jobs:
            if tally.is_hopeless:
                break
            running.add(pool.submit(work, job))
            if len(running) >= 2 * at_once:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
        for future in running:
            future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
