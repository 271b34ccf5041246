"""What can go wrong in a storage node, as a vocabulary. HTTP statuses live in `app/replies.py` alone."""

from __future__ import annotations

from typing import ClassVar

# NodeError
# ├── StoreRefused         the data folder must not be served; ends the start
# ├── MarkerLost           the store is not where it was
# ├── ReadOnly             the disk failed to keep something; nothing is written until a probe succeeds
# ├── ProbeFailed          the disk did not give back what was just written
# ├── NoRoom               the chunk would eat into the reserve
# ├── ChunkMissing
# ├── ChunkDamaged         something is there that is no chunk file
# ├── DigestMismatch       the bytes are not those of the name
# ├── NotJoined            no keys yet, or the cluster refuses this store
# ├── NotReached           nobody of its cluster has asked it anything since it started
# └── RequestRefused
#     ├── BadRequest
#     ├── ScrapeDenied
#     ├── NoSuchRoute
#     ├── MethodNotAllowed
#     ├── LengthMissing
#     ├── BodyTooLarge
#     └── RangeUnsatisfiable


class NodeError(Exception):
    """The storage node cannot do what it was asked."""

    code: ClassVar[str] = "node_error"


class StoreRefused(NodeError):
    code = "store_refused"


class MarkerLost(NodeError):
    """The store marker is gone: the disk is not mounted, or is another one."""

    code = "marker_lost"


class ReadOnly(NodeError):
    """The disk failed to keep a write; the store takes no more until a probe succeeds."""

    code = "read_only"


class ProbeFailed(NodeError):
    """The disk did not keep and give back a small file."""

    code = "probe_failed"


class NoRoom(NodeError):
    """The chunk does not fit beside the reserve."""

    code = "no_room"


class ChunkMissing(NodeError):
    """There is no such chunk file here."""

    code = "chunk_missing"


class ChunkDamaged(NodeError):
    """What lies under this name is no chunk file."""

    code = "chunk_damaged"


class DigestMismatch(NodeError):
    """The bytes do not have the digest in their name."""

    code = "digest_mismatch"


class NotJoined(NodeError):
    """This node has no keys: it has not joined a cluster, or the cluster refuses its store."""

    code = "not_joined"


class NotReached(NodeError):
    """Nobody of its cluster has reached this node since it started: is its URL the right one?"""

    code = "not_reached"


class RequestRefused(NodeError):
    """The request cannot be understood."""

    code = "bad_request"


class BadRequest(RequestRefused):
    code = "bad_request"


class ScrapeDenied(RequestRefused):
    """Metrics need the scrape token."""

    code = "scrape_denied"


class NoSuchRoute(RequestRefused):
    """There is nothing at this path."""

    code = "not_found"


class MethodNotAllowed(RequestRefused):
    """This path does not know the method."""

    code = "method_not_allowed"


class LengthMissing(RequestRefused):
    """A chunk comes with its Content-Length."""

    code = "length_required"


class BodyTooLarge(RequestRefused):
    """The body is longer than this route takes."""

    code = "too_large"


class RangeUnsatisfiable(RequestRefused):
    """The range lies beyond the end of the chunk."""

    code = "range_unsatisfiable"

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self.size_bytes = size_bytes
