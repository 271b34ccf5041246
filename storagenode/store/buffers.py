"""A bounded stack of buffers that are kept: fresh memory costs half a CPU second a GiB to fault in."""

from __future__ import annotations

import mmap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

BUFFER_BYTES = 4 * 1024 * 1024
"""A whole chunk of the default size, so that it takes one receive, one hash call and one write."""

IDLE_SECONDS = 5.0
"""A buffer that nobody used for so long gives its memory back to the system: small chunks need but a few."""


@dataclass(slots=True)
class _Buffer:
    map: mmap.mmap
    used_at: float = 0.0
    is_warm: bool = False


class BufferPool:
    """Lends buffers; the last one back goes out first, so few are ever touched when little goes on.

    Mapped, not bytearrays: those are zeroed when they are made, which takes all of their memory at once.
    """

    def __init__(self, count: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free = [_Buffer(mmap.mmap(-1, BUFFER_BYTES, mmap.MAP_PRIVATE)) for _ in range(count)]
        self._lock = threading.Lock()
        self._available = threading.Semaphore(count)

    @contextmanager
    def lend(self) -> Iterator[memoryview]:
        """Lend one buffer of BUFFER_BYTES; waits while all are out."""
        with self._available:
            with self._lock:
                buffer = self._free.pop()
            buffer.is_warm = True
            try:
                with memoryview(buffer.map) as view:
                    yield view
            finally:
                with self._lock:
                    buffer.used_at = self._clock()
                    self._free.append(buffer)
                    self._cool_longest_idle(before=buffer.used_at - IDLE_SECONDS)

    def cool(self) -> None:
        """Give the memory of all that are not out back."""
        with self._lock:
            for buffer in self._free:
                if buffer.is_warm:
                    _cool(buffer)

    def _cool_longest_idle(self, *, before: float) -> None:
        """Give the memory of the longest idle one back, if it has been idle since before then."""
        idle = next(
            buffer for buffer in self._free if buffer.is_warm
        )  # the one just given back, at the latest
        if idle.used_at < before:
            _cool(idle)


def _cool(buffer: _Buffer) -> None:
    buffer.map.madvise(mmap.MADV_DONTNEED)
    buffer.is_warm = False
