"""The REST door to many entries at once: one operation on all of them, or a folder as an archive."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import idempotency, keyed
from accounts.authentication import authenticated
from files import access, archives, batches, details, sending, serializers
from files.batches import Operation
from files.errors import Invalid
from files.models import Entry
from files.presenting import entry_out
from files.tree_views import TreeView

MAX_KEYED_ITEMS = 1_000
"""One transaction holds them all: seconds, in which others wait for the same entries."""


class BatchView(TreeView):
    @extend_schema(
        request=serializers.BatchIn,
        responses=serializers.BatchOut,
        parameters=[keyed.PARAMETER],
        extensions={"x-problems": ["invalid"]},
    )
    @keyed.once
    def post(self, request: Request) -> Response:
        """Do one thing to many entries. Each has its own result; an error of one is none for the others.

        Under an Idempotency-Key it is one transaction, and at most 1,000 entries.
        """
        form = serializers.BatchIn(data=request.data)
        form.is_valid(raise_exception=True)
        if idempotency.HEADER in request.headers and len(form.validated_data["ids"]) > MAX_KEYED_ITEMS:
            raise Invalid(f"At most {MAX_KEYED_ITEMS} entries at once under one key.", field="ids")
        fields, user = form.validated_data, access.signed_in(request)
        outcomes = batches.run(
            user, Operation(fields["operation"]), fields["ids"], parent_id=fields.get("parent")
        )
        changed = [outcome.entry_id for outcome in outcomes if outcome.entry_id]
        entries = {one.id: one for one in details.describe(Entry.objects.filter(id__in=changed), user)}
        results = []
        for outcome in outcomes:
            entry = entries.get(outcome.entry_id) if outcome.entry_id else None
            error = outcome.error
            results.append(
                {
                    "id": str(outcome.item_id),
                    "entry": entry_out(entry) if entry else None,
                    "error": {"code": error.code, "detail": str(error)} if error else None,
                }
            )
        return Response({"results": results})


@require_safe
@authenticated
def archive(request: HttpRequest, entry_id: UUID) -> HttpResponseBase:
    """Stream a folder as a zip archive."""
    user = access.signed_in(request)
    folder, zipped = archives.open_archive(user, entry_id)
    return sending.send_archive(request, zipped, folder.name or user.username)
