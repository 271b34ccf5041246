"""Takes a stream of bytes into the cluster: cuts it into pieces, places one while the next comes, records.

A Writer belongs to one request. Its memory is three chunk-sized buffers; it holds no transaction and no
database connection while bytes stream.
"""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from mmap import mmap
from typing import Any, Protocol, Self
from uuid import UUID

from blake3 import blake3
from django.conf import settings
from django.db import connection, transaction

from nodes import failpoints, placing, reading, recording
from nodes.beside import BULK_NICENESS, Threads
from nodes.buffers import pool
from nodes.errors import SourceCut
from nodes.ids import uuid7
from nodes.models import Segment
from nodes.recording import Known, Piece, SegmentState
from storagenode.protocol.body import BodyCut

PIECES_IN_FLIGHT = 2
WINDOW_PIECES = 16
WINDOW_SECONDS = 5.0
SLICE_BYTES = 512 * 1024
"""So much is awaited at a time while placed bytes wait to be recorded: 50 s for it are 10 KiB/s."""
SLOW_FILL_SECONDS = 1.0
"""Before waiting for a sender slower than this, record: placed bytes must not grow too old for it."""
SMALL_CONTENT_BYTES = 2**20
"""Up to here the whole is hashed by SHA-256 as it comes; above, only when asked for."""
SENDER_THREADS = 32

_senders = Threads(SENDER_THREADS, name="place", niceness=BULK_NICENESS)
_takers = Threads(settings.MAX_TRANSFERS + settings.SMALL_TRANSFERS, name="take", niceness=BULK_NICENESS)


@dataclass(frozen=True, slots=True)
class Glance:
    """What the database knew of the bytes of a small body, asked together with other things a moment ago."""

    digest: bytes
    size: int
    known: Known


class Source(Protocol):
    """Where bytes come from."""

    def readinto(self, view: memoryview, /) -> int:
        """Fill the view as far as the bytes go; 0 at the end. Raises BodyCut."""


class Writer:
    """Appends to one segment. Not shared between threads; after an error it is done for.

    A writer that resumed a segment is used in a `with` block: whoever comes next waits until it ends.
    """

    def __init__(
        self,
        segment: SegmentState,
        *,
        hash_whole: bool = False,
        recorded: Callable[[], None] = lambda: None,
        glance: Glance | None = None,
    ) -> None:
        self.offset = segment.recorded
        self._segment = segment
        self._is_waited_for = not segment.is_new  # a new segment is known to nobody else
        self._window: deque[tuple[Piece, Future[None] | None]] = deque()
        self._window_began = 0.0
        self._fill_seconds = 0.0
        self._hash_whole = hash_whole
        self._sha256 = hashlib.sha256() if segment.recorded == 0 else None
        self._recorded = recorded
        self._copies: list[int] = []
        self._glance = glance

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Say that no record of this writer will follow, unless another has taken over already."""
        if self._is_waited_for:
            mine = Segment.objects.filter(id=self._segment.id, writer_epoch=self._segment.epoch)
            mine.filter(is_writing=True).update(is_writing=False)

    @property
    def segment_id(self) -> UUID:
        return self._segment.id

    @property
    def epoch(self) -> int:
        """Of this writer among those of its segment."""
        return self._segment.epoch

    def append(self, source: Source, *, max_bytes: int | None = None) -> int:
        """Stream the source onto a write quorum of nodes; returns the bytes taken.

        Full windows are recorded on the way; `record` or `seal` does the rest. Raises QuorumNotReached,
        Overloaded, and SourceCut after recording what had come. No transaction may be open.
        """
        began_at = self.offset
        end = None if max_bytes is None else began_at + max_bytes
        try:
            if self.offset != end and self._take_next(source, began_at, end):
                give_back_connection()
                rest = partial(self._take_rest, source, began_at, end)
                _takers.submit(rest).result()
            self._placed_pieces()  # so that `seal` never waits for a node inside a transaction
        except BaseException:
            give_back_connection()
            wait([future for _, future in self._window if future is not None])  # their buffers go back
            raise
        return self.offset - began_at

    def record(self) -> None:
        """Record all that was taken, in a transaction of its own."""
        if pieces := self._placed_pieces():
            with transaction.atomic(durable=True):
                recording.record(self._segment, pieces)
            self._window.clear()
            self._recorded()

    def seal(self) -> tuple[UUID, int, bytes | None]:
        """Record the rest, close the segment for good, and make it a content, in the caller's transaction.

        Returns the content's id, its size, and its SHA-256 where known. The caller points a version at it
        before that transaction ends. A second seal is refused: a sealed segment has no writer.
        """
        content_id = uuid7()
        self._seal(content_id)
        return content_id, self.offset, self.sha256()

    def seal_within(
        self, statement: str, further: Callable[[UUID, int], Sequence[object]]
    ) -> tuple[Any, ...]:
        """Seal by a statement of the caller's, which has `{seal}` where a content is made of the segment.

        One call and, outside of a transaction, one transaction: no lock waits for another round trip. The
        call stands before any placeholder of the `further` parameters, which are made from the content's id
        and size. Returns the statement's row; when it fails, nothing was sealed.
        """
        content_id = uuid7()
        return self._seal(content_id, statement, further(content_id, self.offset))

    def _seal(
        self, content_id: UUID, statement: str = "SELECT {seal}", further: Sequence[object] = ()
    ) -> tuple[Any, ...]:
        failpoints.hit("seal.before")
        row = recording.record(
            self._segment,
            self._placed_pieces(),
            content_id=content_id,
            sha256=self.sha256(),
            statement=statement.format(seal=recording.CALL),
            further=further,
        )
        transaction.on_commit(self._recorded)
        return row

    @property
    def fewest_copies(self) -> int | None:
        """Copies of the chunk that has fewest, of those this writer took; None when there is none."""
        return min(self._copies, default=None)

    def sha256(self) -> bytes | None:
        """Return the SHA-256 of all bytes so far; None when they were not hashed."""
        if self._sha256 is None or not self._is_hashing():
            return None
        return self._sha256.digest()

    def _take_rest(self, source: Source, began_at: int, end: int | None) -> None:
        """Take all that follows the first piece, in a thread that yields to those who wait for a page."""
        try:
            while self._take_next(source, began_at, end):
                pass
        finally:
            give_back_connection()

    def _take_next(self, source: Source, began_at: int, end: int | None) -> bool:
        """Take one piece, after recording what should not wait for it; tells whether more may come."""
        if self._fill_seconds > SLOW_FILL_SECONDS or self._window_is_due():
            self.record()
        give_back_connection()
        started = time.monotonic()
        is_open, cut = self._take_piece(source, None if end is None else end - self.offset)
        self._fill_seconds = time.monotonic() - started
        if cut is not None:
            self.record()
            taken = self.offset - began_at
            raise SourceCut(f"The connection ended after {taken} bytes; go on from there.") from cut
        return is_open and self.offset != end

    def _take_piece(self, source: Source, left: int | None) -> tuple[bool, BodyCut | None]:
        """Fill one buffer and send it on its way; tells whether more may come, or how it was cut."""
        buffer = pool.take()
        is_handed_over = False
        try:
            view = memoryview(buffer)
            tail = self._read_tail(view)
            room = view[tail:] if left is None else view[tail : tail + left]
            received, cut = self._fill(source, room)
            self.offset += received
            if received:
                if self._sha256 is not None and self._is_hashing():
                    self._sha256.update(room[:received])
                is_last = received < len(room) or received == left
                is_handed_over = self._send(buffer, tail + received, is_last=is_last or cut is not None)
            return received == len(room) and cut is None, cut
        finally:
            if not is_handed_over:
                pool.give_back(buffer)

    def _fill(self, source: Source, view: memoryview) -> tuple[int, BodyCut | None]:
        """Fill the view; returns how much came, and the cut if the source ended before its end.

        While placed bytes wait to be recorded, the clock is looked at in between: they must not grow too old.
        """
        filled = 0
        try:
            while filled < len(view):
                wanted = view[filled : filled + SLICE_BYTES] if self._window else view[filled:]
                count = source.readinto(wanted)
                filled += count
                if count < len(wanted):
                    break
                if filled < len(view) and self._window_is_old():
                    self.record()
                    give_back_connection()
        except BodyCut as cut:
            return filled + cut.received, cut
        return filled, None

    def _send(self, buffer: mmap, length: int, *, is_last: bool) -> bool:
        """Place one piece, in the background unless nothing follows; tells whether the buffer went along."""
        view = memoryview(buffer)[:length]
        digest = blake3(view).digest()
        known = self._look_up(digest, length)
        piece = Piece(length=length, digest=digest, asked_at=known.asked_at)
        stored_on = known.stored_on if known.is_live else frozenset()
        if not self._window:
            self._window_began = time.monotonic()
        has_twin = any((p.digest, p.length) == (digest, length) for p, _ in self._window)
        if has_twin or placing.is_quorum(trusted := placing.reachable(stored_on)):
            if not has_twin:
                piece.placements = placing.as_placements(trusted)
            self._window.append((piece, None))
            return False
        give_back_connection()
        if is_last and not self._flying():
            piece.placements = placing.place(digest, view, stored_on=stored_on)
            self._window.append((piece, None))
            return False
        while len(flying := self._flying()) >= PIECES_IN_FLIGHT:
            flying[0].result()

        def send() -> None:
            try:
                piece.placements = placing.place(digest, view, stored_on=stored_on)
            finally:
                pool.give_back(buffer)
                give_back_connection()

        self._window.append((piece, _senders.submit(send)))
        return True

    def _look_up(self, digest: bytes, length: int) -> Known:
        """Ask what is known of a piece, unless the request's first statement has asked already."""
        glance, self._glance = self._glance, None
        if glance is not None and (glance.digest, glance.size) == (digest, length):
            return glance.known
        return recording.look_up(digest, length)

    def _read_tail(self, view: memoryview) -> int:
        """Bring back the short chunk at the end of a resumed segment, to be rewritten with what follows."""
        tail = self._segment.recorded - self._segment.rewrite_from
        if not tail or self._window:
            return 0
        at = 0
        for piece in reading.read_segment_chunk(self._segment.id, self._segment.rewrite_from):
            view[at : at + len(piece)] = piece
            at += len(piece)
        return tail

    def _placed_pieces(self) -> list[Piece]:
        if self._flying():
            give_back_connection()
        for _, future in self._window:
            if future is not None:
                future.result()
        pieces = [piece for piece, _ in self._window]
        copies = {len(piece.placements) for piece in pieces if piece.placements}
        self._copies = sorted(copies.union(self._copies))
        return pieces

    def _flying(self) -> list[Future[None]]:
        return [future for _, future in self._window if future is not None and not future.done()]

    def _window_is_due(self) -> bool:
        return self._window_is_old() or len(self._window) >= WINDOW_PIECES

    def _window_is_old(self) -> bool:
        return bool(self._window) and time.monotonic() - self._window_began > WINDOW_SECONDS

    def _is_hashing(self) -> bool:
        return self._hash_whole or self.offset <= SMALL_CONTENT_BYTES


def give_back_connection() -> None:
    """Let others use the database while bytes stream."""
    if not connection.in_atomic_block:
        connection.close()
