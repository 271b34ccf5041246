"""Nodes in the Django admin: how each is, and changes of duty that ask before they act."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import sizes
from nodes import draining, membership, rebalance, scrub, wake
from nodes.errors import MembershipError
from nodes.models import Node, Replica


@admin.register(Node)
class NodeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A node joins by its own announcement; people decide about its duty."""

    list_display = ("name", "zone", "health", "duty", "left", "fill", "replicas", "last_seen", "problem")
    list_filter = ("health", "duty", "zone")
    search_fields = ("name", "url", "zone")
    actions = ("activate", "drain", "retire", "rebalance", "scrub")
    empty_value_display = "–"
    readonly_fields = ["scrubbed", *(field.name for field in Node._meta.fields if field.name != "zone")]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show how to add a node: started with the join token, it announces itself and waits in the list."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add a node"),
            "gateway_url": request.build_absolute_uri("/").rstrip("/"),
            "networks": ", ".join(map(str, settings.NODE_NETWORKS)),
            "is_activated_at_once": settings.AUTO_ACTIVATE,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/nodes/add_node.html", context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """List the nodes, and say over them how even they are."""
        told = {"subtitle": _told(rebalance.outlook())}
        return super().changelist_view(request, told | (extra_context or {}))

    def has_delete_permission(self, request: HttpRequest, obj: Node | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Node]:
        stored = Count("replicas", filter=Q(replicas__state=Replica.State.STORED))
        nodes: QuerySet[Node] = super().get_queryset(request).annotate(replica_count=stored)
        return nodes

    @admin.display(description=gettext_lazy("copies"), ordering="replica_count")
    def replicas(self, node: Node) -> int:
        return int(getattr(node, "replica_count", 0))

    @admin.display(description=gettext_lazy("left to move"))
    def left(self, node: Node) -> str:
        """How far a drain has come, and when it is expected to be over."""
        progress = draining.progress(node)
        if progress is None:
            return "–"
        if not progress.copies_left:
            return _("empty: can be retired")
        left = {"count": progress.copies_left, "size": sizes.in_words(progress.bytes_left)}
        if progress.seconds_left is None:
            return _("%(count)s copies, %(size)s, time not known yet") % left
        left["time"] = timedelta(seconds=round(progress.seconds_left))
        return _("%(count)s copies, %(size)s, about %(time)s") % left

    @admin.display(description=gettext_lazy("read and compared"))
    def scrubbed(self, node: Node) -> str:
        """How much was read again lately, and how far an order to read everything has come."""
        told = scrub.progress(node)
        figures: dict[str, object] = {"count": told.verified_copies, "all": told.copies}
        lately = _("%(count)s of %(all)s copies within the period") % figures
        if told.ordered_at is None:
            return lately
        figures |= {"lately": lately, "at": f"{told.ordered_at:%Y-%m-%d %H:%M} UTC"}
        if not told.copies_left:
            return _("%(lately)s; ordered %(at)s: done") % figures
        figures |= {"left": told.copies_left, "size": sizes.in_words(told.bytes_left)}
        return _("%(lately)s; ordered %(at)s: %(left)s copies, %(size)s left") % figures

    @admin.display(description=gettext_lazy("fill"))
    def fill(self, node: Node) -> SafeString:
        used = max(node.capacity_bytes - node.free_bytes, 0)
        return format_html(
            '<meter min="0" max="{}" value="{}"></meter> {}',
            max(node.capacity_bytes, 1),
            used,
            _("%(free)s free of %(all)s")
            % {"free": sizes.in_words(node.free_bytes), "all": sizes.in_words(node.capacity_bytes)},
        )

    @admin.display(description=gettext_lazy("last seen"), ordering="last_seen_at")
    def last_seen(self, node: Node) -> str:
        if node.last_seen_at is None:
            return _("never")
        age = timezone.now() - node.last_seen_at
        if age < timedelta(minutes=1):
            return _("now")
        return _("%(age)s ago") % {"age": str(age).split(".")[0]}

    @admin.action(permissions=["change"], description=gettext_lazy("Activate: take new copies"))
    def activate(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        return self._ask_or_change(request, nodes, "activate", membership.activate)

    @admin.action(
        permissions=["change"], description=gettext_lazy("Drain: copy everything elsewhere, take nothing new")
    )
    def drain(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        return self._ask_or_change(request, nodes, "drain", membership.drain)

    @admin.action(
        permissions=["change"], description=gettext_lazy("Retire: take a drained node out for good")
    )
    def retire(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        return self._ask_or_change(request, nodes, "retire", membership.retire)

    @admin.action(
        permissions=["change"], description=gettext_lazy("Rebalance: even out how full all active nodes are")
    )
    def rebalance(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        if (question := self._ask(request, nodes, "rebalance")) is not None:
            return question
        wake.rebalancing()
        self.message_user(request, _told(rebalance.outlook()))
        return None

    @admin.action(
        permissions=["change"],
        description=gettext_lazy("Scrub: read everything again and compare it, at the usual pace"),
    )
    def scrub(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        return self._ask_or_change(request, nodes, "scrub", scrub.order)

    def _ask_or_change(
        self, request: HttpRequest, nodes: QuerySet[Node], verb: str, change: Callable[[Node], None]
    ) -> HttpResponse | None:
        if (question := self._ask(request, nodes, verb)) is not None:
            return question
        for node in nodes:
            try:
                change(node)
            except MembershipError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"{node.name}: {EFFECTS[verb]}", messages.SUCCESS)
        wake.replication()
        return None

    def _ask(self, request: HttpRequest, nodes: QuerySet[Node], verb: str) -> HttpResponse | None:
        """Return the page that asks before anything is done; None once somebody said yes."""
        if "confirmed" in request.POST:
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": ASKED[verb],
            "yes": CONFIRMED[verb],
            "nodes": nodes,
            "verb": verb,
            "effect": EFFECTS[verb],
            "action_name": ACTION_CHECKBOX_NAME,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/nodes/confirm_duty.html", context)


def _told(outlook: rebalance.Outlook) -> str:
    """Say how even the nodes are, how far that has come, and why nothing moves if nothing does."""
    difference = {"percent": round(100 * outlook.difference)}
    sentences = [_("The used shares of the nodes differ by %(percent)s %%.") % difference]
    if outlook.bytes_left:
        moved, left = sizes.in_words(outlook.moved_bytes), sizes.in_words(outlook.bytes_left)
        sentences.append(_("%(moved)s are moved, %(left)s are to move.") % {"moved": moved, "left": left})
        if outlook.seconds_left is None:
            sentences.append(_("How long that takes is not known yet."))
        else:
            time = {"time": timedelta(seconds=round(outlook.seconds_left))}
            sentences.append(_("At most %(time)s are left.") % time)
    if outlook.waits_for:
        sentences.append(_("Nothing moves now: %(waits_for)s.") % {"waits_for": outlook.waits_for})
    return " ".join(sentences)


ASKED = {
    "scrub": gettext_lazy("Scrub these nodes?"),
    "rebalance": gettext_lazy("Rebalance these nodes?"),
    "activate": gettext_lazy("Activate these nodes?"),
    "drain": gettext_lazy("Drain these nodes?"),
    "retire": gettext_lazy("Retire these nodes?"),
}
CONFIRMED = {
    "scrub": gettext_lazy("Yes, scrub"),
    "rebalance": gettext_lazy("Yes, rebalance"),
    "activate": gettext_lazy("Yes, activate"),
    "drain": gettext_lazy("Yes, drain"),
    "retire": gettext_lazy("Yes, retire"),
}
EFFECTS = {
    "scrub": gettext_lazy(
        "all it holds is read and compared at the usual pace; its page tells how far that is."
    ),
    "rebalance": gettext_lazy(
        "copies move from the fullest nodes to the emptiest, if all is well; by itself, too."
    ),
    "activate": gettext_lazy("it takes new copies, and those it holds count."),
    "drain": gettext_lazy(
        "it takes no new copies; what it holds is moved to other nodes, and it can be retired then."
    ),
    "retire": gettext_lazy("it is asked for nothing any more. Refused while it holds what somebody needs."),
}
