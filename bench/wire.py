"""A client that costs as little as it can: one kept connection, kept buffers, HTTP/1.1 by hand."""

import base64
import json
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.payload import CHUNK_BYTES, Payload

TIMEOUT_SECONDS = 180
_TIMEVAL = struct.pack("@ll", TIMEOUT_SECONDS, 0)


def connect(port: int) -> socket.socket:
    """Connect to a port of this machine; the kernel bounds every wait, so that MSG_WAITALL stays whole."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, option, _TIMEVAL)
    return connection


def receive_exactly(connection: socket.socket, view: memoryview) -> None:
    """Fill the view. Errors: ConnectionError when the peer ends before."""
    filled = 0
    while filled < len(view):
        count = connection.recv_into(view[filled:], len(view) - filled, socket.MSG_WAITALL)
        if not count:
            raise ConnectionError(f"the connection ended after {filled} of {len(view)} bytes")
        filled += count


class UnexpectedReply(RuntimeError):
    """The server answered with another status than the measurement is about."""


@dataclass(frozen=True)
class Head:
    """The beginning of a reply, and what came along with it of the body."""

    status: int
    length: int
    rest: bytes
    headers: Mapping[str, str]


def request_head(method: str, target: str, token: str, *, length: int | None = None, more: str = "") -> bytes:
    """The head of a request; `more` are further header lines."""
    if length is not None:
        more += f"Content-Length: {length}\r\nContent-Type: application/octet-stream\r\n"
    return (
        f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {token}\r\n{more}\r\n"
    ).encode()


def parse_head(received: bytes) -> Head | None:
    """Read the head of a reply; None while it is incomplete."""
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        return None
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Head(int(status_line.split(" ", 2)[1]), int(headers.get("content-length", 0)), rest, headers)


class Wire:
    """One kept connection to the gateway, for one thread."""

    def __init__(self, port: int, token: str) -> None:
        self._token = token
        self._connection = connect(port)
        self._buffer = memoryview(bytearray(CHUNK_BYTES))

    def close(self) -> None:
        self._connection.close()

    def upload(self, path: str, payload: Payload) -> None:
        """PUT a file; returns with the acknowledgement."""
        self._connection.sendall(
            request_head("PUT", f"/api/v1/content/{path}", self._token, length=payload.size_bytes)
        )
        for chunk in payload.chunks():
            self._connection.sendall(chunk)
        self._finish(self._head(201))

    def download(self, path: str, payload: Payload) -> None:
        """GET a file; every chunk's stamp is checked."""
        self._stream(path, payload.check_stamp, size_bytes=payload.size_bytes)

    def download_whole(self, path: str, taste: Callable[[memoryview], object], size_bytes: int) -> None:
        """GET a file and hand every piece of it over."""
        self._stream(path, lambda _, piece: taste(piece), size_bytes=size_bytes)

    def read_range(self, path: str, start: int, stop: int) -> bytes:
        """GET the bytes `start … stop` of a file."""
        more = f"Range: bytes={start}-{stop - 1}\r\n"
        self._connection.sendall(request_head("GET", f"/api/v1/content/{path}", self._token, more=more))
        return self._finish(self._head(206))

    def call(
        self, method: str, target: str, message: object = None, *, good: tuple[int, ...] = (200,)
    ) -> Any:
        """Send JSON, return JSON (None for an empty reply)."""
        body = b"" if message is None else json.dumps(message).encode()
        more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._connection.sendall(request_head(method, target, self._token, more=more) + body)
        reply = self._finish(self._head(*good))
        return json.loads(reply) if reply else None

    def read_page(self, target: str, session: str) -> bytes:
        """GET a page as a browser that is signed in."""
        more = f"Cookie: sessionid={session}\r\n"
        self._connection.sendall(request_head("GET", target, self._token, more=more))
        return self._finish(self._head(200))

    def store(self, path: str, body: bytes) -> None:
        """PUT a file of these bytes."""
        self._connection.sendall(
            request_head("PUT", f"/api/v1/content/{path}", self._token, length=len(body)) + body
        )
        self._finish(self._head(200, 201))

    def begin_upload(self, name: str, length: int) -> str:
        """Begin a resumable upload (tus 1.0.0); returns its id."""
        filename = base64.b64encode(name.encode()).decode()
        more = (
            f"Tus-Resumable: 1.0.0\r\nUpload-Length: {length}\r\nUpload-Metadata: filename {filename}\r\n"
            "Content-Length: 0\r\n"
        )
        self._connection.sendall(request_head("POST", "/api/v1/uploads", self._token, more=more))
        head = self._head(201)
        self._finish(head)
        return head.headers["location"].rpartition("/")[2]

    def append(self, upload: str, offset: int, body: bytes, *, times: int = 1) -> None:
        """Add the next bytes of an upload: the same, so many times."""
        more = (
            f"Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\nContent-Length: {len(body) * times}\r\n"
            "Content-Type: application/offset+octet-stream\r\n"
        )
        self._connection.sendall(
            request_head("PATCH", f"/api/v1/uploads/{upload}", self._token, more=more) + body
        )
        for _ in range(1, times):
            self._connection.sendall(body)
        self._finish(self._head(204))

    def _stream(self, path: str, taste: Callable[[int, memoryview], object], *, size_bytes: int) -> None:
        self._connection.sendall(request_head("GET", f"/api/v1/content/{path}", self._token))
        head = self._head(200)
        if head.length != size_bytes:
            raise UnexpectedReply(f"{head.length} bytes instead of {size_bytes}")
        held = head.rest
        for number, begin in enumerate(range(0, size_bytes, CHUNK_BYTES)):
            piece = self._buffer[: min(CHUNK_BYTES, size_bytes - begin)]
            count = min(len(held), len(piece))
            piece[:count] = held[:count]
            held = held[count:]
            receive_exactly(self._connection, piece[count:])
            taste(number, piece)

    def _head(self, *good: int) -> Head:
        received = b""
        while (head := parse_head(received)) is None:
            piece = self._connection.recv(65536)
            if not piece:
                raise ConnectionError("the connection ended before the reply")
            received += piece
        if head.status not in good:
            raise UnexpectedReply(f"{head.status}: {self._finish(head)[:500]!r}")
        return head

    def _finish(self, head: Head) -> bytes:
        body = memoryview(bytearray(head.length))
        body[: len(head.rest)] = head.rest
        receive_exactly(self._connection, body[len(head.rest) :])
        return bytes(body)
