"""The cluster's page for staff.

Nodes know of chunks, accounts of what people store, files of names; only here all are at hand.
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Usage
from files import access, damage, page_parts
from nodes import dashboard, timelines
from nodes.models import Node

FIRST_SPAN = "6h"


@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    """Show the cluster; with `?part=board` or `?part=charts` only what has news."""
    _require_staff(request)
    part, span = request.GET.get("part"), request.GET.get("span", FIRST_SPAN)
    shown: dict[str, Any] = {
        "span": span if span in timelines.SPANS else FIRST_SPAN,
        "spans": timelines.SPANS,
    }
    if part != "charts":
        board = dashboard.board(stored_bytes=Usage.objects.aggregate(sum=Sum("used_bytes"))["sum"] or 0)
        shown["board"] = board
        is_lost = any(problem.code == "LOST_CHUNK" for problem in board.problems)
        shown["damaged_files"] = damage.damaged_files(None) if is_lost else []
    if part != "board":
        shown["charts"] = timelines.over_time(shown["span"], timezone.now())
    if part in ("board", "charts"):
        return render(request, f"cluster/{part}.html", shown)
    return render(
        request,
        "cluster/page.html",
        shown | {"place": "cluster"} | page_parts.frame(access.signed_in(request)),
    )


@require_safe
@login_required
def risk(request: HttpRequest, node_id: int) -> HttpResponse:
    """Say what would be so if a node died now."""
    _require_staff(request)
    return render(
        request, "cluster/risk.html", {"risk": dashboard.risk_of(get_object_or_404(Node, id=node_id))}
    )


def _require_staff(request: HttpRequest) -> None:
    if not access.signed_in(request).is_staff:
        raise Http404
