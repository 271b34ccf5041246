"""Sums the cluster up: one sentence, one more, the sign of the copies, figures; never better than it is.

What nodes hold that do not answer, or that nobody asks, is there and yet no copy anybody can read now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from nodes.findings import Facts
from nodes.models import Node
from nodes.problems import Code, Problem, Severity

_NUMBERS = {
    1: gettext_lazy("One"),
    2: gettext_lazy("Two"),
    3: gettext_lazy("Three"),
    4: gettext_lazy("Four"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str | int
    more: str
    is_size: bool = False


def verdict(facts: Facts, problems: Sequence[Problem]) -> str:
    """Say how all is in one sentence, two at most."""
    if facts.queue.lost:
        return _("Some pieces are lost.")
    if facts.unavailable:
        return _("Some files wait for nodes.")
    if any(problem.code == Code.NO_WRITE_QUORUM for problem in problems):
        return f"{_opening(facts)} {_('Nothing new can be stored.')}"
    if facts.away:
        return f"{_opening(facts)} {_absent(facts.away)}"
    wants = [problem for problem in problems if problem.severity != Severity.NOTICE]
    if wants:
        count = len(wants)
        words = ngettext("%(count)s thing to look at.", "%(count)s things to look at.", count)
        return f"{_opening(facts)} {words % {'count': _NUMBERS.get(count, count)}}"
    if facts.unasked:
        return _opening(facts)
    if facts.queue.under_replicated:
        return f"{_opening(facts)} {_('Copies are being made.')}"
    return _("All is well.")


def more(facts: Facts, pieces: int) -> str:
    """Say how many pieces have fewer copies than wanted, or fewer that can be read now."""
    queue, wanted = facts.queue, settings.REPLICAS
    told = {"all": f"{pieces:,}", "wanted": wanted}
    if queue.lost:
        words = _("%(lost)s of %(all)s pieces have no good copy on any node.")
        return words % {"lost": f"{queue.lost:,}", **told}
    if not pieces:
        return _("Nothing is stored yet.")
    if facts.out_of_reach:
        short = {"short": f"{short_of_reach(facts, pieces):,}", "left": wanted - 1, **told}
        if len(facts.held) == 1 and not queue.thin:
            words = _("%(short)s of %(all)s pieces have %(left)s of %(wanted)s copies within reach.")
        else:
            words = _(
                "Up to %(short)s of %(all)s pieces have fewer than %(wanted)s copies within reach. "
                "All others have %(wanted)s."
            )
        return f"{_unreliable(facts)} {words % short}"
    if queue.thin:
        words = _("%(thin)s of %(all)s pieces have fewer than %(wanted)s copies. All others have %(wanted)s.")
        return words % {"thin": f"{queue.thin:,}", **told}
    if facts.away:
        return _("Every piece has %(wanted)s copies on the nodes that answer.") % told
    return _("Every piece has %(wanted)s copies.") % told


def tablets(facts: Facts) -> list[str]:
    """Draw how many copies the thinnest piece has."""
    wanted, fewest = settings.REPLICAS, facts.fewest_in_reach
    if facts.queue.lost:
        return ["bad"] * wanted
    rest = "off" if facts.away else "half"
    return ["full"] * fewest + [rest] * (wanted - fewest)


def short_of_reach(facts: Facts, pieces: int) -> int:
    """Tell how many pieces have fewer copies within reach than wanted, at most."""
    return min(pieces, facts.queue.thin + facts.out_of_reach)


def figures_of(
    facts: Facts, *, pieces: int, stored_bytes: int, bad: int, oldest_at: datetime | None
) -> list[Fact]:
    """Say what is stored, what room there is, and what may still fail."""
    wanted: int = settings.REPLICAS
    spare = max(0, facts.fewest_in_reach - 1)
    return [
        Fact(_("Stored"), stored_bytes, _("%(count)s pieces") % {"count": f"{pieces:,}"}, is_size=True),
        Fact(
            _("Room for"),
            _room(facts) // wanted,
            _("at %(wanted)s copies each") % {"wanted": wanted},
            is_size=True,
        ),
        _protected(facts, pieces),
        Fact(
            _("Oldest check"),
            _ago(oldest_at, facts.now),
            ngettext("%(count)s bad copy found so far", "%(count)s bad copies found so far", bad)
            % {"count": f"{bad:,}"},
        ),
        Fact(
            _("May still fail"),
            ngettext("%(count)s node", "%(count)s nodes", spare) % {"count": spare} if spare else _("None"),
            _("any, and nothing is lost") if spare else _("one more may lose something"),
        ),
    ]


def _opening(facts: Facts) -> str:
    if facts.fewest_in_reach:
        return _("Every file opens.")
    return _("Some files may not open.") if facts.away else _("Nobody has asked the nodes lately.")


def _absent(away: Sequence[Node]) -> str:
    count = len(away)
    if all(node.health == Node.Health.OFFLINE for node in away):
        words = ngettext("%(count)s node is off.", "%(count)s nodes are off.", count)
    else:
        words = ngettext("%(count)s node does not answer.", "%(count)s nodes do not answer.", count)
    return words % {"count": _NUMBERS.get(count, count)}


def _unreliable(facts: Facts) -> str:
    """Say how many of the nodes are not to be relied on."""
    count = len(facts.away) or len(facts.unasked)
    told = {"count": count, "all": len(facts.nodes)}
    if facts.away:
        words = ngettext("%(count)s of %(all)s nodes is away.", "%(count)s of %(all)s nodes are away.", count)
    else:
        words = ngettext(
            "%(count)s of %(all)s nodes was not asked lately.",
            "%(count)s of %(all)s nodes were not asked lately.",
            count,
        )
    return words % told


def _protected(facts: Facts, pieces: int) -> Fact:
    short = short_of_reach(facts, pieces)
    share = 100.0 * (pieces - short) / pieces if pieces else 100.0
    due = facts.queue.under_replicated
    words = ngettext("%(count)s piece to copy", "%(count)s pieces to copy", due) % {"count": f"{due:,}"}
    if facts.out_of_reach:
        words = ngettext(
            "%(count)s piece without all copies in reach",
            "%(count)s pieces without all copies in reach",
            short,
        ) % {"count": f"{short:,}"}
    return Fact(_("Fully protected"), f"{_percent(share)}\u00a0%", words)


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
