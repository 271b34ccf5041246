"""How far a drain has come, by counting what the node still holds; read only."""

from dataclasses import dataclass

from django.db.models import Count, F, Sum
from django.db.models.functions import Now

from nodes.models import Chunk, Node, Replica, ReplicaQuerySet


@dataclass(frozen=True, slots=True)
class Load:
    """Copies of live chunks on a node; size in bytes."""

    copies: int
    size: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What is left to move off a draining node; rate and time are known once something was moved."""

    copies_left: int
    bytes_left: int
    bytes_per_second: float | None
    seconds_left: float | None


def held(node: Node) -> ReplicaQuerySet:
    """Return the copies on a node that somebody needs: of chunks that are not on their way out."""
    return Replica.objects.stored().filter(node=node, chunk__state=Chunk.State.LIVE)


def load(node: Node) -> Load:
    """Count what a node holds."""
    sums = held(node).aggregate(copies=Count("id"), size=Sum("chunk__size", default=0))
    return Load(sums["copies"], sums["size"])


def progress(node: Node) -> Progress | None:
    """Tell how far a drain has come; None for a node that is not draining.

    The rate is the mean since the drain began, pauses included: what is expected is what was seen.
    """
    if node.duty != Node.Duty.DRAINING:
        return None
    left = load(node)
    elapsed = Node.objects.filter(id=node.id).values_list(Now() - F("drain_began_at"), flat=True).get()
    moved = (node.drain_began_bytes or 0) - left.size
    rate = moved / elapsed.total_seconds() if elapsed and moved > 0 else None
    seconds_left = 0.0 if not left.copies else left.size / rate if rate else None
    return Progress(left.copies, left.size, rate, seconds_left)
