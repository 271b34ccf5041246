"""How transfers tell how far they are."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with the bytes done and the total (None: unknown); goes back when a transfer starts anew."""

    def __call__(self, done_bytes: int, total_bytes: int | None, /) -> None: ...


def silent(done_bytes: int, total_bytes: int | None, /) -> None:
    """Tell nobody."""
