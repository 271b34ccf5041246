"""Where people learn how the cluster is: `GET /cluster`, and the admin's doctor page.

Nodes know of chunks and files know of names; only here both are at hand.
"""

from dataclasses import asdict
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import permissions
from accounts.permissions import Grant
from dfsweb import admin_networks
from files import access, damage
from files.damage import DamagedFile
from nodes import cluster, watermark
from nodes.cluster import Overview
from nodes.problems import Code
from nodes.serializers import OverviewOut, ProblemOut

TITLES = {
    "healthy": gettext_lazy("The cluster is healthy"),
    "degraded": gettext_lazy("The cluster is degraded: copies, nodes or room are missing"),
    "failing": gettext_lazy("The cluster is failing: something cannot be read or stored"),
}


class DamagedFileOut(serializers.Serializer[Any]):
    entry_id = serializers.UUIDField()
    owner = serializers.CharField()
    path = serializers.CharField()
    version = serializers.IntegerField()
    is_current = serializers.BooleanField()


class NamedProblemOut(ProblemOut):
    files = DamagedFileOut(
        many=True, help_text="Of LOST_CHUNK: the damaged files, one's own, or for administrators all."
    )


class ClusterOut(OverviewOut):
    problems = NamedProblemOut(many=True)


class ClusterView(APIView):
    @extend_schema(responses=ClusterOut)
    def get(self, request: Request) -> Response:
        """Tell how the cluster is: figures, and named problems with what to do."""
        user = access.signed_in(request)
        is_admin = admin_networks.admits(request._request) and permissions.may_administer(
            user, cast("Grant | None", request.auth)
        )
        seen = cluster.overview()
        files = damage.damaged_files(None if is_admin else user) if seen.lost else []
        return Response(ClusterOut(_with_files(seen, files)).data)


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show staff what is wrong, what to do, and which files are damaged; and let them confirm a restore."""
    if request.method == "POST":
        if not request.user.has_perm("nodes.change_node"):
            raise PermissionDenied
        if "confirm_restore" in request.POST and watermark.confirm():
            messages.success(
                request, _("Confirmed: removing goes on; what waits for it begins its grace anew.")
            )
        return redirect("doctor")
    seen = cluster.overview()
    context = {
        **admin.site.each_context(request),
        "title": TITLES[seen.health],
        "overview": seen,
        "damaged_files": damage.damaged_files(None) if seen.lost else [],
    }
    return TemplateResponse(request, "admin/doctor.html", context)


def _with_files(seen: Overview, files: list[DamagedFile]) -> dict[str, Any]:
    problems = [
        {
            **asdict(problem),
            "severity": problem.severity,
            "advice": problem.advice,
            "files": files if problem.code == Code.LOST_CHUNK else [],
        }
        for problem in seen.problems
    ]
    return {**asdict(seen), "problems": problems}
