"""The upload journal: which unfinished upload belongs to which local file, so that a killed `put` goes on.

One small file per upload in the state folder. A record is only a hint: the service's own offset decides,
and a lost or damaged record costs a new upload, nothing else.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from dfsclient import localfiles

KEEP_SECONDS = 7 * 24 * 3600  # an upload without progress expires on the service after a day


@dataclass(frozen=True)
class UploadKey:
    """What makes two runs the same upload: same service, same unchanged local file, same target."""

    url: str
    path: str
    size_bytes: int
    mtime_ns: int
    target: str


@dataclass(frozen=True)
class Part:
    """An upload on the service, and the bytes of the local file that go into it."""

    upload: str
    start: int
    stop: int

    @property
    def size_bytes(self) -> int:
        return self.stop - self.start


class Journal:
    """The records in one folder; safe for many threads and processes, each record is replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: UploadKey) -> list[Part]:
        """Return the parts of this very upload if it was begun before: all of its bytes in order, or none."""
        try:
            record = json.loads(self._file(key).read_text())
            parts = [_read_part(*fields) for fields in record["parts"]]
        except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
            return []
        if {name: record.get(name) for name in asdict(key)} != asdict(key):
            return []
        ends = [0, *(part.stop for part in parts)]
        is_whole = ends[-1] == key.size_bytes and ends[:-1] == [part.start for part in parts]
        return parts if is_whole else []

    def note(self, key: UploadKey, parts: list[Part]) -> None:
        """Remember an upload before its first byte is sent."""
        localfiles.make_private_folder(self._folder)
        self._prune()
        record = {**asdict(key), "parts": [astuple(part) for part in parts]}
        localfiles.write_private(self._file(key), json.dumps(record))

    def forget(self, key: UploadKey) -> None:
        """Drop the record of a finished or hopeless upload."""
        self._file(key).unlink(missing_ok=True)

    def _file(self, key: UploadKey) -> Path:
        name = hashlib.sha256(json.dumps(asdict(key), sort_keys=True).encode()).hexdigest()
        return self._folder / f"{name}.json"

    def _prune(self) -> None:
        oldest = time.time() - KEEP_SECONDS
        for file in self._folder.glob("*.json"):
            try:
                if file.stat().st_mtime < oldest:
                    file.unlink()
            except FileNotFoundError:
                continue  # another run pruned it first


def _read_part(upload: str, start: int, stop: int) -> Part:
    """Raises ValueError or TypeError for what is no part of a file."""
    if not type(start) is type(stop) is int or not isinstance(upload, str) or start > stop:
        raise ValueError("no part of a file")
    return Part(upload.encode().decode(), start, stop)
