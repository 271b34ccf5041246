"""Draws what a person's bytes are as one bar: files, earlier versions, trash, uploads on their way. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from files.usage import Parts

WIDTH = 600
_GAP = 2
_LEAST = 3  # what is there at all can be seen


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of the bar, in units of its width."""

    kind: str
    x: float
    width: float


def drawn(parts: Parts) -> Sequence[Piece]:
    """Lay the parts side by side; all of the bar is the quota or, without one, what is used."""
    whole = max(parts.quota_bytes or 0, parts.used_bytes + parts.reserved_bytes, 1)
    sizes = {
        "files": parts.files_bytes,
        "versions": parts.versions_bytes,
        "trash": parts.trash_bytes,
        "reserved": parts.reserved_bytes,
    }
    widths = {kind: max(size / whole * WIDTH, _GAP + _LEAST) for kind, size in sizes.items() if size > 0}
    if widths:  # the widest makes room for those that would be too small to be seen
        widths[max(widths, key=lambda kind: widths[kind])] -= max(0, sum(widths.values()) - WIDTH)
    pieces, x = [], 0.0
    for kind, width in widths.items():
        pieces.append(Piece(kind, round(x, 2), round(width - _GAP, 2)))
        x += width
    return pieces
