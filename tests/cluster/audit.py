"""Looks behind the service: what the rows say of copies, and what truly lies on the nodes' disks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from blake3 import blake3

from tests.system import PATIENCE_SECONDS, System, SystemFailed

LEASE_SECONDS = 120

_COPIES = """
SELECT c.id, c.digest, c.size, r.id, n.name, r.state, e."offset" + cs.base_offset
FROM files_entry f
JOIN files_version v ON v.id = f.version_id
JOIN nodes_contentsegment cs ON cs.content_id = v.content_id
JOIN nodes_extent e ON e.segment_id = cs.segment_id
JOIN nodes_chunk c ON c.id = e.chunk_id
LEFT JOIN nodes_replica r ON r.chunk_id = c.id
LEFT JOIN nodes_node n ON n.id = r.node_id
WHERE f.id = %s ORDER BY 7, n.name
"""
_ALL_STORED = """
SELECT c.id, c.digest, c.size, r.id, n.name, r.state, 0
FROM nodes_replica r JOIN nodes_chunk c ON c.id = r.chunk_id JOIN nodes_node n ON n.id = r.node_id
WHERE r.state = 'stored' AND c.state = 'live' ORDER BY c.id, n.name
"""
_UNFINISHED = """
SELECT 'chunk ' || encode(c.digest, 'hex') || ' is due' FROM nodes_chunk c
WHERE c.state = 'live' AND c.copies_due_at IS NOT NULL
UNION ALL
SELECT 'a copy of chunk ' || c.id || ' is pending'
FROM nodes_chunk c JOIN nodes_replica r ON r.chunk_id = c.id
WHERE c.state = 'live' AND r.state = 'pending'  -- of a condemned one it goes with the others, after the grace
UNION ALL
SELECT 'chunk ' || c.id || ' has ' || count(n.id) || ' copies' FROM nodes_chunk c
LEFT JOIN nodes_replica r ON r.chunk_id = c.id AND r.state = 'stored'
LEFT JOIN nodes_node n ON n.id = r.node_id AND n.health = 'online'
WHERE c.state = 'live' AND EXISTS (SELECT 1 FROM nodes_extent e WHERE e.chunk_id = c.id)
GROUP BY c.id HAVING count(n.id) < 3
"""
# Chunks are locked in the order in which everybody locks them.
_LEASED = "SELECT id FROM nodes_chunk WHERE lease_until IS NOT NULL ORDER BY digest, size FOR NO KEY UPDATE"
_EARLIER = f"- interval '{LEASE_SECONDS} seconds'"
LET_LEASES_END = (
    f"UPDATE nodes_chunk SET lease_until = lease_until {_EARLIER} WHERE id IN ({_LEASED})",
    f"UPDATE nodes_replica SET created_at = created_at {_EARLIER} WHERE state = 'pending'",
)


@dataclass(frozen=True)
class Copy:
    """One replica row, and where its file lies."""

    chunk_id: int
    digest: bytes
    size: int
    replica_id: UUID
    node: str
    state: str
    offset: int
    file: Path

    @property
    def is_good(self) -> bool:
        """Whether the file on the node's disk is what its name says, read and hashed now."""
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return False
        return len(content) == self.size and blake3(content).digest() == self.digest


def connected(system: System) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(system.database_url)


def digest_of(content: bytes) -> bytes:
    return blake3(content).digest()


def query(system: System, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connected(system) as connection:
        cursor = connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def stored_copies(system: System, entry_id: str) -> dict[int, list[Copy]]:
    """The stored replicas of a file's current version, by the offset of their chunk."""
    found: dict[int, list[Copy]] = {}
    for row in query(system, _COPIES, [entry_id]):
        copies = found.setdefault(row[6], [])
        if row[5] == "stored":
            copies.append(_copy(system, row))
    return found


def all_stored(system: System) -> list[Copy]:
    """Every replica row that claims to be stored, of chunks in use."""
    return [_copy(system, row) for row in query(system, _ALL_STORED)]


def unfinished(system: System) -> list[str]:
    """What keeps the system from resting: due chunks, copies on their way, chunks with too few copies."""
    try:
        return [row[0] for row in query(system, _UNFINISHED)]
    except psycopg.OperationalError as error:
        return [str(error)]


def wait_until_complete(system: System, *, timeout_seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until every chunk in use has three copies on nodes that are online, and nothing is on its way."""
    try:
        system.wait_for(
            lambda: not unfinished(system), what="three copies of all", timeout_seconds=timeout_seconds
        )
    except SystemFailed as error:
        error.add_note(f"left: {unfinished(system)[:5]}")
        raise


def bad_copies(system: System) -> list[Copy]:
    """Read every replica file there is and return those that are not what their rows say.

    A row that says so no longer was let go while its file was read.
    """
    bad = [copy for copy in all_stored(system) if not copy.is_good]
    still_stored = {copy.replica_id for copy in all_stored(system)} if bad else set()
    return [copy for copy in bad if copy.replica_id in still_stored]


def files_on(system: System, node: str) -> set[str]:
    """The names of all chunk files on a node's disk."""
    return {file.name for file in (system.data / "nodes" / node / "chunks").glob("*/*/*")}


def all_files(system: System) -> set[str]:
    folders = (system.data / "nodes").iterdir()
    return {name for folder in folders for name in files_on(system, folder.name)}


def let_leases_end(system: System) -> None:
    """Move what a killed worker had claimed into the past, as if its lease's two minutes were over."""
    for statement in LET_LEASES_END:
        query(system, statement)


def _copy(system: System, row: tuple[Any, ...]) -> Copy:
    chunk_id, digest, size, replica_id, node, state, offset = row
    name = f"{digest.hex()}-{replica_id.hex}"
    file = system.data / "nodes" / node / "chunks" / name[:2] / name[2:4] / name
    return Copy(chunk_id, digest, size, replica_id, node, state, offset, file)
