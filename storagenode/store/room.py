"""How much room there is: the file system's free space less the reserve and what is being written now."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from storagenode.errors import NoRoom
from storagenode.settings import reserve_bytes


class Room:
    """The space of the file system a folder lies on."""

    def __init__(self, folder: int, reserve: str) -> None:
        self._folder = folder
        self._reserve = reserve
        self._lock = threading.Lock()
        self._claimed_bytes = 0

    def capacity_bytes(self) -> int:
        """The size of the file system."""
        figures = os.statvfs(self._folder)
        return figures.f_blocks * figures.f_frsize

    def free_bytes(self) -> int:
        """What chunks may still take; never negative."""
        figures = os.statvfs(self._folder)
        reserve = reserve_bytes(self._reserve, figures.f_blocks * figures.f_frsize)
        return max(0, figures.f_bavail * figures.f_frsize - reserve)

    @contextmanager
    def claim(self, size_bytes: int) -> Iterator[None]:
        """Hold room for a chunk while it is written; raises NoRoom. Concurrent claims add up."""
        free = self.free_bytes()
        with self._lock:
            if self._claimed_bytes + size_bytes > free:
                raise NoRoom(f"{size_bytes} bytes do not fit into {free} free beside the reserve")
            self._claimed_bytes += size_bytes
        try:
            yield
        finally:
            with self._lock:
                self._claimed_bytes -= size_bytes
