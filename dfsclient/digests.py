"""SHA-256 as the service writes it: hex in entries, base64 in `Repr-Digest` (RFC 9530)."""

from __future__ import annotations

import base64
import binascii
import re

_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):", re.IGNORECASE)


def repr_digest(sha256: bytes) -> str:
    """Write a `Repr-Digest` field."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def read_repr_digest(value: str | None) -> str | None:
    """Read the SHA-256 of a `Repr-Digest` field as hex; None when there is none that can be used."""
    found = _SHA256.search(value or "")
    if not found:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
    return digest.hex() if len(digest) == 32 else None
