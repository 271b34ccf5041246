"""Files that no replica row knows: noted, seen again a grace later, quarantined, and after another unlinked.

Acts only on what a whole pass over a listing has seen, and only after one more look at the rows. What is on
its way is recorded within a minute or never, so nothing that is wanted can look like an orphan for a grace.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Now

from nodes import brake, client, figures, roster, safety
from nodes.errors import NodeError, NodeRefused
from nodes.figures import Figure
from nodes.models import Orphan, Replica
from nodes.roster import NodeView
from storagenode.protocol.names import parse_name

log = logging.getLogger(__name__)

MOST_NOTED = 100_000
"""On one node: those beyond are noted when these are gone."""
BATCH = 100
REASON = "no row of the database knows it"


def rows_of(node_id: int, names: Iterable[str]) -> dict[str, Replica]:
    """Find the rows of a node that know these files, whatever their state, by file name."""
    by_id = {parse_name(name)[1]: name for name in names}
    rows = Replica.objects.filter(id__in=by_id, node_id=node_id).select_related("chunk")
    return {by_id[row.id]: row for row in rows if by_id[row.id].startswith(bytes(row.chunk.digest).hex())}


def note(node_id: int, names: list[str]) -> None:
    """Note files that no row knows; those noted before are seen again."""
    seen_again = Orphan.objects.filter(node_id=node_id, name__in=names)
    seen_again.update(last_seen_at=Now())
    fresh = set(names) - set(seen_again.values_list("name", flat=True))
    room = MOST_NOTED - Orphan.objects.filter(node_id=node_id).count() if fresh else 0
    Orphan.objects.bulk_create(
        [Orphan(node_id=node_id, name=name) for name in sorted(fresh)[: max(room, 0)]], ignore_conflicts=True
    )


def forget_unseen(node_id: int, *, since: datetime) -> None:
    """Forget what a whole pass has not seen again: it went, or a row knows it by now."""
    Orphan.objects.filter(node_id=node_id, quarantined_at__isnull=True, last_seen_at__lt=since).delete()


def overdue() -> QuerySet[Orphan]:
    """Orphans seen twice a grace apart, the second time by a whole pass: they may be put aside."""
    return Orphan.objects.filter(
        quarantined_at__isnull=True,
        last_seen_at__gte=F("first_seen_at") + _grace(),
        node__upkeep__pass_ended_at__gt=F("node__upkeep__pass_began_at"),
        last_seen_at__gt=F("node__upkeep__pass_began_at"),
    )


def is_stopped() -> bool:
    """Tell whether more would be put aside than is usual: then an admin is to look first."""
    return brake.holds(overdue().count())


def remove_due(*, is_confirmed: bool = False) -> bool:
    """Put overdue orphans aside, and unlink those put aside a grace ago; tells whether some are left.

    `is_confirmed` lifts the brake once. Nothing is touched while half of the nodes are away.
    """
    if not Orphan.objects.exists():
        return False
    problem = safety.doubt()
    if problem:
        log.warning("no orphan is removed: %s", problem)
        return False
    is_more = False
    is_held = is_stopped() and not is_confirmed
    if is_held:
        log.error("%d orphans would be put aside: stopped until an admin confirms", overdue().count())
    for view in roster.views().values():
        if not view.is_reachable:
            continue
        try:
            is_more |= not is_held and _quarantine(view)
            is_more |= _unlink(view)
        except NodeError as error:
            log.warning("orphans on %s stay for now: %s", view.name, error)
    return is_more


def _quarantine(view: NodeView) -> bool:
    names = list(overdue().filter(node_id=view.id).values_list("name", flat=True)[:BATCH])
    unknown = _still_unknown(view, names)
    if unknown:
        connection.close()
        client.quarantine_chunks(view, unknown, REASON)
        Orphan.objects.filter(node_id=view.id, name__in=unknown).update(quarantined_at=Now())
        figures.add({Figure.ORPHANS_QUARANTINED: len(unknown)})
        log.warning("%d files on %s that no row knows were put aside", len(unknown), view.name)
    return len(names) == BATCH


def _unlink(view: NodeView) -> bool:
    put_aside = Orphan.objects.filter(node_id=view.id, quarantined_at__lte=Now() - _grace())
    names = list(put_aside.values_list("name", flat=True)[:BATCH])
    unknown = _still_unknown(view, names)
    connection.close()
    for name in unknown:
        try:
            client.delete_chunk(view, name)
        except NodeRefused as error:  # it keeps none of the others
            log.warning("an orphan on %s stays for now: %s", view.name, error)
            continue
        Orphan.objects.filter(node_id=view.id, name=name).delete()
    return len(names) == BATCH


def _still_unknown(view: NodeView, names: list[str]) -> list[str]:
    """Ask the rows once more; what one knows is no orphan."""
    known = rows_of(view.id, names)
    Orphan.objects.filter(node_id=view.id, name__in=known).delete()
    return [name for name in names if name not in known]


def _grace() -> Value:
    return Value(timedelta(seconds=settings.ORPHAN_GRACE_SECONDS))
