"""HTTP/1.1 with a storage node over a kept socket, as cheap as Python makes it.

Both ends are ours and every reply carries its length (RFC 9112, 6.3), so this reads status, length and body
and nothing else; `http.client` spends twice the CPU on a small request. What is said, and how long to wait
for it, is `nodes.client`'s.
"""

import ipaddress
import re
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings

CONNECT_TIMEOUT_SECONDS = 0.5
TICK_SECONDS = 0.5
"""No send or receive waits longer by itself: the patience with which a reader asks a second node."""
HEAD_BYTES = 16 * 1024
"""More than any head of a node's reply; a small body comes along in the same receive."""
JOINED_BYTES = 16 * 1024
"""Up to here head and body of a request go out in one packet."""
IDLE_SECONDS = 45.0
"""A kept connection older than this may be closed by the node at the moment we use it."""
MAX_IDLE_A_NODE = 16


_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2})(?: [^\r\n\0]*)?((?:\r\n[0-9A-Za-z_-]+:[^\r\n\0]*)*)"  # one pass is cheap
)
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_LENGTH = re.compile(rb"[ \t]*([0-9]{1,18})[ \t]*")
_TICK = struct.pack("@ll", 0, int(TICK_SECONDS * 1_000_000))


class WireError(OSError):
    """The peer broke the connection or the protocol."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a reply begins with; its body has `length` bytes."""

    status: int
    length: int
    will_close: bool


def is_nodes_place(place: str) -> bool:
    """Tell whether nodes may live at this IP address."""
    return any(ipaddress.ip_address(place) in network for network in settings.NODE_NETWORKS)


class Connection:
    """A socket to one node. The kernel bounds every wait, so that a send or receive is one call.

    Whatever waits gives up after TICK_SECONDS, or at once when told MSG_DONTWAIT, and can be called again:
    how long to go on is the caller's to know.
    """

    def __init__(self, host: str, port: int) -> None:
        """Connect; raises WireError where the name leads out of NODE_NETWORKS now, before a byte is sent."""
        self._socket = socket.create_connection((host, port), CONNECT_TIMEOUT_SECONDS)
        place = self._socket.getpeername()[0]
        if not is_nodes_place(place):
            self._socket.close()
            raise WireError(f"{host} leads to {place}, which lies outside NODE_NETWORKS")
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TICK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TICK)
        self._unsent: list[bytes | memoryview] = []
        self._held = b""
        self.used_at = time.monotonic()

    def close(self) -> None:
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def begin(self, head: bytes, body: Sequence[memoryview | bytes]) -> None:
        """Send a request, its body in pieces, or as much as goes at once. Raises OSError."""
        if sum(map(len, body)) <= JOINED_BYTES:
            self._unsent = [b"".join([head, *body])]
        else:
            self._unsent = [head, *body]
        self.send()

    def send(self, flags: int = 0) -> bool:
        """Send what is left of the request; tells whether all is out. Raises OSError."""
        while self._unsent:
            piece = self._unsent[0]
            more = socket.MSG_MORE if len(self._unsent) > 1 else 0
            try:
                count = self._socket.send(piece, flags | more)
            except BlockingIOError:
                return False
            if count < len(piece):
                self._unsent[0] = memoryview(piece)[count:]
                return False
            del self._unsent[0]
        return True

    @property
    def is_sent(self) -> bool:
        return not self._unsent

    def receive_head(self, flags: int = 0) -> Head | None:
        """Receive status line and headers; None when they are not all there yet. Raises OSError."""
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > HEAD_BYTES:
                raise WireError("the head of the reply has no end")
            piece = self._receive(HEAD_BYTES, flags)
            if not piece:
                return None
            self._held = self._held + piece if self._held else piece
        head = _parse(self._held[:end])
        self._held = self._held[end + 4 :]
        return head

    def receive(self, size: int, flags: int = 0) -> bytes:
        """Receive up to so many bytes of the body; fewer when no more came in time, none at all perhaps."""
        if self._held:
            piece, self._held = self._held[:size], self._held[size:]
            return piece
        return self._receive(size, flags | socket.MSG_WAITALL)

    def _receive(self, size: int, flags: int) -> bytes:
        try:
            piece = self._socket.recv(size, flags)
        except BlockingIOError:
            return b""
        if not piece:
            raise WireError("the node closed the connection")
        return piece


class Pool:
    """Idle connections by address, warm ones first; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, int], list[Connection]] = {}

    def take(self, host: str, port: int) -> Connection | None:
        """Return a kept connection, which may prove dead, or None."""
        deadline = time.monotonic() - IDLE_SECONDS
        with self._lock:
            idle = self._idle.get((host, port), [])
            while idle:
                connection = idle.pop()
                if connection.used_at > deadline:
                    return connection
                connection.close()
        return None

    def keep(self, host: str, port: int, connection: Connection) -> None:
        """Take back a connection whose last answer was read to its end."""
        connection.used_at = time.monotonic()
        with self._lock:
            idle = self._idle.setdefault((host, port), [])
            if len(idle) < MAX_IDLE_A_NODE:
                idle.append(connection)
                return
        connection.close()

    def forget(self) -> None:
        """Begin anew in a forked process: two that used one connection would hear each other's answers."""
        self._lock = threading.Lock()
        self._idle = {}

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            for idle in self._idle.values():
                while idle:
                    idle.pop().close()


def _parse(head: bytes) -> Head:
    if (whole := _HEAD.fullmatch(head)) is None:
        raise WireError(f"this is no reply: {head[:80]!r}")
    status, length, will_close = int(whole[1]), -1, False
    for line in whole[2].split(b"\r\n"):
        name, _, value = line.partition(b":")
        match name.lower():
            case b"content-length":
                told = _LENGTH.fullmatch(value)
                if told is None or length >= 0:
                    raise WireError(f"the reply has no one length: {value[:80]!r}")
                length = int(told[1])
            case b"connection":
                will_close = will_close or b"close" in value.lower()
            case b"transfer-encoding":
                raise WireError("the reply has no length")
    if (length > 0) if status in _WITHOUT_BODY else (length < 0):
        raise WireError(f"the reply tells no length that a {status} can have")
    return Head(status, max(length, 0), will_close)
