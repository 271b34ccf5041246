"""Gunicorn's threaded worker with a little patience and no more: for the node and, by name, for the gateway.

Gunicorn gives a kept connection back to its main thread after each request and takes it from there again,
which for small requests costs more than serving them. A thread that has nothing else to do waits a moment for
the next request first. And gunicorn has a thread wait for ever for the rest of a request, and the main thread
two seconds for each peer that does not close: here only some threads may wait, and not for long, so that
nobody takes the server from others by sending nothing. Leans on gunicorn's internals, as `protocol.body`
does: see the tests before raising the pin.
"""

from __future__ import annotations

import errno
import json
import math
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.utils import formatdate
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

import gunicorn.http.wsgi
import gunicorn.util
from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from storagenode import log, memory
from storagenode.protocol import request_ids

PATIENCE_MILLISECONDS = 100
"""Longer than a busy client takes from an answer to its next request; a waiting thread costs nothing else."""
PATIENT_SHARE = 0.5
"""Of the threads: the others are there for connections that a patient one does not serve."""
FIRST_BYTE_SECONDS = 0.1
"""How long a thread waits for a new connection to say something; then the main thread does."""
WAITING_SHARE = 0.375
"""Of the threads: so many may wait for the rest of a request or for a peer to close; one more is cut off."""
READ_SECONDS = 60.0
"""In this time a head, and a body that is not streamed, must have come."""
SHORTAGE_PAUSE_SECONDS = 0.1
BEGIN_AGAIN_SECONDS = 1.0
"""A process that found no memory to begin gives it so long to come back before the next one tries."""
ONE_PACKET_BYTES = 64 * 1024
"""Up to here it costs less to copy a body behind its head than to send the two apart."""
REST_SECONDS = 1.0
"""No request has ended for so long: what is kept for the next ones costs more than to get it anew."""
MOST_KEPT_SECONDS = 5.0
"""What is asked all the time never comes to rest; it gives back as often as this, too."""
AT_REST: list[Callable[[], object]] = []
"""What to do then, once until another request has ended, before memory that was freed goes back."""
_NO_MEMORY = (
    b'{"type": "urn:dfsweb:problem:overloaded", "title": "Too much at once", "status": 503,'
    b' "detail": "This server has no memory left for it. Try again in a moment.",'
    b' "code": "overloaded", "retryable": true}'
)
_NO_MEMORY_REPLY = b"\r\n".join(
    [
        b"HTTP/1.1 503 Service Unavailable",
        b"Connection: close",
        b"Retry-After: 5",
        b"Content-Type: application/problem+json",
        b"Content-Length: %d" % len(_NO_MEMORY),
        b"",
        _NO_MEMORY,
    ]
)
"""Written out beforehand: what is sent for want of memory should need none."""


class PatientThreadWorker(ThreadWorker):  # type: ignore[misc]
    """Serves the next request of a connection in the same thread when it comes soon, and lives on in want."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A setting is looked up through three calls each time, thirty times a request; it never changes here.
        for name, setting in self.cfg.settings.items():
            if not hasattr(type(self.cfg), name):
                object.__setattr__(self.cfg, name, setting.get())
        gunicorn.util.http_date = _date
        gunicorn.util.write_error = _write_problem
        gunicorn.http.wsgi.Response = JoinedResponse
        self._places = threading.BoundedSemaphore(max(1, int(self.cfg.threads * PATIENT_SHARE)))
        self._waiting_places = threading.BoundedSemaphore(max(1, int(self.cfg.threads * WAITING_SHARE)))
        self._ended_at: float | None = None
        self._rested_at = time.monotonic()

    def init_process(self) -> None:
        """Serve to the end; without the memory to begin, end alone: gunicorn would end the others, too."""
        try:
            super().init_process()
        except Exception as error:
            if self.booted or not memory.is_shortage(error):
                raise
            log.error("no_memory_to_begin", reason=str(error))
            time.sleep(BEGIN_AGAIN_SECONDS)
            sys.exit(1)

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Start all threads now: one that cannot be started for want of memory would hang the worker."""
        pool: ThreadPoolExecutor = super().get_thread_pool()
        together = threading.Barrier(self.cfg.threads + 1)
        try:
            for _ in range(self.cfg.threads):
                pool.submit(together.wait)
        except BaseException:
            together.abort()  # the process could not end while they wait
            raise
        together.wait()
        return pool

    def notify(self) -> None:
        """Come to rest, too: gunicorn's main thread calls this at least once a second."""
        super().notify()
        if self._ended_at is None:
            return
        now = time.monotonic()
        if now - self._ended_at > REST_SECONDS or now - self._rested_at > MOST_KEPT_SECONDS:
            self._ended_at = None
            self._rested_at = now
            for give_back in AT_REST:
                give_back()
            memory.trim()

    def accept(self, listener: Any) -> None:
        """Have who wants in wait while descriptors or memory run out; gunicorn would end the worker."""
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in memory.SHORT_OF_SOMETHING:
                raise
            log.error("no_new_connections", reason=str(error))
            time.sleep(SHORTAGE_PAUSE_SECONDS)

    def handle(self, conn: Any) -> Any:
        if not conn.initialized and not self.cfg.is_ssl:
            if not conn.wait_for_data(FIRST_BYTE_SECONDS):
                return _DEFER
            conn.init()
            if not conn.is_http2:
                conn.parser.unreader.chunk = partial(self._receive, conn.parser.unreader)
                conn.parser.finish_body = partial(_finish_body, conn.parser)
        while True:
            if conn.initialized and not conn.is_http2:
                conn.parser.unreader.deadline = time.monotonic() + READ_SECONDS
                conn.parser.unreader.ends_at = math.inf
            request_ids.current.set(request_ids.NONE)
            outcome = self.serve(conn)
            self._ended_at = time.monotonic()
            if outcome is False:
                self._part(conn)
            if outcome is not True or not self._comes_soon(conn):
                return outcome

    def serve(self, conn: Any) -> Any:
        """Serve one request of a connection; returns what gunicorn's `handle` does."""
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Have who comes while there is no memory to read a request try again; gunicorn would say 500."""
        if not isinstance(exc, MemoryError):
            if request_ids.current.get() == request_ids.NONE:
                request_ids.current.set(request_ids.new())  # it could not be read, nor what it is called
            super().handle_error(req, client, addr, exc)
            return
        log.error("no_memory_for_a_request")
        with suppress(OSError):  # the peer may be gone, or too slow for a few bytes
            client.send(_NO_MEMORY_REPLY, socket.MSG_DONTWAIT)

    def _receive(self, unreader: Any, size_hint: int | None = None) -> bytes:
        """Return what came of a head or a body; raises ConnectionResetError when it is too long in coming."""
        wanted = min(max(size_hint or 0, unreader.mxchunk), unreader.max_body_chunk)
        connection: socket.socket = unreader.sock
        try:
            return connection.recv(wanted, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass  # nothing is there yet
        if not _is_bounded(connection):
            self._wait(connection, unreader.deadline)
        elif time.monotonic() > unreader.ends_at:
            raise _too_long()
        return connection.recv(wanted)

    def _wait(self, connection: socket.socket, deadline: float) -> None:
        """Wait for more; where there is no place to, or nothing comes, the connection ends at once."""
        if self._waiting_places.acquire(blocking=False):
            try:
                poll = select.poll()
                poll.register(connection, select.POLLIN)
                if poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                    return
            finally:
                self._waiting_places.release()
        with suppress(OSError):  # it may be gone already
            connection.shutdown(socket.SHUT_RDWR)
        raise _too_long()

    def _part(self, conn: Any) -> None:
        """Close a connection, with a moment for the peer to read its last reply, and leave nothing to do."""
        if self._waiting_places.acquire(blocking=False):
            try:
                gunicorn.util.close_graceful(conn.sock)
            finally:
                self._waiting_places.release()
        else:
            gunicorn.util.close(conn.sock)
        conn.close = _is_closed

    def _comes_soon(self, conn: Any) -> bool:
        is_wanted_elsewhere = self.tpool._work_queue.qsize() > 0
        if not self.alive or is_wanted_elsewhere or conn.is_http2:
            return False
        if conn.parser.unreader.buf.getvalue():
            return True
        if not self._places.acquire(blocking=False):
            return False
        try:
            poll = select.poll()
            poll.register(conn.sock, select.POLLIN)
            return bool(poll.poll(PATIENCE_MILLISECONDS))
        finally:
            self._places.release()


class JoinedResponse(gunicorn.http.wsgi.Response):  # type: ignore[misc]
    """Sends a small body that is whole with its head; gunicorn's own wakes the peer for each of the two."""

    sent: int
    headers_sent: bool

    def write(self, arg: bytes) -> None:
        is_whole = not self.sent and self.response_length == len(arg)
        if self.headers_sent or self._omits_body or not is_whole or len(arg) > ONE_PACKET_BYTES:
            super().write(arg)
            return
        fields = [f"{name}: {value}\r\n" for name, value in self.headers]
        head = "".join([*self.default_headers(), *fields, "\r\n"])
        self.headers_sent, self.sent = True, len(arg)
        self.sock.sendall(head.encode("latin-1") + arg)


def _finish_body(parser: Any, **bounds: Any) -> bool:
    """Drop what is left of a request's body; where nothing is, gunicorn would set the socket up for it."""
    body = getattr(parser.mesg, "body", None)
    if body is not None and type(body.reader) is LengthReader and not body.reader.length and not body.failed:
        return True
    return bool(type(parser).finish_body(parser, **bounds))


def _write_problem(connection: socket.socket, status: int, reason: str, detail: str) -> None:
    """Refuse what gunicorn cannot read as all else is refused, by RFC 9457; gunicorn would write HTML."""
    request_id = request_ids.current.get()
    code = "malformed" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "internal_error"
    problem = {
        "type": f"urn:dfsweb:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or "Something went wrong here.",
        "code": code,
        "retryable": False,
        "request_id": request_id,
    }
    body = json.dumps(problem).encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        f"X-Request-Id: {request_id}",
        "\r\n",
    ]
    log.warning("unreadable_request", status=status, reason=reason)
    gunicorn.util.write_nonblock(connection, "\r\n".join(head).encode() + body)


def _too_long() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "the request was too long in coming")


def _is_closed(graceful: bool = False) -> None:
    """Stands for closing a connection that is closed already."""


def _is_bounded(connection: socket.socket) -> bool:
    """Tell whether the kernel bounds a receive, as `protocol.body` has it do for bodies that it streams."""
    return any(connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))


def _date(timestamp: float | None = None) -> str:
    """Say the time for a Date header; gunicorn would write the same second out anew for each reply."""
    return _date_of_second(int(time.time() if timestamp is None else timestamp))


@lru_cache(maxsize=1)
def _date_of_second(second: int) -> str:
    return formatdate(second, usegmt=True)
