"""Safe mode: while half or more of the nodes are away, nothing is removed or moved about (R20, F34).

Nor while the database is known to have gone back in time and nobody has confirmed it (R25).

Active nodes are counted. One that is being drained is to go: if it is away nobody waits for it, and what it
held has to be copied so that it can be retired.
"""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from nodes import roster, watermark
from nodes.models import Node
from nodes.roster import NodeView


def doubt() -> str:
    """Say why this is no time to remove or move anything; empty when it is."""
    return watermark.doubt() or away()


def away() -> str:
    """Say that half or more of the nodes are away; empty when they are not."""
    # A health row that nobody has written lately counts as unknown: away.
    nodes = [node for node in roster.load().values() if node.duty == Node.Duty.ACTIVE]
    away = [node for node in nodes if node.health != Node.Health.ONLINE]
    if nodes and 2 * len(away) >= len(nodes):
        return words_of(len(away), len(nodes))
    return ""


def words_of(away: int, nodes: int) -> str:
    """Say how many are away."""
    return _("%(away)s of %(all)s active nodes are away") % {"away": away, "all": nodes}


def is_half_gone(views: Mapping[int, NodeView]) -> bool:
    """Tell whether half or more of the nodes are seen to be away: then only last copies are repaired.

    Copying harms nobody, so a node that nobody has asked lately is not taken for away here.
    """
    active = [view for view in views.values() if view.duty == Node.Duty.ACTIVE]
    return 2 * sum(view.is_gone for view in active) >= len(active)
