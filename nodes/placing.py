"""Brings one piece of bytes onto a quorum of nodes, with hand-off to others when some fail or are slow.

What a node did that did not answer in time is unknown and never counted. Rows are not its business: what it
placed is recorded by `nodes.recording`.
"""

import logging
import math
from collections.abc import Iterable, Set
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from uuid import UUID

from django.conf import settings

from nodes import client, failpoints, placement, roster
from nodes.errors import ClusterError, ClusterFull, NodeError, NodeRefused, QuorumNotReached
from nodes.exchange import FIRST_BYTE_SECONDS, Exchange, settle
from nodes.hedging import Hedging
from nodes.ids import uuid7
from nodes.measures import HANDED_OFF_COPIES
from nodes.models import Node
from nodes.roster import NodeView
from storagenode.protocol.names import chunk_name

log = logging.getLogger(__name__)

MAX_TRIES_A_COPY = 2
"""Hand-offs: at most twice the replication factor of nodes is asked before a write is given up (R09)."""


hedging_writes = Hedging(floor_seconds=2.0, quantile=0.99)
"""Another node is asked beside a slow one after the 99th percentile of recent copies, two seconds or more."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A copy that a node has confirmed; without a replica id, a stored replica that was there before."""

    node_id: int
    replica_id: UUID | None


def place(digest: bytes, body: memoryview, *, stored_on: Set[int] = frozenset()) -> list[Placement]:
    """Put the bytes on as many nodes as the write quorum still lacks; returns trusted and fresh placements.

    `stored_on` are nodes with a stored replica, which is not written again where `reachable` trusts it.
    Nodes given up by this process's breaker, suspect and offline ones are asked, in this order, when the
    others do not suffice. Every fresh copy was hashed and fsynced by its node. Raises QuorumNotReached, or
    ClusterFull: then record nothing.
    """
    failpoints.hit("place.before")
    placements = _Round(digest, body, stored_on).run()
    failpoints.hit("place.after_quorum")
    return placements


@dataclass(eq=False, slots=True)
class _Copy:
    """A copy on its way; a slow one may still come, but another node is asked in its stead."""

    view: NodeView
    replica_id: UUID
    exchange: Exchange
    is_slow: bool = False


class _Round:
    """The placing of one piece: what is confirmed, what is on its way, who may still be asked."""

    def __init__(self, digest: bytes, body: memoryview, stored_on: Set[int]) -> None:
        self._digest = digest
        self._body = body
        trusted = reachable(stored_on)
        self._placements = as_placements(trusted)
        self._zones = {view.zone for view in trusted}
        self._on_their_way: list[_Copy] = []
        views = roster.views()
        has_copy = {view.id for view in trusted}
        self._untried = {v.id: v for v in views.values() if v.is_writable and v.id not in has_copy}
        self._last_resorts = _last_resorts(views.values())
        self._full: set[int] = set()
        self._tries_left = MAX_TRIES_A_COPY * settings.REPLICAS

    def run(self) -> list[Placement]:
        """Ask nodes, all that are needed at once and others for those that fail, until there is a quorum."""
        try:
            while True:
                if chosen := self._choose():
                    self._send(chosen)
                elif self._is_enough:
                    return self._placements
                elif self._lacking > 0 and self._last_resorts:
                    self._turn_to_last_resort()
                elif self._on_their_way:
                    self._wait()
                else:
                    raise self._failure()
        finally:
            for copy in self._on_their_way:
                copy.exchange.abandon(is_slow=copy.is_slow)

    def _failure(self) -> ClusterError:
        """Say what was lacking: room on nodes that answer, or nodes."""
        size = len(self._body)
        full = self._full | {v.id for v in roster.views().values() if v.is_writable and v.free_bytes < size}
        full -= {placed.node_id for placed in self._placements}
        if len(self._placements) + len(full) >= settings.WRITE_QUORUM:
            return ClusterFull()
        return QuorumNotReached(confirmed=len(self._placements), wanted=settings.WRITE_QUORUM)

    @property
    def _expected(self) -> list[_Copy]:
        return [copy for copy in self._on_their_way if not copy.is_slow]

    @property
    def _lacking(self) -> int:
        return int(settings.WRITE_QUORUM) - len(self._placements) - len(self._expected)

    @property
    def _is_enough(self) -> bool:
        """Whether there is a quorum, in different zones unless none from another zone can come any more."""
        return len(self._placements) >= settings.WRITE_QUORUM and not any(
            _is_new_zone(copy.view.zone, self._zones) for copy in self._on_their_way
        )

    def _choose(self) -> list[NodeView]:
        """Choose whom to ask now: as many as lack, or one in another zone when all are in one."""
        zones = self._zones | {copy.view.zone for copy in self._expected}
        lacking = self._lacking
        if not self._tries_left or (lacking <= 0 and len(zones) >= min(settings.WRITE_QUORUM, 2)):
            return []
        order = placement.choose_nodes(
            (v.candidate for v in self._untried.values()),
            size=len(self._body),
            used_zones=zones,
            holders={placed.node_id for placed in self._placements}
            | {copy.view.id for copy in self._expected},
            sets=roster.sets(),
        )
        if lacking <= 0:
            order = [candidate for candidate in order if _is_new_zone(candidate.zone, zones)]
        return [
            self._untried.pop(candidate.node_id)
            for candidate in order[: min(max(lacking, 1), self._tries_left)]
        ]

    def _turn_to_last_resort(self) -> None:
        """A copy that is there already is proven anew by writing it again."""
        asked = {placed.node_id for placed in self._placements}
        asked |= {copy.view.id for copy in self._on_their_way}
        self._untried = {view.id: view for view in self._last_resorts.pop(0) if view.id not in asked}

    def _send(self, views: list[NodeView]) -> None:
        """Send one copy to each node, all before waiting for any.

        Whoever has copies on their way waits for no place on the way to another node, and the first ones are
        sent in the order of the nodes: nobody waits in a circle.
        """
        self._tries_left -= len(views)
        lane_seconds = 0.0 if self._on_their_way else FIRST_BYTE_SECONDS
        for view in sorted(views, key=lambda view: view.id):
            replica_id = uuid7()
            name = chunk_name(self._digest, replica_id)
            try:
                exchange = client.begin_put(view, name, self._body, lane_seconds=lane_seconds)
            except NodeError as error:
                _tell(view, error)
            else:
                self._on_their_way.append(_Copy(view, replica_id, exchange))

    def _wait(self) -> None:
        """Wait for one copy to be confirmed or refused, or until the patience with it is over."""
        expected = self._expected
        exchanges = [copy.exchange for copy in self._on_their_way]
        if len(expected) == len(exchanges) and all(exchange.is_sent for exchange in exchanges):
            exchanges = exchanges[:1]  # all are needed, in whatever order they come
        left = hedging_writes.patience_left(expected[0].exchange.seconds) if expected else math.inf
        settled = settle(exchanges, left)
        if settled is None and not hedging_writes.patience_left(expected[0].exchange.seconds):
            if hedging_writes.take():
                log.warning("a copy on %s is slow, another node is asked", expected[0].view.name)
                HANDED_OFF_COPIES.inc()
                expected[0].is_slow = True
            else:
                settled = settle(exchanges)
        if settled is not None:
            self._note(next(copy for copy in self._on_their_way if copy.exchange is settled))

    def _note(self, copy: _Copy) -> None:
        self._on_their_way.remove(copy)
        try:
            client.finish_put(copy.exchange)
        except NodeError as error:
            _tell(copy.view, error)
            if isinstance(error, NodeRefused) and error.status == HTTPStatus.INSUFFICIENT_STORAGE:
                self._full.add(copy.view.id)
        else:
            hedging_writes.note(copy.exchange.seconds)
            self._placements.append(Placement(copy.view.id, copy.replica_id))
            self._zones.add(copy.view.zone)
            failpoints.hit("place.after_copy")


def _last_resorts(views: Iterable[NodeView]) -> list[list[NodeView]]:
    """Group the nodes that are asked only before a write fails, those first that most likely answer."""
    ranked = sorted((view for view in views if view.is_last_resort), key=_despair)
    return [list(alike) for _, alike in groupby(ranked, key=_despair)]


def _despair(view: NodeView) -> int:
    return {Node.Health.SUSPECT: 1, Node.Health.OFFLINE: 2}.get(Node.Health(view.health), 0)


def is_quorum(trusted: list[NodeView]) -> bool:
    """Tell whether stored copies here make a write durable: enough, in different zones where possible."""
    zones = {view.zone for view in trusted}
    return len(trusted) >= settings.WRITE_QUORUM and not any(
        view.is_writable and _is_new_zone(view.zone, zones) for view in roster.views().values()
    )


def _is_new_zone(zone: str, zones: Set[str]) -> bool:
    return len(zones) < min(settings.WRITE_QUORUM, 2) and zone not in zones


def reachable(node_ids: Set[int]) -> list[NodeView]:
    """Return those of the nodes that are in service and answer, and whose old copies may be trusted.

    A node that has just come back may have an older disk, and after a restore of the database every node may
    lack what was reclaimed since: such copies are written anew, until a pass over the listing has seen them.
    """
    views = roster.views()  # for nobody, too: a later look would hold a connection while nodes sync
    known = [views[node_id] for node_id in node_ids if node_id in views]
    return [view for view in known if view.is_reachable and view.returned_at is None]


def as_placements(trusted: list[NodeView]) -> list[Placement]:
    """Count stored replicas that were there before as placements."""
    return [Placement(view.id, None) for view in trusted]


def _tell(view: NodeView, error: NodeError) -> None:
    HANDED_OFF_COPIES.inc()
    log.warning("a copy on %s was not confirmed, another node is asked: %s", view.name, error)
