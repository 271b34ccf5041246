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
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from nodes import draining, membership, scrub, wake
from nodes.errors import MembershipError
from nodes.models import Node, Replica


@admin.register(Node)
class NodeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A node joins by its own announcement; people decide about its duty."""

    list_display = ("name", "zone", "health", "duty", "left", "fill", "replicas", "last_seen", "problem")
    list_filter = ("health", "duty", "zone")
    search_fields = ("name", "url", "zone")
    actions = ("activate", "drain", "retire", "rebalance", "scrub")
    readonly_fields = ["scrubbed", *(field.name for field in Node._meta.fields if field.name != "zone")]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show how to add a node: started with the join token, it announces itself and waits in the list."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Add a node",
            "gateway_url": request.build_absolute_uri("/").rstrip("/"),
            "networks": ", ".join(map(str, settings.NODE_NETWORKS)),
            "is_activated_at_once": settings.AUTO_ACTIVATE,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/nodes/add_node.html", context)

    def has_delete_permission(self, request: HttpRequest, obj: Node | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Node]:
        stored = Count("replicas", filter=Q(replicas__state=Replica.State.STORED))
        nodes: QuerySet[Node] = super().get_queryset(request).annotate(replica_count=stored)
        return nodes

    @admin.display(ordering="replica_count")
    def replicas(self, node: Node) -> int:
        return int(getattr(node, "replica_count", 0))

    @admin.display(description="left to move")
    def left(self, node: Node) -> str:
        """How far a drain has come, and when it is expected to be over."""
        progress = draining.progress(node)
        if progress is None:
            return "–"
        if not progress.copies_left:
            return "empty: can be retired"
        time_left = (
            "time not known yet"
            if progress.seconds_left is None
            else f"about {timedelta(seconds=round(progress.seconds_left))}"
        )
        return f"{progress.copies_left} copies, {filesizeformat(progress.bytes_left)}, {time_left}"

    @admin.display(description="read and compared")
    def scrubbed(self, node: Node) -> str:
        """How much was read again lately, and how far an order to read everything has come."""
        told = scrub.progress(node)
        lately = f"{told.verified_copies} of {told.copies} copies within the period"
        if told.ordered_at is None:
            return lately
        left = f"{told.copies_left} copies, {filesizeformat(told.bytes_left)} left"
        state = left if told.copies_left else "done"
        return f"{lately}; ordered {told.ordered_at:%Y-%m-%d %H:%M} UTC: {state}"

    @admin.display(description="fill")
    def fill(self, node: Node) -> SafeString:
        used = max(node.capacity_bytes - node.free_bytes, 0)
        return format_html(
            '<meter min="0" max="{}" value="{}"></meter> {} free of {}',
            max(node.capacity_bytes, 1),
            used,
            filesizeformat(node.free_bytes),
            filesizeformat(node.capacity_bytes),
        )

    @admin.display(ordering="last_seen_at")
    def last_seen(self, node: Node) -> str:
        if node.last_seen_at is None:
            return "never"
        age = timezone.now() - node.last_seen_at
        return "now" if age < timedelta(minutes=1) else f"{str(age).split('.')[0]} ago"

    @admin.action(description="Activate: take new copies")
    def activate(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        return self._ask_or_change(request, nodes, "activate", membership.activate)

    @admin.action(description="Drain: copy everything elsewhere, take nothing new")
    def drain(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        return self._ask_or_change(request, nodes, "drain", membership.drain)

    @admin.action(description="Retire: take a drained node out for good")
    def retire(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        return self._ask_or_change(request, nodes, "retire", membership.retire)

    @admin.action(description="Rebalance: even out how full all active nodes are")
    def rebalance(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        return self._ask_or_change(request, nodes, "rebalance", lambda node: wake.rebalancing())

    @admin.action(description="Scrub: read everything again and compare it, at the usual pace")
    def scrub(self, request: HttpRequest, nodes: QuerySet[Node]) -> HttpResponse | None:
        return self._ask_or_change(request, nodes, "scrub", scrub.order)

    def _ask_or_change(
        self, request: HttpRequest, nodes: QuerySet[Node], verb: str, change: Callable[[Node], None]
    ) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": f"{verb.capitalize()} these nodes?",
                "nodes": nodes,
                "verb": verb,
                "effect": EFFECTS[verb],
                "action_name": ACTION_CHECKBOX_NAME,
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/nodes/confirm_duty.html", context)
        for node in nodes:
            try:
                change(node)
            except MembershipError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"{node.name}: {EFFECTS[verb]}", messages.SUCCESS)
        wake.replication()
        return None


EFFECTS = {
    "scrub": "all it holds is read and compared at the usual pace; its page tells how far that is.",
    "rebalance": "copies move from the fullest nodes to the emptiest, if all is well; by itself, too.",
    "activate": "it takes new copies, and those it holds count.",
    "drain": "it takes no new copies; what it holds is moved to other nodes, and it can be retired then.",
    "retire": "it is asked for nothing any more. Refused while it holds what somebody needs.",
}
