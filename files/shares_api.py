"""The REST door to shares: with whom an entry is shared, and all that one shares."""

import json
from http import HTTPStatus
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import idempotency, keyed
from accounts.keyed import Made
from accounts.models import User
from files import access, share_serializers, sharing
from files.models import Share
from files.share_serializers import share_out
from files.tree_views import TreeView


class EntrySharesView(TreeView, GenericAPIView[Share]):
    @extend_schema(
        responses=share_serializers.ShareOut(many=True),
        extensions={"x-problems": ["owner_only"]},
    )
    def get(self, request: Request, entry_id: UUID) -> Response:
        """List with whom an entry of yours is shared, the oldest first, links included."""
        page = self.paginate_queryset(sharing.of_entry(access.signed_in(request), entry_id)) or ()
        return self.get_paginated_response([share_out(share, request) for share in page])

    @extend_schema(
        request=share_serializers.ShareIn,
        responses={201: share_serializers.ShareOut, 200: share_serializers.ShareOut},
        parameters=[keyed.PARAMETER],
        extensions={"x-problems": ["owner_only", "root_is_fixed", "invalid"]},
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Share an entry of yours with a person or a group, or make a public link to it.

        Sharing again with the same people changes their role (200).
        """
        form = share_serializers.ShareIn(data=request.data)
        form.is_valid(raise_exception=True)
        user = access.signed_in(request)
        made, is_repeated = keyed.once_by_reference(
            request, json.dumps(request.data, sort_keys=True), lambda: _share(user, entry_id, form)
        )
        return Response(
            share_out(sharing.find(user, UUID(made.reference)), request),
            status=made.status,
            headers=idempotency.REPLAYED if is_repeated else None,
        )


def _share(user: User, entry_id: UUID, form: share_serializers.ShareIn) -> Made:
    fields = form.validated_data
    if not form.is_for_people:
        link = sharing.make_link(user, entry_id, role=fields["role"], terms=form.terms())
        return Made(HTTPStatus.CREATED, str(link.id))
    share, is_new = sharing.share_with(
        user, entry_id, role=fields["role"], username=fields.get("user"), group=fields.get("group")
    )
    return Made(HTTPStatus.CREATED if is_new else HTTPStatus.OK, str(share.id))


class SharesView(TreeView, GenericAPIView[Share]):
    @extend_schema(responses=share_serializers.ShareOut(many=True))
    def get(self, request: Request) -> Response:
        """List all that you share, the newest first. What others share with you: GET /entries?shared=true."""
        page = self.paginate_queryset(sharing.given(access.signed_in(request))) or ()
        return self.get_paginated_response([share_out(share, request) for share in page])


class ShareView(TreeView):
    @extend_schema(responses=share_serializers.ShareOut)
    def get(self, request: Request, share_id: UUID) -> Response:
        """Tell about something you share."""
        return Response(share_out(sharing.find(access.signed_in(request), share_id), request))

    @extend_schema(
        request=share_serializers.ShareChangeIn,
        responses=share_serializers.ShareOut,
        extensions={"x-problems": ["invalid"]},
    )
    def patch(self, request: Request, share_id: UUID) -> Response:
        """Change the role, or a link's password, end and number of downloads; from the next request on."""
        form = share_serializers.ShareChangeIn(data=request.data)
        form.is_valid(raise_exception=True)
        share = sharing.change(access.signed_in(request), share_id, form.validated_data)
        return Response(share_out(share, request))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, share_id: UUID) -> Response:
        """Take a share back, at once; or give up what is shared with you."""
        sharing.revoke(access.signed_in(request), share_id)
        return Response(status=HTTPStatus.NO_CONTENT)
