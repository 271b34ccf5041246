"""When to ask a second node because the first is slow, and how often: Dean and Barroso, The Tail at Scale.

Pure arithmetic over what was measured in this process; who is asked, and what becomes of the loser, is not
decided here.
"""

import threading
from collections import deque

RECENT = 256
ENOUGH = 64
"""With fewer durations at hand a quantile means nothing."""
SHARE = 0.05
"""So many more requests than there would be without."""
SAVED_UP = 20.0
"""Enough to notice two nodes that turn slow at once: each one's breaker opens at its tenth lost race."""


class Hedging:
    """One kind of request: how long to be patient, and a budget of second ones; safe to share."""

    def __init__(self, *, floor_seconds: float, quantile: float) -> None:
        self._floor_seconds = floor_seconds
        self._quantile = quantile
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._lock = threading.Lock()
        self._budget = SAVED_UP
        self.begun = 0
        """Second requests so far."""

    def note(self, seconds: float) -> None:
        """Note how long a request took that was not raced, or won; it earns a share of a second one."""
        with self._lock:
            self._recent.append(seconds)
            if self._budget < SAVED_UP:
                self._budget = min(self._budget + SHARE, SAVED_UP)

    def patience_left(self, waited_seconds: float) -> float:
        """Return how much longer to wait for a node alone: nearly all recent requests took no longer."""
        if waited_seconds < self._floor_seconds:
            return self._floor_seconds - waited_seconds
        with self._lock:
            recent = sorted(self._recent)
        if len(recent) < ENOUGH:
            return 0.0
        return max(recent[int(len(recent) * self._quantile)] - waited_seconds, 0.0)

    def take(self) -> bool:
        """Take a second request from the budget, if it has one."""
        with self._lock:
            if self._budget < 1:
                return False
            self._budget -= 1
            self.begun += 1
            return True
