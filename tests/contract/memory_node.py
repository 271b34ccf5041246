"""A chunk node in memory, for tests that need many nodes and no disk; the contract suite keeps it honest."""

from __future__ import annotations

import re
import time
from typing import Any
from uuid import uuid4

from blake3 import blake3

from storagenode.protocol.names import BadName, parse_name
from tests.contract.chunk_node import NodeRefusal

MAX_CHUNK_BYTES = 64 * 1024 * 1024


class MemoryNode:
    """Answers as a storage node does; `is_away` makes it unreachable, `capacity_bytes` bounds it."""

    def __init__(self, *, capacity_bytes: int = 2**40, filesystem_id: str | None = None) -> None:
        self.store_id = str(uuid4())
        self.filesystem_id = filesystem_id or self.store_id
        self.capacity_bytes = capacity_bytes
        self.is_away = False
        self.is_read_only = False
        self.watermark = 0
        self.chunks: dict[str, bytes] = {}
        self.quarantined: list[tuple[str, bytes, str]] = []

    def put(self, name: str, data: bytes) -> int:
        digest = self._digest(name)
        self._check_writable()
        if self.chunks.get(name) is not None and self._is_good(name):
            return 200
        if len(data) > MAX_CHUNK_BYTES:
            raise NodeRefusal(413, "too_large")
        if len(data) > self.free_bytes:
            raise NodeRefusal(507, "no_room")
        if blake3(data).digest() != digest:
            raise NodeRefusal(422, "digest_mismatch")
        if name in self.chunks:
            self._put_aside(name, "bad when the chunk was stored again")
        self.chunks[name] = bytes(data)
        return 201

    def get(self, name: str, *, byte_range: str | None = None) -> bytes:
        data = self._find(name)
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", byte_range) if byte_range else None
        if match is None or match.groups() == ("", ""):
            return data
        first, last = match.groups()
        if not first:
            begin, end = max(0, len(data) - int(last)), len(data)
        else:
            begin, end = int(first), min(int(last) + 1 if last else len(data), len(data))
        if begin >= end:
            raise NodeRefusal(416, "range_unsatisfiable")
        return data[begin:end]

    def head(self, name: str) -> int:
        return len(self._find(name))

    def delete(self, name: str) -> None:
        self._digest(name)
        self._check_writable()
        self.chunks.pop(name, None)
        self.quarantined = [entry for entry in self.quarantined if entry[0] != name]

    def verify(self, names: list[str]) -> dict[str, str]:
        for name in names:
            self._digest(name)
        return {
            name: "missing" if name not in self.chunks else "good" if self._is_good(name) else "bad"
            for name in names
        }

    def quarantine(self, names: list[str], reason: str) -> dict[str, str]:
        for name in names:
            self._digest(name)
        self._check_writable()
        results = {}
        for name in names:
            results[name] = "quarantined" if name in self.chunks else "missing"
            if name in self.chunks:
                self._put_aside(name, reason)
        return results

    def list(self, *, after: str = "", limit: int = 1000, sizes: bool = False) -> dict[str, Any]:
        self._check_there()
        if not 1 <= limit <= 10_000:
            raise NodeRefusal(400, "bad_request")
        found = sorted(name for name in self.chunks if name > after)
        names, is_complete = found[:limit], len(found) <= limit
        return {
            "store": self.store_id,
            "names": names,
            "next": None if is_complete else names[-1],
            "complete": is_complete,
        } | ({"sizes": [len(self.chunks[name]) for name in names]} if sizes else {})

    def status(self) -> dict[str, Any]:
        self._check_there()
        return {
            "store_id": self.store_id,
            "cluster_id": "memory",
            "filesystem_id": self.filesystem_id,
            "capacity_bytes": self.capacity_bytes,
            "free_bytes": self.free_bytes,
            "chunks": len(self.chunks),
            "used_bytes": sum(map(len, self.chunks.values())),
            "counted": True,
            "quarantined": len(self.quarantined),
            "version": "memory",
            "time": time.time(),
            "read_only": self.is_read_only,
        }

    def probe(self, *, watermark: int = 0) -> dict[str, Any]:
        if watermark > 2**53 - 1:
            raise NodeRefusal(400, "bad_request")
        before, self.watermark = self.watermark, max(self.watermark, watermark)
        return self.status() | {"watermark": self.watermark, "watermark_before": before}

    def overwrite(self, name: str, data: bytes) -> None:
        self.chunks[name] = data

    @property
    def free_bytes(self) -> int:
        return max(0, self.capacity_bytes - sum(map(len, self.chunks.values())))

    def _is_good(self, name: str) -> bool:
        return blake3(self.chunks[name]).digest() == parse_name(name)[0]

    def _put_aside(self, name: str, reason: str) -> None:
        self.quarantined.append((name, self.chunks.pop(name), reason))

    def _find(self, name: str) -> bytes:
        self._digest(name)
        if name not in self.chunks:
            raise NodeRefusal(404, "chunk_missing")
        return self.chunks[name]

    def _digest(self, name: str) -> bytes:
        self._check_there()
        try:
            return parse_name(name)[0]
        except BadName as error:
            raise NodeRefusal(400, "bad_name") from error

    def _check_writable(self) -> None:
        if self.is_read_only:
            raise NodeRefusal(503, "read_only")

    def _check_there(self) -> None:
        if self.is_away:
            raise ConnectionError("the node is away")
