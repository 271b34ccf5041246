"""The REST door to a file's versions; their bytes go through `content_api`."""

from http import HTTPStatus
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import keyed
from files import access, details, serializers, versions
from files.presenting import version_out
from files.replies import entry_response, next_url
from files.tree_views import IF_MATCH, TreeView, if_match


class VersionsView(TreeView):
    @extend_schema(
        parameters=[serializers.PageIn],
        responses=serializers.VersionPageOut,
        extensions={"x-problems": ["not_a_file"]},
    )
    def get(self, request: Request, entry_id: UUID) -> Response:
        """List the versions of a file, the newest first."""
        wanted = serializers.PageIn(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        page = versions.page(access.signed_in(request), entry_id, **wanted.validated_data)
        results = [version_out(one) for one in page.results]
        return Response({"results": results, "next": next_url(request, page.next_cursor)})


class VersionView(TreeView):
    @extend_schema(
        responses={204: None},
        parameters=[IF_MATCH],
        extensions={"x-problems": ["not_a_file", "version_is_current", "owner_only"]},
    )
    def delete(self, request: Request, entry_id: UUID, number: int) -> Response:
        """Delete an earlier version for good."""
        versions.delete(access.signed_in(request), entry_id, number, if_match=if_match(request))
        return Response(status=HTTPStatus.NO_CONTENT)


class RestoreVersionView(TreeView):
    @extend_schema(
        request=None,
        responses=serializers.EntryOut,
        parameters=[IF_MATCH, keyed.PARAMETER],
        extensions={"x-problems": ["not_a_file", "parent_gone", "read_only", "quota_exceeded"]},
    )
    @keyed.once
    def post(self, request: Request, entry_id: UUID, number: int) -> Response:
        """Make the file what it was: a new version with the bytes of this one, at once and at any size."""
        restored = versions.restore(access.signed_in(request), entry_id, number, if_match=if_match(request))
        return entry_response(details.with_copies([restored])[0])
