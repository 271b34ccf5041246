"""What every chunk node does, real or in memory; the contract suite holds all of them to it."""

from __future__ import annotations

from typing import Any, Protocol


class NodeRefusal(Exception):
    """A node's answer that is no success."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class ChunkNode(Protocol):
    """The interface of a chunk node; everything may raise NodeRefusal."""

    def put(self, name: str, data: bytes) -> int:
        """201 when it was stored, 200 when a good file was there."""

    def get(self, name: str, *, byte_range: str | None = None) -> bytes: ...

    def head(self, name: str) -> int:
        """The size in bytes."""

    def delete(self, name: str) -> None: ...

    def verify(self, names: list[str]) -> dict[str, str]: ...

    def quarantine(self, names: list[str], reason: str) -> dict[str, str]: ...

    def list(self, *, after: str = "", limit: int = 1000, sizes: bool = False) -> dict[str, Any]: ...

    def status(self) -> dict[str, Any]: ...

    def probe(self, *, watermark: int = 0) -> dict[str, Any]: ...

    def overwrite(self, name: str, data: bytes) -> None:
        """Damage a chunk behind the node's back."""
