"""The limit of this machine: bare processes that do the same hops and copies as dfsweb, and no more."""

import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

from bench.bare import COPY, DONE, DOWNLOAD, MESSAGE, UPLOAD
from bench.payload import CHUNK_BYTES, Payload
from bench.streams import run_together
from bench.wire import connect, receive_exactly

PROJECT = Path(__file__).resolve().parent.parent
STREAMS = 4


class Limit:
    """Two bare nodes, a relay, and one for small files; a context manager that ends them."""

    def __init__(self, folder: Path) -> None:
        self._folders = [folder / "bare-1", folder / "bare-2"]
        self._processes: list[subprocess.Popen[bytes]] = []
        self._next_id = 0
        self._stored: list[tuple[int, Payload]] = []

    def __enter__(self) -> "Limit":
        for folder in self._folders:
            folder.mkdir(parents=True)
        ports = [self._start("node", str(folder)) for folder in self._folders]
        relay = self._start("relay", *map(str, ports))
        self.files_port = self._start("files", *map(str, ports))
        self._connections = [connect(relay) for _ in range(STREAMS)]
        self._buffers = [memoryview(bytearray(CHUNK_BYTES)) for _ in range(STREAMS)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._connections:
            connection.close()
        for process in reversed(self._processes):
            process.communicate()  # closes its standard input and waits

    def parts(self) -> dict[str, int]:
        """The process id of each part."""
        names = ["node", "node", "relay", "files"]
        pids = (process.pid for process in self._processes)
        return {f"{name}-{pid}": pid for name, pid in zip(names, pids, strict=True)}

    def upload(self, payloads: Sequence[Payload]) -> float:
        """Send the payloads at once, one stream each; returns the seconds until all were confirmed."""
        self._stored = []
        for payload in payloads:
            self._stored.append((self._next_id, payload))
            self._next_id += len(payload)
        return run_together([partial(self._send, stream) for stream in range(len(payloads))])

    def download(self) -> float:
        """Read back what the last upload sent, in as many streams; returns the seconds."""
        return run_together([partial(self._receive, stream) for stream in range(len(self._stored))])

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> float:
        """Read ranges of the first payload one after the other; returns the seconds."""
        return run_together([partial(self._read_ranges, ranges)])

    def copy(self) -> float:
        """Copy every chunk of the first payload to the second node; returns the seconds."""
        first_id, payload = self._stored[0]
        return run_together([partial(self._ask, 0, MESSAGE.pack(COPY, first_id, len(payload), 0))])

    def forget(self) -> None:
        """Remove what is stored."""
        self._stored = []
        for folder in self._folders:
            for file in folder.iterdir():
                file.unlink()

    def _send(self, stream: int) -> None:
        first_id, payload = self._stored[stream]
        connection = self._connections[stream]
        connection.sendall(MESSAGE.pack(UPLOAD, first_id, payload.size_bytes, 0))
        for chunk in payload.chunks():
            connection.sendall(chunk)
        self._ask(stream, b"")

    def _ask(self, stream: int, message: bytes) -> None:
        self._connections[stream].sendall(message)
        if self._connections[stream].recv(1) != DONE:
            raise ConnectionError("the relay did not confirm")

    def _receive(self, stream: int) -> None:
        first_id, payload = self._stored[stream]
        connection = self._connections[stream]
        connection.sendall(MESSAGE.pack(DOWNLOAD, first_id, 0, payload.size_bytes))
        for number in range(len(payload)):
            receive_exactly(connection, self._buffers[stream])
            payload.check_stamp(number, self._buffers[stream])

    def _read_ranges(self, ranges: Sequence[tuple[int, int]]) -> None:
        first_id, payload = self._stored[0]
        for start, stop in ranges:
            self._connections[0].sendall(MESSAGE.pack(DOWNLOAD, first_id, start, stop))
            piece = bytearray(stop - start)
            receive_exactly(self._connections[0], memoryview(piece))
            assert piece == payload.slice(start, stop)

    def _start(self, *arguments: str) -> int:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.bare", *arguments],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"a bare {arguments[0]} did not start")
        return int(line)
