"""Bytes to send that occur nowhere else, made without cost while a clock runs."""

import os
import secrets
import struct
from collections.abc import Iterator

from blake3 import blake3

CHUNK_BYTES = 4 * 2**20
SMALL_BYTES = 4096
"""Of a small file."""
BLOCK_BYTES = 4 * CHUNK_BYTES
_STAMP = struct.Struct("<QQ")


def random_block() -> memoryview:
    """Random bytes for one stream; streams that run at once need one each."""
    return memoryview(bytearray(os.urandom(BLOCK_BYTES)))


class Payload:
    """The bytes of a file: a random block over and over, each chunk of it stamped with its number."""

    def __init__(self, size_bytes: int, block: memoryview) -> None:
        if size_bytes % CHUNK_BYTES:
            raise ValueError(f"{size_bytes} bytes are no whole chunks")
        self.size_bytes = size_bytes
        self._block = block
        self._id = secrets.randbits(63)

    def __len__(self) -> int:
        return self.size_bytes // CHUNK_BYTES

    def chunk(self, number: int) -> memoryview:
        """Return one chunk; it is valid until the next call."""
        begin = number * CHUNK_BYTES % BLOCK_BYTES
        _STAMP.pack_into(self._block, begin, self._id, number)
        return self._block[begin : begin + CHUNK_BYTES]

    def chunks(self) -> Iterator[memoryview]:
        """Return the chunks in order; each is valid until the next."""
        return map(self.chunk, range(len(self)))

    def check_stamp(self, number: int, received: memoryview) -> None:
        """Check that these bytes begin as the chunk does: as much as a running clock allows.

        Errors: AssertionError.
        """
        assert _STAMP.unpack_from(received) == (self._id, number), f"chunk {number} is another's"

    def slice(self, start: int, stop: int) -> bytes:
        """Return the bytes `start … stop`."""
        first, last = start // CHUNK_BYTES, (stop - 1) // CHUNK_BYTES
        joined = b"".join(map(self.chunk, range(first, last + 1)))
        return joined[start - first * CHUNK_BYTES : stop - first * CHUNK_BYTES]

    def digest(self) -> bytes:
        """Return the BLAKE3 of the whole."""
        hasher = blake3()
        for chunk in self.chunks():
            hasher.update(chunk)
        return hasher.digest()
