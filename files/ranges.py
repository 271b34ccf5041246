"""Reads the Range header (RFC 9110, 14.2) and lays out the reply to several ranges. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from files.errors import RangeNotSatisfiable

MAX_RANGES = 16
_ONE = re.compile(r"\s*(\d{0,19})-(\d{0,19})\s*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes `start … stop`, stop not included."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def header(self, size: int) -> str:
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def parse(header: str, size: int) -> list[ByteRange] | None:
    """Return the ranges to send of a file of this size; None when the header asks for nothing we know.

    Ranges that overlap or touch become one, so that no request asks for more than the file. Raises
    RangeNotSatisfiable when none lies in the file, or there are more than MAX_RANGES.
    """
    unit, _, wanted = header.partition("=")
    if unit.strip().lower() != "bytes" or not wanted:
        return None
    parts = wanted.split(",")
    if len(parts) > MAX_RANGES:
        raise RangeNotSatisfiable(f"At most {MAX_RANGES} ranges a request.", size=size)
    found = []
    for part in parts:
        match = _ONE.match(part)
        if match is None or match.groups() == ("", ""):
            return None
        first, last = match.groups()
        if first and last and int(last) < int(first):
            return None
        start = int(first) if first else max(0, size - int(last))
        stop = min(int(last) + 1, size) if first and last else size
        if start < stop:
            found.append(ByteRange(start, stop))
    if not found:
        raise RangeNotSatisfiable(size=size)
    return _joined(found)


def _joined(found: Sequence[ByteRange]) -> list[ByteRange]:
    joined: list[ByteRange] = []
    for current in sorted(found, key=lambda one: one.start):
        if joined and current.start <= joined[-1].stop:
            joined[-1] = ByteRange(joined[-1].start, max(joined[-1].stop, current.stop))
        else:
            joined.append(current)
    return joined


@dataclass(frozen=True, slots=True)
class Multipart:
    """The frame of a multipart/byteranges reply (RFC 9110, 14.6)."""

    ranges: Sequence[ByteRange]
    content_type: str
    size: int
    boundary: str

    def head(self, index: int) -> bytes:
        lines = [
            *([""] if index else []),
            f"--{self.boundary}",
            f"Content-Type: {self.content_type}",
            f"Content-Range: {self.ranges[index].header(self.size)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    @property
    def foot(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()

    def __len__(self) -> int:
        heads = sum(len(self.head(index)) for index in range(len(self.ranges)))
        return heads + sum(map(len, self.ranges)) + len(self.foot)
