"""Resumable uploads as clients make them: in parts, with pauses and breaks, and writers that come late."""

from __future__ import annotations

import base64
import http.client
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from tests.cluster.client import TUS
from tests.torture import content
from tests.torture.history import Operation

if TYPE_CHECKING:
    from tests.torture.workload import Worker

PATIENCE_SECONDS = 15.0
HANGS_SHARE = 0.15
"""So many uploads have a writer that stops in mid-request and sends the rest when another has gone on."""
LATE_SECONDS = 10


def upload(worker: Worker, path: str, length: int) -> bool:
    """Upload in parts with pauses, going on from where the service says after any break."""
    op = worker.history.invoke("tus", path, length=length)
    worker.world.lengths[op.number] = length
    name = path.rpartition("/")[2]
    fields = {"filename": name, "path": path, "on_conflict": "replace"}
    metadata = ",".join(f"{key} {base64.b64encode(v.encode()).decode()}" for key, v in fields.items())
    try:
        made = worker.client.call(
            "POST", "/uploads", headers=TUS | {"Upload-Length": str(length), "Upload-Metadata": metadata}
        )
    except requests.RequestException as error:
        return worker.end(op, "fail", None, repr(error))  # a made upload without bytes has no effect
    if made.status_code != 201:
        return worker.refused(op, made, "fail")
    place = urlsplit(made.headers["Location"]).path.removeprefix("/api/v1")
    body = content.make(worker.world.seed, op.number, length)
    late = None
    if len(body) > 1 and worker.rng.random() < HANGS_SHARE:
        late = LateWriter(worker, place, body)
    try:
        return _send_parts(worker, op, place, body, may_be_done=late is not None)
    finally:
        if late is not None and late.is_refused():
            worker.world.saw("stale writer refused")


def _send_parts(worker: Worker, op: Operation, place: str, body: bytes, *, may_be_done: bool) -> bool:
    is_broken = False
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            asked = worker.client.head_upload(place)
            if asked.status_code in (404, 410):
                return worker.end(op, "info" if may_be_done else "fail", asked.status_code)
            sent = asked
            if asked.status_code == 200 and "Dfs-Entry" not in asked.headers:
                offset = int(asked.headers["Upload-Offset"])
                part = body[offset : offset + worker.rng.randrange(1, len(body) + 1)]
                may_be_done |= offset + len(part) == len(body)
                sent = worker.client.patch(place, offset, part)
                worker.look_at(op, sent)
            if sent.status_code in (200, 204) and "Dfs-Entry" in sent.headers:
                if is_broken:
                    worker.world.saw("upload resumed")
                return worker.acknowledged(op, sent.status_code)
        except requests.RequestException:
            is_broken = True  # asked again until the deadline
        time.sleep(worker.rng.uniform(0, 0.3))
    return worker.end(op, "info" if may_be_done else "fail", None, "given up")


class LateWriter:
    """A request that stops in the middle of its body, and goes on when others have taken the upload over."""

    def __init__(self, worker: Worker, place: str, body: bytes) -> None:
        at = urlsplit(worker.client.url)
        assert at.hostname is not None
        self._connection = http.client.HTTPConnection(at.hostname, at.port, timeout=LATE_SECONDS)
        self._rest = body[len(body) // 2 :]
        headers = TUS | {
            "Authorization": f"Token {worker.client.token}",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(body)),
        }
        try:
            self._connection.putrequest("PATCH", f"/api/v1{place}")
            for name, value in headers.items():
                self._connection.putheader(name, value)
            self._connection.endheaders(body[: len(body) // 2])
        except OSError:
            self._connection.close()

    def is_refused(self) -> bool:
        """Send the rest; tells whether the answer was a clear no. A cut connection says nothing."""
        try:
            if self._connection.sock is None:
                return False
            self._connection.send(self._rest)
            return self._connection.getresponse().status == http.client.CONFLICT
        except (OSError, http.client.HTTPException):
            return False
        finally:
            self._connection.close()
