"""The name of a chunk file, `<BLAKE3 in hex>-<replica id in hex>`: all of a request that becomes a path."""

from __future__ import annotations

import re
from uuid import UUID

DIGEST_BYTES = 32

_NAME = re.compile(r"([0-9a-f]{64})-([0-9a-f]{32})")


class BadName(ValueError):
    """This is not the name of a chunk file."""


def chunk_name(digest: bytes, replica_id: UUID) -> str:
    """Name the file of one replica; raises BadName unless the digest has 32 bytes."""
    if len(digest) != DIGEST_BYTES:
        raise BadName(f"a digest has {DIGEST_BYTES} bytes, not {len(digest)}")
    return f"{digest.hex()}-{replica_id.hex}"


def parse_name(name: str) -> tuple[bytes, UUID]:
    """Split a name into digest and replica id; raises BadName for anything but the one spelling."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise BadName("a chunk is named by 64 hex digits, a dash and 32 hex digits, all in lower case")
    return bytes.fromhex(match[1]), UUID(hex=match[2])
