"""Decides whether a request may be carried out: one function for all routes, and it denies by default."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from blake3 import blake3

from storagenode.app.requests import Request
from storagenode.errors import BadRequest, BodyTooLarge, LengthMissing, NotJoined, ScrapeDenied
from storagenode.protocol import signing
from storagenode.protocol.names import parse_name

MAX_JSON_BYTES = 1024 * 1024
MAX_CHUNK_BYTES = 64 * 1024 * 1024


class Access(Enum):
    """Who may use a route."""

    SIGNED = auto()
    SCRAPER = auto()
    ANYONE = auto()


class Body(Enum):
    """What a route takes as its body."""

    NONE = auto()
    JSON = auto()
    CHUNK = auto()


@dataclass(frozen=True)
class Rules:
    """What a route asks of a request; what is not said is the strictest."""

    access: Access = Access.SIGNED
    body: Body = Body.NONE
    is_once: bool = False
    """A replay is refused."""


class Keys:
    """The keys that are valid now, newest first; none until the node has joined."""

    def __init__(self) -> None:
        self._keys: tuple[bytes, ...] = ()
        self.were_used = False
        """Somebody who has one reached this node."""

    def replace(self, keys: tuple[bytes, ...]) -> None:
        """Use these from now on."""
        self._keys = keys

    def current(self) -> tuple[bytes, ...]:
        """Return them; raises NotJoined when there are none."""
        if not self._keys:
            raise NotJoined
        return self._keys


class Gate:
    """Holds what is needed to judge a request."""

    def __init__(
        self,
        *,
        store_id: str,
        keys: Keys,
        metrics_token: str,
        clock: Callable[[], float] = time.time,
        nonces: signing.NonceMemory | None = None,
    ) -> None:
        self._store_id = store_id
        self._keys = keys
        self._metrics_token = metrics_token
        self._clock = clock
        self._nonces = nonces or signing.NonceMemory(since=clock())

    def authorise(self, request: Request, rules: Rules) -> None:
        """Return only if the request may run; its body is then the one that was signed, or will be.

        Raises a SignatureRefused, ScrapeDenied, NotJoined, or what is wrong with the body's length. No body
        is read for somebody whose signature is not valid.
        """
        if rules.access is Access.ANYONE:
            return
        if rules.access is Access.SCRAPER:
            self._check_scraper(request)
            return
        signed_digest = signing.verify(
            request.environ.get("HTTP_AUTHORIZATION"),
            keys=self._keys.current(),
            store_id=self._store_id,
            method=request.method,
            path=request.path,
            query=request.query,
            now=self._clock(),
            nonces=self._nonces if rules.is_once else None,
        )
        self._keys.were_used = True
        if rules.body is Body.CHUNK:
            expected = parse_name(request.name)[0].hex()
            _check_length(request, MAX_CHUNK_BYTES)
        elif rules.body is Body.JSON:
            request.payload = _read(request)
            expected = blake3(request.payload).hexdigest()
        else:
            expected = signing.EMPTY_DIGEST
            if request.body.remaining != 0:
                raise signing.BadSignature
        if not hmac.compare_digest(expected, signed_digest):
            raise signing.BadSignature

    def _check_scraper(self, request: Request) -> None:
        given = request.environ.get("HTTP_AUTHORIZATION", "")
        wanted = f"Bearer {self._metrics_token}"
        if not self._metrics_token or not hmac.compare_digest(given.encode(), wanted.encode()):
            raise ScrapeDenied


def _check_length(request: Request, limit_bytes: int) -> int:
    if request.body.remaining is None or "CONTENT_LENGTH" not in request.environ:
        raise LengthMissing
    if request.body.remaining > limit_bytes:
        raise BodyTooLarge(f"at most {limit_bytes} bytes")
    return request.body.remaining


def _read(request: Request) -> bytes:
    content = bytearray(_check_length(request, MAX_JSON_BYTES))
    if request.body.readinto(memoryview(content)) != len(content):
        raise BadRequest("the body is shorter than its length")
    return bytes(content)
