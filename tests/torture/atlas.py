"""The fault atlas: what good copies there are now, by the nodes' own disks, and what of them may be spoilt.

A lasting fault is allowed only where each chunk that it touches keeps a good copy elsewhere: then whatever is
lost afterwards, the product lost it. The idea is TigerBeetle's.
"""

import os
import random
import shutil
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from tests.torture.ground import Ground, Placed

SAMPLE = 40
SPOILT_AT_ONCE = 3
_SAMPLE_OF_NODE = (
    "c.id IN (SELECT r2.chunk_id FROM nodes_replica r2 JOIN nodes_node n2 ON n2.id = r2.node_id"
    " WHERE n2.store_id = %s AND r2.state = 'stored' ORDER BY random() LIMIT %s)"
)
_ALL_OF_NODE = (
    "c.id IN (SELECT r2.chunk_id FROM nodes_replica r2 JOIN nodes_node n2 ON n2.id = r2.node_id"
    " WHERE n2.store_id = %s AND r2.state = 'stored')"
)
_FILES_WITH = """
SELECT p.name || '/' || f.name FROM files_entry f JOIN files_entry p ON p.id = f.parent_id
JOIN files_version v ON v.id = f.version_id
JOIN nodes_contentsegment cs ON cs.content_id = v.content_id
JOIN nodes_extent e ON e.segment_id = cs.segment_id
WHERE e.chunk_id = %s AND f.trashed_at IS NULL AND f.purged_at IS NULL AND p.name <> 'shuttles' LIMIT 3
"""
TIMES_READ = 4

Spoil = Callable[[Path, random.Random], None]


def flip_bit(file: Path, rng: random.Random) -> None:
    """Turn one bit over, leaving size and times."""
    times = file.stat()
    with file.open("r+b") as content:
        at = rng.randrange(times.st_size)
        content.seek(at)
        byte = content.read(1)[0]
        content.seek(at)
        content.write(bytes([byte ^ (1 << rng.randrange(8))]))
    # A disk that rots changes no time.
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def truncate(file: Path, rng: random.Random) -> None:
    size = file.stat().st_size
    with file.open("r+b") as content:
        content.truncate(rng.choice([0, size // 2, size - 1]))


def lengthen(file: Path, rng: random.Random) -> None:
    with file.open("ab") as content:
        content.write(b"x" * rng.randrange(1, 100))


def zero(file: Path, rng: random.Random) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def unlink(file: Path, rng: random.Random) -> None:
    file.unlink()


@dataclass
class Atlas:
    """Guards and remembers every lasting fault of a run."""

    ground: Ground
    injured: dict[UUID, str] = field(default_factory=dict)
    """Replicas that were spoilt, and how."""
    wiped: list[UUID] = field(default_factory=list)
    """Stores that were lost."""
    not_durable: list[UUID] = field(default_factory=list)
    """Replicas a node had confirmed and a power cut took from its disk."""
    spoilt: deque[str] = field(default_factory=deque)
    """Files of which a copy was spoilt, to be read: any of their copies may be asked first."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def spoil(self, node: str, how: Spoil, rng: random.Random, *, good_elsewhere: int = 1) -> int:
        """Spoil some files of a node; returns how many of them were good before and are bad now."""
        with self.lock:
            store_id = self._store_of(node)
            if store_id is None:
                return 0
            done = 0
            for copies in self._by_chunk(_SAMPLE_OF_NODE, (store_id, SAMPLE)):
                mine = next((copy for copy in copies if copy.node == node), None)
                if mine is None or mine.file is None or mine.size == 0 or not mine.is_good():
                    continue
                if sum(copy.is_good() for copy in copies if copy.node != node) < good_elsewhere:
                    continue
                try:
                    how(mine.file, rng)
                except FileNotFoundError:  # reclaimed just now
                    continue
                self.injured[mine.replica_id] = how.__name__
                done += not mine.is_good()
                self.spoilt += self._files_with(mine) * TIMES_READ
                if done == SPOILT_AT_ONCE:
                    break
            return done

    def wipe(self, node: str) -> bool:
        """Empty the disk of a node that is down, if every chunk on it has a good copy elsewhere."""
        with self.lock:
            store_id = self._store_of(node)
            if store_id is None:
                return False
            for copies in self._by_chunk(_ALL_OF_NODE, (store_id,)):
                if not any(copy.is_good() for copy in copies if copy.node != node):
                    return False
            self.wiped.append(store_id)
            for entry in self.ground.folder(node).iterdir():
                if entry.name == "lost+found":
                    continue
                if entry.is_dir():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
            return True

    def unmended(self) -> list[Placed]:
        """Spoilt replicas that the product still takes for good."""
        spoilt = [placed for placed in self.ground.placed() if placed.replica_id in self.injured]
        return [placed for placed in spoilt if not placed.is_good()]  # a power cut may undo an unsynced spoil

    def _files_with(self, placed: Placed) -> list[str]:
        return [str(path) for (path,) in self.ground.query(_FILES_WITH, (placed.chunk_id,))]

    def _store_of(self, node: str) -> UUID | None:
        return next((store for store, holder in self.ground.stores().items() if holder == node), None)

    def _by_chunk(self, where: str, parameters: tuple[object, ...]) -> Iterable[list[Placed]]:
        grouped: dict[int, list[Placed]] = defaultdict(list)
        for placed in self.ground.placed(where, parameters):
            grouped[placed.chunk_id].append(placed)
        return grouped.values()
