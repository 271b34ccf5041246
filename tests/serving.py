"""Has a server of the standard library serve in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from typing import TypeVar

AServer = TypeVar("AServer", bound=BaseServer)


@contextmanager
def serving(server: AServer) -> Iterator[AServer]:
    """Let it serve until the block ends; its thread has ended and its port is free then."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
