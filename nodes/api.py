"""The cluster's routes: how it is, its nodes and their duties for admins, and how a node joins."""

import hmac
from collections.abc import Callable
from typing import ClassVar

from django.conf import settings
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.authentication import BaseAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nodes import membership, rebalance, scrub, serializers, wake, watermark
from nodes.errors import JoinTokenRefused
from nodes.models import Node

CHANGING = "nodes.change_node"
"""The permission that the admin asks for, too."""


class NodesView(GenericAPIView[Node]):
    required_scope: ClassVar[str] = "admin"

    @extend_schema(responses=serializers.NodeOut(many=True))
    def get(self, request: Request) -> Response:
        """List every node by name, retired ones too."""
        page = self.paginate_queryset(Node.objects.order_by("name")) or ()
        return self.get_paginated_response(serializers.NodeOut(page, many=True).data)


class RebalanceView(APIView):
    """How even the nodes are; a pass comes by itself, `POST` has it come now."""

    required_scope: ClassVar[str] = "admin"
    permission_to_change: ClassVar[str] = CHANGING

    @extend_schema(responses=serializers.RebalanceOut)
    def get(self, request: Request) -> Response:
        """Tell how uneven the nodes are, how far that has come, and why nothing moves if nothing does."""
        return Response(serializers.RebalanceOut(rebalance.outlook()).data)

    @extend_schema(request=None, responses={202: serializers.RebalanceOut})
    def post(self, request: Request) -> Response:
        """Have workers even out the nodes now, as far as all is well."""
        wake.rebalancing()
        return Response(serializers.RebalanceOut(rebalance.outlook()).data, status=202)


class NodeView(APIView):
    required_scope: ClassVar[str] = "admin"

    @extend_schema(responses=serializers.NodeOut)
    def get(self, request: Request, node_id: int) -> Response:
        """Show one node."""
        return Response(serializers.NodeOut(get_object_or_404(Node, id=node_id)).data)


class DutyView(APIView):
    """`POST /nodes/{id}/drain|activate|retire`: what is wanted of a node."""

    required_scope: ClassVar[str] = "admin"
    permission_to_change: ClassVar[str] = CHANGING
    change: Callable[[Node], None] = staticmethod(membership.activate)

    @extend_schema(request=None, responses=serializers.NodeOut)
    def post(self, request: Request, node_id: int) -> Response:
        """Change a node's duty, and show the node as it is then."""
        type(self).change(get_object_or_404(Node, id=node_id))
        wake.replication()
        return Response(serializers.NodeOut(Node.objects.get(id=node_id)).data)


class ActivateView(DutyView):
    change = staticmethod(membership.activate)


class DrainView(DutyView):
    change = staticmethod(membership.drain)


@extend_schema_view(post=extend_schema(extensions={"x-problems": ["node_still_needed"]}))
class RetireView(DutyView):
    change = staticmethod(membership.retire)


class ScrubView(APIView):
    required_scope: ClassVar[str] = "admin"
    permission_to_change: ClassVar[str] = CHANGING

    @extend_schema(responses=serializers.ScrubOut)
    def get(self, request: Request, node_id: int) -> Response:
        """Tell how much of what a node stores was read and compared lately, and what is left of an order."""
        return Response(serializers.ScrubOut(scrub.progress(get_object_or_404(Node, id=node_id))).data)

    @extend_schema(request=None, responses=serializers.ScrubOut)
    def post(self, request: Request, node_id: int) -> Response:
        """Have everything on a node read again, from now on, and tell how far that is."""
        node = get_object_or_404(Node, id=node_id)
        scrub.order(node)
        return Response(serializers.ScrubOut(scrub.progress(node)).data)


class ConfirmRestoreView(APIView):
    required_scope: ClassVar[str] = "admin"
    permission_to_change: ClassVar[str] = CHANGING

    @extend_schema(request=None, responses=serializers.ConfirmedOut)
    def post(self, request: Request) -> Response:
        """Take the database for the right one, though older than what nodes know (DATABASE_WENT_BACK)."""
        return Response(serializers.ConfirmedOut({"was_open": watermark.confirm()}).data)


class JoinToken(BaseAuthentication):
    """`Authorization: Bearer` with JOIN_TOKEN: a storage node asks, and no person."""

    def authenticate(self, request: Request) -> None:
        """Raise JoinTokenRefused for another one; nobody is signed in by it."""
        given = request.headers.get("Authorization", "").encode()
        wanted = f"Bearer {settings.JOIN_TOKEN}".encode()
        if not settings.JOIN_TOKEN or not hmac.compare_digest(given, wanted):
            raise JoinTokenRefused


class AnnounceView(APIView):
    """A storage node's first words; known by the join token, not by a person."""

    authentication_classes = [JoinToken]
    permission_classes = []

    @extend_schema(
        request=serializers.AnnounceIn,
        responses=serializers.MembershipOut,
        extensions={"x-problems": ["join_token_refused", "join_refused", "store_cloned", "store_foreign"]},
    )
    def post(self, request: Request) -> Response:
        """Join the cluster, or tell a new address; answers with the node's keys."""
        form = serializers.AnnounceIn(data=request.data)
        form.is_valid(raise_exception=True)
        joined = membership.announce(**form.validated_data)
        wake.probes()
        return Response(serializers.MembershipOut(joined).data)
