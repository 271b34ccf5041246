"""How many chunks one process may have under way to one node at once: the rest wait here, not at the node.

A node that hangs holds so many of a gateway's threads and no more, and a crowd of readers spreads over the
nodes that have the bytes.
"""

from queue import Empty, SimpleQueue

CHUNKS_A_NODE = 16
"""With two gateway processes somewhat more than a node has threads."""

_lanes: dict[int, SimpleQueue[None]] = {}


def enter(node_id: int, *, timeout_seconds: float) -> bool:
    """Take a place on the way to a node, waiting for one; `leave` gives it back."""
    try:
        _of(node_id).get(timeout=timeout_seconds)
    except Empty:
        return False
    return True


def leave(node_id: int) -> None:
    """Give a place back."""
    _of(node_id).put(None)


def is_full(node_id: int) -> bool:
    """Whether whoever comes now would have to wait."""
    return _of(node_id).empty()


def _of(node_id: int) -> "SimpleQueue[None]":
    """Return a node's places; a queue of C's is the cheapest semaphore there is."""
    return _lanes.get(node_id) or _lanes.setdefault(node_id, _made())


def _made() -> "SimpleQueue[None]":
    lane: SimpleQueue[None] = SimpleQueue()
    for _ in range(CHUNKS_A_NODE):
        lane.put(None)
    return lane
