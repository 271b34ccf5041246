"""Where measurements happen: the product and the limit on one file system, with how much to do there."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from bench.limit import Limit
from bench.pace import Pace
from bench.payload import random_block
from bench.processes import cpu_seconds, cpu_since
from bench.product import STREAMS, Product
from bench.results import MIB, Run


@dataclass(frozen=True)
class Amounts:
    """How much a run does."""

    transfer_bytes: int = 1024 * MIB
    memory_bytes: int = 2048 * MIB
    small_files: int = 2000
    ranges: int = 200
    idle_seconds: float = 60
    entries: int = 1_000_000
    sparse_gib: int = 100
    crowd_seconds: float = 15
    crowd_file_bytes: int = 64 * MIB
    rounds: int = 3


@dataclass
class Stage:
    """A running product and a running limit; a context manager that ends both."""

    where: str
    folder: Path
    amounts: Amounts
    say: Callable[[str], None]
    blocks: list[memoryview] = field(default_factory=lambda: [random_block() for _ in range(STREAMS)])
    pace: Pace = field(default_factory=Pace)

    def __enter__(self) -> "Stage":
        with ExitStack() as stack:
            self.product = stack.enter_context(Product(self.folder))
            self.limit = stack.enter_context(Limit(self.folder))
            self._running = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    def run(self, product_job: Callable[[], float], limit_job: Callable[[], float] | None = None) -> Run:
        """Do one round: the limit's job, then the product's; each returns the seconds it took."""
        limit_seconds = limit_cpu = None
        if limit_job is not None:
            before = cpu_seconds(self.limit.parts)
            limit_seconds = limit_job()
            limit_cpu = cpu_since(before, self.limit.parts)
        before = cpu_seconds(self.product.parts)
        with self.pace.watched() as laps:
            seconds = product_job()
        cpu = cpu_since(before, self.product.parts)
        return Run(seconds, cpu, limit_seconds, limit_cpu, pace=self.pace.of(laps))

    def run_until_copied(
        self, product_job: Callable[[], float], limit_job: Callable[[], float] | None
    ) -> Run:
        """The same, and then wait until all chunks have three copies."""
        before: dict[str, float] = {}
        began_at = 0.0

        def timed_from_here() -> float:
            nonlocal before, began_at
            before, began_at = cpu_seconds(self.product.parts), time.monotonic()
            return product_job()

        run = self.run(timed_from_here, limit_job)
        run.copies_seconds = self.product.wait_for_copies(since=began_at)
        run.copies_cpu = cpu_since(before, self.product.parts)
        return run
