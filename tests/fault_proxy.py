"""A TCP proxy that spoils what passes through it: delay, low rate, cut, black hole, refusal.

Faults are set from any thread, by plain attributes, and act on open connections too. The counters say what
was really injected: a test whose fault did not happen proves nothing.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

PIECE_BYTES = 16 * 1024
PIECES_UNDER_WAY = 128
"""What is delayed is kept here, at most so much a direction of a connection."""
RESET_AT_CLOSE = struct.pack("ii", 1, 0)

T = TypeVar("T")
Pair = tuple[asyncio.StreamWriter, asyncio.StreamWriter]


class Link:
    """One direction: the faults wanted of it, and what was done to the bytes that came."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.delay_seconds = 0.0
        """Added to every piece; as a long line does it, not as a narrow one."""
        self.bytes_per_second: float | None = None
        """How much each connection carries."""
        self.bytes_passed = 0
        self.pieces_delayed = 0
        self.bytes_held = 0
        """How much met a black hole."""
        self.cuts = 0
        self._loop = loop
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._black_hole = False
        self._cut_after_bytes: int | None = None
        self._order = 0

    @property
    def black_hole(self) -> bool:
        """While it is set nothing arrives and nobody is told; what was sent arrives when it ends, as TCP
        sends again what was not acknowledged."""
        return self._black_hole

    @black_hole.setter
    def black_hole(self, wanted: bool) -> None:
        self._black_hole = wanted
        self._loop.call_soon_threadsafe(self._is_open.clear if wanted else self._is_open.set)

    @property
    def cut_after_bytes(self) -> int | None:
        """Each connection is reset, both ways, when so many more bytes have passed; None: never."""
        return self._cut_after_bytes

    @cut_after_bytes.setter
    def cut_after_bytes(self, wanted: int | None) -> None:
        self._cut_after_bytes = wanted
        self._order += 1

    async def carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> bool:
        """Carry bytes until the source ends; tells whether the connection is to be cut."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(PIECES_UNDER_WAY)
        taking = asyncio.ensure_future(self._take(source, under_way))
        try:
            return await self._deliver(under_way, sink)
        except OSError:  # one side is gone, and the other is to hear of it
            return True
        finally:
            taking.cancel()

    async def _take(
        self, source: asyncio.StreamReader, under_way: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        free_at = 0.0
        while True:
            try:
                piece = await source.read(PIECE_BYTES)
            except OSError:
                piece = b""
            due = self._loop.time() + self.delay_seconds
            if self.bytes_per_second and piece:
                due = free_at = max(due, free_at) + len(piece) / self.bytes_per_second
            await under_way.put((due, piece))
            if not piece:
                return

    async def _deliver(
        self, under_way: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
    ) -> bool:
        order, passed = self._order, 0
        while True:
            due, piece = await under_way.get()
            if (wait := due - self._loop.time()) > 0:
                self.pieces_delayed += bool(piece)
                await asyncio.sleep(wait)
            if self._black_hole:
                self.bytes_held += len(piece)
                await self._is_open.wait()
            if not piece:
                if sink.can_write_eof() and not sink.is_closing():
                    sink.write_eof()
                return False
            if order != self._order:
                order, passed = self._order, 0
            limit = self._cut_after_bytes
            is_cut = limit is not None and passed + len(piece) > limit
            if is_cut:
                piece = piece[: max(limit - passed, 0)]
            passed += len(piece)
            self.bytes_passed += len(piece)  # before whoever receives it can look
            sink.write(piece)
            await sink.drain()
            if is_cut:
                self.cuts += 1
                return True


class FaultProxy:
    """Listens on a port of its own on loopback and passes everything on to the target.

    `to_target` carries requests, `to_client` replies. `refuse` resets new connections; `reset_all` open ones.
    """

    def __init__(self, target_port: int, *, port: int = 0, target_host: str = "127.0.0.1") -> None:
        self.target = (target_host, target_port)
        """Where new connections go; may be changed."""
        self.refuse = False
        self.connections = 0
        self.refusals = 0
        self.resets = 0
        self._open: set[Pair] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._thread.start()
        self.to_target = Link(self._loop)
        self.to_client = Link(self._loop)
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", port))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def black_hole(self) -> bool:
        return self.to_target.black_hole or self.to_client.black_hole

    @black_hole.setter
    def black_hole(self, wanted: bool) -> None:
        """Both ways at once."""
        self.to_target.black_hole = self.to_client.black_hole = wanted

    @property
    def open_connections(self) -> int:
        """How many connections go through to the target now."""
        return len(self._open)

    def heal(self) -> None:
        """End every fault; the counters stay."""
        self.refuse = False
        for link in (self.to_target, self.to_client):
            link.delay_seconds = 0.0
            link.bytes_per_second = None
            link.cut_after_bytes = None
            link.black_hole = False

    def reset_all(self) -> int:
        """Reset every open connection, both ends; returns how many."""
        return self._run(self._reset_all())

    def close(self) -> None:
        """Stop listening and drop what is open."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuse:
            self.refusals += 1
            _reset(writer)
            return
        try:
            target_reader, target_writer = await asyncio.open_connection(*self.target)
        except (OSError, asyncio.CancelledError):  # nobody listens there: nobody listens here
            _reset(writer)
            return
        pair = (writer, target_writer)
        self._open.add(pair)
        carried = [
            asyncio.ensure_future(self.to_target.carry(reader, target_writer)),
            asyncio.ensure_future(self.to_client.carry(target_reader, writer)),
        ]
        try:
            for ended in asyncio.as_completed(carried):
                if await ended:
                    break
        except asyncio.CancelledError:  # the proxy is closed; asyncio wants no task of a server cancelled
            pass
        finally:  # without another wait: whoever is cancelled twice would leave something open
            self._open.discard(pair)
            for task in carried:
                task.cancel()
            for end in pair:
                _reset(end)

    async def _reset_all(self) -> int:
        pairs = list(self._open)
        for pair in pairs:
            for end in pair:
                _reset(end)
        self.resets += len(pairs)
        return len(pairs)

    async def _end(self) -> None:
        self._server.close()
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close their sockets in the next round


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
    writer.transport.abort()
