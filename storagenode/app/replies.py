"""Replies: plain, JSON, a chunk file by sendfile, and problems (RFC 9457) with the status of every error."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from storagenode import errors
from storagenode.protocol.body import BodyCut
from storagenode.protocol.names import BadName
from storagenode.protocol.signing import SignatureRefused

STATUSES: dict[type[Exception], int] = {
    SignatureRefused: 401,
    BadName: 400,
    BodyCut: 400,
    errors.MarkerLost: 503,
    errors.ReadOnly: 503,
    errors.ProbeFailed: 503,
    errors.NotJoined: 503,
    errors.NotReached: 503,
    errors.NoRoom: 507,
    errors.ChunkMissing: 404,
    errors.ChunkDamaged: 500,
    errors.DigestMismatch: 422,
    errors.BadRequest: 400,
    errors.ScrapeDenied: 401,
    errors.NoSuchRoute: 404,
    errors.MethodNotAllowed: 405,
    errors.LengthMissing: 411,
    errors.BodyTooLarge: 413,
    errors.RangeUnsatisfiable: 416,
}
_CODES: dict[type[Exception], str] = {BadName: "bad_name", BodyCut: "body_cut"}
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass
class Reply:
    """What goes back; a `file` (descriptor, offset, length) instead of content is sent by the kernel."""

    status: int
    content: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    file: tuple[int, int, int] | None = None
    length: int | None = None
    """Content-Length where it is not that of the content: HEAD."""

    @property
    def line(self) -> str:
        return _LINES[self.status]


def json_reply(payload: object, *, status: int = 200) -> Reply:
    """Answer with JSON."""
    return Reply(status, json.dumps(payload).encode(), [("Content-Type", "application/json")])


def problem(error: Exception, *, request_id: str) -> Reply:
    """Turn an error into a problem document; what the table does not name is a 500 without detail."""
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)
    code = getattr(error, "code", None) or _CODES.get(type(error), "internal_error")
    if isinstance(error, OSError):
        code = "io_error"
    about: dict[str, Any] = {
        "type": "about:blank",
        "title": (type(error).__doc__ or HTTPStatus(status).phrase).strip().splitlines()[0],
        "status": status,
        "code": code,
        "request_id": request_id,
    }
    if str(error) and status != 500:
        about["detail"] = str(error)
    headers = [("Content-Type", "application/problem+json")]
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer" if isinstance(error, errors.ScrapeDenied) else "Dfs1"))
    if isinstance(error, errors.RangeUnsatisfiable):
        headers.append(("Content-Range", f"bytes */{error.size_bytes}"))
    if isinstance(error, errors.MethodNotAllowed):
        headers.append(("Allow", str(error)))
    return Reply(status, json.dumps(about).encode(), headers)


def read_now(reply: Reply) -> Reply:
    """Take a file's bytes into the reply, which then leaves in one packet with its head. Raises OSError."""
    assert reply.file is not None
    fd, offset, length = reply.file
    try:
        reply.content = os.pread(fd, length, offset)
    finally:
        os.close(fd)
    if len(reply.content) != length:  # a bad place on the disk is an error only to who begins to read at it
        raise OSError(errno.EIO, "the file cannot be read to its end")
    reply.file = None
    return reply


def body_of(reply: Reply, environ: dict[str, Any]) -> Iterable[bytes]:
    """The WSGI body of a reply."""
    if reply.file is None:
        return [reply.content] if reply.content else ()
    fd, offset, _ = reply.file
    os.lseek(fd, offset, os.SEEK_SET)
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](io.FileIO(fd, "rb"), 1024 * 1024)
    return wrapped
