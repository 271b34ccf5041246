"""Counts chunks and their bytes: once from the disk in the background, then kept up with every change."""

from __future__ import annotations

import threading
from collections.abc import Callable

PREFIXES = [f"{number:02x}" for number in range(256)]

Count = tuple[int, int]
"""Chunks and bytes."""

MAX_RECOUNTS = 5
"""A prefix that keeps changing while it is counted is taken as it is after this many tries."""


class Tally:
    """The figures of a store by the first two digits of the names."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Count] = {}
        self._disturbed: set[str] = set()
        self.is_complete = False
        self.chunks = 0
        self.used_bytes = 0

    def change(self, prefix: str, chunks: int, size_bytes: int) -> None:
        """Note a chunk that came (1) or went (-1); what is not counted yet will be found on the disk."""
        with self._lock:
            self._disturbed.add(prefix)
            if prefix in self._counts:
                self._add(prefix, (chunks, size_bytes))

    def count(self, read: Callable[[str], Count]) -> None:
        """Count every prefix with `read`; again when a change came in between."""
        for prefix in PREFIXES:
            for _ in range(MAX_RECOUNTS):
                with self._lock:
                    self._disturbed.discard(prefix)
                found = read(prefix)
                with self._lock:
                    if prefix in self._disturbed:
                        continue
                    self._add(prefix, found)
                    break
            else:
                with self._lock:
                    self._add(prefix, found)
        self.is_complete = True

    def _add(self, prefix: str, count: Count) -> None:
        chunks, size_bytes = self._counts.get(prefix, (0, 0))
        self._counts[prefix] = (chunks + count[0], size_bytes + count[1])
        self.chunks += count[0]
        self.used_bytes += count[1]
