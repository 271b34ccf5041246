"""The named problems of a cluster: how grave each is and what to do. Words alone; `nodes.doctor` finds them.

A code never changes its meaning: alerts and scripts rely on it. `docs/problems/<CODE>.md` tells more.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _


class Severity(StrEnum):
    """How soon somebody should look."""

    CRITICAL = "critical"
    """Something cannot be read or stored: the cluster is failing."""
    WARNING = "warning"
    """One more loss would hurt, or will soon: the cluster is degraded."""
    NOTICE = "notice"
    """Good to know; nothing is worse for it today."""


class Code(StrEnum):
    """Every problem there is, the gravest first."""

    LOST_CHUNK = "LOST_CHUNK"
    UNAVAILABLE_CHUNK = "UNAVAILABLE_CHUNK"
    NO_WRITE_QUORUM = "NO_WRITE_QUORUM"
    DATABASE_WENT_BACK = "DATABASE_WENT_BACK"
    NODE_DOWN = "NODE_DOWN"
    FOREIGN_STORE = "FOREIGN_STORE"
    DISK_GONE = "DISK_GONE"
    CLONED_STORE = "CLONED_STORE"
    WORKERS_SILENT = "WORKERS_SILENT"
    QUEUE_STUCK = "QUEUE_STUCK"
    UNDER_REPLICATED = "UNDER_REPLICATED"
    TOO_FEW_NODES = "TOO_FEW_NODES"
    SAME_ZONE_REPLICAS = "SAME_ZONE_REPLICAS"
    CLOCK_SKEW = "CLOCK_SKEW"
    NEARFULL = "NEARFULL"
    SCRUB_OVERDUE = "SCRUB_OVERDUE"
    RECONCILE_OVERDUE = "RECONCILE_OVERDUE"
    SAFE_MODE = "SAFE_MODE"
    RECLAIM_STOPPED = "RECLAIM_STOPPED"
    ORPHANS_STOPPED = "ORPHANS_STOPPED"
    BAD_COPIES = "BAD_COPIES"
    ORPHANS_FOUND = "ORPHANS_FOUND"
    TRIM_STOPPED = "TRIM_STOPPED"
    RECOUNT_CORRECTED = "RECOUNT_CORRECTED"
    SHARED_DISK = "SHARED_DISK"

    @property
    def severity(self) -> Severity:
        return KINDS[self].severity

    @property
    def advice(self) -> str:
        return gettext(KINDS[self].advice)


@dataclass(frozen=True, slots=True)
class Kind:
    """What all problems of one code have in common."""

    severity: Severity
    advice: str
    """What to do, in one or two sentences."""


KINDS = {
    Code.LOST_CHUNK: Kind(
        Severity.CRITICAL,
        _(
            "Bring back every node and disk that held them before anything else. What stays lost is mended "
            "by storing the same file again, or by deleting it."
        ),
    ),
    Code.UNAVAILABLE_CHUNK: Kind(
        Severity.CRITICAL,
        _(
            "Start the nodes that are down again, or bring their disks to another machine; nothing is lost "
            "yet."
        ),
    ),
    Code.NO_WRITE_QUORUM: Kind(
        Severity.CRITICAL, _("Start nodes, add nodes with room, or take those that wait into use.")
    ),
    Code.DATABASE_WENT_BACK: Kind(
        Severity.WARNING,
        _(
            "If it was restored, and nothing newer can be had, run `dfs confirm-restore` (or `manage.py "
            "confirm_restore`). If not, stop everything and start the right one: nothing is removed "
            "meanwhile."
        ),
    ),
    Code.NODE_DOWN: Kind(
        Severity.WARNING,
        _("Start it again and look at its log. If it will not come back, empty it and retire it."),
    ),
    Code.FOREIGN_STORE: Kind(
        Severity.WARNING,
        _(
            "Put the right disk back. If it was replaced for good, empty and retire this node: its copies "
            "are made anew, and the new disk has joined as a node of its own."
        ),
    ),
    Code.DISK_GONE: Kind(
        Severity.WARNING, _("Mount the node's disk again; the node goes on by itself then.")
    ),
    Code.CLONED_STORE: Kind(
        Severity.WARNING,
        _(
            "Stop the copy, or start it with an empty folder. If the node was meant to move, stop the old "
            "one first."
        ),
    ),
    Code.WORKERS_SILENT: Kind(
        Severity.WARNING,
        _("See that Redis, the worker and beat run and reach the database; their logs say why if not."),
    ),
    Code.QUEUE_STUCK: Kind(
        Severity.WARNING, _("Start the worker again and look at its log; nothing is lost by that.")
    ),
    Code.UNDER_REPLICATED: Kind(
        Severity.WARNING,
        _("Nothing, while nodes have room: the copies are being made. Else start or add nodes with room."),
    ),
    Code.TOO_FEW_NODES: Kind(Severity.WARNING, _("Start or add nodes, or take those that wait into use.")),
    Code.SAME_ZONE_REPLICAS: Kind(
        Severity.WARNING,
        _(
            "Nothing, while another zone has active nodes online with room: a copy is made there within a "
            "day. Else start or add nodes in another zone."
        ),
    ),
    Code.CLOCK_SKEW: Kind(
        Severity.WARNING, _("Have the machine's clock set by NTP (chrony or systemd-timesyncd).")
    ),
    Code.NEARFULL: Kind(
        Severity.WARNING,
        _("Add a node or a larger disk, or delete for ever what nobody needs, before it is full."),
    ),
    Code.SCRUB_OVERDUE: Kind(
        Severity.WARNING,
        _(
            "See that the worker runs, that the disk is not too slow, and that SCRUB_BYTES_PER_SECOND reads"
            " all of the node within SCRUB_PERIOD_SECONDS."
        ),
    ),
    Code.RECONCILE_OVERDUE: Kind(
        Severity.WARNING, _("See that the worker runs, and look at the node's log and its disk.")
    ),
    Code.SAFE_MODE: Kind(
        Severity.WARNING,
        _("Bring the nodes back; what waits goes on by itself when more than half are there."),
    ),
    Code.RECLAIM_STOPPED: Kind(
        Severity.WARNING,
        _("If that much was deleted on purpose, run `manage.py reclaim --confirm`."),
    ),
    Code.ORPHANS_STOPPED: Kind(
        Severity.WARNING,
        _(
            "Make sure that this is the right database: nothing was restored from an old dump. Then run "
            "`manage.py reconcile --confirm`."
        ),
    ),
    Code.BAD_COPIES: Kind(
        Severity.NOTICE,
        _("Nothing for one or two: other copies took their place. If they become more, replace the disk."),
    ),
    Code.ORPHANS_FOUND: Kind(
        Severity.NOTICE,
        _(
            "Nothing for a few: they are put aside and removed by themselves. After the database was "
            "restored, look first whether it is the right one."
        ),
    ),
    Code.TRIM_STOPPED: Kind(
        Severity.NOTICE,
        _(
            "If a node was away for long, or REPLICAS was lowered on purpose, run `manage.py trim "
            "--confirm`. If not, find out why there are so many; until then every copy stays."
        ),
    ),
    Code.RECOUNT_CORRECTED: Kind(
        Severity.NOTICE,
        _(
            "Nothing, if REPLICAS was changed, or rows by hand. If not, report it with what the workers' "
            "log says: there should have been nothing to find."
        ),
    ),
    Code.SHARED_DISK: Kind(
        Severity.NOTICE,
        _("Give each node a disk of its own, or keep a backup: one lost disk takes all of them."),
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person should know of: the facts of this case, in words and as figures."""

    code: Code
    detail: str
    node: str | None = None
    count: int | None = None
    """Of what the detail counts: chunks, files or nodes."""
    outlook: str = ""
    """What happens next by itself, in a sentence or two."""
    cause: str = ""
    """What a program said of it, as it said it."""

    @property
    def severity(self) -> Severity:
        return self.code.severity

    @property
    def advice(self) -> str:
        return self.code.advice


def in_words(moment: datetime) -> str:
    """Say a moment in a sentence; pages say it in their reader's time (`localised` in `words.js`)."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
