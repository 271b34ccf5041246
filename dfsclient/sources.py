"""Where the bytes of an upload come from: a file on this machine, read in pieces and watched for changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from dfsclient.errors import LocalProblem, SourceChanged

BLOCK_BYTES = 256 * 1024  # one read and one write to the socket


class LocalFile:
    """A local file that must stay as it is while it is sent; pieces may be read by several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            if path.is_dir():
                raise LocalProblem(f"{path} is a folder; send it with -r.")
            if path.exists():
                raise LocalProblem(f"{path} is no ordinary file; pipe it in and write `-` as the source.")
        self._file: BinaryIO = open(path, "rb")  # noqa: SIM115  # closed by __exit__
        self._lock = threading.Lock()
        seen = os.fstat(self._file.fileno())
        self.size_bytes = seen.st_size
        self.mtime_ns = seen.st_mtime_ns

    def __enter__(self) -> LocalFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def check_unchanged(self) -> None:
        """Raise `SourceChanged` if the file was written to since it was opened."""
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self.size_bytes, self.mtime_ns):
            raise SourceChanged(
                f"{self.path} changed while it was being sent; send it again when it is at rest."
            )

    def read_all(self) -> bytes:
        """Read the whole of a small file."""
        data = self.read_at(0, self.size_bytes + 1)
        if len(data) != self.size_bytes:
            raise SourceChanged(
                f"{self.path} changed while it was being sent; send it again when it is at rest."
            )
        self.check_unchanged()
        return data

    def read_at(self, offset: int, length: int) -> bytes:
        """Read from a place on; less only at the end of the file."""
        with self._lock:
            self._file.seek(offset)
            return self._file.read(length)

    def piece(self, offset: int, length: int, sent: Callable[[int], None]) -> Piece:
        """The bytes of one request; `sent` hears how many of them are on their way."""
        return Piece(self, range(offset, offset + length), sent)


class Piece:
    """A slice of a local file as a request body: sized, read as it is sent, repeatable."""

    def __init__(self, source: LocalFile, extent: range, sent: Callable[[int], None]) -> None:
        self._source = source
        self._extent = extent
        self._sent = sent

    def __len__(self) -> int:
        return len(self._extent)

    def __iter__(self) -> Iterator[bytes]:
        left = len(self)
        while left:
            block = self._source.read_at(self._extent.stop - left, min(BLOCK_BYTES, left))
            left -= len(block)
            if not block or not left:
                # Looked at before the last block leaves: a piece of a changed file must never become whole.
                self._source.check_unchanged()
            if not block:
                raise LocalProblem(f"{self._source.path} ended {left} bytes early; is its disk in order?")
            yield block
            self._sent(len(self) - left)
