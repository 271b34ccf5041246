"""A WSGI application that tells what it read of each body, and how."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from storagenode.protocol.body import BodyCut, RequestBody

BUFFER_BYTES = 1024 * 1024
LOOKED = "looked at what is at hand"
"""Written to the log then."""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    asked = parse_qs(environ["QUERY_STRING"])
    path = environ["PATH_INFO"]
    stall = float(asked.get("seconds", ["30"])[0])
    environ["wsgi.input"] = Counting(environ["wsgi.input"])
    body = RequestBody(environ, stall_seconds=stall, may_cut_slow=lambda: path == "/slow")
    answer: dict[str, Any]
    try:
        if path == "/drain":
            answer = {"drained": body.drain(int(asked["limit"][0]), timeout_seconds=stall)}
        elif path == "/at-hand":
            glimpse = body.at_hand(int(asked["limit"][0]))
            sys.stderr.write(f"{LOOKED}\n")
            answer = read(body, environ) | {
                "at_hand": None if glimpse is None else hashlib.sha256(glimpse).hexdigest()
            }
        elif path == "/part":
            answer = read(body, environ, limit=10)
        else:
            answer = read(body, environ)
    except BodyCut as cut:
        answer = {"cut": str(cut)}
    content = json.dumps(answer).encode()
    start_response("200 OK", [("Content-Length", str(len(content)))])
    return [content]


def read(body: RequestBody, environ: dict[str, Any], *, limit: int | None = None) -> dict[str, Any]:
    view = memoryview(bytearray(limit or BUFFER_BYTES))
    hasher = hashlib.sha256()
    size = 0
    while count := body.readinto(view):
        hasher.update(view[:count])
        size += count
        if limit:
            break
    return {"size": size, "sha256": hasher.hexdigest(), "is_fast": not environ["wsgi.input"].reads}


class Counting:
    """Counts the reads that went the slow way."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.reads = 0

    def read(self, size: int) -> Any:
        self.reads += 1
        return self._inner.read(size)

    @property
    def failed(self) -> bool:
        return bool(self._inner.failed)

    @failed.setter
    def failed(self, is_failed: bool) -> None:
        self._inner.failed = is_failed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
