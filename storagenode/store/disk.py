"""The system calls whose order and failures decide what is durable; tests put records and faults here."""

from __future__ import annotations

import os

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a fifo that somebody put in the place of a chunk must not wait for a writer.
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Disk:
    """The real disk."""

    def write(self, fd: int, data: memoryview) -> None:
        """Write all of the data."""
        while data:
            data = data[os.write(fd, data) :]

    def allocate(self, fd: int, size_bytes: int) -> None:
        """Reserve the space now, so that a full disk shows before the bytes come."""
        os.posix_fallocate(fd, 0, size_bytes)

    def sync_file(self, fd: int) -> None:
        """Make data and size of a new file durable."""
        os.fdatasync(fd)

    def rename(self, source: str, source_folder: int, target: str, target_folder: int) -> None:
        """Give a file its name at once."""
        os.rename(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)

    def sync_folder(self, fd: int) -> None:
        """Make the names in a folder durable."""
        os.fsync(fd)
