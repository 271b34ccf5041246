"""Keeps a flow of bytes below a rate, evenly: who wants to send waits until its bytes fit in."""

import threading
import time
from collections.abc import Callable


class Pace:
    """A rate in bytes a second, shared by threads; 0 is no limit. What was not used is not saved up."""

    def __init__(
        self,
        bytes_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.bytes_per_second = bytes_per_second
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at = clock()

    @property
    def debt_seconds(self) -> float:
        """How long nothing more may be sent for what was."""
        return max(self._free_at - self._clock(), 0.0) if self.bytes_per_second else 0.0

    def wait(self, size_bytes: int, *, until: float) -> bool:
        """Wait until so many bytes fit in, and take their room; False if that comes after `until`."""
        if not self.bytes_per_second:
            return self._clock() <= until
        with self._lock:
            now = self._clock()
            begins_at = max(self._free_at, now)
            if begins_at > until:
                return False
            self._free_at = begins_at + size_bytes / self.bytes_per_second
        if begins_at > now:
            self._sleep(begins_at - now)
        return True
