"""What can go wrong in the byte store, as a small vocabulary; HTTP statuses stand in `dfsweb/api_errors.py`.

ClusterError
├── QuorumNotReached       too few nodes confirmed a write
├── ClusterFull            too few nodes that answer have room for a write
├── ChunkUnavailable       no good copy of a chunk can be read now
├── ChunkReclaimed         a chunk that was to be reused went in the meantime
├── WindowTooOld           placed bytes waited too long to be recorded
├── WriterSuperseded       another writer took the upload over
├── WriterAtWork           another writer has the upload, and makes progress
├── SourceCut              the bytes stopped coming before their end
├── Overloaded             no buffer is free for another transfer
├── NodeError              one node did not do what it was asked
│   ├── NodeUnreachable    no answer, or not in time: the outcome is unknown
│   ├── NodeBusy           so much is under way to it that it was not asked
│   ├── NodeRefused        an answer that says no
│   │   └── ReplicaAbsent  this node has no such file
│   ├── ReplicaCorrupt     the bytes do not match their name
│   └── ReplicaUnreadable  the node could not bring the bytes from its disk
└── MembershipError        a change of membership that must not happen
    ├── JoinRefused        a node that may not join
    │   └── JoinTokenRefused
    ├── StoreCloned        two nodes answer as one store
    ├── StoreForeign       a store that belongs to another cluster
    └── NodeStillNeeded    a node that still holds copies nobody else has
"""


class ClusterError(Exception):
    """The byte store cannot do this."""

    code = "cluster_error"
    retryable = False


class QuorumNotReached(ClusterError):
    """Too few storage nodes confirmed the write. Nothing was stored; try again when nodes are back."""

    code = "quorum_not_reached"
    retryable = True

    def __init__(self, *, confirmed: int = 0, wanted: int = 0) -> None:
        super().__init__(
            f"{confirmed} of the {wanted} storage nodes that a write needs confirmed it. "
            "Nothing was stored; try again when more nodes are online."
        )
        self.confirmed = confirmed
        self.wanted = wanted


class ClusterFull(ClusterError):
    """The storage nodes have no room left. Nothing was stored; an administrator has to add some."""

    code = "cluster_full"


class ChunkUnavailable(ClusterError):
    """No good copy of a part of this content can be read now; it opens when a node that holds one is back."""

    code = "content_unavailable"
    retryable = True

    def __init__(self, *, digest: str = "", tried: int = 0) -> None:
        super().__init__(
            "No good copy of a part of this content can be read now. "
            "It opens again when a node that holds one is back."
        )
        self.digest = digest
        self.tried = tried


class ChunkReclaimed(ClusterError):
    """A part that was already stored was removed in the meantime; send the bytes again."""

    code = "chunk_reclaimed"
    retryable = True


class WindowTooOld(ClusterError):
    """The bytes waited too long to be recorded; send them again from the last recorded offset."""

    code = "window_too_old"
    retryable = True


class WriterSuperseded(ClusterError):
    """Another request took this upload over; ask for its offset and go on from there."""

    code = "upload_taken_over"


class WriterAtWork(ClusterError):
    """Another request is sending this upload, and its bytes come; try again when it has ended."""

    code = "upload_locked"
    retryable = True


class SourceCut(ClusterError):
    """The connection ended before all bytes had come; what is recorded can be resumed."""

    code = "upload_cut"


class Overloaded(ClusterError):
    """All transfer buffers are in use; try again in a moment."""

    code = "overloaded"
    retryable = True


class NodeError(ClusterError):
    """A storage node did not do what it was asked."""

    code = "node_error"
    retryable = True


class NodeUnreachable(NodeError):
    """The storage node did not answer in time; what it did is unknown."""

    code = "node_unreachable"


class NodeBusy(NodeError):
    """Too much is under way to the storage node; it was not asked."""

    code = "node_busy"


class NodeRefused(NodeError):
    """The storage node refused."""

    code = "node_refused"

    def __init__(self, status: int, reason: str, told_code: str = "") -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.told_code = told_code
        """What went wrong in the node's own vocabulary, such as `wrong_store`."""


class ReplicaAbsent(NodeRefused):
    """The storage node has no such file."""

    code = "replica_absent"


class ReplicaCorrupt(NodeError):
    """The bytes that came do not match their digest."""

    code = "replica_corrupt"


class ReplicaUnreadable(NodeError):
    """The storage node could not read the file, or broke off while it did."""

    code = "replica_unreadable"


class MembershipError(ClusterError):
    """This change of membership must not happen."""

    code = "membership_refused"


class JoinRefused(MembershipError):
    """This node may not join."""

    code = "join_refused"


class JoinTokenRefused(JoinRefused):
    """The join token is missing or wrong: JOIN_TOKEN must be the same on node and gateway."""

    code = "join_token_refused"


class StoreCloned(MembershipError):
    """Another node already answers as this store."""

    code = "store_cloned"


class StoreForeign(MembershipError):
    """This store belongs to another cluster."""

    code = "store_foreign"


class NodeStillNeeded(MembershipError):
    """The node still holds copies that are wanted; empty it first."""

    code = "node_still_needed"
