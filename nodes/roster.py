"""Which nodes there are and what may be asked of them, as this process sees it; refreshed every second.

A view joins the database's row with this process's own breaker. Deciding who is a member or who is healthy
happens elsewhere.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.db.models.functions import Now

from nodes import breaker, copysets
from nodes.copysets import Copyset
from nodes.models import Node
from nodes.placement import Candidate
from storagenode.protocol.signing import derive_key

log = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0
QUICK_MS = 50.0
"""A probe's latency below this is chance: who is read first must not hang on it, or one node serves all."""
PROBE_TIMEOUT_SECONDS = 5.0
"""A disk that takes longer to sync a small file hangs."""
FRESH_INTERVALS = 3
OLDEST_SECONDS = 3.0
"""Older views serve nobody, not even while another thread reads them anew."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as callers need it: where it is, how to sign for it, whether to use it."""

    id: int
    name: str
    store_id: str
    host: str
    port: int
    key: bytes = field(repr=False)
    zone: str
    duty: str
    health: str
    free_bytes: int
    latency_ms: float
    is_long_absent: bool
    returned_at: datetime | None

    @property
    def is_reachable(self) -> bool:
        """Seen online, or unknown for want of probes; and not tripped by this process's breaker."""
        return self._may_answer and breaker.of(self.id).is_closed

    @property
    def is_writable(self) -> bool:
        return self.duty == Node.Duty.ACTIVE and self.is_reachable

    @property
    def is_last_resort(self) -> bool:
        """Given up by this process or by whoever probes; it may answer, and is asked before a write fails.

        A worker that is cut off from all nodes calls all of them suspect, and soon offline.
        """
        return self.duty == Node.Duty.ACTIVE and not self.is_reachable

    @property
    def _may_answer(self) -> bool:
        return self.health in (Node.Health.ONLINE, Node.Health.UNKNOWN)

    @property
    def holds_copies_that_count(self) -> bool:
        """Whether its stored replicas count towards the replication factor."""
        return self.duty == Node.Duty.ACTIVE and not self.is_long_absent

    def has_proven(self, verified_at: datetime | None) -> bool:
        """Whether a copy was verified since the node came back from its last absence, if it was away."""
        return self.returned_at is None or (verified_at is not None and verified_at > self.returned_at)

    @property
    def is_gone(self) -> bool:
        """Seen to be away; a node that nobody has asked lately is not."""
        return self.is_long_absent or self.health in (Node.Health.SUSPECT, Node.Health.OFFLINE)

    @property
    def read_rank(self) -> tuple[int, float]:
        """Lower is read first: reachable ones by latency, quick ones alike; the rest as a last resort."""
        usability = 0 if self.is_reachable else 1 if self.health == Node.Health.SUSPECT else 2
        return usability, max(self.latency_ms, QUICK_MS)

    @property
    def candidate(self) -> Candidate:
        return Candidate(node_id=self.id, zone=self.zone, free_bytes=self.free_bytes)


class _Roster:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loaded_at = float("-inf")
        self.views: dict[int, NodeView] = {}


_roster = _Roster()


def views() -> dict[int, NodeView]:
    """Return every node that is not retired, by id; about a second old.

    Nobody waits while another thread reads them anew: who waits may hold the connection that one needs.
    Without a database they stay as they were: a read that is under way ends well, and nothing else can begin.
    """
    age_seconds = time.monotonic() - _roster.loaded_at
    if age_seconds > REFRESH_SECONDS:
        try:
            if _roster.lock.acquire(blocking=False):
                try:
                    reload()
                finally:
                    _roster.lock.release()
            elif age_seconds > OLDEST_SECONDS:
                return load()
        except (OperationalError, InterfaceError) as error:
            if not _roster.views:
                raise
            log.warning("the nodes are taken as they were: %s", error)
            _roster.loaded_at = time.monotonic()
    return _roster.views


def sets() -> tuple[Copyset, ...]:
    """Return which active nodes are to hold copies together; none while there are few."""
    members = ((view.id, view.zone) for view in views().values() if view.duty == Node.Duty.ACTIVE)
    return copysets.of(members, copies=settings.REPLICAS)


def reload() -> None:
    """Read the views anew: who decides on an order must know of the change that gave it."""
    began_at = time.monotonic()
    _roster.views = load()
    _roster.loaded_at = began_at


def forget() -> None:
    """Have the next caller read the database: a membership or health change is to act at once."""
    _roster.loaded_at = float("-inf")


def load() -> dict[int, NodeView]:
    """Read the views from the database now."""
    nodes = Node.objects.in_service().annotate(probe_age=Now() - F("probed_at"))
    return {node.pk: _view(node, node.probe_age) for node in nodes}  # type: ignore[attr-defined]


def fresh_seconds() -> float:
    """Return how long what a probe saw counts: an older row says nothing, for nobody has asked."""
    return FRESH_INTERVALS * float(settings.PROBE_INTERVAL_SECONDS) + PROBE_TIMEOUT_SECONDS


def view_of(node: Node) -> NodeView:
    """View one row whose health does not matter, as a probe or a first contact needs it."""
    return _view(node, None)


def _view(node: Node, probe_age: timedelta | None) -> NodeView:
    is_fresh = probe_age is not None and probe_age.total_seconds() <= fresh_seconds()
    if is_fresh and probe_age is not None and not node.failures:
        breaker.of(node.id).probed(probe_age.total_seconds())
    address = urlsplit(node.url)
    return NodeView(
        id=node.id,
        name=node.name,
        store_id=str(node.store_id),
        host=address.hostname or "",
        port=address.port or 80,
        key=derive_key(bytes.fromhex(settings.CLUSTER_SECRET), str(node.store_id)),
        zone=node.zone,
        duty=node.duty,
        health=node.health if is_fresh else Node.Health.UNKNOWN,
        free_bytes=node.free_bytes,
        latency_ms=node.latency_ms or 0.0,
        is_long_absent=node.absence_noted,  # what made its chunks due, whoever looks and when
        returned_at=node.returned_at,
    )
