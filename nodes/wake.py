"""Shortens the wait for work that rows already order: after a commit, at most once a second, never blocking.

A dead or frozen Redis costs the caller nothing: a thread of its own sends, and gives up after a moment (R13).
"""

import threading
import time
from collections.abc import Callable
from functools import partial

from celery import Task
from django.conf import settings

from nodes import tasks
from nodes.beside import carried

INTERVAL_SECONDS = 1.0

_wanted: dict[Task, Callable[[], None]] = {}
"""How to send what is wanted: for the last one who wanted it."""
_any_wanted = threading.Event()
_starting = threading.Lock()
_sender: threading.Thread | None = None


def replication() -> None:
    """Have workers look for fresh chunks once these are due. Never raises, never blocks."""
    _want(tasks.replicate, settings.PUSH_AFTER_SECONDS)


def probes() -> None:
    """Have workers see how the nodes are, soon. Never raises, never blocks."""
    _want(tasks.probe_nodes, 0)


def rebalancing() -> None:
    """Have workers even out the nodes, soon. Never raises, never blocks."""
    _want(tasks.rebalance_copies, 0)


def soon(task: Task) -> None:
    """Have workers run a task that finds its own work, soon. Never raises, never blocks."""
    _want(task, 0)


def _want(task: Task, delay_seconds: float) -> None:
    global _sender
    _wanted[task] = carried(partial(tasks.try_to_send, task, delay_seconds=delay_seconds))
    if not _any_wanted.is_set():  # the sender clears it before it looks
        _any_wanted.set()
    if _sender is None or not _sender.is_alive():
        with _starting:
            if _sender is None or not _sender.is_alive():
                _sender = threading.Thread(target=_send_wake_ups, name="wake", daemon=True)
                _sender.start()


def _send_wake_ups() -> None:
    while True:
        _any_wanted.wait()
        _any_wanted.clear()
        for _, send in [_wanted.popitem() for _ in range(len(_wanted))]:
            send()
        time.sleep(INTERVAL_SECONDS)
