"""Says in words how a node fails, and what becomes of its copies: when repair begins, or why it does not."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from nodes import health
from nodes.findings import Facts
from nodes.models import Node
from nodes.problems import in_words

SILENT = gettext_noop("%(node)s has not answered since %(since)s.")
_HOW = {
    "wrong_store": gettext_noop("Another disk answers in the place of %(node)s since %(since)s."),
    "marker_lost": gettext_noop("%(node)s answers without its disk since %(since)s."),
    "clock_skew": gettext_noop("%(node)s refuses everything since %(since)s, for the clocks differ."),
    "read_only": gettext_noop("The disk of %(node)s keeps nothing new since %(since)s."),
    "probe_failed": gettext_noop("The disk of %(node)s does not keep what is written since %(since)s."),
    "not_joined": gettext_noop("%(node)s runs since %(since)s without having been let in."),
}


def words_of(node: Node) -> str:
    """Say how a node fails, with places for `node` and `since`."""
    return _(_HOW.get(node.problem_code, SILENT))


def outlook(facts: Facts, node: Node) -> str:
    """Say what happens next to the copies on a node that is away."""
    told = {"node": node.name}
    if node.duty != Node.Duty.ACTIVE:
        return _("If %(node)s comes back, it is emptied further.") % told
    if node.absence_noted:
        words = (
            _("Its copies are being made anew on other nodes.")
            if facts.queue.under_replicated
            else _("What it held has all its copies on other nodes.")
        )
        if facts.queue.under_replicated and _is_short_of_nodes(facts):
            words = _("Its copies are missing, for too few other nodes have room for them.")
        elif facts.queue.under_replicated and facts.doubt:
            words = _("While half of the nodes are away, only what has one copy left is copied.")
        return f"{words} {_('If %(node)s comes back, its own count again by themselves.') % told}"
    if node.pk not in facts.held:
        return _("It holds no copy of anything.")
    if _is_short_of_nodes(facts):
        return (
            _(
                "If %(node)s comes back, nothing has to be copied. If it does not, its copies need another "
                "node to be made on: too few of the others have room."
            )
            % told
        )
    if facts.doubt:
        return (
            _(
                "If %(node)s comes back, nothing has to be copied. While half of the nodes are away, only "
                "what has one copy left is."
            )
            % told
        )
    told["time"] = in_words(max(_patient_until(node), facts.now))
    return (
        _(
            "If %(node)s comes back before %(time)s, nothing has to be copied. Else its copies are made "
            "anew on the other nodes."
        )
        % told
    )


def _is_short_of_nodes(facts: Facts) -> bool:
    wanted: int = settings.REPLICAS
    return len(facts.writable) < wanted


def _patient_until(node: Node) -> datetime:
    limits = health.limits()
    patience = limits.offline_after if health.is_replaced(node) else limits.repair_after
    return (node.failing_since or node.created_at) + patience
