"""Bounds how many bodies stream at once in one process: each holds chunk-sized buffers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings

from files.errors import TooManyTransfers

SMALL_BYTES = 2**20
"""A body up to here is over in a moment: it does not wait for those that take minutes."""

_slots = threading.BoundedSemaphore(settings.MAX_TRANSFERS)
_small_slots = threading.BoundedSemaphore(settings.SMALL_TRANSFERS)


def begin(size_bytes: int | None = None) -> Callable[[], None]:
    """Take a slot; returns what gives it back, once, however often it is called. Raises TooManyTransfers.

    A small body of known size has some slots to itself.
    """
    slots = _slots
    if size_bytes is not None and size_bytes <= SMALL_BYTES and _small_slots.acquire(blocking=False):
        slots = _small_slots
    elif not _slots.acquire(blocking=False):
        raise TooManyTransfers
    ended = threading.Lock()

    def end() -> None:
        if ended.acquire(blocking=False):
            slots.release()

    return end


@contextmanager
def one(size_bytes: int | None = None) -> Iterator[None]:
    """Hold a slot for the time of a block. Raises TooManyTransfers."""
    end = begin(size_bytes)
    try:
        yield
    finally:
        end()
