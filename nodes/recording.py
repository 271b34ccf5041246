"""Makes placed pieces part of a segment: looks up what is stored already, and records windows in one go.

The statements are one function in the database, `nodes_record` (`nodes/sql/record.sql`): one round trip and
one order of locks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection

from nodes import failpoints
from nodes.errors import ChunkReclaimed, ClusterError, WindowTooOld, WriterSuperseded
from nodes.models import Chunk
from nodes.placing import Placement

_database = cast(Any, connection)  # ours: it has `fetch_row`
KNOWN_COLUMNS = "extract(epoch FROM clock_timestamp())::float8, known.state, known.node_ids"
KNOWN_JOIN = """
LEFT JOIN LATERAL (
    SELECT k.state, ARRAY(
        SELECT r.node_id FROM nodes_replica r
        WHERE r.chunk_id = k.id AND r.state || '' = 'stored' AND r.doubted_at IS NULL
    ) AS node_ids
    FROM nodes_chunk k WHERE k.digest = %s::bytea AND k.size = %s::int AND k.state <> 'deleting'
) known ON true
"""
"""What is known of some bytes, their digest and size, for a statement that asks for more; one row at most."""
_LOOK_UP = f"SELECT {KNOWN_COLUMNS} FROM (SELECT 1) AS nothing {KNOWN_JOIN}"
CALL = """nodes_record(
    %s::uuid, %s::boolean, %s::int, %s::bigint, %s::bigint, %s::float8, %s::int, %s::int, %s::interval,
    %s::bytea[], %s::int[], %s::int[], %s::uuid[], %s::bigint[], %s::int[], %s::int[], %s::uuid, %s::bytea)"""
_ERRORS: dict[str, type[ClusterError]] = {
    "DF001": WindowTooOld,
    "DF002": WriterSuperseded,
    "DF003": ChunkReclaimed,
    "40P01": ChunkReclaimed,  # a deadlock with another record of the same thin chunk: send again
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of some bytes, and its time at the look-up, in seconds since 1970."""

    asked_at: float
    is_live: bool
    stored_on: frozenset[int]


@dataclass(slots=True)
class Piece:
    """Bytes of an upload that form one chunk, on their way or placed."""

    length: int
    digest: bytes
    asked_at: float
    placements: list[Placement] = field(default_factory=list)


@dataclass(slots=True)
class SegmentState:
    """Where a segment stands: its recorded length, where rewriting begins (a short tail), and who writes."""

    id: UUID
    is_new: bool
    epoch: int
    recorded: int
    rewrite_from: int


def look_up(digest: bytes, size: int) -> Known:
    """Ask the database for its time and for what it knows of these bytes."""
    return known(_database.fetch_row(_LOOK_UP, [digest, size]))


def known(row: Sequence[Any]) -> Known:
    """Read KNOWN_COLUMNS."""
    asked_at, state, node_ids = row
    return Known(asked_at, is_live=state == Chunk.State.LIVE, stored_on=frozenset(node_ids or ()))


def _array(values: Iterable[object]) -> str:
    """Write an array of plain values as PostgreSQL reads it; an adapter that looks at each costs far more."""
    return "{" + ",".join(map(str, values)) + "}"


def record(
    segment: SegmentState,
    pieces: Sequence[Piece],
    *,
    content_id: UUID | None = None,
    sha256: bytes | None = None,
    statement: str = f"SELECT {CALL}",
    further: Sequence[object] = (),
) -> tuple[Any, ...]:
    """Append the pieces to the segment; with a content id, seal it as that content too.

    A caller's own `statement` has CALL before any placeholder of its `further` parameters: what it does
    besides happens in the same call and the same transaction. Returns its row.

    Raises WriterSuperseded, WindowTooOld, ChunkReclaimed; then nothing was recorded.
    """
    failpoints.hit("record.before")
    chunks: dict[tuple[bytes, int], int] = {
        key: number
        for number, key in enumerate(sorted({(piece.digest, piece.length) for piece in pieces}), start=1)
    }
    placed: dict[tuple[int, int], UUID | None] = {}
    for piece in pieces:
        for placement in piece.placements:
            placed.setdefault((chunks[piece.digest, piece.length], placement.node_id), placement.replica_id)
    parameters = [
        segment.id,
        segment.is_new,
        segment.epoch,
        segment.recorded,
        segment.rewrite_from if pieces else segment.recorded,  # without pieces a short tail stays
        min((piece.asked_at for piece in pieces), default=None),
        settings.REPLICAS,
        settings.WRITE_QUORUM,
        timedelta(seconds=settings.PUSH_AFTER_SECONDS),
        _array(f"\\\\x{digest.hex()}" for digest, _ in chunks),
        _array(size for _, size in chunks),
        _array(number for number, _ in placed),
        _array("NULL" if replica_id is None else replica_id for replica_id in placed.values()),
        _array(node_id for _, node_id in placed),
        _array(chunks[piece.digest, piece.length] for piece in pieces),
        _array(piece.length for piece in pieces),
        content_id,
        sha256,
        *further,
    ]
    try:
        row: tuple[Any, ...] = _database.fetch_row(statement, parameters)
    except DatabaseError as error:
        known = _ERRORS.get(getattr(error.__cause__, "sqlstate", None) or "")
        if known is None:
            raise
        raise known(known.__doc__) from error
    begins_at = segment.rewrite_from if pieces else segment.recorded
    segment.recorded = segment.rewrite_from = begins_at + sum(piece.length for piece in pieces)
    segment.is_new = False
    failpoints.hit("record.after")
    return row
