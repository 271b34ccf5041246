"""Fills in the SHA-256 of contents that nobody hashed as they came: idle work, one worker at a time.

It is a figure for people and protocols; what keeps bytes true is the digest of each chunk.
"""

import hashlib
import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from nodes import reading, turns
from nodes.errors import ClusterError
from nodes.models import Content
from nodes.pace import Pace

log = logging.getLogger(__name__)

TURN = "hash contents"
SLICE_SECONDS = 20.0
"""A worker has other things to do. What takes longer goes on in the next slice of the same process."""
FRESH_SECONDS = 600
"""What has just come needs its copies first, and whoever sent it may be sending more."""
LONGEST_TURN_SECONDS = 120
"""Longer than a task may run (CELERY_TASK_TIME_LIMIT)."""
WINDOW_CONTENTS = 256
"""Taken at random from so many, so that some which cannot be read now keep nobody from the others."""
LARGE_TURN = "hash a large content"
LARGE_TURN_SECONDS = 3600.0
"""A process that gets no slice for so long has died, most likely: another begins with one from the start."""
LARGE_TRIES = 5
"""A content that could not be read so often lets others go first."""


@dataclass(slots=True)
class Hashed:
    """A content hashed so far; the state of a hash cannot be written down, so it stays in its process."""

    content_id: UUID
    size: int
    whole: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    offset: int = 0
    tries_left: int = LARGE_TRIES


class _Large:
    """The one large content that this process is at, if any."""

    holder: UUID | None = None
    hashed: Hashed | None = None


_large = _Large()


def fill() -> int:
    """Hash contents for a while, the small ones first; returns how many. Safe to repeat and to break off."""
    bytes_per_second: int = settings.HASH_BYTES_PER_SECOND
    holder = uuid4()
    if not bytes_per_second or not turns.take(TURN, holder, seconds=LONGEST_TURN_SECONDS):
        return 0
    deadline = time.monotonic() + SLICE_SECONDS
    pace = Pace(bytes_per_second)
    largest_bytes = int(bytes_per_second * SLICE_SECONDS)
    try:
        count = sum(
            _hash(Hashed(content_id, size), pace, deadline)
            for content_id, size in _candidates(size__lte=largest_bytes)
            if size <= bytes_per_second * (deadline - time.monotonic())
        )
        return count + _go_on_with_large(largest_bytes, pace, deadline)
    finally:
        turns.give_back(TURN, holder)


def _go_on_with_large(largest_bytes: int, pace: Pace, deadline: float) -> int:
    """Hash on at a content that takes longer than a slice, if this process may; returns how many it ended."""
    if _large.hashed is None:
        content = next(_candidates(size__gt=largest_bytes), None)
        if content is None:
            return 0
        _large.holder, _large.hashed = _large.holder or uuid4(), Hashed(*content)
    assert _large.holder is not None
    if not turns.take(LARGE_TURN, _large.holder, seconds=LARGE_TURN_SECONDS):
        _large.hashed = None  # another process is at one
        return 0
    is_done = _hash(_large.hashed, pace, deadline)
    if is_done or not _large.hashed.tries_left:
        _large.hashed = None
        turns.give_back(LARGE_TURN, _large.holder)
    return int(is_done)


def _candidates(**bounds: int) -> Iterator[tuple[UUID, int]]:
    settled_before = Now() - timedelta(seconds=FRESH_SECONDS)
    unknown = Content.objects.filter(sha256=None, released_at=None, created_at__lte=settled_before, **bounds)
    found = list(unknown.order_by("size", "id").values_list("id", "size")[:WINDOW_CONTENTS])
    random.shuffle(found)
    return iter(found)


def _hash(hashed: Hashed, pace: Pace, deadline: float) -> bool:
    """Read on and note the hash at the end; False when it is not reached now."""
    content_id = hashed.content_id
    try:
        for piece in reading.read(content_id, hashed.offset, hashed.size):
            if not pace.wait(len(piece), until=deadline):
                return False
            hashed.whole.update(piece)
            hashed.offset += len(piece)
    except ClusterError as error:
        log.warning("content %s cannot be hashed now: %s", content_id, error)
        hashed.tries_left -= 1
        return False
    finally:
        connection.close()
    if hashed.offset != hashed.size:
        log.error("content %s has %d bytes, and %d came", content_id, hashed.size, hashed.offset)
        hashed.tries_left = 0
        return False
    hashed.tries_left = 0
    return bool(Content.objects.filter(id=content_id, sha256=None).update(sha256=hashed.whole.digest()))
