"""One request to a storage node and its answer: sent, awaited beside others, settled or given up.

Signs, keeps connections, bounds every wait, and tells the node's breaker. What a request means stands in
`nodes.client`.
"""

import atexit
import json
import math
import os
import select
import socket
import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

from blake3 import blake3

from nodes import breaker, lanes, wire
from nodes.errors import (
    NodeBusy,
    NodeError,
    NodeRefused,
    NodeUnreachable,
    ReplicaAbsent,
    ReplicaCorrupt,
    ReplicaUnreadable,
)
from nodes.measures import BREAKER_OPENINGS, BREAKERS_OPEN, NODE_ERRORS
from nodes.roster import NodeView
from storagenode.protocol import request_ids
from storagenode.protocol.names import chunk_name
from storagenode.protocol.signing import EMPTY_DIGEST, sign

FIRST_BYTE_SECONDS = 10.0
LEAST_BYTES_PER_SECOND = 256 * 1024
"""Slower than this, either way, a node is as good as gone (R30)."""
LEAST_BODY_SECONDS = 2.0
"""A small answer may take so long between its head and its end."""
PROMPT_SECONDS = 2.0
"""A success that took longer says nothing for the node."""
PIECE_BYTES = 1024 * 1024

_pool = wire.Pool()
atexit.register(_pool.close)
os.register_at_fork(after_in_child=_pool.forget)


class Exchange:
    """One request that was sent and waits for its answer, so that several nodes can work at once.

    It is settled when the whole answer is there or an error has ended it; `settle` waits for that. Close it
    by `abandon` when its answer is not wanted any more. Not shared between threads.
    """

    def __init__(
        self,
        view: NodeView,
        method: str,
        path: str,
        *,
        body: Sequence[memoryview | bytes] = (),
        body_digest: str = EMPTY_DIGEST,
        timeout_seconds: float | None = None,
        lane_seconds: float | None = None,
    ) -> None:
        """Send the request; raises NodeUnreachable. Repeating is safe: every route is idempotent.

        One that carries a chunk waits so long for a place on the way to the node; raises NodeBusy without.
        """
        if lane_seconds is not None and not lanes.enter(view.id, timeout_seconds=lane_seconds):
            raise NodeBusy(f"{view.name}: {lanes.CHUNKS_A_NODE} chunks are under way to it already")
        self._is_in_lane = lane_seconds is not None
        self.view = view
        self.error: NodeError | None = None
        self.head: wire.Head | None = None
        self.pieces: list[bytes] = []
        self.began_at = time.monotonic()
        self._breaker = breaker.of(view.id)
        self._breaker.asked()
        self._method = method
        self._path = path
        self._body = body
        self._body_digest = body_digest
        first_byte_seconds = FIRST_BYTE_SECONDS if timeout_seconds is None else timeout_seconds
        send_seconds = sum(map(len, body)) / LEAST_BYTES_PER_SECOND
        self._deadline = self.began_at + send_seconds + first_byte_seconds
        self._left = 0
        self._connection = _pool.take(view.host, view.port)
        self._may_be_dead = self._connection is not None
        try:
            self._send()
        except OSError as error:
            if not self._send_again():
                self._leave_lane()
                raise self._failed(error) from error
        except BaseException:  # no memory for it: the node is not to blame, and its lane is free again
            self._close()
            self._leave_lane()
            raise

    @property
    def is_settled(self) -> bool:
        return self.error is not None or (self.head is not None and not self._left)

    @property
    def is_sent(self) -> bool:
        """Whether all of the request is out."""
        return self._connection is not None and self._connection.is_sent

    @property
    def seconds(self) -> float:
        """How long ago it began."""
        return time.monotonic() - self.began_at

    def advance(self, flags: int = 0) -> bool:
        """Take what has come, waiting a tick for it unless told MSG_DONTWAIT; tells whether it is settled."""
        if self._advance(flags):
            self._leave_lane()
            return True
        return False

    def _advance(self, flags: int) -> bool:
        try:
            if self._take(flags):
                if self.error is None:
                    self._end()
                return True
        except OSError as error:
            if not self._send_again():
                self.error = self._failed(error)
                return True
        if time.monotonic() >= self._deadline:
            self.error = self._failed(TimeoutError("the node is too slow"))
        return self.error is not None

    def answer(self) -> wire.Head:
        """Wait for the whole answer and return its head; raises NodeUnreachable."""
        if not self.is_settled:
            settle([self])
        if self.error is not None:
            raise self.error
        assert self.head is not None
        return self.head

    def finish(self, head: wire.Head, *, good: Iterable[int]) -> bytes:
        """Return the body of the answer; raises NodeRefused unless the status is good."""
        payload = b"".join(self.pieces)
        if head.status in good:
            return payload
        reason = f"{self.view.name}: {payload[:200].decode(errors='replace')}"
        told_code = _code_of(payload)
        if head.status == HTTPStatus.NOT_FOUND:
            raise ReplicaAbsent(head.status, reason, told_code)
        raise NodeRefused(head.status, reason, told_code)

    def abandon(self, *, is_slow: bool = False) -> None:
        """Close the connection, the outcome is unknown; a slow one lost to a node that was asked later."""
        if not self.is_settled:
            self._close()
            self._leave_lane()
            if is_slow:
                self._blame()

    def fileno(self) -> int:
        assert self._connection is not None
        return self._connection.fileno()

    @property
    def awaited(self) -> int:
        """What `poll` should wait for."""
        assert self._connection is not None
        return select.POLLIN if self._connection.is_sent else select.POLLOUT

    @property
    def seconds_left(self) -> float:
        return self._deadline - time.monotonic()

    def _take(self, flags: int) -> bool:
        """Send the rest and receive what there is; tells whether the answer is whole."""
        assert self._connection is not None
        if not self._connection.is_sent and not self._connection.send(flags):
            return False
        if self.head is None:
            head = self._connection.receive_head(flags)
            if head is None:
                return False
            self._begin_body(head)
        while self._left:
            piece = self._connection.receive(min(self._left, PIECE_BYTES), flags)
            self._left -= len(piece)
            if piece:
                self._keep_piece(piece)
            if not piece or (self._left and not flags and self.seconds > wire.TICK_SECONDS):
                return False
        return True

    def _begin_body(self, head: wire.Head) -> None:
        self.head = head
        self._left = head.length if self._method != "HEAD" else 0
        body_seconds = max(self._left / LEAST_BYTES_PER_SECOND, LEAST_BODY_SECONDS)
        self._deadline = time.monotonic() + body_seconds

    def _keep_piece(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def _end(self) -> None:
        """Give the connection back: the whole answer was read. Judge what it says of the node."""
        assert self._connection is not None and self.head is not None
        if self.head.will_close:
            self._connection.close()
        else:
            _pool.keep(self.view.host, self.view.port, self._connection)
        if self.head.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            if self.seconds < PROMPT_SECONDS and self._breaker.succeeded():
                BREAKERS_OPEN.labels(self.view.name).set(0)
        elif self.head.status != HTTPStatus.INSUFFICIENT_STORAGE:  # a full node still reads and deletes
            self._blame()

    def _failed(self, error: OSError) -> NodeError:
        """Close the connection, count the error against the node, and return what it means."""
        self._close()
        self._blame()
        NODE_ERRORS.labels(self.view.name).inc()
        return NodeUnreachable(f"{self.view.name}: {error.strerror or error}")

    def _blame(self) -> None:
        """Count an error against the node."""
        if self._breaker.failed():
            BREAKER_OPENINGS.labels(self.view.name).inc()
            BREAKERS_OPEN.labels(self.view.name).set(1)

    def _leave_lane(self) -> None:
        if self._is_in_lane:
            self._is_in_lane = False
            lanes.leave(self.view.id)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _send(self) -> None:
        path, _, query = self._path.partition("?")
        lines = [f"{self._method} {self._path} HTTP/1.1", f"Host: {self.view.host}:{self.view.port}"]
        signed = sign(
            key=self.view.key,
            store_id=self.view.store_id,
            method=self._method,
            path=path,
            query=query,
            body_digest=self._body_digest,
        )
        lines += [f"{name}: {value}" for name, value in signed.items()]
        lines += [f"X-Request-Id: {request_ids.current.get()}"]
        if self._method in ("PUT", "POST"):
            lines += [f"Content-Length: {sum(map(len, self._body))}"]
        head = "\r\n".join([*lines, "", ""]).encode()
        if self._connection is None:
            self._connection = wire.Connection(self.view.host, self.view.port)
        self._connection.begin(head, self._body)

    def _send_again(self) -> bool:
        """Send once more on a new connection if a kept one proved dead; tells whether that went out."""
        if not self._may_be_dead or self.head is not None:
            return False
        self._may_be_dead = False
        self._close()
        self._connection = None
        try:
            self._send()
        except OSError:
            return False
        return True


AnExchange = TypeVar("AnExchange", bound=Exchange)


class Fetch(Exchange):
    """A chunk file on its way, hashed as it comes; the request was sent when this returns."""

    def __init__(
        self,
        view: NodeView,
        *,
        digest: bytes,
        replica_id: UUID,
        size: int,
        lane_seconds: float = FIRST_BYTE_SECONDS,
    ) -> None:
        self.replica_id = replica_id
        self._name = chunk_name(digest, replica_id)
        self._digest = digest
        self._size = size
        self._hasher = blake3()
        super().__init__(view, "GET", f"/v1/chunks/{self._name}", lane_seconds=lane_seconds)

    def chunk(self) -> list[bytes]:
        """Return the verified bytes in pieces, once it is settled. Raises a NodeError."""
        if self.error is not None:
            raise self.error
        assert self.head is not None
        if self.head.status != HTTPStatus.OK:
            self.finish(self.head, good=())
        if self._hasher.digest() != self._digest:
            raise ReplicaCorrupt(f"{self.view.name}: {self._name} does not match its digest")
        return self.pieces

    def _begin_body(self, head: wire.Head) -> None:
        super()._begin_body(head)
        if head.status == HTTPStatus.OK and head.length != self._size:
            self._close()
            self._left = 0
            self.error = ReplicaCorrupt(
                f"{self.view.name}: {self._name} has {head.length} bytes, not {self._size}"
            )

    def _keep_piece(self, piece: bytes) -> None:
        self._hasher.update(piece)
        self.pieces.append(piece)

    def finish(self, head: wire.Head, *, good: Iterable[int]) -> bytes:
        if head.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ReplicaUnreadable(f"{self.view.name} cannot read {self._name}")
        return super().finish(head, good=good)

    def _failed(self, error: OSError) -> NodeError:
        """A node that breaks off in mid-body has met an unreadable disk, or has died: worth a second look."""
        failure = super()._failed(error)
        if self.head is not None and not isinstance(error, TimeoutError):
            return ReplicaUnreadable(str(failure))
        return failure


def settle(exchanges: Sequence[AnExchange], seconds: float = float("inf")) -> AnExchange | None:
    """Wait until one of the exchanges is settled and return it; None when the time is over before.

    Each has a deadline of its own, so without a time this ends, too. None of them was settled before.
    """
    deadline = time.monotonic() + seconds
    may_block = len(exchanges) == 1 and seconds > wire.TICK_SECONDS * 0.8  # the usual case, by one call less
    if may_block and exchanges[0].advance():
        return exchanges[0]
    for exchange in exchanges:
        if exchange.advance(socket.MSG_DONTWAIT):
            return exchange
    while (left := deadline - time.monotonic()) > 0:
        poll = select.poll()
        for exchange in exchanges:
            poll.register(exchange, exchange.awaited)
        left = min(left, *(exchange.seconds_left for exchange in exchanges))
        poll.poll(max(math.ceil(left * 1000), 0))
        for exchange in exchanges:
            if exchange.advance(socket.MSG_DONTWAIT):
                return exchange
    return None


def _code_of(payload: bytes) -> str:
    """Return the code of a node's problem (RFC 9457); empty when it told none."""
    try:
        return str(json.loads(payload)["code"])[:31]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
