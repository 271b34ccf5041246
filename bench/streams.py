"""Starts several streams at one moment and tells when the last of them ended."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


def run_together(jobs: Sequence[Callable[[], object]]) -> float:
    """Run every job in a thread of its own; returns the seconds until all were done.

    Errors: what the first failing job raised.
    """
    gate = threading.Barrier(len(jobs) + 1)

    def run(job: Callable[[], object]) -> float:
        gate.wait()
        job()
        return time.monotonic()

    with ThreadPoolExecutor(len(jobs)) as threads:
        running = [threads.submit(run, job) for job in jobs]
        began_at = time.monotonic()
        gate.wait()
        return max(job.result() for job in running) - began_at
