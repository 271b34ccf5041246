"""Tells where the chunks of a content are, for people: all their replicas, not the readable ones alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, cast
from uuid import UUID

from django.db import connection

from nodes.writing import give_back_connection

_database = cast(Any, connection)  # ours: it has `fetch_rows`
_BEYOND_ANY = 2**62
WINDOW_CHUNKS = 1000
"""One question to the database for so many: memory stays the same however long a content is."""
_PLACES = """
SELECT place."offset", place.length, c.digest, n.name, n.zone, n.health, r.state, r.verified_at
FROM (
    SELECT cs.base_offset + e."offset" AS "offset", e.length, e.chunk_id
    FROM nodes_contentsegment cs CROSS JOIN LATERAL (
        SELECT "offset", length, chunk_id FROM nodes_extent
        WHERE segment_id = cs.segment_id
          AND "offset" >= %s - cs.base_offset AND "offset" < %s - cs.base_offset
        ORDER BY "offset" LIMIT %s
    ) e
    WHERE cs.content_id = %s
    ORDER BY 1 LIMIT %s
) place
JOIN nodes_chunk c ON c.id = place.chunk_id
LEFT JOIN nodes_replica r ON r.chunk_id = c.id AND r.state <> 'deleting'
LEFT JOIN nodes_node n ON n.id = r.node_id
ORDER BY place."offset", n.name
"""
_COUNT = """
SELECT count(*) FROM nodes_contentsegment cs JOIN nodes_extent e ON e.segment_id = cs.segment_id
WHERE cs.content_id = %s
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
    """Tell where the chunks are that begin in the bytes `start … stop` of a content, in order."""
    return list(chain.from_iterable(manifest_windows(content_id, start, stop)))


def manifest_windows(content_id: UUID, start: int = 0, stop: int | None = None) -> Iterator[list[ChunkPlace]]:
    """Yield the same WINDOW_CHUNKS at a time; there is at least one window.

    One statement each, which reads the rows of these chunks alone; between two no connection is held.
    """
    stop = _BEYOND_ANY if stop is None else stop
    while True:
        wanted = [start, stop, WINDOW_CHUNKS, content_id, WINDOW_CHUNKS]
        window = list(_lines(_database.fetch_rows(_PLACES, wanted)))
        give_back_connection()
        yield window
        if len(window) < WINDOW_CHUNKS:
            return
        start = window[-1].offset + 1


def count_chunks(content_id: UUID) -> int:
    """Tell how many lines the manifest has."""
    [[count]] = _database.fetch_rows(_COUNT, [content_id])
    return int(count)


def _lines(rows: list[tuple[Any, ...]]) -> Iterator[ChunkPlace]:
    for (offset, length, digest), copies in groupby(rows, itemgetter(0, 1, 2)):
        places = tuple(ReplicaPlace(*copy[3:]) for copy in copies if copy[3] is not None)
        yield ChunkPlace(offset, length, bytes(digest), places)
