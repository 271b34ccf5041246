"""The upload journal: which unfinished upload belongs to which local file, so that a killed `put` goes on.

One small file per upload in the state folder. A record is only a hint: the service's own offset decides,
and a lost or damaged record costs a new upload, nothing else.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
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


class Journal:
    """The records in one folder; safe for many threads and processes, each record is replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: UploadKey) -> str | None:
        """Return the upload's link if this very upload was begun before."""
        try:
            record = json.loads(self._file(key).read_text())
        except (FileNotFoundError, ValueError):
            return None
        if not isinstance(record, dict) or {name: record.get(name) for name in asdict(key)} != asdict(key):
            return None
        upload = record.get("upload")
        return upload if isinstance(upload, str) else None

    def note(self, key: UploadKey, upload: str) -> None:
        """Remember an upload before its first byte is sent."""
        localfiles.make_private_folder(self._folder)
        self._prune()
        localfiles.write_private(self._file(key), json.dumps({**asdict(key), "upload": upload}))

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
