"""Says what is wrong with the cluster, as named problems a person understands.

It judges the facts of `nodes.findings`, and changes nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nodes import absence, findings, roster, watermark
from nodes.findings import Facts
from nodes.models import Node
from nodes.problems import Code, Problem, in_words

CLOCK_SKEW_SECONDS = 60.0
"""Signatures fail at five minutes; so much earlier it is told."""
QUEUE_STUCK_SECONDS = 300.0
"""Longer than a lease: work that was due for so long, while no worker ended any, waits for nobody."""
SILENT_AT_LEAST_SECONDS = 60.0
"""A worker that starts again is no silence yet."""
IDLE_SECONDS = 300.0
"""Nor are long tasks in each of its processes."""
RECONCILE_LATE_INTERVALS = 3
"""A pass is given up at any doubt and begun again: two may fail before it is told."""
NAMES_TOLD = 5
RECOUNT_TOLD = timedelta(days=1)
"""Until the next recount has found nothing more."""


def examine() -> list[Problem]:
    """Return every problem there is now, the gravest first."""
    return diagnose(findings.look())


def diagnose(facts: Facts) -> list[Problem]:
    """Judge the facts; the gravest problem first."""
    order = list(Code)
    found = [problem for check in CHECKS for problem in check(facts)]
    return sorted(found, key=lambda problem: order.index(problem.code))


def _nodes_that_fail(facts: Facts) -> Iterator[Problem]:
    for node in facts.away:
        told = {"node": node.name, "since": in_words(node.failing_since or node.created_at)}
        yield Problem(
            Code.NODE_DOWN,
            absence.words_of(node) % told,
            node.name,
            outlook=absence.outlook(facts, node),
            cause=node.problem.removeprefix(f"{node.name}: "),
        )
        if node.problem_code == "wrong_store":
            words = _("At the address of %(node)s, %(url)s, another disk answers than the one it had.")
            yield Problem(Code.FOREIGN_STORE, words % {"node": node.name, "url": node.url}, node.name)
        elif node.problem_code == "marker_lost":
            words = _("%(node)s runs, but its disk is gone from under it.") % {"node": node.name}
            yield Problem(Code.DISK_GONE, words, node.name)
        elif node.problem_code == "clock_skew":
            words = _("The clocks of %(node)s and of a worker differ by more than five minutes: it refuses.")
            yield Problem(Code.CLOCK_SKEW, words % {"node": node.name}, node.name)


def _clones(facts: Facts) -> Iterator[Problem]:
    for node in facts.cloned:
        words = _("A copy of the disk of %(node)s asks at %(url)s to be let in, and is refused.")
        yield Problem(Code.CLONED_STORE, words % {"node": node.name, "url": node.clone_url}, node.name)


def _workers(facts: Facts) -> Iterator[Problem]:
    patience = max(SILENT_AT_LEAST_SECONDS, 2 * roster.fresh_seconds())
    probed_at = max((node.probed_at or node.created_at for node in facts.nodes), default=None)
    done_at = facts.counted_at or min((node.created_at for node in facts.nodes), default=None)
    if probed_at and facts.age_seconds(probed_at) > patience:
        words = _("No worker has probed a node since %(since)s: copies and repair stand still.")
        yield Problem(Code.WORKERS_SILENT, words % {"since": in_words(probed_at)})
    elif done_at and facts.age_seconds(done_at) > IDLE_SECONDS:
        words = _("No worker has done a task since %(since)s: copies and repair stand still.")
        yield Problem(Code.WORKERS_SILENT, words % {"since": in_words(done_at)})
    since, limit = facts.queue.waiting_since, facts.now - timedelta(seconds=QUEUE_STUCK_SECONDS)
    if since is not None and since < limit and (facts.settled_at is None or facts.settled_at < limit):
        words = _("Copies have been due since %(since)s, and no worker has taken any up.")
        yield Problem(
            Code.QUEUE_STUCK, words % {"since": in_words(since)}, count=facts.queue.under_replicated
        )


def _writes(facts: Facts) -> Iterator[Problem]:
    writable = len(facts.writable)
    told = {"count": writable, "needed": settings.WRITE_QUORUM, "wanted": settings.REPLICAS}
    if writable < settings.WRITE_QUORUM:
        words = ngettext(
            "%(count)s active node with room is online and %(needed)s are needed: nothing can be stored.",
            "%(count)s active nodes with room are online and %(needed)s are needed: nothing can be stored.",
            writable,
        )
        yield Problem(Code.NO_WRITE_QUORUM, words % told, count=writable)
    elif writable < settings.REPLICAS:
        words = ngettext(
            "%(count)s active node with room is online, too few for %(wanted)s copies of everything.",
            "%(count)s active nodes with room are online, too few for %(wanted)s copies of everything.",
            writable,
        )
        yield Problem(Code.TOO_FEW_NODES, words % told, count=writable)


def _copies(facts: Facts) -> Iterator[Problem]:
    queue = facts.queue
    if queue.lost:
        words = ngettext(
            "%(count)s piece of files has no good copy left on any node.",
            "%(count)s pieces of files have no good copy left on any node.",
            queue.lost,
        )
        yield _counting(Code.LOST_CHUNK, words, queue.lost)
    thin = queue.alarming - queue.lost
    if thin > 0:
        words = ngettext(
            "%(count)s piece of files has fewer than %(wanted)s copies.",
            "%(count)s pieces of files have fewer than %(wanted)s copies.",
            thin,
        )
        yield _counting(Code.UNDER_REPLICATED, words, thin, wanted=settings.REPLICAS)
    if facts.unavailable:
        away = [node.name for node in facts.nodes if node.health == Node.Health.OFFLINE]
        words = ngettext(
            "%(count)s piece of files cannot be read now: all copies are on nodes that are down (%(nodes)s).",
            "%(count)s pieces of files cannot be read now: all copies are on nodes that are down "
            "(%(nodes)s).",
            facts.unavailable,
        )
        yield _counting(Code.UNAVAILABLE_CHUNK, words, facts.unavailable, nodes=_listed(away))
    zones = {node.zone for node in facts.nodes if node.duty == Node.Duty.ACTIVE}
    if facts.same_zone and len(zones) > 1:
        words = ngettext(
            "%(count)s piece of files has all copies in one zone.",
            "%(count)s pieces of files have all copies in one zone.",
            facts.same_zone,
        )
        yield _counting(Code.SAME_ZONE_REPLICAS, words, facts.same_zone)


def _clocks(facts: Facts) -> Iterator[Problem]:
    skew: float | None = facts.own_skew_seconds
    if skew is not None and abs(skew) > CLOCK_SKEW_SECONDS:
        words = (
            _("This gateway's clock is %(seconds)s s before the database's.")
            if skew > 0
            else _("This gateway's clock is %(seconds)s s behind the database's.")
        )
        yield Problem(Code.CLOCK_SKEW, words % {"seconds": f"{abs(skew):,.0f}"})
    for node in facts.online:
        skew = node.clock_skew_seconds
        if skew is not None and abs(skew) > CLOCK_SKEW_SECONDS:
            words = (
                _(
                    "The clock of %(node)s is %(seconds)s s before the database's; "
                    "at five minutes it is unusable."
                )
                if skew > 0
                else _(
                    "The clock of %(node)s is %(seconds)s s behind the database's; "
                    "at five minutes it is unusable."
                )
            )
            told = {"node": node.name, "seconds": f"{abs(skew):,.0f}"}
            yield Problem(Code.CLOCK_SKEW, words % told, node.name)


def _room(facts: Facts) -> Iterator[Problem]:
    for node in facts.nodes:
        is_told = node.duty == Node.Duty.ACTIVE and node.capacity_bytes
        if is_told and node.free_bytes < settings.NEARFULL_SHARE * node.capacity_bytes:
            share = f"{100 * node.free_bytes / node.capacity_bytes:.0f}"
            words = _("%(node)s has %(share)s %% of its room left.") % {"node": node.name, "share": share}
            if node.free_bytes < settings.CHUNK_SIZE:
                words = _("%(node)s is full: it takes nothing more.") % {"node": node.name}
            yield Problem(Code.NEARFULL, words, node.name)


def _restore(facts: Facts) -> Iterator[Problem]:
    if facts.went_back:
        words = _("Nothing is removed: %(reason)s.") % {"reason": watermark.words(facts.went_back)}
        yield Problem(Code.DATABASE_WENT_BACK, words, facts.went_back.seen_by)


def _deletion(facts: Facts) -> Iterator[Problem]:
    if facts.doubt:
        words = _("Nothing is removed or moved: %(reason)s.") % {"reason": facts.doubt}
        yield Problem(Code.SAFE_MODE, words)
    if facts.is_orphans_brake_on:
        words = _("More files that the database does not know would be put aside at once than is usual.")
        yield Problem(Code.ORPHANS_STOPPED, words, count=sum(facts.orphans.values()))
    if facts.surplus_held_back:
        words = ngettext(
            "%(count)s piece would lose surplus copies at once.",
            "%(count)s pieces would lose surplus copies at once.",
            facts.surplus_held_back,
        )
        yield _counting(Code.TRIM_STOPPED, words, facts.surplus_held_back)
    if facts.is_reclaim_brake_on:
        words = ngettext(
            "%(count)s piece would be removed at once, more than is usual.",
            "%(count)s pieces would be removed at once, more than is usual.",
            facts.condemned_overdue,
        )
        yield _counting(Code.RECLAIM_STOPPED, words, facts.condemned_overdue)


def _upkeep(facts: Facts) -> Iterator[Problem]:
    late = timedelta(seconds=RECONCILE_LATE_INTERVALS * settings.RECONCILE_INTERVAL_SECONDS)
    for node in facts.nodes:
        if oldest_at := facts.scrub_overdue.get(node.pk):
            words = _("Some copies on %(node)s have not been read and compared since %(since)s.")
            told = {"node": node.name, "since": in_words(oldest_at)}
            yield Problem(Code.SCRUB_OVERDUE, words % told, node.name)
        upkeep = facts.upkeep.get(node.pk)
        since = (upkeep and upkeep.pass_ended_at) or node.created_at
        if node.health == Node.Health.ONLINE and facts.now - since > late:
            told = {"node": node.name, "since": in_words(since)}
            words = (
                _("The files on %(node)s have not been compared with the database since %(since)s.") % told
            )
            cause = upkeep.pass_problem if upkeep else ""
            yield Problem(Code.RECONCILE_OVERDUE, words, node.name, cause=cause)
        if orphans := facts.orphans.get(node.pk):
            words = ngettext(
                "%(node)s has %(count)s file that the database does not know.",
                "%(node)s has %(count)s files that the database does not know.",
                orphans,
            )
            yield _counting(Code.ORPHANS_FOUND, words, orphans, node=node.name)


def _recount(facts: Facts) -> Iterator[Problem]:
    at = facts.recount_corrected_at
    if at is not None and facts.now - at < RECOUNT_TOLD:
        words = _("A recount found at %(at)s what nobody was told of, and has put it right.")
        yield Problem(Code.RECOUNT_CORRECTED, words % {"at": in_words(at)})


def _disks(facts: Facts) -> Iterator[Problem]:
    for node in facts.nodes:
        if node.quarantined:
            words = ngettext(
                "%(node)s has put %(count)s bad copy aside.",
                "%(node)s has put %(count)s bad copies aside.",
                node.quarantined,
            )
            yield _counting(Code.BAD_COPIES, words, node.quarantined, node=node.name)
    sharing: dict[str, list[str]] = {}
    for node in facts.nodes:
        if node.filesystem_id and node.duty == Node.Duty.ACTIVE:
            sharing.setdefault(node.filesystem_id, []).append(node.name)
    for names in sharing.values():
        if len(names) > 1:
            words = _("%(nodes)s keep their copies on the same disk.") % {"nodes": _listed(names)}
            yield Problem(Code.SHARED_DISK, words, count=len(names))


CHECKS = (
    *(_nodes_that_fail, _clones, _workers, _writes, _copies, _clocks, _room),
    *(_restore, _deletion, _upkeep, _recount, _disks),
)


def _counting(code: Code, words: str, count: int, *, node: str | None = None, **told: object) -> Problem:
    """Put the figures into a sentence that counts something."""
    return Problem(code, words % {"count": f"{count:,}", "node": node, **told}, node, count)


def _listed(names: Sequence[str]) -> str:
    *some, last = names[: NAMES_TOLD + 1] or [""]
    if len(names) > NAMES_TOLD:
        left = len(names) - NAMES_TOLD
        last = _("%(count)s more") % {"count": left}
    return _("%(names)s and %(last)s") % {"names": ", ".join(some), "last": last} if some else last
