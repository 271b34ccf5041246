"""How fast the machine's own cores are: a share of what they could do this minute, told beside each round.

On a shared host a core runs at half its speed whenever a neighbour has the other half of it, and changes
within seconds. No counter of the guest shows that: the same work just takes more CPU time.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean

LAP_TURNS = 10_000
EVERY_SECONDS = 0.1
"""A lap takes a few hundred microseconds: looking costs the client's thread less than a hundredth."""


class Laps:
    """What a piece of work without input or output took, again and again, in seconds of CPU time."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def run(self) -> None:
        """Do one more."""
        began_at = time.thread_time()
        for _ in range(LAP_TURNS):
            pass
        self.seconds.append(time.thread_time() - began_at)


class Pace:
    """Knows the fastest lap of a whole benchmark and holds every round's laps against it."""

    def __init__(self) -> None:
        self._fastest = math.inf

    @contextmanager
    def watched(self) -> Iterator[Laps]:
        """Do laps beside the block, which gets them; there is at least one."""
        laps, is_over = Laps(), threading.Event()

        def look() -> None:
            laps.run()
            while not is_over.wait(EVERY_SECONDS):
                laps.run()

        thread = threading.Thread(target=look, name="pace", daemon=True)
        thread.start()
        try:
            yield laps
        finally:
            is_over.set()
            thread.join()

    def of(self, laps: Laps) -> float:
        """Say what share of the fastest lap until now these had: 1 is undisturbed, 0.5 half of the speed."""
        self._fastest = min(self._fastest, *laps.seconds)
        return self._fastest / fmean(laps.seconds)
