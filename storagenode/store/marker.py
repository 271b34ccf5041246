"""The marker `store.json`, which says that a folder is a store and which one, and the lock on it."""

from __future__ import annotations

import fcntl
import json
import os
import time
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from storagenode.errors import MarkerLost, StoreRefused

FORMAT = 1
MARKER = "store.json"
LOCK = "lock"
KEYS = "keys.json"
CHUNKS = "chunks"
LOCK_WAIT_SECONDS = 10.0
"""A node that was killed needs a moment to end while its disk is slow."""

_HARMLESS = {LOCK, MARKER + ".new", "lost+found"}
"""What a folder may hold and still count as empty."""


@dataclass(frozen=True)
class Marker:
    """Who this store is; `cluster_id` is known once it has joined."""

    store_id: str
    created_at: str
    cluster_id: str | None = None
    format: int = FORMAT


def check_mount(data: Path) -> None:
    """Refuse a folder that is no mount, before anything is written to the disk beneath it."""
    if not os.path.ismount(data):
        raise StoreRefused(f"{data} is not a mounted disk; mount it, or start with REQUIRE_MOUNT=0.")


def lock_store(data: Path) -> int:
    """Keep every other node off this folder until the descriptor is closed; raises StoreRefused."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreRefused(f"{data} cannot be used: {error.strerror}.") from error
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                os.close(lock)
                raise StoreRefused(
                    f"{data} is in use by another node; give each node its own folder."
                ) from error
            time.sleep(0.1)
        else:
            return lock


def open_marker(data: Path) -> Marker:
    """Read the marker, or make an empty folder a new store; raises StoreRefused with the way out."""
    try:
        return read_marker(data)
    except FileNotFoundError:
        strange = sorted(entry.name for entry in data.iterdir() if entry.name not in _HARMLESS)
    if CHUNKS in strange:
        raise StoreRefused(
            f"{data} holds chunks but no {MARKER}; put the marker back, or name an empty folder."
        )
    if strange:
        raise StoreRefused(f"{data} is no store and not empty (it holds {strange[0]}); name an empty folder.")
    marker = Marker(store_id=str(uuid.uuid4()), created_at=datetime.now(UTC).isoformat(timespec="seconds"))
    write_marker(data, marker)
    return marker


def read_marker(data: Path) -> Marker:
    """Read the marker; raises FileNotFoundError when there is none, StoreRefused when it makes no sense."""
    try:
        fields = json.loads((data / MARKER).read_text())
        if fields["format"] != FORMAT:
            raise StoreRefused(f"{data / MARKER} has format {fields['format']}; this node knows {FORMAT}.")
        return Marker(
            store_id=str(uuid.UUID(fields["store_id"])),
            created_at=fields["created_at"],
            cluster_id=fields["cluster_id"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreRefused(f"{data / MARKER} cannot be read; put back the right one.") from error


def write_marker(data: Path, marker: Marker) -> None:
    """Write the marker durably and at once."""
    write_durably(data / MARKER, json.dumps(asdict(marker), indent=1).encode())


def write_durably(path: Path, content: bytes) -> None:
    """Replace a small file: readers see the old or the new one, whatever happens. Mode 0600."""
    fresh = path.with_name(path.name + ".new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, content)
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(fresh, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class MarkerWatch:
    """Notices within one request that the store is gone: disk not mounted, another disk, no marker."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._path = str(data / MARKER)
        self.marker = read_marker(data)
        self._seen = self._identity()

    def check(self) -> None:
        """Raise MarkerLost unless the marker is still where it was."""
        try:
            identity = self._identity()
            if identity == self._seen:
                return
            found = read_marker(self._data)
        except (OSError, StoreRefused) as error:
            raise MarkerLost(str(error)) from error
        if found.store_id != self.marker.store_id:
            raise MarkerLost(f"the marker is that of store {found.store_id}")
        self._seen = identity

    def join(self, cluster_id: str) -> None:
        """Bind the store to its cluster for good."""
        self.check()
        self.marker = replace(self.marker, cluster_id=cluster_id)
        write_marker(self._data, self.marker)

    def _identity(self) -> tuple[int, int, int, int]:
        figures = os.stat(self._path, follow_symlinks=False)
        return figures.st_dev, figures.st_ino, figures.st_size, figures.st_mtime_ns
