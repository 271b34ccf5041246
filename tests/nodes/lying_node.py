"""A real node whose answers are changed on their way: what a broken disk, node or line would say."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.serving import serving

Lie = Callable[[int, bytes], tuple[int, bytes]]
"""Takes the status and the body of the true answer, gives those that are sent."""


@dataclass(frozen=True)
class refuse:
    """The node does nothing and says so."""

    status: int = 500


@dataclass(frozen=True)
class Call:
    """What a node was asked, and for which request or task."""

    method: str
    request_id: str


@contextmanager
def lying(
    port: int, lies: dict[tuple[str, str], Lie | refuse], heard: list[Call] | None = None
) -> Iterator[str]:
    """Stand before the node at this port; `lies` by method and path without query. Yields the address.

    What is asked of the node is put into `heard`.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if heard is not None:
                heard.append(Call(self.command, self.headers["X-Request-Id"]))
            lie = lies.get((self.command, self.path.partition("?")[0]))
            if isinstance(lie, refuse):
                self.send(lie.status, b'{"code": "io_error"}')
                return
            node = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            try:
                node.request(self.command, self.path, body or None, dict(self.headers))
                reply = node.getresponse()
                status, content = reply.status, reply.read()
            finally:
                node.close()
            if lie is not None:
                status, content = lie(status, content)
            self.send(status, content)

        def send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def lose(*_: object) -> tuple[int, bytes]:
    """The node did what it was asked, and its answer is lost."""
    return 502, b""


def change(edit: Callable[[Any], Any]) -> Lie:
    """Let the node answer as it would, but with this change to its JSON."""
    return lambda status, body: (status, json.dumps(edit(json.loads(body))).encode())


def say(verdict: str) -> Lie:
    """Have a second look find this of everything."""
    return change(lambda told: {"results": dict.fromkeys(told["results"], verdict)})


VERIFY = ("POST", "/v1/verify")
QUARANTINE = ("POST", "/v1/quarantine")
LISTING = ("GET", "/v1/chunks")
PROBE = ("POST", "/v1/probe")
