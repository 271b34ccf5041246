"""Threads that work beside the one that serves a request or does a task, and with its id.

Whoever has work does it itself when none can be started.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Outcome = TypeVar("Outcome")

BULK_NICENESS = 10
"""Of threads that move many bytes: whoever waits for a page goes first. It cannot be taken back (nice(2)), so
no thread that serves requests may have it."""


def carried(work: Callable[Given, Outcome]) -> Callable[Given, Outcome]:
    """Return the work, to be done once and anywhere, for the request or task that this thread is at now."""
    return partial(copy_context().run, work)


class ThreadPool(ThreadPoolExecutor):
    """An executor whose work is done for whoever submits it."""

    def submit(
        self, work: Callable[Given, Outcome], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Outcome]:
        return super().submit(carried(work), *args, **kwargs)


class Threads:
    """At most so many threads, started as they are needed.

    Without the memory for one more, whoever has work does it itself: an executor would raise, and do the
    work later all the same, with a buffer that is somebody else's by then.
    """

    def __init__(self, most: int, *, name: str, niceness: int = 0) -> None:
        yield_processor = partial(_yield_processor, niceness) if niceness else None
        self._pool = ThreadPool(most, thread_name_prefix=name, initializer=yield_processor)

    def submit(self, work: Callable[[], Outcome]) -> Future[Outcome]:
        """Have the work done once, whatever becomes of it; only its future tells."""
        future: Future[Outcome] = Future()
        untouched = threading.Lock()

        def run() -> None:
            if not untouched.acquire(blocking=False) or not future.set_running_or_notify_cancel():
                return
            try:
                outcome = work()
            except BaseException as error:  # noqa: BLE001  raised where the outcome is awaited
                future.set_exception(error)
            else:
                future.set_result(outcome)

        try:
            self._pool.submit(run)
        except RuntimeError:  # no thread could be started; one that lives may have it already
            run()
        return future


def _yield_processor(niceness: int) -> None:
    """Lower this thread's claim to the processor; elsewhere than on Linux it would be the whole process's."""
    if sys.platform == "linux":
        os.nice(niceness)
