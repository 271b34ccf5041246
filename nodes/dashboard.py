"""What the cluster's page shows: one sentence, a few figures, the problems, every node. Reads only.

It is asked for every few seconds: everything here goes by an index or was counted before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from nodes import census, charts, cluster, doctor, draining, figures, findings, rebalance, samples, scrub
from nodes.charts import Chart
from nodes.draining import Progress
from nodes.figures import Figure
from nodes.findings import Facts
from nodes.models import Chunk, Node, NodeSample
from nodes.problems import Code, Problem, Severity
from nodes.rebalance import Outlook

HEARTBEATS = 36
HEARTBEAT = timedelta(minutes=10)
SPANS = {
    "6h": ("6 h", timedelta(hours=6), NodeSample.Span.MINUTE),
    "24h": ("24 h", timedelta(hours=24), NodeSample.Span.MINUTE),
    "7d": ("7 d", timedelta(days=7), NodeSample.Span.HOUR),
    "30d": ("30 d", timedelta(days=30), NodeSample.Span.HOUR),
}
NEARLY_FULL, FULL = 85, 95  # percent, where a fill bar changes its colour
_MEGABYTE = 1_000_000
_NUMBERS = {
    1: gettext_lazy("One"),
    2: gettext_lazy("Two"),
    3: gettext_lazy("Three"),
    4: gettext_lazy("Four"),
}
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
class Fact:
    label: str
    value: str | int
    more: str
    is_size: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """Copies that are to be made; how fast that goes the page sees from one look to the next."""

    left: int
    copies_made: int
    copied_bytes: int
    is_repair: bool


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
        verdict=_verdict(facts, problems),
        more=_more(facts, pieces),
        tablets=_tablets(facts),
        facts=_facts(facts, pieces, stored_bytes, counted[Figure.REPLICAS_FOUND_CORRUPT].value, cards),
        problems=problems,
        repair=Repair(
            left=facts.queue.under_replicated,
            copies_made=counted[Figure.COPIES_MADE].value,
            copied_bytes=counted[Figure.COPIED_BYTES].value,
            is_repair=facts.queue.alarming > 0 or _is_any_away(facts),
        ),
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


def over_time(span: str, now: datetime) -> list[Chart]:
    """Draw how the nodes were until now; `span` is one of SPANS."""
    _words, length, kind = SPANS[span]
    since = now - length
    points = {node.name: samples.of_node(node, since=since, span=kind) for node in Node.objects.in_service()}
    flow = {
        "read": _sum((p.at, p.sent_bytes_per_second) for line in points.values() for p in line),
        "write": _sum((p.at, p.received_bytes_per_second) for line in points.values() for p in line),
    }
    latency = {
        name: [(p.at, p.latency_ms if p.is_online else None) for p in line] for name, line in points.items()
    }
    fill = {name: [(p.at, _used_percent(p)) for p in line] for name, line in points.items()}
    return [
        charts.draw(_("Throughput"), "MB/s", flow, since=since, until=now),
        charts.draw(_("Answer time"), "ms", latency, since=since, until=now),
        charts.draw(_("Room used"), "%", fill, since=since, until=now, most=100.0),
    ]


def _sum(rates: Iterable[tuple[datetime, float | None]]) -> charts.Points:
    """Add up what all nodes did in the same minute or hour, in megabytes a second."""
    sums: dict[datetime, float] = {}
    for at, rate in rates:
        sums[at] = sums.get(at, 0.0) + (rate or 0.0) / _MEGABYTE
    return sorted(sums.items())


def _used_percent(point: samples.Point) -> float | None:
    if not point.capacity_bytes:
        return None
    return 100.0 * (point.capacity_bytes - point.free_bytes) / point.capacity_bytes


def _off(facts: Facts) -> list[Node]:
    return [node for node in facts.nodes if node.health == Node.Health.OFFLINE]


def _is_any_away(facts: Facts) -> bool:
    return any(node.absence_noted for node in facts.nodes)


def _verdict(facts: Facts, problems: Sequence[Problem]) -> str:
    if facts.queue.lost:
        return _("Some pieces are lost.")
    if facts.unavailable:
        return _("Some files wait for nodes.")
    if any(problem.code == Code.NO_WRITE_QUORUM for problem in problems):
        return _("Every file opens. Nothing new can be stored.")
    off = len(_off(facts))
    if off:
        words = ngettext(
            "Every file opens. %(count)s node is off.", "Every file opens. %(count)s nodes are off.", off
        )
        return words % {"count": _NUMBERS.get(off, off)}
    wants = [problem for problem in problems if problem.severity != Severity.NOTICE]
    if wants:
        count = len(wants)
        words = ngettext(
            "Every file opens. %(count)s thing to look at.",
            "Every file opens. %(count)s things to look at.",
            count,
        )
        return words % {"count": _NUMBERS.get(count, count)}
    if facts.queue.under_replicated:
        return _("Every file opens. Copies are being made.")
    return _("All is well.")


def _more(facts: Facts, pieces: int) -> str:
    queue, wanted = facts.queue, settings.REPLICAS
    if queue.lost:
        lost = {"lost": f"{queue.lost:,}", "all": f"{pieces:,}"}
        return _("%(lost)s of %(all)s pieces have no good copy on any node.") % lost
    if queue.under_replicated:
        words = _("%(thin)s of %(all)s pieces have fewer than %(wanted)s copies. All others have %(wanted)s.")
        return words % {"thin": f"{queue.under_replicated:,}", "all": f"{pieces:,}", "wanted": wanted}
    if not pieces:
        return _("Nothing is stored yet.")
    if _off(facts):
        return _("Every piece has %(wanted)s copies, some of them on a node that is off.") % {
            "wanted": wanted
        }
    return _("Every piece has %(wanted)s copies.") % {"wanted": wanted}


def _tablets(facts: Facts) -> list[str]:
    wanted = settings.REPLICAS
    fewest = _fewest(facts)
    if facts.queue.lost:
        return ["bad"] * wanted
    rest = "off" if _off(facts) else "half"
    return ["full"] * fewest + [rest] * (wanted - fewest)


def _fewest(facts: Facts) -> int:
    """How many copies the thinnest piece has, a node that is off counted out."""
    wanted: int = settings.REPLICAS
    due = Chunk.objects.under_replicated().aggregate(fewest=Min("copies_seen"))["fewest"]
    seen = wanted if due is None else min(due, wanted)
    not_noted = sum(not node.absence_noted for node in _off(facts))
    return max(0, seen - not_noted)


def _facts(facts: Facts, pieces: int, stored_bytes: int, bad: int, cards: Sequence[NodeCard]) -> list[Fact]:
    wanted: int = settings.REPLICAS
    thin = facts.queue.under_replicated
    share = 100.0 * (pieces - thin) / pieces if pieces else 100.0
    spare = max(0, _fewest(facts) - 1)
    oldest = min((card.oldest_at for card in cards if card.oldest_at), default=None)
    return [
        Fact(_("Stored"), stored_bytes, _("%(count)s pieces") % {"count": f"{pieces:,}"}, is_size=True),
        Fact(
            _("Room for"),
            _room(facts) // wanted,
            _("at %(wanted)s copies each") % {"wanted": wanted},
            is_size=True,
        ),
        Fact(
            _("Fully protected"),
            f"{_percent(share)}\u00a0%",
            ngettext("%(count)s piece to copy", "%(count)s pieces to copy", thin) % {"count": f"{thin:,}"},
        ),
        Fact(
            _("Oldest check"),
            _ago(oldest, facts.now),
            ngettext("%(count)s bad copy found so far", "%(count)s bad copies found so far", bad)
            % {"count": f"{bad:,}"},
        ),
        Fact(
            _("May still fail"),
            ngettext("%(count)s node", "%(count)s nodes", spare) % {"count": spare} if spare else _("None"),
            _("any, and nothing is lost") if spare else _("one more may lose something"),
        ),
    ]


def _percent(share: float) -> str:
    """Never round up to a whole that is not there."""
    return "100" if share == 100.0 else f"{int(share * 10) / 10:g}"


def _room(facts: Facts) -> int:
    """Free bytes of the nodes that take new copies; nodes on one file system share what is free."""
    free: dict[str, int] = {}
    for node in facts.writable:
        disk = node.filesystem_id or node.name
        free[disk] = max(free.get(disk, 0), node.free_bytes)
    return sum(free.values())


def _ago(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return _("None yet")
    days = (now - moment).days
    if days >= 1:
        return ngettext("%(days)s day ago", "%(days)s days ago", days) % {"days": days}
    hours = int((now - moment).total_seconds() // 3600)
    return _("%(hours)s h ago") % {"hours": hours} if hours else _("Just now")


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
