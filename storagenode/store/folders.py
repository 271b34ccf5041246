"""The folders of a store, always reached through descriptors and never through a symlink.

`chunks/ab/cd/<name>` for chunks, `tmp/` for what is being written, `quarantine/` for what is bad, all on one
file system. A folder made here counts only once its parent is synced.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storagenode import log
from storagenode.errors import ChunkDamaged
from storagenode.store.disk import FOLDER_FLAGS, Disk
from storagenode.store.marker import CHUNKS

TMP = "tmp"
QUARANTINE = "quarantine"


class Folders:
    """The open folders of one store."""

    def __init__(self, data: Path, disk: Disk) -> None:
        self._disk = disk
        self.root = os.open(data, FOLDER_FLAGS)
        for name in (CHUNKS, TMP, QUARANTINE):
            _make(name, self.root)
        disk.sync_folder(self.root)
        self.chunks = os.open(CHUNKS, FOLDER_FLAGS, dir_fd=self.root)
        self.tmp = os.open(TMP, FOLDER_FLAGS, dir_fd=self.root)
        self.quarantine = os.open(QUARANTINE, FOLDER_FLAGS, dir_fd=self.root)
        # Folders whose way up is durable. Empty at the start: what a killed process made may not be.
        self._durable: set[str] = set()
        self._first: dict[str, int] = {}
        self._lock = threading.Lock()

    def sweep_tmp(self) -> int:
        """Remove what a killed process was writing; return how many files went. What stays does no harm."""
        swept = 0
        for name in os.listdir(self.tmp):
            try:
                os.unlink(name, dir_fd=self.tmp)
                swept += 1
            except OSError as error:
                log.warning("temporary_file_not_removed", name=name, error=str(error))
        return swept

    @contextmanager
    def leaf(self, name: str) -> Iterator[int]:
        """Open the folder of a chunk; raises FileNotFoundError when it is not there."""
        leaf = _open(name[2:4], self._first_level(name[:2]))
        try:
            yield leaf
        finally:
            os.close(leaf)

    def make(self, name: str) -> None:
        """Make the folder of a chunk if there is none; `settle` makes it durable."""
        if _make(name[2:4], self._first_level(name[:2], create=True)):
            self._durable.discard(name[:4])  # it was there once, and somebody has removed it

    def settle(self, name: str, leaf: int) -> None:
        """Make the name in its leaf durable, and every folder above it that is not known to be."""
        self._disk.sync_folder(leaf)
        first, way = name[:2], name[:4]
        if way in self._durable:
            return
        self._disk.sync_folder(self._first_level(first))
        if first not in self._durable:
            self._disk.sync_folder(self.chunks)
            self._durable.add(first)
        self._durable.add(way)

    def _first_level(self, first: str, *, create: bool = False) -> int:
        """The descriptor of a first-level folder; there are at most 256, and they stay open."""
        known = self._first.get(first)
        if known is not None:
            return known
        with self._lock:
            if first not in self._first:
                if create:
                    _make(first, self.chunks)
                self._first[first] = _open(first, self.chunks)
            return self._first[first]

    def close(self) -> None:
        """Close all of them."""
        for fd in (*self._first.values(), self.chunks, self.tmp, self.quarantine, self.root):
            os.close(fd)


def list_names(folder: int) -> list[str]:
    """List a folder that other threads may be listing through the same descriptor.

    Listing moves the descriptor's position, which all its users share: two at once would each miss names or
    see them twice. So each listing opens the folder anew.
    """
    own = os.open(".", FOLDER_FLAGS, dir_fd=folder)
    try:
        return os.listdir(own)
    finally:
        os.close(own)


@contextmanager
def open_folder(name: str, parent: int) -> Iterator[int]:
    """Open a folder in a folder; raises ChunkDamaged when something else lies in its place."""
    fd = _open(name, parent)
    try:
        yield fd
    finally:
        os.close(fd)


def _open(name: str, parent: int) -> int:
    try:
        return os.open(name, FOLDER_FLAGS, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise ChunkDamaged(f"{name} is no folder") from error
        raise


def _make(name: str, parent: int) -> bool:
    """Make a folder; tells whether there was none."""
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return False
    return True
