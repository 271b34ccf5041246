"""How far the making of copies has come, and how long the rest takes; read only."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from nodes import samples
from nodes.findings import Facts

MEASURED_OVER = timedelta(minutes=5)
"""Long enough to even out pauses, short enough to follow a limit that was changed."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Copies to be made, of fresh uploads and of what was lost or moves; sizes in bytes."""

    chunks_left: int
    bytes_left: int
    bytes_per_second: float | None
    """As measured in the last minutes; None until it is known, and while nothing is copied."""
    seconds_left: float | None
    """At that rate; None until it is known."""
    is_repair: bool
    """Not only of fresh uploads."""
    is_waiting: bool
    """Too few nodes have room: nothing can be copied."""


def progress(facts: Facts) -> Repair:
    """Tell what is left to copy. What waits for nodes is left, too, though no time is known for it."""
    queue = facts.queue
    rate = None
    if queue.under_replicated and queue.oldest_at:
        rate = samples.copying_rate(since=max(facts.now - MEASURED_OVER, queue.oldest_at), now=facts.now)
    return Repair(
        chunks_left=queue.under_replicated,
        bytes_left=queue.bytes_left,
        bytes_per_second=rate,
        seconds_left=0.0 if not queue.under_replicated else queue.bytes_left / rate if rate else None,
        is_repair=queue.alarming > 0 or any(node.absence_noted for node in facts.nodes),
        is_waiting=rate is None and bool(queue.thin) and len(facts.writable) < settings.REPLICAS,
    )
