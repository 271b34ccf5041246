"""Leaves no connection out of step when a request is answered before its body was read.

A short rest is read and dropped, so that the connection can be used again. A long one ends the connection
after the reply: the rest is not taken for the next request, and goes on being dropped for a moment, because a
connection that is closed under a sender takes the reply with it (RFC 9112, section 9.6).
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from storagenode.protocol.body import RequestBody, close_after_reply

DRAIN_BYTES = 1024 * 1024
"""What dropping costs less than a new connection."""
LINGER_SECONDS = 2.0
"""How long a sender may take to notice that it was refused; gunicorn itself lingers for 64 KiB alone."""

WAITING_AT_ONCE = 12
"""Of a process's 32 threads: so many may wait for senders who were refused. One more is cut off."""

_places = threading.BoundedSemaphore(WAITING_AT_ONCE)
_SCRATCH_BYTES = 64 * 1024

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def settle_bodies(application: Application) -> Application:
    """Wrap a WSGI application; requests without a body pass untouched."""

    def settled(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        reply = application(environ, start_response)
        if not environ.get("CONTENT_LENGTH") and "HTTP_TRANSFER_ENCODING" not in environ:
            return reply
        if _is_settled(environ):
            return reply
        close_after_reply(start_response)
        return _LastReply(reply, environ.get("gunicorn.socket"))

    return settled


def _is_settled(environ: dict[str, Any]) -> bool:
    body = environ["wsgi.input"]
    is_half_read = getattr(body, "buf", None) is not None and body.buf.tell() > 0
    if getattr(body, "failed", False) or is_half_read:
        return False
    if not _places.acquire(blocking=False):
        return False
    try:
        return RequestBody(environ).drain(DRAIN_BYTES)
    finally:
        _places.release()


class _LastReply:
    """A connection's last reply: when it is out, what still comes in is dropped until the sender stops."""

    def __init__(self, reply: Iterable[bytes], connection: socket.socket | None) -> None:
        self._reply = reply
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._reply)

    def close(self) -> None:
        """Called by the server after the last byte of the reply."""
        try:
            close = getattr(self._reply, "close", None)
            if close is not None:
                close()
        finally:
            if self._connection is not None and _places.acquire(blocking=False):
                try:
                    _linger(self._connection)
                finally:
                    _places.release()


def _linger(connection: socket.socket) -> None:
    deadline = time.monotonic() + LINGER_SECONDS
    scratch = bytearray(_SCRATCH_BYTES)
    try:
        connection.shutdown(socket.SHUT_WR)
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv_into(scratch):
                return
    except OSError:
        return  # the sender is gone, or does not stop: the server closes the connection either way
