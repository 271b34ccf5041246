"""Bringing the bytes of a file here: one stream over any number of connections, and local files.

Every reply is held to the version that was asked for (its ETag), so bytes of two versions never mix.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import requests

from dfsclient import comparing
from dfsclient.digests import read_repr_digest
from dfsclient.errors import BadReply, ContentChanged, DfsError, DigestMismatch, Unreachable
from dfsclient.localfiles import PartFile
from dfsclient.models import Entry, read_entry
from dfsclient.progress import Progress
from dfsclient.retry import Patience
from dfsclient.transport import Call, Transport, blocks, whole_number

BLOCK_BYTES = 1024 * 1024
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})")


class Stream:
    """The bytes of one version of a file from an offset on; reconnects where it was cut.

    Raises `ContentChanged` when the file has another version by now. `sha256` (hex) is what the service
    says of the whole, from the first block on; None where the service does not know it yet.
    """

    def __init__(self, transport: Transport, entry: Entry, *, offset: int = 0) -> None:
        self._transport = transport
        self._entry = entry
        self._offset = offset
        self.sha256 = entry.sha256

    def __iter__(self) -> Iterator[bytes]:
        patience = Patience(self._transport.retries)
        size = self._entry.size
        # An empty rest is not asked for: no range can name it. A whole empty file is, for its ETag.
        while self._offset < size or (size == 0 and self._offset == 0):
            try:
                with self._transport.send(self._call()) as reply:
                    self._check(reply)
                    for block in blocks(reply, BLOCK_BYTES):
                        self._offset += len(block)
                        patience.progressed()
                        yield block
                if self._offset > size:
                    raise BadReply(f"{self._entry.path} came with more bytes than its {size}.")
                if self._offset < size:
                    raise Unreachable(f"{self._entry.path} ended after {self._offset} of {size} bytes")
                return
            except DfsError as error:
                patience.failed(error)

    def _call(self) -> Call:
        route = f"/entries/{self._entry.id}/content"
        if not self._offset:
            return Call("GET", route)
        headers = {"Range": f"bytes={self._offset}-"}
        if self._entry.content_etag:
            headers["If-Range"] = f'"{bare(self._entry.content_etag)}"'
        return Call("GET", route, headers=headers)

    def _check(self, reply: requests.Response) -> None:
        """Hold a reply to the version and the range that were asked for."""
        etag = reply.headers.get("ETag")
        if etag is not None and self._entry.content_etag and bare(etag) != bare(self._entry.content_etag):
            raise ContentChanged(
                f"{self._entry.path} got a new version while it was being read; read it again."
            )
        start, total = 0, reply.headers.get("Content-Length")
        if reply.status_code == 206:
            found = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", ""))
            if not found:
                raise BadReply(f"{self._entry.path} came in a part that does not say which.")
            start, total = int(found[1]), found[3]
        if start != self._offset or (total is not None and whole_number(total) != self._entry.size):
            raise ContentChanged(f"{self._entry.path} is not as long as it was a moment ago; read it again.")
        self.sha256 = read_repr_digest(reply.headers.get("Repr-Digest")) or self.sha256


def fetch(transport: Transport, entry: Entry, target: Path, *, keep_mtime: bool, progress: Progress) -> None:
    """Bring one version of a file to a local path, checked and durable, or nothing under that name.

    Goes on with what an earlier, killed run left beside the target. A `ContentChanged` or a
    `DigestMismatch` removes the part.
    """
    source = f"{transport.url} {entry.id}"
    with PartFile(target, source=source, version=f"{entry.content_etag} {entry.size}") as part:
        try:
            _fill(transport, entry, part, progress)
        except (ContentChanged, DigestMismatch, BadReply):
            part.discard()
            raise
        mtime = entry.modified_at.timestamp() if keep_mtime and entry.modified_at else None
        part.publish(mtime=mtime)


def _fill(transport: Transport, entry: Entry, part: PartFile, progress: Progress) -> None:
    have = part.size()
    if have > entry.size or not entry.content_etag or (entry.sha256 is None and part.is_from_before_boot()):
        part.file.truncate(0)  # nothing would prove that these bytes are this version's
        have = 0
    digest = hashlib.sha256()
    resumed = have > 0
    if resumed and entry.sha256:
        part.file.seek(0)
        while block := part.file.read(BLOCK_BYTES):
            digest.update(block)
    progress(have, entry.size)
    stream = Stream(transport, entry, offset=have)
    for block in stream:
        part.file.write(block)
        if (
            stream.sha256
        ):  # known before the first block, or not in this run: hashing costs as much as copying
            digest.update(block)
        have += len(block)
        progress(have, entry.size)
    expected = entry.sha256 if resumed else stream.sha256
    if expected is None:
        _compare_chunks(transport, entry, part)
    elif digest.hexdigest() != expected.lower():
        raise _damaged(entry)


def _compare_chunks(transport: Transport, entry: Entry, part: PartFile) -> None:
    """Hold the bytes to the digests of their chunks, which the service always has: of the newest version."""
    part.file.seek(0)
    if comparing.holds(transport.json, part.file, entry):
        return
    now = read_entry(transport.json(Call("GET", f"/entries/{entry.id}")))
    if now.content_etag != entry.content_etag:
        raise ContentChanged(f"{entry.path} got a new version while it was being fetched; fetch it again.")
    raise _damaged(entry)


def _damaged(entry: Entry) -> DigestMismatch:
    return DigestMismatch(f"The bytes of {entry.path} arrived damaged and were thrown away; fetch it again.")


def bare(etag: str) -> str:
    """An entity tag without its quotes, as entries hold it."""
    return etag.removeprefix("W/").strip('"')
