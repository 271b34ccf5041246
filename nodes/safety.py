"""Safe mode: while half or more of the nodes are away, nothing is removed or moved about (R20, F34).

Nor while the database is known to have gone back in time and nobody has confirmed it (R25).
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
    nodes = roster.load().values()  # a health row nobody has written lately counts as unknown: away
    away = [node for node in nodes if node.health != Node.Health.ONLINE]
    if nodes and 2 * len(away) >= len(nodes):
        return words_of(len(away), len(nodes))
    return ""


def words_of(away: int, nodes: int) -> str:
    """Say how many are away."""
    return _("%(away)s of %(all)s nodes are away") % {"away": away, "all": nodes}


def is_half_gone(views: Mapping[int, NodeView]) -> bool:
    """Tell whether half or more of the nodes are seen to be away: then only last copies are repaired.

    Copying harms nobody, so a node that nobody has asked lately is not taken for away here.
    """
    gone = [view for view in views.values() if view.is_gone]
    return 2 * len(gone) >= len(views)
