"""Signatures between gateway and storage node: HMAC-SHA256 over everything that decides what a request does.

One header carries it all: `Authorization: Dfs1 store=…,time=…,nonce=…,body=…,signature=…`; time is in
milliseconds of the Unix clock, body is the BLAKE3 of the body in hex.
"""

from __future__ import annotations

import hmac
import re
import threading
import time
from collections.abc import Callable, Iterable

from blake3 import blake3

from storagenode.protocol import chance

# SignatureRefused
# ├── Unsigned        no signature, or one of a kind unknown here
# ├── BadSignature    malformed, by another key, or over another request
# ├── WrongStore      meant for another store
# ├── ClockSkew       too old or too far in the future
# └── Replayed        this very request was already carried out

EMPTY_DIGEST = blake3(b"").hexdigest()

SCHEME = "Dfs1"
MAX_SKEW_SECONDS = 300.0
"""Clocks may differ this much, and a captured request is worth nothing after it."""
MAX_NONCES = 100_000
"""About 20 MB at the worst, and two minutes of the fastest deleting there is."""

_CREDENTIALS = re.compile(
    r"Dfs1 store=([0-9A-Za-z_-]{1,64}),time=([0-9]{1,15}),nonce=([0-9a-f]{32})"
    r",body=([0-9a-f]{64}),signature=([0-9a-f]{64})"
)


class SignatureRefused(Exception):
    """The request is not signed as it must be."""

    code = "bad_signature"


class Unsigned(SignatureRefused):
    """The request carries no signature."""

    code = "unsigned"


class BadSignature(SignatureRefused):
    """The signature does not belong to this request."""

    code = "bad_signature"


class WrongStore(SignatureRefused):
    """The request was signed for another store."""

    code = "wrong_store"


class ClockSkew(SignatureRefused):
    """The request was signed more than five minutes away from this clock."""

    code = "clock_skew"


class Replayed(SignatureRefused):
    """The request was carried out before, or is too old to tell."""

    code = "replayed"


class NonceMemory:
    """The nonces of requests that must not run twice; bounded, safe to share between threads.

    Nonces lie in buckets of a second of the sender's clock. When there are too many, the oldest bucket goes
    and everything signed up to then counts as replayed: forgetting never lets a replay pass. The same holds
    for what was signed before `since`, because a fresh memory does not know what ran earlier.
    """

    def __init__(self, *, since: float, limit: int = MAX_NONCES) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._floor_ms = int(since * 1000)
        self._buckets: dict[int, set[str]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def remember(self, nonce: str, *, signed_ms: int, now: float) -> None:
        """Take a nonce for the first time; raises Replayed for the second."""
        second = signed_ms // 1000
        with self._lock:
            self._forget_before(int(now - MAX_SKEW_SECONDS))
            bucket = self._buckets.setdefault(second, set())
            if signed_ms < self._floor_ms or nonce in bucket:
                raise Replayed
            bucket.add(nonce)
            self._count += 1
            while self._count > self._limit:
                self._forget_before(min(self._buckets) + 1)

    def _forget_before(self, second: int) -> None:
        for old in [bucket for bucket in self._buckets if bucket < second]:
            self._count -= len(self._buckets.pop(old))
            self._floor_ms = max(self._floor_ms, (old + 1) * 1000)


def derive_key(cluster_secret: bytes, store_id: str, generation: int = 0) -> bytes:
    """Derive the key of one store; another store or generation yields an unrelated key."""
    if not cluster_secret:
        raise ValueError("the cluster secret is empty")
    return hmac.digest(cluster_secret, f"dfsweb node key\n{store_id}\n{generation}".encode(), "sha256")


def sign(
    *,
    key: bytes,
    store_id: str,
    method: str,
    path: str,
    query: str = "",
    body_digest: str = EMPTY_DIGEST,
    clock: Callable[[], float] = time.time,
) -> dict[str, str]:
    """Return the headers that sign one request; `path` and `query` exactly as they go over the wire."""
    signed_ms = int(clock() * 1000)
    nonce = chance.draw().hex()
    signature = hmac.digest(
        key, _message(method, path, query, body_digest, signed_ms, nonce, store_id), "sha256"
    ).hex()
    value = (
        f"{SCHEME} store={store_id},time={signed_ms},nonce={nonce},body={body_digest},signature={signature}"
    )
    return {"Authorization": value}


def verify(
    authorization: str | None,
    *,
    keys: Iterable[bytes],
    store_id: str,
    method: str,
    path: str,
    query: str = "",
    now: float,
    nonces: NonceMemory | None = None,
) -> str:
    """Return the body digest that a valid signature vouches for; the caller must compare it with the body.

    Raises a SignatureRefused in every other case. With `nonces` the request can pass only once.
    """
    if authorization is None or not authorization.startswith(SCHEME + " "):
        raise Unsigned
    match = _CREDENTIALS.fullmatch(authorization)
    if match is None:
        raise BadSignature
    signed_for, time_text, nonce, body_digest, signature = match.groups()
    if signed_for != store_id:
        raise WrongStore
    signed_ms = int(time_text)
    if abs(now * 1000 - signed_ms) > MAX_SKEW_SECONDS * 1000:
        raise ClockSkew
    message = _message(method, path, query, body_digest, signed_ms, nonce, store_id)
    for key in keys:
        if hmac.compare_digest(hmac.digest(key, message, "sha256").hex(), signature):
            break
    else:
        raise BadSignature
    if nonces is not None:
        nonces.remember(nonce, signed_ms=signed_ms, now=now)
    return body_digest


def _message(
    method: str, path: str, query: str, body_digest: str, signed_ms: int, nonce: str, store_id: str
) -> bytes:
    return f"{SCHEME}\n{method}\n{path}\n{query}\n{body_digest}\n{signed_ms}\n{nonce}\n{store_id}".encode()
