"""Keeps bad chunk files aside with the reason until a signed order names them."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter

from storagenode import log
from storagenode.protocol.names import BadName, parse_name
from storagenode.store.disk import Disk
from storagenode.store.folders import Folders, list_names

REASONS = "reasons.jsonl"
NAME_LENGTH = 64 + 1 + 32


class Quarantine:
    """The quarantine folder: `<name>.<nanoseconds>` files, and one line a file in `reasons.jsonl`."""

    def __init__(self, folders: Folders, disk: Disk) -> None:
        self._folders = folders
        self._disk = disk
        self._lock = threading.Lock()
        entries = (entry[:NAME_LENGTH] for entry in list_names(folders.quarantine))
        self._held = Counter(name for name in entries if _is_name(name))

    def __len__(self) -> int:
        return self._held.total()

    def take(self, name: str, leaf: int, reason: str) -> None:
        """Move whatever lies under a name out of the way; raises FileNotFoundError when nothing does."""
        aside = f"{name}.{time.time_ns()}"
        with self._lock:
            self._disk.rename(name, leaf, aside, self._folders.quarantine)
            self._held[name] += 1
        self._disk.sync_folder(self._folders.quarantine)
        self._disk.sync_folder(leaf)
        self._note({"file": aside, "reason": reason, "at": int(time.time())})
        log.warning("quarantined", chunk=name, reason=reason)

    def discard(self, name: str) -> None:
        """Remove what is kept of a name, on a signed order alone; a folder stays for a person to look at."""
        if name not in self._held:
            return
        with self._lock:
            for entry in list_names(self._folders.quarantine):
                if not entry.startswith(name + "."):
                    continue
                try:
                    os.unlink(entry, dir_fd=self._folders.quarantine)
                except IsADirectoryError:
                    log.warning("quarantine_kept", file=entry, reason="it is a folder")
                    continue
                self._held[name] -= 1
            self._held += Counter()  # drops the names of which nothing is left

    def _note(self, line: dict[str, object]) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            fd = os.open(REASONS, flags, 0o600, dir_fd=self._folders.quarantine)
            try:
                os.write(fd, json.dumps(line).encode() + b"\n")
            finally:
                os.close(fd)
        except (
            OSError
        ) as error:  # a full disk must not keep a bad file in service; the log has the reason, too
            log.warning("quarantine_reason_lost", error=str(error), **line)


def _is_name(name: str) -> bool:
    try:
        parse_name(name)
    except BadName:
        return False
    return True
