"""Bringing bytes into a file of the service: small ones in one request, large ones resumably."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

from dfsclient import parts, paths
from dfsclient.digests import repr_digest
from dfsclient.errors import DfsError, LocalProblem, Unreachable
from dfsclient.journal import Journal, UploadKey
from dfsclient.models import Entry, read_entry
from dfsclient.progress import Progress, silent
from dfsclient.sources import BLOCK_BYTES, LocalFile
from dfsclient.transport import Call, Transport, new_key, read_json

OnConflict = Literal["replace", "rename", "fail"]
SMALL_BYTES = 1024 * 1024  # up to here a file goes in one request with its digest
UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class UploadOptions:
    """What happens to a taken name, who hears of progress, where it is remembered, how many parts at once."""

    on_conflict: OnConflict = "replace"
    progress: Progress = field(default=silent)
    journal: Journal | None = None
    at_once: int = parts.AT_ONCE


def send_file(
    transport: Transport, source: Path, target: str, folder_id: Callable[[str], str], options: UploadOptions
) -> Entry:
    """Send a local file to the path `target`; returns when it is durable.

    `folder_id` finds or makes the folder; it is asked only for files that do not go in one request.
    """
    with LocalFile(source) as file:
        if file.size_bytes <= SMALL_BYTES and options.on_conflict != "rename":
            entry = _put(transport, target, file.read_all(), options)
            options.progress(file.size_bytes, file.size_bytes)
            return entry
        key = UploadKey(
            url=transport.url,
            path=str(source.resolve()),
            size_bytes=file.size_bytes,
            mtime_ns=file.mtime_ns,
            target=f"{target} {options.on_conflict}",
        )
        folder, name = paths.split(target)
        metadata = {
            "filename": name,
            "parent": folder_id(folder),
            "mtime": _rfc3339(file.mtime_ns),
            "filetype": guess_type(target),
            "on_conflict": options.on_conflict,
        }
        record = parts.Record(options.journal, key) if options.journal else None
        plan = parts.Plan(metadata, record, options.at_once, options.progress)
        entry_id = parts.send(transport, file, plan)
    route = f"/entries/{entry_id}" if entry_id else f"/paths/{paths.quoted(target)}"
    return read_entry(transport.json(Call("GET", route)))


def send_stream(transport: Transport, source: BinaryIO, target: str, options: UploadOptions) -> Entry:
    """Send what a pipe delivers; beyond `SMALL_BYTES` it cannot be sent again after a cut connection."""
    if options.on_conflict == "rename":
        raise LocalProblem(
            "A stream can replace a file or fail, but not choose another name; name one that is free."
        )
    first = _read_full(source, SMALL_BYTES + 1)
    if len(first) <= SMALL_BYTES:
        entry = _put(transport, target, first, options)
        options.progress(len(first), len(first))
        return entry
    call = _put_call(target, _told(first, source, options.progress), options)
    try:
        with transport.send(call) as reply:
            return read_entry(read_json(reply))
    except Unreachable as error:
        raise DfsError(
            f"The connection broke ({error.detail}); a pipe cannot be read twice, so run the command again."
        ) from error


def guess_type(name: str) -> str:
    """Guess a media type from a name's ending."""
    return mimetypes.guess_type(name, strict=False)[0] or UNKNOWN_TYPE


def _put(transport: Transport, target: str, data: bytes, options: UploadOptions) -> Entry:
    digest = repr_digest(hashlib.sha256(data).digest())
    return read_entry(transport.json(_put_call(target, data, options, {"Repr-Digest": digest})))


def _put_call(
    target: str, body: bytes | Iterator[bytes], options: UploadOptions, headers: dict[str, str] | None = None
) -> Call:
    headers = {
        "Content-Type": guess_type(target),
        **new_key(),  # a repeat after a lost answer makes no second version
        **({"If-None-Match": "*"} if options.on_conflict == "fail" else {}),
        **(headers or {}),
    }
    return Call(
        "PUT", f"/content/{paths.quoted(target)}", params={"parents": "true"}, headers=headers, body=body
    )


def _read_full(source: BinaryIO, size_bytes: int) -> bytes:
    """Read that many bytes, or all there are; a pipe may deliver them in small lots."""
    data = bytearray()
    while len(data) < size_bytes and (more := source.read(size_bytes - len(data))):
        data += more
    return bytes(data)


def _told(first: bytes, source: BinaryIO, progress: Progress) -> Iterator[bytes]:
    done = len(first)
    yield first
    progress(done, None)
    while block := source.read(BLOCK_BYTES):
        yield block
        done += len(block)
        progress(done, None)


def _rfc3339(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat().replace("+00:00", "Z")
