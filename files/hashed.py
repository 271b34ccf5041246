"""A body whose bytes are hashed as they are taken."""

from typing import Protocol

from nodes.contents import Source
from nodes.errors import SourceCut
from storagenode.protocol.body import BodyCut

_SCRATCH_BYTES = 64 * 1024


class Hash(Protocol):
    """What hashlib and blake3 have in common."""

    def update(self, data: memoryview, /) -> object: ...
    def digest(self) -> bytes: ...


class Hashed:
    """Reads like the body."""

    def __init__(self, body: Source, hash: Hash) -> None:
        self._body = body
        self._hash = hash

    def readinto(self, view: memoryview, /) -> int:
        try:
            count = self._body.readinto(view)
        except BodyCut as cut:
            self._hash.update(view[: cut.received])
            raise
        self._hash.update(view[:count])
        return count

    def drop_rest(self) -> None:
        """Read what is left for its hash alone. Raises SourceCut."""
        scratch = memoryview(bytearray(_SCRATCH_BYTES))
        try:
            while self.readinto(scratch):
                pass
        except BodyCut as cut:
            raise SourceCut("The connection ended before all bytes of the request had come.") from cut

    def digest(self) -> bytes:
        return self._hash.digest()
