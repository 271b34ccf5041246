"""Adds up anew what people store, each once a day: what a fault or a change by hand has left is put right."""

import logging
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Usage

log = logging.getLogger(__name__)

INTERVAL = timedelta(days=1)
PEOPLE = 100
"""A call. One who has a million files costs a second of PostgreSQL's time."""

_TRUTH = """
    (SELECT coalesce(sum(v.size), 0) FROM files_version v JOIN files_entry e ON e.id = v.entry_id
      WHERE e.owner_id = u.user_id AND e.purged_at IS NULL)::bigint AS used,
    (SELECT coalesce(sum(r.size_bytes), 0) FROM files_reservation r WHERE r.payer_id = u.user_id)::bigint
        AS reserved
"""
# One statement, so one moment: bytes and what is charged for them change in one transaction.
_WRONG = f"""
SELECT user_id FROM (
    SELECT u.user_id, u.used_bytes, u.reserved_bytes, {_TRUTH} FROM accounts_usage u WHERE u.user_id = ANY(%s)
) AS counted WHERE used_bytes <> used OR reserved_bytes <> reserved
"""
_CORRECT = f"""
UPDATE accounts_usage SET used_bytes = truth.used, reserved_bytes = truth.reserved
FROM (SELECT u.user_id, {_TRUTH} FROM accounts_usage u WHERE u.user_id = %s) AS truth
WHERE accounts_usage.user_id = truth.user_id
RETURNING truth.used, truth.reserved
"""


def recount() -> int:
    """Add up what those store who were not looked at for a day; returns how many were charged wrongly."""
    due = Q(recounted_at=None) | Q(recounted_at__lte=Now() - INTERVAL)
    people = Usage.objects.filter(due).order_by(F("recounted_at").asc(nulls_first=True), "user_id")
    user_ids = list(people.values_list("user_id", flat=True)[:PEOPLE])
    if not user_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_WRONG, [user_ids])
        wrong = [row[0] for row in cursor.fetchall()]
    for user_id in wrong:
        _correct(user_id)
    Usage.objects.filter(user_id__in=user_ids).update(recounted_at=Now())
    return len(wrong)


def _correct(user_id: int) -> None:
    """Charge a person for what is there.

    Whoever stores or removes for this person charges in the same transaction, and waits for the row
    meanwhile: added up in a statement after the lock, nothing is counted twice or left out.
    """
    with transaction.atomic():
        before = Usage.objects.select_for_update(no_key=True).filter(user_id=user_id).first()
        if before is None:  # the account is gone
            return
        with connection.cursor() as cursor:
            cursor.execute(_CORRECT, [user_id])
            used_bytes, reserved_bytes = cursor.fetchone()
    log.error(
        "account %s was charged for %d bytes (%d reserved) and has %d (%d): corrected",
        *(user_id, before.used_bytes, before.reserved_bytes, used_bytes, reserved_bytes),
    )
