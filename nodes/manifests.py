"""Tells where the chunks of a content are, for people: all their replicas, not the readable ones alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, cast
from uuid import UUID

from django.db import connection

_database = cast(Any, connection)  # ours: it has `fetch_rows`
_BEYOND_ANY = 2**62
_PLACES = """
SELECT cs.base_offset + e."offset", e.length, c.digest, n.name, n.zone, n.health, r.state, r.verified_at
FROM nodes_contentsegment cs
JOIN nodes_extent e ON e.segment_id = cs.segment_id
JOIN nodes_chunk c ON c.id = e.chunk_id
LEFT JOIN nodes_replica r ON r.chunk_id = c.id AND r.state <> 'deleting'
LEFT JOIN nodes_node n ON n.id = r.node_id
WHERE cs.content_id = %s AND e."offset" >= %s - cs.base_offset AND e."offset" < %s - cs.base_offset
ORDER BY cs.base_offset, e."offset", n.name
"""


@dataclass(frozen=True, slots=True)
class ReplicaPlace:
    """Where one replica is and what is known of it."""

    node: str
    zone: str
    health: str
    state: str
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """One line of a manifest."""

    offset: int
    length: int
    digest: bytes
    replicas: tuple[ReplicaPlace, ...]


def manifest(content_id: UUID, start: int = 0, stop: int | None = None) -> list[ChunkPlace]:
    """Tell where the chunks are that begin in the bytes `start … stop` of a content, in order.

    One statement, which reads the rows of these chunks alone.
    """
    rows = _database.fetch_rows(_PLACES, [content_id, start, _BEYOND_ANY if stop is None else stop])
    return list(_lines(rows))


def _lines(rows: list[tuple[Any, ...]]) -> Iterator[ChunkPlace]:
    for (offset, length, digest), copies in groupby(rows, itemgetter(0, 1, 2)):
        places = tuple(ReplicaPlace(*copy[3:]) for copy in copies if copy[3] is not None)
        yield ChunkPlace(offset, length, bytes(digest), places)
