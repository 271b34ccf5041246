"""The limit's processes: a node that hashes, writes and syncs, and a relay that hashes. Nothing else.

`python -m bench.bare node FOLDER`, `… relay PORT PORT` and `… files PORT PORT` (small files, by HTTP) print
their port and end with their standard input. Messages to a node or a relay begin with an operation and three
numbers.
"""

import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from blake3 import blake3

from bench.payload import CHUNK_BYTES, SMALL_BYTES
from bench.wire import connect, receive_exactly

MESSAGE = struct.Struct("<cQQQ")
PUT, GET = b"P", b"G"  # to a node: chunk id, length
UPLOAD, DOWNLOAD, COPY = b"U", b"D", b"C"  # to the relay: first chunk id, then length, or start and stop
DONE = b"+"
LANES = 4
"""Chunks under way: up, two are sent while one is received; down, three come while one leaves."""
COPY_BIT = 1 << 63  # copies lie under an id of their own, as they would on another node


class Node:
    """Keeps chunks as files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def serve(self, connection: socket.socket) -> None:
        buffer = memoryview(bytearray(CHUNK_BYTES))
        while message := _next(connection):
            operation, chunk_id, length, _ = message
            if operation == PUT:
                self._put(connection, chunk_id, buffer[:length])
            else:
                self._get(connection, chunk_id, length)

    def _put(self, connection: socket.socket, chunk_id: int, view: memoryview) -> None:
        receive_exactly(connection, view)
        blake3(view).digest()
        file = os.open(self._file(chunk_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        written = 0
        while written < len(view):
            written += os.write(file, view[written:])
        os.fsync(file)
        os.close(file)
        connection.sendall(DONE)

    def _get(self, connection: socket.socket, chunk_id: int, length: int) -> None:
        file = os.open(self._file(chunk_id), os.O_RDONLY)
        sent = 0
        while sent < length:
            sent += os.sendfile(connection.fileno(), file, sent, length - sent)
        os.close(file)

    def _file(self, chunk_id: int) -> Path:
        return self._folder / f"{chunk_id:016x}"


class Lane:
    """One chunk's way to the nodes or from one of them: a kept buffer and kept connections."""

    def __init__(self, ports: list[int]) -> None:
        self.buffer = memoryview(bytearray(CHUNK_BYTES))
        self.work: Future[memoryview] | None = None
        self._nodes = [connect(port) for port in ports]

    def put(self, chunk_id: int) -> memoryview:
        for node in self._nodes:
            _put(node, chunk_id, self.buffer)
        for node in self._nodes:
            _await(node)
        return self.buffer

    def get(self, chunk_id: int, digests: dict[int, bytes]) -> memoryview:
        node = self._nodes[chunk_id % len(self._nodes)]
        node.sendall(MESSAGE.pack(GET, chunk_id, CHUNK_BYTES, 0))
        receive_exactly(node, self.buffer)
        if blake3(self.buffer).digest() != digests[chunk_id]:
            raise ValueError("a chunk does not match its digest")
        return self.buffer

    def copy(self, chunk_id: int, digests: dict[int, bytes]) -> memoryview:
        view = self.get(chunk_id, digests)
        _put(self._nodes[-1], chunk_id | COPY_BIT, view)
        _await(self._nodes[-1])
        return view


class Relay:
    """Stands where the gateway stands."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._digests: dict[int, bytes] = {}

    def serve(self, connection: socket.socket) -> None:
        lanes = [Lane(self._ports) for _ in range(LANES)]
        with ThreadPoolExecutor(LANES) as threads:
            while message := _next(connection):
                operation, first_id, start, stop = message
                if operation == UPLOAD:
                    self._upload(connection, lanes[:-1], threads, first_id, start)
                elif operation == DOWNLOAD:
                    self._download(connection, lanes, threads, first_id, start, stop)
                else:
                    self._copy(connection, lanes, threads, first_id, start)

    def _upload(
        self,
        client: socket.socket,
        lanes: list[Lane],
        threads: ThreadPoolExecutor,
        first_id: int,
        length: int,
    ) -> None:
        for number in range(length // CHUNK_BYTES):
            lane = lanes[number % len(lanes)]
            _settle(lane)
            receive_exactly(client, lane.buffer)
            self._digests[first_id + number] = blake3(lane.buffer).digest()
            lane.work = threads.submit(lane.put, first_id + number)
        for lane in lanes:
            _settle(lane)
        client.sendall(DONE)

    def _download(
        self,
        client: socket.socket,
        lanes: list[Lane],
        threads: ThreadPoolExecutor,
        first_id: int,
        start: int,
        stop: int,
    ) -> None:
        begin = start // CHUNK_BYTES
        numbers = range(begin, -(-stop // CHUNK_BYTES))
        for number in numbers[: len(lanes)]:
            lane = lanes[number % len(lanes)]
            lane.work = threads.submit(lane.get, first_id + number, self._digests)
        for number in numbers:
            lane = lanes[number % len(lanes)]
            view = _settle(lane)
            offset = number * CHUNK_BYTES
            client.sendall(view[max(start - offset, 0) : stop - offset])
            if number + len(lanes) in numbers:
                ahead = first_id + number + len(lanes)
                lane.work = threads.submit(lane.get, ahead, self._digests)

    def _copy(
        self, client: socket.socket, lanes: list[Lane], threads: ThreadPoolExecutor, first_id: int, count: int
    ) -> None:
        for number in range(count):
            lane = lanes[number % len(lanes)]
            _settle(lane)
            lane.work = threads.submit(lane.copy, first_id + number, self._digests)
        for lane in lanes:
            _settle(lane)
        client.sendall(DONE)


class Files:
    """Stands where the gateway stands for small files: as much of HTTP as it takes to tell them apart."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._digests: dict[int, bytes] = {}

    def serve(self, connection: socket.socket) -> None:
        nodes = [connect(port) for port in self._ports]
        with connection.makefile("rb") as requests:
            while request_line := requests.readline():
                method, target, _ = request_line.split(b" ", 2)
                number, length = int(target.rpartition(b"/")[2]), 0
                while header := requests.readline().strip():
                    if header.startswith(b"Content-Length:"):
                        length = int(header[15:])
                if method == b"PUT":
                    body = requests.read(length)
                    self._digests[number] = blake3(body).digest()
                    for node in nodes:
                        _put(node, number, body)
                    for node in nodes:
                        _await(node)
                    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
                else:
                    body = self._get(nodes[number % len(nodes)], number)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    def _get(self, node: socket.socket, number: int) -> bytes:
        body = bytearray(SMALL_BYTES)
        node.sendall(MESSAGE.pack(GET, number, len(body), 0))
        receive_exactly(node, memoryview(body))
        if blake3(body).digest() != self._digests[number]:
            raise ValueError("a file does not match its digest")
        return bytes(body)


def _settle(lane: Lane) -> memoryview:
    work, lane.work = lane.work, None
    return work.result() if work is not None else lane.buffer


def _put(node: socket.socket, chunk_id: int, view: memoryview | bytes) -> None:
    node.sendall(MESSAGE.pack(PUT, chunk_id, len(view), 0))
    node.sendall(view)


def _await(node: socket.socket) -> None:
    if node.recv(1) != DONE:
        raise ConnectionError("a node did not confirm a chunk")


def _next(connection: socket.socket) -> tuple[bytes, int, int, int] | None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 0, 0))
    received = connection.recv(MESSAGE.size, socket.MSG_WAITALL)
    return MESSAGE.unpack(received) if len(received) == MESSAGE.size else None


def main(arguments: list[str]) -> None:
    serve: Callable[[socket.socket], None]
    if arguments[0] == "node":
        serve = Node(Path(arguments[1])).serve
    else:
        roles: dict[str, type[Relay | Files]] = {"relay": Relay, "files": Files}
        serve = roles[arguments[0]]([int(port) for port in arguments[1:]]).serve
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_serve_one, args=(serve, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.buffer.read()  # until whoever started this ends
    os._exit(0)  # lanes and connections have nothing to lose


def _serve_one(serve: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection:  # an error ends the connection, which the measurement notices
        serve(connection)


if __name__ == "__main__":
    main(sys.argv[1:])
