"""Whether a local file and one of the service hold the same bytes, found out without moving them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from blake3 import blake3

from dfsclient.errors import NotFound
from dfsclient.models import Entry, Reading
from dfsclient.transport import Call

BLOCK_BYTES = 1024 * 1024
WINDOW_BYTES = 16 * 1024**3
"""The digests of so many bytes are asked for at a time: about 4,000 of them."""


class Hash(Protocol):
    """What hashlib and blake3 have in common."""

    def update(self, data: bytes, /) -> object: ...
    def hexdigest(self) -> str: ...


def is_same(ask: Callable[[Call], object], local: Path, file: Entry) -> bool:
    """Whether both surely hold the same bytes; False also when nobody can tell, or one of them is no file.

    `ask` sends a call and returns its JSON body. All bytes are compared, by the SHA-256 of the whole or, as
    the service learns that later, by the BLAKE3 of each chunk, up to the first that differs.
    """
    try:
        if file.is_folder or not local.is_file() or local.stat().st_size != file.size:
            return False
        with open(local, "rb") as source:
            return holds(ask, source, file)
    except (FileNotFoundError, NotFound):  # gone since it was listed
        return False


def holds(ask: Callable[[Call], object], source: BinaryIO, file: Entry) -> bool:
    """Whether what can be read from here on is what a file of the service holds, as `is_same` compares them.

    Raises `NotFound` when the file is gone.
    """
    new_hash: Callable[[], Hash] = hashlib.sha256 if file.sha256 else blake3
    digests = [(file.size, file.sha256.lower())] if file.sha256 else _chunks(ask, file)
    is_equal = all(_hash(source, length, new_hash()) == digest for length, digest in digests)
    return is_equal and source.tell() == file.size and not source.read(1)


def _chunks(ask: Callable[[Call], object], file: Entry) -> Iterator[tuple[int, str]]:
    """Yield the length and the BLAKE3 of each chunk, in their order."""
    for offset in range(0, max(file.size, 1), WINDOW_BYTES):
        wanted = {"offset": str(offset), "length": str(WINDOW_BYTES)}
        part = Reading(ask(Call("GET", f"/entries/{file.id}/manifest", wanted)), "manifest")
        for chunk in part.readings("chunks"):
            yield chunk.number("length"), chunk.text("blake3")


def _hash(source: BinaryIO, length: int, hash: Hash) -> str:
    while length > 0 and (block := source.read(min(BLOCK_BYTES, length))):
        hash.update(block)
        length -= len(block)
    return hash.hexdigest()
