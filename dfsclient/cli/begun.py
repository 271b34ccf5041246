"""Remembers that a folder was begun to be copied to a name, so that the same command goes on after a kill.

The first run of `put -r photos /album` makes /album. For a second run it is a folder that exists, into which
`cp` would copy: only this record tells that the first run was not at its end.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from dfsclient import localfiles

KEEP_SECONDS = 7 * 24 * 3600


class Begun:
    """The folder copies that have begun and not ended; one small file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine: set[Path] = set()

    def has(self, *what: str) -> bool:
        """Whether an earlier run began this copy and did not end it."""
        record = self._file(what)
        try:
            is_fresh = record.stat().st_mtime > time.time() - KEEP_SECONDS
        except FileNotFoundError:
            return False
        self._mine.add(record)
        return is_fresh

    def add(self, *what: str) -> None:
        """Remember that this copy begins."""
        localfiles.make_private_folder(self._folder)
        localfiles.write_private(self._file(what), "\n".join(what))
        self._mine.add(self._file(what))

    def end(self) -> None:
        """Everything this run began or went on with has come to its end."""
        for record in self._mine:
            record.unlink(missing_ok=True)

    def _file(self, what: tuple[str, ...]) -> Path:
        return self._folder / hashlib.sha256("\0".join(what).encode(errors="surrogateescape")).hexdigest()
