"""Resumable uploads by tus 1.0.0: one local file becomes one upload, whatever happens to the connection.

The service's offset is the truth: after any doubt it is asked for, and sending goes on from there. (The
protocol's concatenation would let several uploads fill one file at once; it fits in at `send`, beside the
one upload here.)
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from dfsclient.errors import BadReply, Conflict, DfsError, Gone, NotFound, SourceChanged
from dfsclient.journal import Journal, UploadKey
from dfsclient.progress import Progress
from dfsclient.retry import Patience
from dfsclient.sources import LocalFile
from dfsclient.transport import Call, Transport, link, new_key

PIECE_BYTES = 32 * 1024 * 1024  # of one PATCH: what is sent again at most if the service kept nothing of it
NEW_STARTS = 2  # how often an upload that vanished is begun anew
ENTRY_FIELD = "Dfs-Entry"
VERSION = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Record:
    """Where an upload is remembered across runs."""

    journal: Journal
    key: UploadKey


@dataclass(frozen=True)
class State:
    """What the service says of an upload."""

    offset: int
    entry_id: str | None


def send(
    transport: Transport,
    source: LocalFile,
    *,
    metadata: Mapping[str, str],
    record: Record | None,
    progress: Progress,
) -> str | None:
    """Send a whole file and return the id of the entry it became (None if the service did not say).

    Goes on with the upload that the journal remembers, if the service still has it. A vanished upload is
    begun anew.
    """
    upload = record.journal.find(record.key) if record else None
    state: State | None = None
    for starts_left in reversed(range(NEW_STARTS + 1)):
        if upload is None:
            upload, state = _create(transport, source.size_bytes, metadata)
            if record:
                record.journal.note(record.key, upload)
        try:
            entry_id = _fill(transport, upload, state, source, progress)
        except (NotFound, Gone):
            if not starts_left:
                raise
            upload = None  # expired, ended, or of another account: a new one
            continue
        except SourceChanged:
            _end(transport, upload)
            if record:
                record.journal.forget(record.key)
            raise
        if record:
            record.journal.forget(record.key)
        return entry_id
    raise AssertionError("the last start returns or raises")


def encode_metadata(metadata: Mapping[str, str]) -> str:
    """Write an `Upload-Metadata` field: keys with their values in base64."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


def _create(transport: Transport, size_bytes: int, metadata: Mapping[str, str]) -> tuple[str, State]:
    call = Call(
        "POST",
        "/uploads",
        headers={
            **VERSION,
            **new_key(),  # an upload that was made but never heard of is found again
            "Upload-Length": str(size_bytes),
            "Upload-Metadata": encode_metadata(metadata),
        },
    )
    patience = Patience(transport.retries)
    while True:
        try:
            with transport.send(call) as reply:
                place = reply.headers.get("Location")
                entry_id = reply.headers.get(ENTRY_FIELD)
        except DfsError as error:
            patience.failed(error)
            continue
        if not place:
            raise BadReply("The server made an upload but did not say where; is it another version?")
        return link(place), State(offset=0, entry_id=entry_id)


def _fill(
    transport: Transport, upload: str, state: State | None, source: LocalFile, progress: Progress
) -> str | None:
    """Send what the service does not have yet; return the id of the entry. An unknown state is asked for."""
    patience = Patience(transport.retries)
    best: int | None = None
    refused: dict[int, Conflict] = {}
    while True:
        try:
            if state is None:
                state = _ask(transport, upload, source.size_bytes)
            if best is not None and state.offset > best:
                patience.progressed()
            best = max(state.offset, best or 0)
            progress(state.offset, source.size_bytes)
            if state.offset == source.size_bytes:
                if refused and state.entry_id is None:
                    raise refused.popitem()[1]  # all bytes are there and yet it became no file
                return state.entry_id
            state = _patch(transport, upload, source, state.offset, progress)
        except Conflict as error:
            # The offset has moved, or a newer writer has the upload: HEAD tells the one, makes us the other.
            # Refused twice at the same place, it is about something else, say a name that is taken.
            if state is None or state.offset in refused or state.offset == source.size_bytes:
                raise
            refused[state.offset] = error
            state = None
        except DfsError as error:
            state = None
            patience.failed(error)


def _ask(transport: Transport, upload: str, size_bytes: int) -> State:
    with transport.send(Call("HEAD", upload, headers=VERSION)) as reply:
        offset = _offset(reply.headers.get("Upload-Offset"), size_bytes)
        if reply.headers.get("Upload-Length", str(size_bytes)) != str(size_bytes):
            raise BadReply("The server remembers another length of this upload; send the file again.")
        return State(offset=offset, entry_id=reply.headers.get(ENTRY_FIELD))


def _patch(transport: Transport, upload: str, source: LocalFile, offset: int, progress: Progress) -> State:
    """Send the next piece; the offset in the answer is durable on the service."""
    length = min(PIECE_BYTES, source.size_bytes - offset)
    piece = source.piece(offset, length, lambda sent: progress(offset + sent, source.size_bytes))
    headers = {**VERSION, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    with transport.send(Call("PATCH", upload, headers=headers, body=piece)) as reply:
        reached = _offset(reply.headers.get("Upload-Offset"), source.size_bytes)
        if reached <= offset:
            raise BadReply("The server took a piece of the upload but kept nothing of it.")
        return State(offset=reached, entry_id=reply.headers.get(ENTRY_FIELD))


def _offset(value: str | None, size_bytes: int) -> int:
    if value is None or not value.isdigit() or int(value) > size_bytes:
        raise BadReply(f"The server names no usable offset of the upload ({value!r}); is it another version?")
    return int(value)


def _end(transport: Transport, upload: str) -> None:
    """Tell the service that nothing more will come; one that does not hear it lets the upload expire."""
    with suppress(DfsError), transport.send(Call("DELETE", upload, headers=VERSION)):
        pass
