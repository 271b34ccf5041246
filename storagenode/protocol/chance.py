"""Random bytes of the system's, fetched for many who want some at once.

Each call to the system hands the interpreter to another thread, and a small file needs ten of them.
"""

from __future__ import annotations

import os

BYTES = 16
_AT_ONCE = 256

_stock: list[bytes] = []
os.register_at_fork(after_in_child=_stock.clear)


def draw() -> bytes:
    """Return 16 random bytes that nobody else gets; safe to call from any thread."""
    try:
        return _stock.pop()
    except IndexError:
        block = os.urandom(BYTES * _AT_ONCE)
        first, *others = (block[at : at + BYTES] for at in range(0, len(block), BYTES))
        _stock.extend(others)
        return first
