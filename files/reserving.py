"""Keeps room for uploads of a known length until they are files, end, or expire: too little is said at once.

A row for each, counted in its payer's `reserved_bytes` as long as it is there. A commit takes it in the same
statement that charges the bytes (`files_charge`), so an upload that was promised room finds it.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from accounts import quota
from files import locking
from files.errors import ParentGone
from files.models import Reservation

logger = logging.getLogger(__name__)

_TAKE_BACK = """
WITH held AS MATERIALIZED (
    SELECT segment_id FROM files_reservation WHERE segment_id = ANY(%s::uuid[]) ORDER BY segment_id FOR UPDATE
), gone AS (
    DELETE FROM files_reservation r USING held WHERE r.segment_id = held.segment_id
    RETURNING r.payer_id, r.size_bytes
)
SELECT payer_id, sum(size_bytes)::bigint FROM gone GROUP BY payer_id ORDER BY payer_id
"""
_SILENT = """
SELECT r.segment_id FROM files_reservation r
 WHERE r.created_at <= now() - %(life)s::interval
   AND NOT EXISTS (SELECT 1 FROM nodes_segment s WHERE s.id = r.segment_id AND NOT s.sealed
                                                   AND s.recorded_at > now() - %(life)s::interval)
 ORDER BY r.created_at LIMIT %(limit)s::int
"""


def reserve(segment_id: UUID, folder_id: UUID, size_bytes: int) -> None:
    """Keep room in the tree that the segment's bytes are for; the owner of the tree pays, whoever sends.

    As the last step of the caller's transaction, if there is one. Raises QuotaExceeded or ParentGone, and
    keeps nothing then.
    """
    payer = payer_id(folder_id)
    with transaction.atomic():
        Reservation.objects.create(segment_id=segment_id, payer_id=payer, size_bytes=size_bytes)
        quota.reserve(payer, size_bytes)


def payer_id(folder_id: UUID) -> int:
    """Return who is charged for what goes into a folder: its owner. Raises ParentGone."""
    owners = locking.owners_of([folder_id])
    if not owners:
        raise ParentGone
    return owners[0]


def give_back(segment_ids: Sequence[UUID]) -> None:
    """Let go of the room that is kept for segments; for one without any it is nothing. As `reserve`, last."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, [list(segment_ids)])
        for payer, size_bytes in cursor.fetchall():
            quota.give_back(payer, size_bytes)


def give_back_after_failure(segment_id: UUID) -> None:
    """Let go of the room at once, or leave it to expire while the database does not answer."""
    try:
        give_back([segment_id])
    except DatabaseError:
        logger.warning("the room kept for segment %s stays so until it expires", segment_id, exc_info=True)


def give_back_expired(limit: int) -> int:
    """Let go of what is kept for segments that brought nothing for too long; returns of how many.

    Nobody else does so for a plain PUT whose gateway died.
    """
    life: Any = timedelta(seconds=settings.UPLOAD_EXPIRY_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(_SILENT, {"life": life, "limit": limit})
        segment_ids = [row[0] for row in cursor.fetchall()]
    give_back(segment_ids)
    return len(segment_ids)
