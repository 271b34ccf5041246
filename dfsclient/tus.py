"""Resumable uploads by tus 1.0.0: one upload is filled, whatever happens to the connection.

The service's offset is the truth: after any doubt it is asked for, and sending goes on from there. Which
uploads a local file is sent by stands in `dfsclient.parts`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dfsclient.errors import BadReply, Conflict, DfsError
from dfsclient.journal import Part
from dfsclient.progress import Progress
from dfsclient.retry import Patience
from dfsclient.sources import LocalFile
from dfsclient.transport import Call, Transport, link, new_key, whole_number

PIECE_BYTES = 32 * 1024 * 1024  # of one PATCH: what is sent again at most if the service kept nothing of it
ENTRY_FIELD = "Dfs-Entry"
VERSION = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class State:
    """What the service says of an upload."""

    offset: int
    entry_id: str | None


def encode_metadata(metadata: Mapping[str, str]) -> str:
    """Write an `Upload-Metadata` field: keys with their values in base64."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


def create(
    transport: Transport, size_bytes: int, metadata: Mapping[str, str], *, is_part: bool = False
) -> tuple[str, State]:
    """Begin an upload; returns its link. A part becomes no file by itself."""
    headers = {"Upload-Length": str(size_bytes), **({"Upload-Concat": "partial"} if is_part else {})}
    reply = _post(transport, headers, metadata)
    place = reply.get("Location")
    if not place:
        raise BadReply("The server made an upload but did not say where; is it another version?")
    return link(place), State(offset=0, entry_id=reply.get(ENTRY_FIELD))


def join(transport: Transport, uploads: Sequence[str], metadata: Mapping[str, str]) -> str | None:
    """Make one file of whole parts, in their order; returns its id. Asked again it finds that file."""
    concat = {"Upload-Concat": "final;" + " ".join(uploads)}
    return _post(transport, concat, metadata).get(ENTRY_FIELD)


def _post(transport: Transport, headers: Mapping[str, str], metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Make an upload, trying again while that is of use, and return the headers of the reply."""
    call = Call(
        "POST",
        "/uploads",
        headers={
            **VERSION,
            **new_key(),  # an upload that was made but never heard of is found again
            "Upload-Metadata": encode_metadata(metadata),
            **headers,
        },
    )
    patience = Patience(transport.retries)
    while True:
        try:
            with transport.send(call) as reply:
                return reply.headers
        except DfsError as error:
            patience.failed(error)


def fill(
    transport: Transport,
    part: Part,
    state: State | None,
    source: LocalFile,
    *,
    patience: Patience,
    progress: Progress,
) -> str | None:
    """Send what the service does not have yet; return the id of the entry. An unknown state is asked for."""
    best: int | None = None
    refused: dict[int, Conflict] = {}
    while True:
        try:
            if state is None:
                state = _ask(transport, part)
            if best is not None and state.offset > best:
                patience.progressed()
            best = max(state.offset, best or 0)
            progress(state.offset, part.size_bytes)
            if state.offset == part.size_bytes:
                is_part = part.size_bytes < source.size_bytes
                if refused and state.entry_id is None and not is_part:
                    raise refused.popitem()[1]  # all bytes are there and yet it became no file
                return state.entry_id
            state = _patch(transport, part, source, state.offset, progress)
        except Conflict as error:
            # The offset has moved, or a newer writer has the upload: HEAD tells the one, makes us the other.
            # Refused twice at the same place, it is about something else, say a name that is taken.
            if state is None or state.offset in refused or state.offset == part.size_bytes:
                raise
            refused[state.offset] = error
            state = None
        except DfsError as error:
            state = None
            patience.failed(error)


def end(transport: Transport, upload: str) -> None:
    """Tell the service that nothing more will come; one that does not hear it lets the upload expire."""
    with suppress(DfsError), transport.send(Call("DELETE", upload, headers=VERSION)):
        pass


def keep(transport: Transport, parts: Sequence[Part]) -> None:
    """Ask for uploads, so that the service does not end them; what fails is told by whoever needs them."""
    for part in parts:
        with suppress(DfsError):
            _ask(transport, part)


def _ask(transport: Transport, part: Part) -> State:
    """Ask where an upload stands. Why one becomes no file is asked by a PATCH: HEAD has no words for it."""
    try:
        reply = transport.send(Call("HEAD", part.upload, headers=VERSION))
    except Conflict:
        reply = transport.send(Call("PATCH", part.upload, headers=_at(part.size_bytes)))
    with reply:
        offset = _offset(reply.headers.get("Upload-Offset"), part.size_bytes)
        if reply.headers.get("Upload-Length", str(part.size_bytes)) != str(part.size_bytes):
            raise BadReply("The server remembers another length of this upload; send the file again.")
        return State(offset=offset, entry_id=reply.headers.get(ENTRY_FIELD))


def _patch(transport: Transport, part: Part, source: LocalFile, offset: int, progress: Progress) -> State:
    """Send the next piece; the offset in the answer is durable on the service."""
    length = min(PIECE_BYTES, part.size_bytes - offset)
    piece = source.piece(part.start + offset, length, lambda sent: progress(offset + sent, part.size_bytes))
    with transport.send(Call("PATCH", part.upload, headers=_at(offset), body=piece)) as reply:
        reached = _offset(reply.headers.get("Upload-Offset"), part.size_bytes)
        if reached <= offset:
            raise BadReply("The server took a piece of the upload but kept nothing of it.")
        return State(offset=reached, entry_id=reply.headers.get(ENTRY_FIELD))


def _at(offset: int) -> dict[str, str]:
    """The headers of a PATCH whose body begins at an offset."""
    return {**VERSION, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}


def _offset(value: str | None, size_bytes: int) -> int:
    offset = whole_number(value or "")
    if offset is None or offset > size_bytes:
        raise BadReply(f"The server names no usable offset of the upload ({value!r}); is it another version?")
    return offset
