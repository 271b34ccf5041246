"""One HTTP/1.1 connection spoken by hand: to cut it, to lie on it, to see what it still is good for."""

import http.client
import socket
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 120


class Kept:
    """Stands for the socket of one reply: what was read beyond its end is the next one's, and not dropped."""

    def __init__(self, replies: BinaryIO) -> None:
        self._replies = replies

    def __getattr__(self, name: str) -> Any:
        return getattr(self._replies, name)

    def makefile(self, _mode: str) -> "Kept":
        return self

    def close(self) -> None:
        """Leave the connection open: it ends with its `Wire`."""


class Wire:
    """A context manager over one connection to a gateway."""

    def __init__(self, url: str, token: str = "") -> None:
        address = urlsplit(url)
        self._host = f"{address.hostname}:{address.port}"
        self._token = token
        self._socket = socket.create_connection((address.hostname, address.port), TIMEOUT_SECONDS)
        self._replies = self._socket.makefile("rb")

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def begin(self, method: str, target: str, headers: Mapping[str, str] | None = None) -> None:
        """Send the head of a request, as it is given."""
        lines = [f"{method} /api/v1{target} HTTP/1.1", f"Host: {self._host}"]
        if self._token:
            lines.append(f"Authorization: Token {self._token}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, data: bytes | memoryview) -> None:
        self._socket.sendall(data)

    def send_all_it_takes(self, data: bytes | memoryview) -> None:
        """Send as far as the other side reads; a refusal may close its ears before the end."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def await_reply(self) -> None:
        """Wait until a reply begins, and take nothing of it."""
        self._socket.recv(1, socket.MSG_PEEK)

    def end_sending(self) -> None:
        """Say that no more bytes will come, and stay to hear the reply."""
        self._socket.shutdown(socket.SHUT_WR)

    def cut(self, *, rudely: bool) -> None:
        """End the connection: with a reset, or in order."""
        if rudely:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close()

    def reply(self, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """Read one whole reply: status, headers in lower case, body."""
        kept: Any = Kept(self._replies)
        response = http.client.HTTPResponse(kept, method=method)
        try:
            response.begin()
            body = response.read()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, body
        finally:
            response.close()

    def is_closed_by_peer(self) -> bool:
        """Whether the other side has ended the connection cleanly, without a byte more."""
        try:
            return self._replies.read(1) == b""
        except ConnectionResetError:
            return True

    def is_usable(self) -> bool:
        """Whether the next request on this connection is answered as itself."""
        self.begin("GET", "/me")
        status, _, body = self.reply()
        return status == 200 and b'"root_id"' in body

    def _close(self) -> None:
        self._replies.close()
        self._socket.close()
