"""Notices that the database went back in time: it was restored, or is not the one these nodes served last.

A number in the database only grows, and every probe tells it to the nodes, which keep the highest on their
disks. A node that was told a higher one has met a later state of the database. Then nothing is removed until
somebody confirms, and every copy must prove to be there, as on a disk that may be an older one.
"""

import logging
from collections.abc import Mapping

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext as _

from nodes import roster
from nodes.models import Chunk, Node, Orphan, Upkeep, Watermark

log = logging.getLogger(__name__)


def current() -> Watermark:
    """Return the row; the first caller makes it."""
    return Watermark.objects.get_or_create(id=1)[0]


def compare(seen: Mapping[int, int]) -> None:
    """Judge what nodes, by id, have been told so far: one number beyond ours says that we went back.

    Call it before anything else is concluded from a round of probes. What was told was committed before, so
    the row as it is now, whoever raised it, is at least as high as anything its own nodes were told.
    """
    if not seen:
        return
    node_id = max(seen, key=seen.__getitem__)
    with transaction.atomic():
        ahead = Watermark.objects.select_for_update().filter(number__lt=seen[node_id]).first()
        if ahead is None:
            return
        is_news = ahead.went_back_at is None
        if ahead.seen_number < seen[node_id]:
            ahead.seen_number = seen[node_id]
            ahead.seen_by = Node.objects.values_list("name", flat=True).get(id=node_id)
            ahead.save(update_fields=["seen_number", "seen_by"])
        if is_news:
            Watermark.objects.update(went_back_at=Now())
            _trust_no_copy()
    if is_news:
        log.error("nothing is removed until an admin confirms: %s", words(ahead))


def rise(told: int) -> None:
    """Make the next number of the one that was told; not while it is open which database this is."""
    Watermark.objects.filter(number=told, went_back_at__isnull=True).update(number=F("number") + Value(1))


def went_back() -> Watermark | None:
    """Return the row while the database is known to have gone back and nobody has confirmed it."""
    return Watermark.objects.filter(went_back_at__isnull=False).first()


def doubt() -> str:
    """Say that the database went back, for whoever would remove something; empty when it did not."""
    found = went_back()
    return words(found) if found else ""


def words(found: Watermark) -> str:
    """Say what was noticed."""
    return _(
        "the database went back in time, as after a restore (%(node)s has been told number %(told)s, and the "
        "database is at %(number)s)"
    ) % {"node": found.seen_by, "told": found.seen_number, "number": found.number}


def confirm() -> bool:
    """Take this database for the right one; tells whether there was anything to confirm.

    What waited to be removed begins its grace anew, so that there is time to take the word back: files
    nobody knows are to be seen twice again, and pieces that nothing needs wait as long as on their first day.
    """
    with transaction.atomic():
        found = Watermark.objects.select_for_update().filter(went_back_at__isnull=False).first()
        if found is None:
            return False
        Watermark.objects.update(
            number=Greatest(F("number"), F("seen_number")) + Value(1), seen_by="", went_back_at=None
        )
        Orphan.objects.filter(quarantined_at__isnull=True).delete()
        Orphan.objects.update(quarantined_at=Now())
        condemned = Chunk.objects.filter(state=Chunk.State.CONDEMNED).in_lock_order()
        Chunk.objects.filter(id__in=condemned.values("id")).update(condemned_at=Now())
    log.warning("confirmed although %s", words(found))
    return True


def _trust_no_copy() -> None:
    """Have every copy prove to be there: since this state of the database, its file may have been removed."""
    nodes = list(Node.objects.in_service().select_for_update(no_key=True).order_by("id"))
    Node.objects.filter(id__in=[node.id for node in nodes]).update(returned_at=Now())
    for node in nodes:
        Upkeep.objects.expect_pass(node)
    transaction.on_commit(roster.forget)
