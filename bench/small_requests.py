"""Sends many small requests over a few kept connections from one thread: no client could cost less."""

import selectors
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.wire import Head, UnexpectedReply, connect, parse_head

RECEIVE_BYTES = 65536


@dataclass
class _Line:
    """One connection and the request that is under way on it."""

    number: int = -1
    received: bytes = b""
    head: Head | None = None


def run_all(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    status: int,
    check: Callable[[int, bytes], object] = lambda number, body: None,
) -> float:
    """Send every request, `connections` at a time; returns the seconds until the last reply.

    `check` gets each reply's number and body. Errors: UnexpectedReply, ConnectionError.
    """
    waiting = iter(range(len(requests)))
    with selectors.DefaultSelector() as selector:
        sockets = [connect(port) for _ in range(connections)]
        try:
            began_at = time.monotonic()
            for socket in sockets:
                selector.register(socket, selectors.EVENT_READ, _Line())
                _send_next(selector, selector.get_key(socket), requests, waiting)
            while selector.get_map():
                for key, _ in selector.select():
                    piece = key.fileobj.recv(RECEIVE_BYTES)  # type: ignore[union-attr]
                    if not piece:
                        raise ConnectionError("the connection ended before the reply")
                    body = _take(key.data, piece, status)
                    if body is not None:
                        check(key.data.number, body)
                        _send_next(selector, key, requests, waiting)
            return time.monotonic() - began_at
        finally:
            for socket in sockets:
                socket.close()


def _send_next(
    selector: selectors.BaseSelector,
    key: selectors.SelectorKey,
    requests: Sequence[bytes],
    waiting: Iterator[int],
) -> None:
    number = next(waiting, None)
    if number is None:
        selector.unregister(key.fileobj)
        return
    line: _Line = key.data
    line.number, line.received, line.head = number, b"", None
    key.fileobj.sendall(requests[number])  # type: ignore[union-attr]


def _take(line: _Line, piece: bytes, status: int) -> bytes | None:
    """Add what came; the body once it is whole."""
    line.received += piece
    line.head = line.head or parse_head(line.received)
    if line.head is None:
        return None
    begin = line.received.index(b"\r\n\r\n") + 4
    body = line.received[begin:]
    if len(body) < line.head.length:
        return None
    if line.head.status != status:
        raise UnexpectedReply(f"{line.head.status}: {body[:500]!r}")
    return body
