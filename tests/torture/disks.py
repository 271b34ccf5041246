"""File systems of their own for nodes, on loop images, and cutting their power.

A power cut is the file-system shutdown call without a flush of the log: what was not synced is gone. The
call on a wrong file system would stop the machine, so it is refused anywhere but on a loop mount.
"""

import fcntl
import os
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IMAGE_BYTES = 3 * 2**30
"""Sparse: only what is written takes room."""
SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32): linux/fs.h, FS_IOC_SHUTDOWN
NO_LOG_FLUSH = 2


class NoLoopDisks(Exception):
    """This machine does not let us mount loop images."""


@contextmanager
def loop_disk(folder: Path, image: Path) -> Iterator[None]:
    """Mount a new file system at the folder for the length of a block. Raises NoLoopDisks."""
    if os.geteuid() != 0:
        raise NoLoopDisks("only root mounts loop images")
    folder.mkdir()
    try:
        with image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
        mount(folder, image)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoLoopDisks(str(error)) from error
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)
        image.unlink()


def mount(folder: Path, image: Path) -> None:
    """`noatime`: reading must not write, or looking at a frozen disk would hang."""
    _run("mount", "-o", "loop,noatime", str(image), str(folder))


def are_possible(place: Path) -> str:
    """Try it; returns why loop disks cannot be had here, empty when they can."""
    with tempfile.TemporaryDirectory(dir=place) as tried:
        try:
            with loop_disk(Path(tried) / "disk", Path(tried) / "disk.img"):
                return ""
        except NoLoopDisks as reason:
            return str(reason)


def cut(folder: Path) -> None:
    """Drop everything that was not synced, as a power cut does."""
    source = next(
        (line.split()[0] for line in Path("/proc/mounts").read_text().splitlines() if f" {folder} " in line),
        "",
    )
    if not source.startswith("/dev/loop") or os.stat(folder).st_dev == os.stat("/").st_dev:
        raise AssertionError(f"{folder} is no loop mount: its power is not cut")
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(fd)


def cut_and_return(folder: Path, image: Path) -> None:
    """Cut the power of a disk nobody uses any more, and mount it again."""
    cut(folder)
    unmount(folder)
    mount(folder, image)


def unmount(folder: Path) -> None:
    """Wait for dying processes to let go of it."""
    _until_done("umount", str(folder))


def _until_done(*command: str) -> None:
    """Repeat a command that fails while a dying process still holds files."""
    deadline = time.monotonic() + 30
    while subprocess.run(command, check=False, capture_output=True).returncode != 0:
        if time.monotonic() > deadline:
            _run(*command)
        time.sleep(0.1)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
