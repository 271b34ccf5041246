"""Disks of a test's own, as file systems in files: they may lose their power, hang, or be full.

Nothing here touches a file system that was not made here; all of it needs root, and is skipped without.
"""

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.embedded import MEMORY
from tests.storagenode.running_node import wait_until

LOOP_MAJOR = 7
SHUTDOWN = struct.unpack("I", struct.pack("I", 2 << 30 | 4 << 16 | ord("X") << 8 | 125))[0]
"""`_IOR('X', 125, __u32)`: EXT4_IOC_SHUTDOWN, known to XFS and f2fs as well."""
WITHOUT_FLUSH = struct.pack("I", 2)
LONGEST_FREEZE_SECONDS = 60


class LoopDisk:
    """An ext4 file system of its own below `folder`, mounted at `path`."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.image = folder / "disk.img"
        self.path = folder / "disk"
        self.path.mkdir()
        with self.image.open("wb") as image:
            image.truncate(size_bytes)
        _run("mkfs.ext4", "-q", "-F", str(self.image))
        self.mount()

    def mount(self) -> None:
        """Mount it; the journal is replayed as after a power cut."""
        _run("mount", "-o", "loop", str(self.image), str(self.path))

    def unmount(self) -> None:
        """Unmount it once its last user is gone."""
        wait_until(lambda: _tried("umount", str(self.path)), f"nobody to use {self.path}")

    def cut_power(self) -> None:
        """Lose what was written and not synced: from now on every call fails, as on a disk that is gone."""
        with self._opened() as fd:
            fcntl.ioctl(fd, SHUTDOWN, WITHOUT_FLUSH)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have every write wait. Another process ends it in time, should this one not live to do so."""
        with self._opened():
            watchdog = subprocess.Popen(
                ["sh", "-c", f'sleep {LONGEST_FREEZE_SECONDS}; fsfreeze -u "$0"', str(self.path)],
                start_new_session=True,
                stderr=subprocess.DEVNULL,
            )
            try:
                _run("fsfreeze", "-f", str(self.path))
                yield
            finally:
                _tried("fsfreeze", "-u", str(self.path))
                os.killpg(watchdog.pid, 9)
                watchdog.wait()

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open its root; refuses whatever is not a loop device of its own."""
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            device = os.fstat(fd).st_dev
            if device == os.stat("/").st_dev or os.major(device) != LOOP_MAJOR:
                raise RuntimeError(f"{self.path} is no disk of this test's own")
            yield fd
        finally:
            os.close(fd)


@contextmanager
def loop_disk(size_bytes: int) -> Iterator[LoopDisk]:
    """Make a disk, and leave nothing of it; skips the test where the machine allows none."""
    with _folder() as folder:
        try:
            disk = LoopDisk(folder, size_bytes)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a disk in a file needs root, mkfs.ext4 and loop devices: {error}")
        try:
            yield disk
        finally:
            _tried("umount", "-l", str(disk.path))


@contextmanager
def small_disk(size_bytes: int) -> Iterator[Path]:
    """Mount a disk in memory that is soon full; skips the test where the machine allows none."""
    with _folder() as folder:
        if not _tried("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)):
            pytest.skip("mounting a small disk needs root")
        try:
            yield folder
        finally:
            _tried("umount", "-l", str(folder))


@contextmanager
def _folder() -> Iterator[Path]:
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="dfsweb-disk-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _tried(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False
