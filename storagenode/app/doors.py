"""What each route does: take the request apart, one call to the store, present the answer."""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any

from storagenode.app.access import Keys
from storagenode.app.metrics import Metrics
from storagenode.app.replies import Reply, json_reply, read_now
from storagenode.app.requests import Request
from storagenode.errors import BadRequest, NotReached, RangeUnsatisfiable
from storagenode.protocol.body import STALL_SECONDS
from storagenode.protocol.names import parse_name
from storagenode.store import listing
from storagenode.store.chunks import ChunkStore, Outcome
from storagenode.store.identity import filesystem_id
from storagenode.version import VERSION
from storagenode.worker import ONE_PACKET_BYTES

MAX_NAMES = 1000
DEFAULT_PAGE = 1000
MAX_PAGE = 10_000
MAX_REASON_LENGTH = 200
MAX_WATERMARK = 2**53 - 1
"""What every reader of JSON keeps exactly, and far beyond what counting will ever reach."""

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class Doors:
    """The routes of one node's store."""

    def __init__(self, store: ChunkStore, metrics: Metrics, keys: Keys) -> None:
        self.store = store
        self.metrics = metrics
        self.keys = keys

    def put_chunk(self, request: Request) -> Reply:
        """201: stored and durable; 200: was there, read again and good."""
        parse_name(request.name)
        size_bytes = request.body.remaining or 0
        outcome = self.store.put(request.name, request.body, size_bytes)
        if outcome is Outcome.KEPT:
            request.body.drain(size_bytes, timeout_seconds=STALL_SECONDS)
        return Reply(201 if outcome is Outcome.STORED else 200)

    def get_chunk(self, request: Request) -> Reply:
        """The file as it is; who reads it checks it."""
        parse_name(request.name)
        fd, size_bytes = self.store.open(request.name)
        reply = Reply(200)
        reply.headers = [("Content-Type", "application/octet-stream"), ("Accept-Ranges", "bytes")]
        first, last = 0, size_bytes - 1
        wanted = request.environ.get("HTTP_RANGE")
        match = _RANGE.fullmatch(wanted) if wanted else None
        if match is not None and match.group() != "bytes=-":
            try:
                first, last = _resolve(match[1], match[2], size_bytes)
            except RangeUnsatisfiable:
                os.close(fd)
                raise
            reply.status = 206
            reply.headers.append(("Content-Range", f"bytes {first}-{last}/{size_bytes}"))
        reply.length = last - first + 1
        reply.file = (fd, first, reply.length)
        # What leaves with its head is read: the kernel's sending of files costs many calls more.
        return read_now(reply) if reply.length <= ONE_PACKET_BYTES else reply

    def head_chunk(self, request: Request) -> Reply:
        """The file's size; says nothing about its bytes, that is what verify is for."""
        parse_name(request.name)
        reply = Reply(200, length=self.store.size(request.name))
        reply.headers = [("Content-Type", "application/octet-stream"), ("Accept-Ranges", "bytes")]
        return reply

    def delete_chunk(self, request: Request) -> Reply:
        """204, also when it was not there."""
        parse_name(request.name)
        self.store.delete(request.name)
        return Reply(204)

    def list_chunks(self, request: Request) -> Reply:
        """A page of names in order, with `sizes=1` the size of each file beside it."""
        arguments = request.arguments
        text = arguments.get("limit", str(DEFAULT_PAGE))
        if not text.isdecimal() or not 1 <= int(text) <= MAX_PAGE:
            raise BadRequest(f"limit is a number from 1 to {MAX_PAGE}")
        after = arguments.get("after", "")
        if after:
            parse_name(after)
        with_sizes = arguments.get("sizes") == "1"
        page = listing.list_page(self.store.folders, after=after, limit=int(text), with_sizes=with_sizes)
        content: dict[str, Any] = {
            "store": self.store.watch.marker.store_id,
            "names": page.names,
            "next": page.next,
            "complete": page.is_complete,
        }
        if page.sizes is not None:
            content["sizes"] = page.sizes
        return json_reply(content)

    def verify(self, request: Request) -> Reply:
        """Hash a batch of chunk files again."""
        names, _ = _batch(request)
        return json_reply({"results": {name: self.store.verify(name) for name in names}})

    def quarantine(self, request: Request) -> Reply:
        """Put a batch of chunk files aside."""
        names, payload = _batch(request)
        reason = payload.get("reason")
        if not isinstance(reason, str) or not 0 < len(reason) <= MAX_REASON_LENGTH:
            raise BadRequest(f"reason is a text of at most {MAX_REASON_LENGTH} characters")
        taken = {name: self.store.put_aside(name, reason) for name in names}
        results = {name: "quarantined" if is_taken else "missing" for name, is_taken in taken.items()}
        return json_reply({"results": results})

    def probe(self, request: Request) -> Reply:
        """Try the disk, keep the watermark told, then answer as status does, with those before and after."""
        told = _watermark(request)
        self.store.probe()
        before, highest = self.store.keep_watermark(told)
        return json_reply(self._status() | {"watermark": highest, "watermark_before": before})

    def status(self, request: Request) -> Reply:
        """Who this store is and how full."""
        return json_reply(self._status())

    def _status(self) -> dict[str, Any]:
        store = self.store
        return {
            "store_id": store.watch.marker.store_id,
            "cluster_id": store.watch.marker.cluster_id,
            "filesystem_id": filesystem_id(store.folders.root),
            "capacity_bytes": store.room.capacity_bytes(),
            "free_bytes": store.room.free_bytes(),
            "chunks": store.tally.chunks,
            "used_bytes": store.tally.used_bytes,
            "counted": store.tally.is_complete,
            "quarantined": len(store.quarantine),
            "version": VERSION,
            "time": time.time(),
            "read_only": store.read_only_reason is not None,
            "received_bytes": self.metrics.received_bytes,
            "sent_bytes": self.metrics.sent_bytes,
        }

    def scrape(self, request: Request) -> Reply:
        """The node's figures for Prometheus."""
        content_type = ("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        return Reply(200, self.metrics.text(self.store), [content_type])

    def healthz(self, request: Request) -> Reply:
        """The process answers; whether the disk does is what probe finds out."""
        return Reply(200, b"ok\n", [("Content-Type", "text/plain")])

    def readyz(self, request: Request) -> Reply:
        """The node has joined, its store is there, and its cluster has reached it since it started."""
        self.keys.current()
        self.store.watch.check()
        if not self.keys.were_used:
            raise NotReached
        return Reply(200, b"ready\n", [("Content-Type", "text/plain")])


def _watermark(request: Request) -> int:
    """Read the number a probe tells; 0 when it tells none."""
    if not request.payload:
        return 0
    payload = _object(request)
    number = payload.get("watermark", 0)
    if type(number) is not int or not 0 <= number <= MAX_WATERMARK:
        raise BadRequest(f"watermark is a whole number of at most {MAX_WATERMARK}")
    return number


def _resolve(first: str, last: str, size_bytes: int) -> tuple[int, int]:
    """Turn a Range into first and last byte (RFC 9110, 14.1.2)."""
    if not first:
        length = min(int(last), size_bytes)
        if not length:
            raise RangeUnsatisfiable(size_bytes)
        return size_bytes - length, size_bytes - 1
    begin = int(first)
    end = min(int(last), size_bytes - 1) if last else size_bytes - 1
    if begin >= size_bytes or end < begin:
        raise RangeUnsatisfiable(size_bytes)
    return begin, end


def _object(request: Request) -> dict[str, Any]:
    try:
        payload = json.loads(request.payload)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is no JSON") from error
    if not isinstance(payload, dict):
        raise BadRequest("the body is no JSON object")
    return payload


def _batch(request: Request) -> tuple[list[str], dict[str, Any]]:
    payload = _object(request)
    names = payload.get("names")
    if not isinstance(names, list) or len(names) > MAX_NAMES or not all(isinstance(n, str) for n in names):
        raise BadRequest(f"names is a list of at most {MAX_NAMES} chunk names")
    for name in names:
        parse_name(name)
    return names, payload
