"""Kept chunk-sized buffers: fresh memory costs 0.5 s a GiB to fault in; their number is the bound."""

import mmap
import threading
import time
from collections import deque
from collections.abc import Callable

from django.conf import settings

from nodes.errors import Overloaded

WAIT_SECONDS = 30.0
BUFFERS_A_TRANSFER = 3
"""One being filled, two on their way: all the overlap there is."""

CHUNKS_A_TRANSFER = BUFFERS_A_TRANSFER + 1
"""A download holds one that is sent and two read ahead, and one more while a slow node is raced."""

KEPT = 6
"""Two busy uploads' worth stays warm; the rest goes back to the system."""

IDLE_SECONDS = 5.0
"""A buffer that nobody took for so long goes back, too: after large files small ones need but a few."""


class BufferPool:
    """At most `limit` buffers of `size` bytes, made when needed and handed out warm: last in, first out.

    Mapped, not bytearrays: a small file then takes no more memory than it has bytes.
    """

    def __init__(self, *, size: int, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.size = size
        self._clock = clock
        self._free: deque[tuple[mmap.mmap, float]] = deque()  # with when it was given back, the latest last
        self._permits = threading.BoundedSemaphore(limit)

    def take(self) -> mmap.mmap:
        """Take a buffer of your own; raises Overloaded when none comes free in time, or no memory is left."""
        if not self._permits.acquire(timeout=WAIT_SECONDS):
            raise Overloaded(Overloaded.__doc__)
        try:
            return self._warm() or mmap.mmap(-1, self.size, mmap.MAP_PRIVATE)
        except (OSError, MemoryError) as error:
            self._permits.release()
            raise Overloaded("This gateway has no memory left for another transfer.") from error

    def give_back(self, buffer: mmap.mmap) -> None:
        """Return a buffer; nobody may touch it any more."""
        now = self._clock()
        self._free.append((buffer, now))
        try:
            if len(self._free) > KEPT or self._free[0][1] < now - IDLE_SECONDS:
                self._free.popleft()
        except IndexError:
            pass  # all were taken meanwhile
        self._permits.release()

    def cool(self) -> None:
        """Give all that nobody has taken back to the system."""
        self._free.clear()

    def _warm(self) -> mmap.mmap | None:
        try:
            return self._free.pop()[0]
        except IndexError:
            return None


pool = BufferPool(
    size=settings.CHUNK_SIZE,
    limit=(settings.MAX_TRANSFERS + 1) * BUFFERS_A_TRANSFER + settings.SMALL_TRANSFERS,
)


def most_bytes() -> int:
    """Return how much memory the chunks of all transfers of one process take at most."""
    return (int(settings.MAX_TRANSFERS) * CHUNKS_A_TRANSFER + int(settings.SMALL_TRANSFERS)) * pool.size
