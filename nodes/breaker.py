"""A circuit breaker for each node, in this process only: what it saw itself, faster than any probe.

Ten errors within a minute open it for a minute; then one request may try (R30). An error is an answer of
5xx, none in time, a broken connection, or being beaten by a node that was asked later. A probe that succeeded
since then lets a request try at once.
"""

import threading
import time
from collections.abc import Callable

OPEN_AT_ERRORS = 10
WINDOW_SECONDS = 60.0
OPEN_SECONDS = 60.0
TRIAL_SECONDS = 15.0
"""Longer than one request may wait for its answer: so long the others wait for the outcome of a trial."""


class Breaker:
    """Counts one node's errors; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._errors: list[float] = []
        self._opened_at = 0.0
        self._open_until: float | None = None
        self._is_trial = False

    @property
    def is_closed(self) -> bool:
        """Whether requests may go to the node as usual."""
        open_until = self._open_until  # once: another thread may close it meanwhile
        return open_until is None or self._clock() >= open_until

    def asked(self) -> None:
        """Note that a request goes out: the first after an opening is the trial, the others keep away."""
        if self._open_until is not None:
            with self._lock:
                now = self._clock()
                if self._open_until is not None and now >= self._open_until:
                    self._open_until = now + TRIAL_SECONDS
                    self._is_trial = True

    def succeeded(self) -> bool:
        """Close, if it was open, and tell so: the node answers. Errors of a closed one fade by time alone."""
        if self._open_until is None:
            return False
        with self._lock:
            was_open = self._open_until is not None
            self._errors.clear()
            self._open_until = None
            self._is_trial = False
        return was_open

    def probed(self, seconds_ago: float) -> None:
        """Note that the node passed a probe: if that was after the opening, a request may try now."""
        if self._open_until is not None:
            with self._lock:
                now = self._clock()
                is_news = now - seconds_ago > self._opened_at
                if self._open_until is not None and is_news and not self._is_trial:
                    self._open_until = now

    def failed(self) -> bool:
        """Count an error; opens at the limit, and again at once when the trial after an opening fails.

        Returns whether it opened now.
        """
        now = self._clock()
        with self._lock:
            was_trial = self._is_trial or (self._open_until is not None and now >= self._open_until)
            self._errors = [at for at in self._errors if now - at < WINDOW_SECONDS] + [now]
            opens = was_trial or (self.is_closed and len(self._errors) >= OPEN_AT_ERRORS)
            if opens:
                self._is_trial = False
                self._opened_at = now
                self._open_until = now + OPEN_SECONDS
            return opens


_breakers: dict[int, Breaker] = {}


def of(node_id: int) -> Breaker:
    """Return this process's breaker for a node."""
    return _breakers.get(node_id) or _breakers.setdefault(node_id, Breaker())
