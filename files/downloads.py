"""Decides what a reader of a file gets, and streams it: all of it, a range, several, or nothing new."""

import base64
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID

from django.utils.http import http_date

from files import conditions, content_types, ranges, transfers
from files.details import EntryDetails
from files.errors import NotAFile
from files.ranges import ByteRange, Multipart
from nodes import contents


@dataclass(frozen=True, slots=True)
class Wish:
    """What the request says of the bytes it wants."""

    if_match: Sequence[str] | None = None
    if_none_match: Sequence[str] | None = None
    if_modified_since: str | None = None
    if_unmodified_since: str | None = None
    if_range: str | None = None
    range_header: str | None = None
    inline: bool = False
    destination: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A reply before its first byte: the status, the headers, and which bytes follow."""

    status: HTTPStatus
    headers: dict[str, str]
    content_id: UUID
    parts: Sequence[ByteRange] = field(default_factory=list)
    frame: Multipart | None = None


def plan(details: EntryDetails, wish: Wish) -> Plan:
    """Decide the reply. Raises NotAFile, PreconditionFailed or RangeNotSatisfiable."""
    if details.content_id is None or details.version_at is None or details.size is None:
        raise NotAFile
    etag = details.content_etag or ""
    conditions.require_match(etag, wish.if_match, None)
    if wish.if_match is None:
        conditions.require_unmodified(details.version_at, conditions.parse_date(wish.if_unmodified_since))
    headers = {
        "ETag": f'"{etag}"',
        "Last-Modified": http_date(details.version_at.timestamp()),
        "Accept-Ranges": "bytes",
        "Dfs-Entry": str(details.id),
        **content_types.ISOLATION,
    }
    if conditions.is_unchanged(etag, details.version_at, wish.if_none_match, wish.if_modified_since):
        return Plan(HTTPStatus.NOT_MODIFIED, headers, details.content_id)
    content_type, is_inline = content_types.to_send(
        details.content_type or "", inline=wish.inline, destination=wish.destination
    )
    headers["Content-Type"] = content_type
    headers["Content-Disposition"] = content_types.disposition(details.name, inline=is_inline)
    wanted = None
    if wish.range_header and (wish.if_range is None or wish.if_range.strip() == f'"{etag}"'):
        wanted = ranges.parse(wish.range_header, details.size)
    if wanted is None:
        headers["Content-Length"] = str(details.size)
        if details.sha256 is not None:
            headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(details.sha256).decode()}:"
            headers["Content-Digest"] = headers["Repr-Digest"]
        return Plan(HTTPStatus.OK, headers, details.content_id, [ByteRange(0, details.size)])
    if len(wanted) == 1:
        headers["Content-Range"] = wanted[0].header(details.size)
        headers["Content-Length"] = str(len(wanted[0]))
        return Plan(HTTPStatus.PARTIAL_CONTENT, headers, details.content_id, wanted)
    frame = Multipart(wanted, content_type, details.size, secrets.token_hex(16))
    headers["Content-Type"] = f"multipart/byteranges; boundary={frame.boundary}"
    headers["Content-Length"] = str(len(frame))
    return Plan(HTTPStatus.PARTIAL_CONTENT, headers, details.content_id, wanted, frame)


def open_stream(plan: Plan, *, only: contents.ExtentView | None = None) -> "Stream":
    """Begin to read; the first chunk is verified when this returns. Close what is returned.

    `only` is the content's one extent where it is known. Raises TooManyTransfers and ChunkUnavailable.
    """
    end = transfers.begin(sum(map(len, plan.parts)))
    try:
        first = contents.read(plan.content_id, plan.parts[0].start, plan.parts[0].stop, only=only)
        return Stream(plan, first, end)
    except BaseException:
        end()
        raise


class Stream:
    """The bytes of one reply. Its slot among the transfers is given back when it is closed."""

    def __init__(self, plan: Plan, first: Iterator[bytes], end: Callable[[], None]) -> None:
        self._plan = plan
        self._reading = first
        self._end = end
        self._pieces = self._framed(plan.frame) if plan.frame else first

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """Stop reading, also when nothing was read; safe to repeat."""
        try:
            close = getattr(self._reading, "close", None)
            if close is not None:
                close()
        finally:
            self._end()

    def _framed(self, frame: Multipart) -> Iterator[bytes]:
        for index, part in enumerate(self._plan.parts):
            if index:
                self._reading = contents.read(self._plan.content_id, part.start, part.stop)
            yield frame.head(index)
            yield from self._reading
        yield frame.foot
