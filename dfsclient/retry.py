"""When to try again and how long to wait: exponential back-off with jitter."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from dfsclient.errors import DfsError, Rejected


@dataclass(frozen=True)
class Retries:
    """How patient a client is.

    `calls` bounds the tries of one request; `transfer` the tries of a running upload or download in a row
    that bring it no byte forward (long enough for a gateway to be restarted, about two minutes).
    """

    calls: int = 4
    transfer: int = 12
    first_delay_seconds: float = 0.25
    longest_delay_seconds: float = 15.0
    longest_asked_seconds: float = 60.0  # a Retry-After beyond this is not waited out
    sleep: Callable[[float], None] = time.sleep

    def delay_seconds(self, failures: int, error: DfsError) -> float:
        """Choose the pause after so many failures in a row (from 1); a `Retry-After` is a lower bound."""
        ceiling = min(self.longest_delay_seconds, self.first_delay_seconds * 2.0 ** min(failures - 1, 16))
        pause = ceiling * random.uniform(0.5, 1.0)
        asked = error.retry_after_seconds if isinstance(error, Rejected) else None
        return pause if asked is None else max(asked, pause)

    def wait(self, failures: int, error: DfsError, *, limit: int) -> None:
        """Pause before the next try, or raise the error when that is final, or the limit is reached."""
        if not error.retryable or failures >= limit:
            raise error
        delay = self.delay_seconds(failures, error)
        if delay > max(self.longest_asked_seconds, self.longest_delay_seconds):
            raise error
        self.sleep(delay)


class Patience:
    """Counts the failures in a row of one transfer; any byte of progress forgives them all."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._failures = 0
        self._limit = retries.calls

    def progressed(self) -> None:
        """Forgive earlier failures; from now on a cut is a cut in mid-transfer and worth waiting for."""
        self._failures = 0
        self._limit = self._retries.transfer

    def failed(self, error: DfsError) -> None:
        """Wait for the next try, or raise the error when trying again is of no use."""
        self._failures += 1
        self._retries.wait(self._failures, error, limit=self._limit)
