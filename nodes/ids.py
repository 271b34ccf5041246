"""Time-ordered identifiers, made in Python so that a row's id is known before it is written."""

import time
import uuid
from collections.abc import Iterable

from storagenode.protocol import chance


def uuid7() -> uuid.UUID:
    """Make a UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 random bits."""
    random = int.from_bytes(chance.draw()[:10], "big")
    value = (time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | (random >> 62 & 0xFFF) << 64 | 0b10 << 62 | random & 0x3FFF_FFFF_FFFF_FFFF
    return uuid.UUID(int=value)


def as_array(ids: Iterable[uuid.UUID]) -> str:
    """Write ids as PostgreSQL reads an array of them; for hundreds much sooner than psycopg does."""
    return "{" + ",".join([one.hex for one in ids]) + "}"
