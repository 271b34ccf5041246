"""Keeps the highest number the cluster's database has told, so that one that went back is noticed."""

from __future__ import annotations

import os
import threading

from storagenode import log
from storagenode.store.disk import Disk
from storagenode.store.folders import Folders

WATERMARK = "watermark"
_FRESH = WATERMARK + ".new"
_MOST_DIGITS = 19
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class Watermark:
    """One small file beside the chunks: it goes where the disk goes, and back only with the whole disk."""

    def __init__(self, folders: Folders, disk: Disk) -> None:
        self._folders = folders
        self._disk = disk
        self._lock = threading.Lock()

    def raise_to(self, number: int) -> int:
        """Keep the number durably if it is the highest; returns the highest before. Raises OSError."""
        with self._lock:
            before = self.read()
            if number > before:
                self._write(number)
            return before

    def read(self) -> int:
        """Return the highest number told so far; 0 when there is none, or none that can be read as one."""
        try:
            fd = os.open(WATERMARK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folders.root)
        except FileNotFoundError:
            return 0
        try:
            text = os.read(fd, _MOST_DIGITS + 1)
        finally:
            os.close(fd)
        if not text.isdigit() or len(text) > _MOST_DIGITS:
            log.error("watermark_unreadable", found=repr(text))  # the other nodes know it, too
            return 0
        return int(text)

    def _write(self, number: int) -> None:
        root = self._folders.root
        fd = os.open(_FRESH, _FLAGS, 0o600, dir_fd=root)
        try:
            self._disk.write(fd, memoryview(str(number).encode()))
            self._disk.sync_file(fd)
        finally:
            os.close(fd)
        self._disk.rename(_FRESH, root, WATERMARK, root)
        self._disk.sync_folder(root)
