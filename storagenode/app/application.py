"""The WSGI callable: route, judge, do, answer; errors become problems, bodies are finished or cut."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from storagenode import log
from storagenode.app import replies, routes
from storagenode.app.access import Access, Gate
from storagenode.app.doors import Doors
from storagenode.app.replies import Reply
from storagenode.app.requests import Request
from storagenode.errors import NodeError
from storagenode.protocol import request_ids
from storagenode.protocol.body import BodyCut, close_after_reply
from storagenode.protocol.names import BadName
from storagenode.protocol.signing import SignatureRefused

DRAIN_BYTES = 8 * 1024 * 1024
"""A refused body up to this length is read and dropped: the reply arrives and the connection is kept."""

_ORDINARY = {404, 416}
"""Answers that are no news: a HEAD that asks whether a chunk is there."""

_ASKED_ALL_THE_TIME = "/readyz"
"""A health check reads its answers; in the log they would bury the reason, which is there already."""


class Application:
    """One storage node as a WSGI application."""

    def __init__(self, *, doors: Doors, gate: Gate) -> None:
        self._doors = doors
        self._gate = gate

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.perf_counter()
        request = Request(environ)
        request_ids.current.set(request.request_id)
        length = request.body.remaining or 0
        reply = self._answer(request)
        if request.body.remaining != 0 and not request.body.drain(DRAIN_BYTES):
            close_after_reply(start_response)
        sent = len(reply.content) if reply.length is None else reply.length
        self._doors.metrics.note(
            method=request.method,
            status=reply.status,
            seconds=time.perf_counter() - began,
            bytes_in=length - (request.body.remaining or 0),
            bytes_out=0 if request.method == "HEAD" else sent,
        )
        reply.headers += [("Content-Length", str(sent)), ("X-Request-Id", request.request_id)]
        start_response(reply.line, reply.headers)
        return () if request.method == "HEAD" else replies.body_of(reply, environ)

    def _answer(self, request: Request) -> Reply:
        try:
            route = routes.find(request)
            self._gate.authorise(request, route.rules)
            if route.rules.access is Access.SIGNED:
                self._doors.store.watch.check()
            return route.door(self._doors, request)
        except (NodeError, SignatureRefused, BadName, BodyCut) as refusal:
            reply = replies.problem(refusal, request_id=request.request_id)
            if reply.status not in _ORDINARY and request.path != _ASKED_ALL_THE_TIME:
                self._log(request, reply, refusal)
            return reply
        except Exception as error:  # noqa: BLE001  recorded, with its traceback, and answered as a 500
            reply = replies.problem(error, request_id=request.request_id)
            self._log(request, reply, error, traceback=True)
            return reply

    def _log(self, request: Request, reply: Reply, error: Exception, *, traceback: bool = False) -> None:
        log.failure(
            "request_failed",
            is_ours=reply.status >= 500,
            traceback=traceback,
            peer=request.environ.get("REMOTE_ADDR"),
            method=request.method,
            path=request.path[:200],
            status=reply.status,
            error=f"{type(error).__name__}: {error}",
        )
