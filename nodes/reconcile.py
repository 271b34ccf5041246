"""Compares what is on each node's disk with what the database says is there, page by page in order of names.

What is absent or of another size is judged by `nodes.verdicts`; files that no row knows are noted, and left
to `nodes.orphans`. An error, a short page or a foreign store ends the pass, and the next one begins anew.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Now

from nodes import client, failpoints, orphans, roster, turns, verdicts
from nodes.errors import NodeError
from nodes.models import Node, Replica, Upkeep
from nodes.roster import NodeView
from nodes.verdicts import Copy
from storagenode.protocol.names import parse_name

log = logging.getLogger(__name__)

PAGE = 1_000
"""Files and rows at a time: what a pass holds in memory, however many there are."""
BUDGET_SECONDS = 5.0
LEASE_SECONDS = 120
"""Longer than a task may run (CELERY_TASK_TIME_LIMIT)."""
TURN = "reconcile"
RETRY_SECONDS = 600
"""After a pass was given up."""

_STORED = """
SELECT r.id, c.id, c.digest, c.size, r.stored_at
FROM nodes_chunk c JOIN nodes_replica r ON r.chunk_id = c.id AND r.node_id = %s AND r.state = 'stored'
WHERE c.state <> 'deleting' AND c.digest >= %s AND (c.digest, r.id) > (%s, %s)
ORDER BY c.digest, r.id LIMIT %s
"""
_START = (b"", UUID(int=0))


@dataclass(frozen=True, slots=True)
class Step:
    """A claim on the next pages of one node's pass, good until its lease ends."""

    view: NodeView
    began_at: datetime
    after: str
    lease: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A stored replica, and since when."""

    copy: Copy
    stored_at: datetime


def reconcile_due(*, budget_seconds: float = BUDGET_SECONDS) -> bool:
    """Go on for a while, by one page at least, with the pass that has waited longest; was there one?

    One process at a time in the whole cluster does: all of a worker's would keep everything else waiting.
    """
    Upkeep.objects.enlist()
    holder = uuid4()
    if not _due(_reachable()).exists() or not turns.take(TURN, holder, seconds=LEASE_SECONDS):
        return False
    try:
        step = _claim()
        return step is not None and _go_on(step, budget_seconds)
    finally:
        turns.give_back(TURN, holder)


def _go_on(step: Step, budget_seconds: float) -> bool:
    deadline = time.monotonic() + budget_seconds
    try:
        after = _compare_page(step.view, step.began_at, step.after)
        while after is not None and time.monotonic() < deadline:
            after = _compare_page(step.view, step.began_at, after)
    except NodeError as error:
        _give_up(step, str(error))
        return True
    if after is not None:
        _put_back(step, after)
    elif _finish(step):
        orphans.forget_unseen(step.view.id, since=step.began_at)
    return True


def _reachable() -> dict[int, NodeView]:
    return {view.id: view for view in roster.views().values() if view.is_reachable}


def _due(views: Mapping[int, NodeView]) -> QuerySet[Upkeep]:
    return Upkeep.objects.filter(node_id__in=views, pass_next_at__lte=Now())


def _claim() -> Step | None:
    """Take one node's pass. A step that died took its pass with it: only what was put back goes on."""
    views = _reachable()
    with transaction.atomic():
        row = _due(views).select_for_update(skip_locked=True).order_by("pass_next_at").first()
        if row is None:
            return None
        mine = Upkeep.objects.filter(node_id=row.node_id)
        if not row.is_pass_open:
            mine.update(pass_began_at=Now(), pass_after="")
        lease = Now() + Value(timedelta(seconds=LEASE_SECONDS))
        mine.update(is_pass_open=False, pass_next_at=lease)
        row.refresh_from_db()
    assert row.pass_began_at is not None
    return Step(views[row.node_id], row.pass_began_at, row.pass_after, row.pass_next_at)


def _compare_page(view: NodeView, began_at: datetime, after: str) -> str | None:
    """Compare files and rows beyond a name as far as both are known; returns how far, None at the end.

    Raises NodeError.
    """
    connection.close()
    page = client.list_chunks(view, after=after, limit=PAGE)
    failpoints.hit("reconcile.listed")
    rows = _stored_beyond(view.id, after)
    ends = [max(page.sizes)] if not page.is_complete else []
    ends += [max(rows)] if len(rows) == PAGE else []
    until = min(ends) if ends else None
    listed = {name: size for name, size in page.sizes.items() if until is None or name <= until}
    known = {name: row for name, row in rows.items() if until is None or name <= until}

    absent = [row.copy for name, row in known.items() if name not in listed and row.stored_at < began_at]
    odd = [row.copy for name, row in known.items() if listed.get(name, row.copy.size) != row.copy.size]
    if absent or odd:
        log.warning("%d files on %s are absent, %d of another size", len(absent), view.name, len(odd))
        verdicts.look_again(view, absent + odd)
    given_up = _note_unknown(view, [name for name in listed if name not in known])
    if given_up:
        verdicts.take_back(view, given_up)
    return until


def _stored_beyond(node_id: int, after: str) -> dict[str, Row]:
    digest, replica_id = parse_name(after) if after else _START
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [node_id, digest, digest, replica_id, PAGE])
        rows = [Row(Copy(row[0], row[1], bytes(row[2]), row[3]), row[4]) for row in cursor.fetchall()]
    return {row.copy.name: row for row in rows}


def _note_unknown(view: NodeView, names: list[str]) -> list[Copy]:
    """Note files that no row of this node knows; returns those of copies that were given up.

    Looked up after the listing was made: a row that came in between is seen.
    """
    if not names:
        return []
    known = orphans.rows_of(view.id, names)
    orphans.note(view.id, [name for name in names if name not in known])
    return [
        Copy(replica.id, replica.chunk_id, bytes(replica.chunk.digest), replica.chunk.size)
        for replica in known.values()
        if replica.state in Replica.GIVEN_UP
    ]


def _give_up(step: Step, problem: str) -> None:
    log.warning("the pass over %s ends without effect: %s", step.view.name, problem)
    later = Now() + Value(timedelta(seconds=RETRY_SECONDS))
    _still_held(step).update(pass_problem=problem[:255], pass_next_at=later)


def _put_back(step: Step, after: str) -> None:
    _still_held(step).update(is_pass_open=True, pass_after=after, pass_next_at=Now())


def _finish(step: Step) -> bool:
    """Write down that the whole listing was compared; tells whether the pass still was this one."""
    interval = Value(timedelta(seconds=settings.RECONCILE_INTERVAL_SECONDS))
    with transaction.atomic():
        is_whole = _still_held(step).update(
            pass_ended_at=Now(), pass_problem="", pass_after="", pass_next_at=F("pass_began_at") + interval
        )
        if is_whole:  # every copy that is stored has been seen on its disk since
            Node.objects.filter(id=step.view.id, returned_at__lt=step.began_at).update(returned_at=None)
            transaction.on_commit(roster.forget)
    log.info("the listing of %s is compared", step.view.name)
    return bool(is_whole)


def _still_held(step: Step) -> QuerySet[Upkeep]:
    return Upkeep.objects.filter(node_id=step.view.id, pass_next_at=step.lease)
