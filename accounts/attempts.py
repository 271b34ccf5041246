"""Counts how often somebody tried something within a window of time, and says when it is too often.

In the database, not in a cache: every gateway process sees the same count, and nothing else needs a cache.
What is tried counts for what it is tried at and from which address, so that nobody locks others out.
"""

import hashlib
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from accounts.errors import TooManyAttempts
from accounts.models import Attempt

# One statement, or many tries at once would all pass.
_COUNT = """
INSERT INTO accounts_attempt AS kept (key, count, ends_at)
VALUES (%(key)s, 1, now() + %(seconds)s * interval '1 s')
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN kept.ends_at > now() THEN kept.count + 1 ELSE 1 END,
  ends_at = CASE WHEN kept.ends_at > now() THEN kept.ends_at ELSE now() + %(seconds)s * interval '1 s' END
RETURNING count, ceil(extract(epoch FROM ends_at - now()))::int
"""
_FORGET = "DELETE FROM accounts_attempt WHERE ends_at < now()"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries within so many seconds; none is no limit."""

    tries: int
    seconds: int


def count(kind: str, subject: str, limit: Limit) -> None:
    """Count one more try, before it is known whether it succeeds. Raises TooManyAttempts beyond the limit."""
    if not limit.tries:
        return
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": _key(kind, subject), "seconds": limit.seconds})
        tries, wait_seconds = cursor.fetchone()
        if tries == 1:
            cursor.execute(_FORGET)
    if tries > limit.tries:
        raise TooManyAttempts(retry_after_seconds=max(1, wait_seconds))


def forget(kind: str, subject: str) -> None:
    """Begin to count anew."""
    Attempt.objects.filter(key=_key(kind, subject)).delete()


def take_back(kind: str, subject: str) -> None:
    """Count one try less: it succeeded, and says nothing of the others, which may be somebody's guesses."""
    Attempt.objects.filter(key=_key(kind, subject), count__gt=0).update(count=F("count") - 1)


def _key(kind: str, subject: str) -> bytes:
    return hashlib.sha256(f"{kind}\n{subject}".encode(errors="replace")).digest()
