"""The REST door where API tokens are made and listed: here, because one may be bound to a folder."""

from collections.abc import Sequence
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import attempts, serializers, sign_in, tokens
from accounts.models import Token, User
from files import access


class TokensView(GenericAPIView[Token]):
    def get_authenticators(self) -> list[BaseAuthentication]:
        """A new token is had for a password alone: cookies and other tokens do not count."""
        return [] if self._is_sign_in() else super().get_authenticators()

    def get_permissions(self) -> Sequence[Any]:
        return [AllowAny()] if self._is_sign_in() else super().get_permissions()

    @extend_schema(request=serializers.TokenIn, responses={201: serializers.NewTokenOut}, auth=[])
    def post(self, request: Request) -> Response:
        """Make a token for username and password. Its text is shown this once.

        Bound to a folder of yours, it reaches what lies in there and nothing else; paths begin there.
        """
        form = serializers.TokenIn(data=request.data)
        form.is_valid(raise_exception=True)
        fields: dict[str, Any] = form.validated_data
        user = sign_in.verify(
            username=fields.pop("username"),
            password=fields.pop("password"),
            address=sign_in.address_of(request._request),
        )
        if fields["folder_id"]:
            access.require_bindable(user, fields["folder_id"])
        attempts.count("token", str(user.pk), tokens.MAKING)
        token, text = tokens.create(user, **fields)
        return Response({**serializers.TokenOut(token).data, "token": text}, status=201)

    @extend_schema(responses=serializers.TokenOut(many=True))
    def get(self, request: Request) -> Response:
        """List your own tokens, the newest first; never their texts."""
        page = self.paginate_queryset(tokens.of(cast(User, request.user))) or ()
        return self.get_paginated_response(serializers.TokenOut(page, many=True).data)

    def _is_sign_in(self) -> bool:
        return getattr(self, "request", None) is not None and self.request.method == "POST"
