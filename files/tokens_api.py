"""The REST door where API tokens are made and listed: here, because one may be bound to a folder."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import attempts, idempotency, keyed, serializers, sign_in, tokens
from accounts.keyed import Made
from accounts.models import Token, User
from files import access


class TokensView(GenericAPIView[Token]):
    def get_authenticators(self) -> list[BaseAuthentication]:
        """A new token is had for a password alone: cookies and other tokens do not count."""
        return [] if self._is_sign_in() else super().get_authenticators()

    def get_permissions(self) -> Sequence[Any]:
        return [AllowAny()] if self._is_sign_in() else super().get_permissions()

    @extend_schema(
        request=serializers.TokenIn,
        responses={201: serializers.NewTokenOut},
        parameters=[keyed.PARAMETER],
        auth=[],
        extensions={
            "x-problems": [
                "sign_in_refused",
                "email_unconfirmed",
                "staff_only",
                "too_many_tokens",
                "invalid",
                "too_many_attempts",
            ]
        },
    )
    def post(self, request: Request) -> Response:
        """Make a token for username and password. Its text is shown this once.

        Only the same request, password and `Idempotency-Key` included, is told it again within a day.
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
        attempts.count("token", str(user.pk), tokens.MAKING)
        secret = keyed.secret_of(request)

        def make() -> Made:
            if fields["folder_id"]:
                access.require_bindable(user, fields["folder_id"])
            return Made(201, str(tokens.create(user, **fields, secret=secret)[0].id))

        made, is_repeated = keyed.once_by_reference(request, keyed.without_password(request), make, user=user)
        token = tokens.find(user, UUID(made.reference))
        return Response(
            {**serializers.TokenOut(token).data, "token": tokens.text_of(token, secret)},
            status=made.status,
            headers=idempotency.REPLAYED if is_repeated else None,
        )

    @extend_schema(responses=serializers.TokenOut(many=True))
    def get(self, request: Request) -> Response:
        """List your own tokens, the newest first; never their texts."""
        page = self.paginate_queryset(tokens.of(cast(User, request.user))) or ()
        return self.get_paginated_response(serializers.TokenOut(page, many=True).data)

    def _is_sign_in(self) -> bool:
        return getattr(self, "request", None) is not None and self.request.method == "POST"
