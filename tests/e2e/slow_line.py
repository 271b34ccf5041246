"""A slow line between the browser and the gateway: a relay that lets only so many bytes a second go up."""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType

PIECE_BYTES = 64 * 1024
# Small buffers: what fills them counts as sent in the browser's eyes.
BUFFER_BYTES = 128 * 1024
SLOW = 2**17
"""Bytes a second: time enough to do something meanwhile, on any machine."""


class SlowLine:
    """Relays connections to a port; a context manager that ends with all of them."""

    def __init__(self, to_port: int, *, bytes_a_second: int | None) -> None:
        self.bytes_a_second = bytes_a_second
        """None is as fast as it goes; may be changed at any time."""
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "SlowLine":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in (self._listener, *self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                browser, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=[browser], daemon=True).start()

    def _connect(self, browser: socket.socket) -> None:
        try:
            gateway = socket.create_connection(("127.0.0.1", self._to_port))
        except OSError:
            browser.close()  # the gateway is down: so the browser sees it
            return
        self._open += [browser, gateway]
        threading.Thread(target=self._relay, args=[gateway, browser], daemon=True).start()
        self._relay(browser, gateway, is_up=True)

    def _relay(self, source: socket.socket, target: socket.socket, *, is_up: bool = False) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                target.sendall(piece)
                if is_up and (rate := self.bytes_a_second):
                    time.sleep(len(piece) / rate)  # this is the line's slowness
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
