"""Sees how every node is, and writes it down; the only writer of `Node.health`.

A probe makes the node write, sync and read a file: a disk that hangs is seen. Two failures make a node
suspect, 30 s offline, ten minutes make its chunks due for repair; 30 s if another store answers in its place.
Time in which nobody asked is not silence. Copies on a node that comes back must prove to be there,
and those on a disk that knows less than it did: it is an older one, put back between two probes.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce, Now

from nodes import client, failpoints, roster, watermark
from nodes.beside import ThreadPool
from nodes.client import Status
from nodes.errors import NodeError, NodeRefused
from nodes.models import Chunk, ChunkQuerySet, Node, Replica, Upkeep
from storagenode.protocol.signing import WrongStore

log = logging.getLogger(__name__)

PROBE_THREADS = 16


SEEN_FIELDS = [
    *("health", "failures", "failing_since", "absence_noted", "probed_at", "last_seen_at", "latency_ms"),
    *("problem", "problem_code", "capacity_bytes", "free_bytes", "filesystem_id", "clock_skew_seconds"),
    *("quarantined", "received_bytes", "sent_bytes", "version", "returned_at", "watermark"),
]


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """When failing probes mean what."""

    suspect_after_failures: int
    offline_after: timedelta
    repair_after: timedelta


def judge(
    before: Node.Health, *, failing_since: datetime, failures: int, now: datetime, limits: HealthLimits
) -> Node.Health:
    """Judge a node that fails its probes: too few failures change nothing, least of all for the better."""
    if failures < limits.suspect_after_failures:
        return before
    return Node.Health.SUSPECT if now - failing_since < limits.offline_after else Node.Health.OFFLINE


def failing_from(
    *, failing_since: datetime | None, probed_at: datetime | None, asked_at: datetime, fresh: timedelta
) -> datetime:
    """Tell since when a node that did not answer now has been failing, as far as somebody looked.

    A pause of the probes is left out, as if it had begun to fail so much later.
    """
    if failing_since is None or probed_at is None:
        return asked_at
    unasked = asked_at - probed_at
    return failing_since if unasked <= fresh else failing_since + unasked


@dataclass(frozen=True, slots=True)
class Look:
    """What came of asking one node."""

    node_id: int
    outcome: Status | NodeError
    asked_at: float
    """By the monotonic clock."""


def probe_all() -> bool:
    """Probe every node that is not retired, all at once, and record it; tells whether copies became due."""
    nodes = list(Node.objects.in_service())
    if not nodes:
        return False
    told = watermark.current().number
    connection.close()
    with ThreadPool(PROBE_THREADS, thread_name_prefix="probe") as probers:
        looks = list(probers.map(partial(_probe, watermark=told), nodes))
    answers = {look.node_id: look.outcome for look in looks if isinstance(look.outcome, Status)}
    watermark.compare({node_id: status.watermark for node_id, status in answers.items()})
    failpoints.hit("probe.compared")
    if 2 * len(answers) > len(nodes):  # or an old database could overtake those that know better
        watermark.rise(told)
    dues = [note(look.node_id, look.outcome, seconds_ago=time.monotonic() - look.asked_at) for look in looks]
    roster.forget()
    return any(dues)


def forget() -> None:
    """Trust nothing that was seen before everything was stopped: nodes are unknown until they are asked."""
    Node.objects.update(health=Node.Health.UNKNOWN, probed_at=None)


def note(node_id: int, outcome: Status | NodeError, *, seconds_ago: float = 0.0) -> bool:
    """Record one probe: the node's status, or why it failed; tells whether copies became due.

    What was asked before the last look was recorded is no news, be it that its asker stood still meanwhile.
    """
    with transaction.atomic():
        locked = Node.objects.select_for_update(no_key=True)  # records go on
        node = locked.annotate(looked_at=Now()).get(id=node_id)
        now: datetime = node.looked_at  # type: ignore[attr-defined]
        asked_at = now - timedelta(seconds=seconds_ago)
        if node.probed_at is not None and asked_at < node.probed_at <= now:
            return False
        before, was_noted = node.health, node.absence_noted
        if isinstance(outcome, Status):
            _note_success(node, outcome, now)
        else:
            _note_failure(node, outcome, now, asked_at)
        node.probed_at = now
        node.save(update_fields=SEEN_FIELDS)
        if before != node.health:
            log.info("node %s is %s now, was %s. %s", node.name, node.health, before, node.problem)
        has_come = node.health == Node.Health.ONLINE != before
        if has_come:
            expect_targets()
        if has_come and was_noted:  # others were made meanwhile
            Chunk.objects.held_by(node_id).expect_surplus()
        return has_come or (node.absence_noted and not was_noted)


def database_now() -> datetime:
    """Ask the database for its time: the one clock that decides."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime = cursor.fetchone()[0]
        return now


def expect_targets() -> None:
    """A node that takes copies has come: chunks that waited for one are due at once.

    Their back-off begins anew, or nodes that come and go would bring them to wait ten minutes after each try.
    """
    with transaction.atomic():
        waiting = Chunk.objects.filter(copies_due_at__gt=Now()).in_lock_order()
        Chunk.objects.filter(id__in=waiting.values("id")).update(copies_due_at=Now(), attempts=0)


def limits() -> HealthLimits:
    """Return the limits as configured."""
    return HealthLimits(
        suspect_after_failures=settings.SUSPECT_AFTER_FAILURES,
        offline_after=timedelta(seconds=settings.OFFLINE_AFTER_SECONDS),
        repair_after=timedelta(seconds=settings.REPAIR_AFTER_SECONDS),
    )


def _probe(node: Node, *, watermark: int) -> Look:
    asked_at = time.monotonic()
    try:
        status = client.probe(roster.view_of(node), watermark=watermark)
    except NodeError as error:
        return Look(node.pk, error, asked_at)
    if status.store_id != str(node.store_id):
        words = f"another store ({status.store_id}) answers at its address"
        return Look(node.pk, NodeRefused(HTTPStatus.OK, words, WrongStore.code), asked_at)
    return Look(node.pk, status, asked_at)


def _note_success(node: Node, status: Status, now: datetime) -> None:
    is_older = status.watermark_before < node.watermark
    if is_older:
        log.warning("the disk of node %s is older than the one that answered the last probe", node.name)
    if is_older or node.absence_noted or node.health == Node.Health.OFFLINE:
        node.returned_at = now  # its disk may be an older one: copies must prove to be there
        Upkeep.objects.expect_pass(node)
    node.health = Node.Health.ONLINE
    node.failures = 0
    node.failing_since = None
    node.absence_noted = False
    node.problem = node.problem_code = ""
    node.last_seen_at = now
    node.latency_ms = status.latency_ms
    node.capacity_bytes = status.capacity_bytes
    node.free_bytes = status.free_bytes
    node.filesystem_id = status.filesystem_id
    seconds_ago = time.monotonic() - status.heard_at
    node.clock_skew_seconds = status.clock + seconds_ago - now.timestamp()
    node.quarantined = status.quarantined
    node.received_bytes = status.received_bytes
    node.sent_bytes = status.sent_bytes
    node.version = status.version
    node.watermark = status.watermark


def _note_failure(node: Node, error: NodeError, now: datetime, asked_at: datetime) -> None:
    node.failing_since = failing_from(
        failing_since=node.failing_since,
        probed_at=node.probed_at,
        asked_at=asked_at,
        fresh=timedelta(seconds=roster.fresh_seconds()),
    )
    if node.probed_at is None:
        node.absence_noted = False  # its copies count again until it was watched failing for as long
    node.failures += 1
    node.problem = str(error)[:255]
    node.problem_code = error.told_code if isinstance(error, NodeRefused) else error.code
    node.health = judge(
        Node.Health(node.health),
        failing_since=node.failing_since,
        failures=node.failures,
        now=now,
        limits=limits(),
    )
    patience = limits().offline_after if is_replaced(node) else limits().repair_after
    if now - node.failing_since >= patience and not node.absence_noted:
        node.absence_noted = True
        node.save(update_fields=["absence_noted"])  # its copies are counted out
        # A drain has ordered all, while what it held was there yet.
        order = make_copies_due if node.duty == Node.Duty.ACTIVE else count_out
        count = order(node.id)
        log.warning("node %s is gone: %d chunks are due for repair. %s", node.name, count, node.problem)


def is_replaced(node: Node) -> bool:
    """Tell whether another store answers at its address: its disk was emptied or swapped and will not return.

    Such a node is not waited for as one that may be back after a restart.
    """
    return node.problem_code == WrongStore.code


def make_copies_due(node_id: int) -> int:
    """Order a look at every chunk that has a copy on this node; returns how many.

    Those with the fewest copies come first: what a draining node holds is there yet, what lies on absent ones
    counts for nothing. Condemned ones are due too, for when bytes that come again want them: a record sees no
    absence.
    """
    with transaction.atomic():
        return _held_by(node_id).update(copies_due_at=Now(), copies_seen=_copies_there())


def count_out(node_id: int) -> int:
    """Have copies on an absent node count no more in the order of what is due; returns of how many chunks."""
    with transaction.atomic():
        return _held_by(node_id, copies_due_at__isnull=False).update(copies_seen=_copies_there())


def _held_by(node_id: int, **wanted: bool) -> ChunkQuerySet:
    """Chunks with a copy on this node or on its way there, for an update: locked in the order of all."""
    states = (Replica.State.STORED, Replica.State.PENDING)
    here = Replica.objects.filter(node_id=node_id, state__in=states).values("chunk_id")
    locked = Chunk.objects.filter(id__in=here, **wanted).in_lock_order()
    return Chunk.objects.filter(id__in=locked.values("id"))


def _copies_there() -> Coalesce:
    there = (
        Replica.objects.stored()
        .filter(chunk_id=OuterRef("id"), node__absence_noted=False)
        .order_by()
        .values("chunk_id")
        .annotate(copies=Count("id"))
        .values("copies")
    )
    return Coalesce(Subquery(there), 0)
