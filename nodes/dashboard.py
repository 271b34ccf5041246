"""What the cluster's page shows: one sentence, a few figures, the problems, every node. Reads only.

It is asked for every few seconds: everything here goes by an index or was counted before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext as _

from nodes import census, cluster, doctor, draining, figures, findings, rebalance, repairing, scrub, summary
from nodes.draining import Progress
from nodes.figures import Figure
from nodes.findings import Facts
from nodes.models import Node, NodeSample
from nodes.problems import Problem
from nodes.rebalance import Outlook
from nodes.repairing import Repair
from nodes.summary import Fact

HEARTBEATS = 36
HEARTBEAT = timedelta(minutes=10)
NEARLY_FULL, FULL = 85, 95  # percent, where a fill bar changes its colour
_RISK = """
SELECT count(*), coalesce(sum(size), 0),
       count(*) FILTER (WHERE others = 0), count(*) FILTER (WHERE others = 1)
FROM (
    SELECT c.size, (
        SELECT count(*) FROM nodes_replica o JOIN nodes_node n ON n.id = o.node_id
        WHERE o.chunk_id = c.id AND o.state = 'stored' AND o.node_id <> r.node_id
          AND n.duty <> 'retired' AND n.health <> 'offline'
    ) AS others
    FROM nodes_replica r JOIN nodes_chunk c ON c.id = r.chunk_id AND c.state = 'live'
    WHERE r.node_id = %s AND r.state = 'stored'
) AS held
"""


@dataclass(frozen=True, slots=True)
class NodeCard:
    node: Node
    badge: str
    tone: str
    used_bytes: int
    percent: int
    replicas: int
    oldest_at: datetime | None
    checked_percent: int | None
    """Of the copies held, while all are read again as ordered; else None."""
    beats: Sequence[str]
    """Ten minutes each, the last one now: `on`, `off`, `part`, or empty where nobody looked."""
    drain: Progress | None

    @property
    def fill_tone(self) -> str:
        if self.tone == "danger":
            return "off"
        return "danger" if self.percent >= FULL else "warn" if self.percent >= NEARLY_FULL else "good"

    @property
    def drained_percent(self) -> int:
        began = self.node.drain_began_bytes or 0
        return 100 * (began - self.drain.bytes_left) // began if self.drain and began else 0


@dataclass(frozen=True, slots=True)
class Board:
    verdict: str
    more: str
    tablets: Sequence[str]
    facts: Sequence[Fact]
    problems: Sequence[Problem]
    repair: Repair
    balance: Outlook
    nodes: Sequence[NodeCard]
    zones: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Risk:
    """What would be so if a node died now."""

    node: str
    pieces: int
    size_bytes: int
    lost: int
    on_one_node: int


def board(*, stored_bytes: int) -> Board:
    """Look at everything; `stored_bytes` is what people store, which only the caller knows."""
    facts = findings.look()
    problems = doctor.diagnose(facts)
    pieces = cluster.chunk_count()
    counted = figures.read()
    cards = _cards(facts)
    return Board(
        verdict=summary.verdict(facts, problems),
        more=summary.more(facts, pieces),
        tablets=summary.tablets(facts),
        facts=summary.figures_of(
            facts,
            pieces=pieces,
            stored_bytes=stored_bytes,
            bad=counted[Figure.REPLICAS_FOUND_CORRUPT].value,
            oldest_at=min((card.oldest_at for card in cards if card.oldest_at), default=None),
        ),
        problems=problems,
        repair=repairing.progress(facts),
        balance=rebalance.outlook(),
        nodes=cards,
        zones=len({node.zone for node in facts.nodes}),
        at=facts.now,
    )


def risk_of(node: Node) -> Risk:
    """Say what would be lost with a node, and what would hang on a last one. Reads all that it holds."""
    with connection.cursor() as cursor:
        cursor.execute(_RISK, [node.pk])
        pieces, size_bytes, lost, on_one_node = cursor.fetchone()
    return Risk(node.name, pieces, int(size_bytes), lost, on_one_node)


def _cards(facts: Facts) -> list[NodeCard]:
    held = census.replicas_by_node(census.read())
    oldest = {node.pk: node.oldest_at for node in scrub.with_oldest()}  # type: ignore[attr-defined]
    beats = _beats(facts.now)
    cards = [
        NodeCard(
            node=node,
            badge=_badge(node)[0],
            tone=_badge(node)[1],
            used_bytes=max(node.capacity_bytes - node.free_bytes, 0),
            percent=100 * max(node.capacity_bytes - node.free_bytes, 0) // max(node.capacity_bytes, 1),
            replicas=held.get(node.pk, {}).get("stored", 0),
            oldest_at=oldest.get(node.pk),
            checked_percent=_checked_percent(
                facts, node, oldest.get(node.pk), held.get(node.pk, {}).get("stored", 0)
            ),
            beats=beats.get(node.pk, [""] * HEARTBEATS),
            drain=draining.progress(node) if node.drain_began_at else None,
        )
        for node in facts.nodes
    ]
    return sorted(cards, key=lambda card: (card.tone != "danger", card.tone != "warn", card.node.name))


def _checked_percent(facts: Facts, node: Node, oldest_at: datetime | None, copies: int) -> int | None:
    upkeep = facts.upkeep.get(node.pk)
    ordered_at = upkeep.scrub_ordered_at if upkeep else None
    if ordered_at is None or oldest_at is None or oldest_at >= ordered_at:
        return None
    left = scrub.copies_left(node, ordered_at)  # the copies were counted a moment before
    return min(99, 100 * max(copies - left, 0) // max(copies, 1))


def _badge(node: Node) -> tuple[str, str]:
    if node.health == Node.Health.OFFLINE:
        return _("Off since") if node.failing_since else _("Off"), "danger"
    if node.health == Node.Health.SUSPECT:
        return _("Slow to answer"), "warn"
    if node.health == Node.Health.UNKNOWN:
        return _("Not asked yet"), "quiet"
    if node.duty == Node.Duty.DRAINING:
        if node.drain_began_at is None:
            return _("New, not in use yet"), "quiet"
        return _("Emptying"), "busy"
    return _("Online"), "good"


def _beats(now: datetime) -> dict[int, list[str]]:
    since = now - HEARTBEAT * HEARTBEATS
    beats: dict[int, list[str]] = {}
    rows = NodeSample.objects.filter(span=NodeSample.Span.MINUTE, at__gte=since).values_list(
        "node_id", "at", "is_online"
    )
    for node_id, at, is_online in rows:
        line = beats.setdefault(node_id, [""] * HEARTBEATS)
        place = min(HEARTBEATS - 1, int((at - since) / HEARTBEAT))
        word = "on" if is_online else "off"
        line[place] = word if line[place] in ("", word) else "part"
    return beats
