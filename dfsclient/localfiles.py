"""Durable and private writing on this machine: atomic replace, part files with a lock."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from dfsclient.errors import Busy, LocalProblem, TargetIsFolder

if sys.platform != "win32":
    import fcntl

LONGEST_NAME_BYTES = 255
SHORT_DIGITS = 16


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private(file: Path, text: str) -> None:
    """Replace a file atomically and durably; only its owner can read it."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mkstemp: mode 0600
    try:
        with open(handle, "w", encoding="utf-8", errors="surrogateescape") as out:  # names of files, too
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class PartFile:
    """Bytes on their way to a file, under a temporary name beside it (`.name.part-…`).

    The name follows from where the bytes come from and their version, so a later run finds the bytes of an
    earlier one and a newer version never continues an older one. A lock keeps two processes from writing
    the same part.
    """

    def __init__(self, target: Path, *, source: str, version: str) -> None:
        target = Path(os.path.realpath(target))
        if target.is_dir():
            raise TargetIsFolder(f"{target} is a folder; name the file inside it.")
        if target.exists() and not target.is_file():
            raise LocalProblem(
                f"{target} is no ordinary file; write `-` to get the bytes on standard output."
            )
        self.target = target
        ending = f".part-{_short(source)}-"
        stem = os.fsencode(f".{target.name}")[: LONGEST_NAME_BYTES - len(ending) - SHORT_DIGITS]
        self._stem = os.fsdecode(stem) + ending
        self.path = target.with_name(self._stem + _short(version))
        self._file: BinaryIO | None = None

    def __enter__(self) -> PartFile:
        self._file = _open_locked(self.path)
        if self._file is None:
            raise Busy(f"Another process is fetching {self.target} at this moment; wait for it or stop it.")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def file(self) -> BinaryIO:
        assert self._file is not None, "a part file is used inside its `with`"
        return self._file

    def size(self) -> int:
        """How many bytes are there already."""
        self.file.flush()
        return os.fstat(self.file.fileno()).st_size

    def is_from_before_boot(self) -> bool:
        """Whether a crash of this machine may have left holes where bytes were not on the disk yet."""
        return os.fstat(self.file.fileno()).st_mtime < _booted_at()

    def discard(self) -> None:
        """Remove the part."""
        self.path.unlink(missing_ok=True)

    def publish(self, *, mtime: float | None) -> None:
        """Make the bytes durable, then give them their final name; a half file never has it."""
        self.file.flush()
        if mtime is not None:
            os.utime(self.path, (mtime, mtime))
        os.fsync(self.file.fileno())
        try:
            os.replace(self.path, self.target)
        except IsADirectoryError:
            raise TargetIsFolder(f"{self.target} is a folder; name the file inside it.") from None
        sync_folder(self.target.parent)
        self._remove_older()

    def _remove_older(self) -> None:
        """Remove parts of other versions of the same source that nobody is writing."""
        for name in os.listdir(self.target.parent):
            if len(name) == len(self._stem) + SHORT_DIGITS and name.startswith(self._stem):
                older = self.target.with_name(name)
                if file := _open_locked(older):
                    older.unlink()
                    file.close()


def _booted_at() -> float:
    """When this machine started, in seconds since the epoch; 0 where the system does not tell."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("btime ")), 0.0)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:SHORT_DIGITS]


def _open_locked(path: Path) -> BinaryIO | None:
    """Open a file for reading and appending with the only lock on it; None while another process has that."""
    file = open(path, "a+b")  # noqa: SIM115  # handed to the caller, who closes it
    if sys.platform != "win32":  # Windows itself refuses to rename an open file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        # The holder before us may have renamed it to its final name between our open and our lock.
        if not (path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())):
            file.close()
            return None
    return file
