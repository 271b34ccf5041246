"""Finds out whether the disk still keeps and gives back what is written to it."""

from __future__ import annotations

import errno
import os
import secrets
import threading

from storagenode.errors import ProbeFailed
from storagenode.store.disk import Disk
from storagenode.store.folders import Folders

PROBE = "probe"
PROBE_BYTES = 64
BUSY_SECONDS = 5.0
"""A probe that waits this long for another one has learnt that the disk hangs."""

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Probe:
    """Rewrites one small file in place, so that it works on a full disk, too."""

    def __init__(self, folders: Folders, disk: Disk) -> None:
        self._folders = folders
        self._disk = disk
        self._lock = threading.Lock()

    def run(self) -> None:
        """Write, sync and read back; raises ProbeFailed."""
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise ProbeFailed(f"the disk has not answered for {BUSY_SECONDS:g} s")
        try:
            self._write_and_read()
        except OSError as error:
            raise ProbeFailed(str(error)) from error
        finally:
            self._lock.release()

    def _write_and_read(self) -> None:
        content = secrets.token_bytes(PROBE_BYTES)
        fd = os.open(PROBE, _FLAGS, 0o600, dir_fd=self._folders.root)
        try:
            try:
                self._disk.write(fd, memoryview(content))
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    return  # full, not broken: the free space says so
                raise
            self._disk.sync_file(fd)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)  # read the disk, not the memory
            if os.pread(fd, PROBE_BYTES, 0) != content:
                raise ProbeFailed("the disk gave back something else than was written")
        finally:
            os.close(fd)
