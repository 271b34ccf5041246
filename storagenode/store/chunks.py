"""Keeps, gives back, judges and removes chunk files. A chunk that `put` returned from is durable.

Chunk files are never modified: they get their name when they are complete, checked and synced.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from blake3 import blake3

from storagenode import log
from storagenode.errors import ChunkDamaged, ChunkMissing, DigestMismatch, NoRoom, ReadOnly
from storagenode.protocol.names import parse_name
from storagenode.store import listing
from storagenode.store.buffers import BUFFER_BYTES, BufferPool
from storagenode.store.disk import CREATE_FLAGS, READ_FLAGS, Disk
from storagenode.store.folders import Folders
from storagenode.store.marker import MarkerWatch
from storagenode.store.probe import Probe
from storagenode.store.quarantine import Quarantine
from storagenode.store.room import Room
from storagenode.store.tally import Tally
from storagenode.store.watermark import Watermark

_STRIPES = 64
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""The machine is short of something, which says nothing of the file that was to be read."""


class Verdict(StrEnum):
    """What a second look at a chunk file found."""

    GOOD = "good"
    BAD = "bad"
    MISSING = "missing"
    ERROR = "error"


class Outcome(StrEnum):
    """How a chunk came to be there."""

    STORED = "stored"
    KEPT = "kept"


class Source(Protocol):
    """Where the bytes of a chunk come from."""

    def readinto(self, view: memoryview) -> int: ...


class ChunkStore:
    """The chunks of one store; every method may be called from any thread."""

    def __init__(self, data: Path, *, reserve: str, buffers: int, disk: Disk | None = None) -> None:
        self._disk = disk or Disk()
        self.watch = MarkerWatch(data)
        self.folders = Folders(data, self._disk)
        self.room = Room(self.folders.root, reserve)
        self.quarantine = Quarantine(self.folders, self._disk)
        self.tally = Tally()
        self._probe = Probe(self.folders, self._disk)
        self._watermark = Watermark(self.folders, self._disk)
        self._buffers = BufferPool(buffers)
        self._stripes = [threading.Lock() for _ in range(_STRIPES)]
        self._doubtful: set[str] = set()
        self.read_only_reason: str | None = None

    def count(self) -> None:
        """Count what is there; meant for a thread of its own, once after the start."""
        self.tally.count(lambda first: listing.count_prefix(self.folders, first))

    def cool(self) -> None:
        """Give memory back that waits for further chunks."""
        self._buffers.cool()

    def put(self, name: str, source: Source, size_bytes: int) -> Outcome:
        """Make a chunk durable under its name. A good one that is there is kept, and nothing is read.

        Raises ReadOnly, NoRoom (both before a byte is read), DigestMismatch, and whatever the source raises;
        then nothing is visible. A bad file in its place goes to quarantine once the new one is safe.
        """
        self._check_writable()
        if name not in self._doubtful and self.verify(name) is Verdict.GOOD:
            with self.folders.leaf(name) as leaf, self._writing():
                # Another process may have been killed between the name and its durability.
                self.folders.settle(name, leaf)
            return Outcome.KEPT
        with self.room.claim(size_bytes):
            temporary = self._receive(name, source, size_bytes)
            try:
                with self._writing(), self.folders.leaf(name) as leaf:
                    self._place(temporary, name, leaf, size_bytes)
                    self._doubtful.add(name)
                    self.folders.settle(name, leaf)
                    self._doubtful.discard(name)
            except BaseException:
                self._drop(temporary)
                raise
        return Outcome.STORED

    def open(self, name: str) -> tuple[int, int]:
        """Open a chunk for reading: descriptor and size. Raises ChunkMissing, ChunkDamaged."""
        try:
            with self.folders.leaf(name) as leaf:
                fd = os.open(name, READ_FLAGS, dir_fd=leaf)
        except FileNotFoundError as error:
            raise ChunkMissing from error
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise ChunkDamaged(f"{name} is no plain file") from error
            raise
        figures = os.fstat(fd)
        if not stat.S_ISREG(figures.st_mode):
            os.close(fd)
            raise ChunkDamaged(f"{name} is no plain file")
        return fd, figures.st_size

    def size(self, name: str) -> int:
        """Return the size of a chunk file in bytes. Raises ChunkMissing, ChunkDamaged."""
        fd, size_bytes = self.open(name)
        os.close(fd)
        return size_bytes

    def delete(self, name: str) -> None:
        """Remove a chunk and what is quarantined of it; absent is fine, a folder there is put aside."""
        self._check_writable()
        self.quarantine.discard(name)
        try:
            with self.folders.leaf(name) as leaf, self._stripe(name):
                size_bytes = os.stat(name, dir_fd=leaf, follow_symlinks=False).st_size
                try:
                    os.unlink(name, dir_fd=leaf)
                except IsADirectoryError:
                    self.quarantine.take(name, leaf, "a folder in the place of a chunk")
                self.tally.change(name[:2], -1, -size_bytes)
                self._doubtful.discard(name)
        except FileNotFoundError:
            return

    def verify(self, name: str) -> Verdict:
        """Hash a chunk file again, from the disk; what cannot be read is ERROR, never MISSING.

        Raises OSError when the machine is short of descriptors or memory: that is no verdict.
        """
        try:
            return self._judge(name)
        except OSError as error:
            if error.errno in _SHORT:
                raise
            log.error("chunk_unreadable", chunk=name, error=str(error))
            return Verdict.ERROR

    def put_aside(self, name: str, reason: str) -> bool:
        """Quarantine a chunk file; False when it is not there."""
        self._check_writable()
        try:
            with self._writing(), self.folders.leaf(name) as leaf, self._stripe(name):
                self._quarantine(name, leaf, reason)
        except FileNotFoundError:
            return False
        return True

    def probe(self) -> None:
        """Try the disk; success ends a read-only state, failure begins one. Raises ProbeFailed."""
        try:
            self._probe.run()
        except Exception as error:
            self._stop_writing(f"probe: {error}")
            raise
        if self.read_only_reason is not None:
            log.warning("writable_again", was=self.read_only_reason)
            self.read_only_reason = None

    def keep_watermark(self, number: int) -> tuple[int, int]:
        """Keep a number of the database's if it is the highest; returns the highest before and after.

        Raises ReadOnly.
        """
        try:
            with self._writing():
                before = self._watermark.raise_to(number)
        except NoRoom as error:
            log.warning("watermark_not_kept", number=number, error=str(error))
            kept = self._watermark.read()
            return kept, kept
        return before, max(before, number)

    def _judge(self, name: str) -> Verdict:
        try:
            fd, _ = self.open(name)
        except ChunkMissing:
            return Verdict.MISSING
        except ChunkDamaged:
            return Verdict.BAD
        hasher = blake3()
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)  # look at the disk, not at the memory
            with self._buffers.lend() as buffer:
                while count := os.readv(fd, [buffer]):
                    hasher.update(buffer[:count])
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)  # the memory is for what people read
        finally:
            os.close(fd)
        return Verdict.GOOD if hasher.digest() == parse_name(name)[0] else Verdict.BAD

    def _receive(self, name: str, source: Source, size_bytes: int) -> str:
        """Write the chunk to a temporary file, hashed and synced; return the file's name.

        Its folder is made before the sync: a file system with one journal keeps both by one commit.
        """
        temporary = secrets.token_hex(8)  # a pid comes again, and what cannot be swept has its name
        with self._writing():
            fd = os.open(temporary, CREATE_FLAGS, 0o600, dir_fd=self.folders.tmp)
        try:
            hasher = blake3()
            if size_bytes > BUFFER_BYTES:  # else the one write tells as early
                with self._writing():
                    self._disk.allocate(fd, size_bytes)
            with self._buffers.lend() as buffer:
                while count := source.readinto(buffer):
                    hasher.update(buffer[:count])
                    with self._writing():
                        self._disk.write(fd, buffer[:count])
            if hasher.digest() != parse_name(name)[0]:
                raise DigestMismatch(f"the bytes have the digest {hasher.hexdigest()}")
            with self._writing():
                self.folders.make(name)
                self._disk.sync_file(fd)
        except BaseException:
            self._drop(temporary)
            raise
        finally:
            os.close(fd)
        return temporary

    def _place(self, temporary: str, name: str, leaf: int, size_bytes: int) -> None:
        with self._stripe(name):
            try:
                before = os.stat(name, dir_fd=leaf, follow_symlinks=False)
            except FileNotFoundError:
                before = None
            if before is not None and name not in self._doubtful and self.verify(name) is not Verdict.GOOD:
                self._quarantine(name, leaf, "bad when the chunk was stored again")
                before = None
            self._disk.rename(temporary, self.folders.tmp, name, leaf)
            if before is None:
                self.tally.change(name[:2], 1, size_bytes)

    def _quarantine(self, name: str, leaf: int, reason: str) -> None:
        size_bytes = os.stat(name, dir_fd=leaf, follow_symlinks=False).st_size
        self.quarantine.take(name, leaf, reason)
        self.tally.change(name[:2], -1, -size_bytes)

    def _drop(self, temporary: str) -> None:
        try:
            os.unlink(temporary, dir_fd=self.folders.tmp)
        except FileNotFoundError:
            return
        except OSError as error:  # it is swept at the next start; the first error is the one that counts
            log.warning("temporary_file_left", file=temporary, error=str(error))

    def _stripe(self, name: str) -> threading.Lock:
        return self._stripes[int(name[-8:], 16) % _STRIPES]

    def _check_writable(self) -> None:
        if self.read_only_reason is not None:
            raise ReadOnly(self.read_only_reason)

    def _stop_writing(self, reason: str) -> None:
        if self.read_only_reason is None:
            log.error("read_only", reason=reason)
        self.read_only_reason = reason

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A full disk is NoRoom; any other failure to write or sync is final: the store becomes read-only."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno in _FULL:
                raise NoRoom(str(error)) from error
            self._stop_writing(str(error))
            raise ReadOnly(str(error)) from error
