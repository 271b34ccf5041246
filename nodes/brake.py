"""The brake on mass deletion: what would remove more than is usual stops until an admin confirms (R20).

1 % of all chunks, but at least 1,000 and at most 10,000; the one rule for reclaim, orphans and trim.
"""

from nodes.models import Chunk

SHARE = 0.01
MOST_CHUNKS = 10_000
FLOOR_CHUNKS = 1_000
"""A small cluster whose owner purges one film must not trip the brake: 1,000 chunks may always go."""


def holds(count: int) -> bool:
    """Tell whether so many chunks, or files, are more than may go at once unasked; few cost no count."""
    return count > FLOOR_CHUNKS and count > min(int(Chunk.objects.count() * SHARE), MOST_CHUNKS)
