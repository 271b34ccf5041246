"""The REST door to accounts: register, passwords, sessions, invitations, and API tokens."""

import json
from datetime import timedelta
from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib.auth import update_session_auth_hash
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import (
    idempotency,
    invitations,
    keyed,
    passwords,
    registration,
    serializers,
    sessions,
    sign_in,
    tokens,
)
from accounts.keyed import Made
from accounts.models import Invitation, Session, Token, User
from accounts.sign_in import site_of

INVITING = "accounts.add_user"
"""What the admin asks of who makes accounts: whoever knows the address of an invitation makes one."""


class RegisterView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        request=serializers.RegisterIn,
        responses={201: serializers.AccountOut},
        parameters=[keyed.PARAMETER],
        auth=[],
        extensions={
            "x-problems": ["registration_closed", "invitation_refused", "username_taken", "too_many_attempts"]
        },
    )
    def post(self, request: Request) -> Response:
        """Make an account. To another request than the one that made it, its name is taken."""
        form = serializers.RegisterIn(data=request.data)
        form.is_valid(raise_exception=True)
        user, is_repeated = registration.register_once(
            request.headers,
            keyed.mark_of(request, keyed.without_password(request)),
            **form.validated_data,
            site=site_of(request._request),
            address=sign_in.address_of(request._request),
        )
        return Response(
            serializers.AccountOut(user).data,
            status=201,
            headers=idempotency.REPLAYED if is_repeated else None,
        )


class PasswordView(APIView):
    @extend_schema(
        request=serializers.PasswordIn,
        responses={204: None},
        extensions={"x-problems": ["too_many_attempts"]},
    )
    def post(self, request: Request) -> Response:
        """Change your password; it signs every other browser out and revokes all your tokens."""
        form = serializers.PasswordIn(data=request.data)
        form.is_valid(raise_exception=True)
        fields, browser = form.validated_data, request._request
        user = cast(User, request.user)
        current_key = None if request.auth else browser.session.session_key
        passwords.change(
            user,
            current=fields["current_password"],
            new=fields["new_password"],
            keep_tokens=fields["keep_tokens"],
            current_key=current_key,
        )
        if current_key:
            update_session_auth_hash(browser, User.objects.get(pk=user.pk))
        return Response(status=204)


class PasswordResetView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        request=serializers.ResetIn,
        responses={202: None},
        auth=[],
        extensions={"x-problems": ["too_many_attempts"]},
    )
    def post(self, request: Request) -> Response:
        """Have a letter sent that leads to another password, if an account has this address."""
        form = serializers.ResetIn(data=request.data)
        form.is_valid(raise_exception=True)
        browser = request._request
        passwords.send_reset(
            form.validated_data["email"], site=site_of(browser), address=sign_in.address_of(browser)
        )
        return Response(status=202)


class SessionsView(GenericAPIView[Session]):
    @extend_schema(responses=serializers.SessionOut(many=True))
    def get(self, request: Request) -> Response:
        """List the browsers in which you are signed in."""
        current_key = None if request.auth else request._request.session.session_key
        page = self.paginate_queryset(sessions.rows_of(cast(User, request.user))) or ()
        told = [sessions.tell(row, current_key=current_key) for row in page]
        return self.get_paginated_response(serializers.SessionOut(told, many=True).data)


class SessionView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, session_id: UUID) -> Response:
        """Sign one of your browsers out, at once."""
        sessions.end(cast(User, request.user), session_id)
        return Response(status=204)


class InvitationsView(GenericAPIView[Invitation]):
    required_scope: ClassVar[str] = Token.Scope.ADMIN
    permission_to_read: ClassVar[str] = INVITING
    permission_to_change: ClassVar[str] = INVITING

    @extend_schema(responses=serializers.InvitationOut(many=True))
    def get(self, request: Request) -> Response:
        """List the invitations that can still be used, the newest first."""
        page = self.paginate_queryset(invitations.open_ones()) or ()
        return self.get_paginated_response([_invitation_out(one, request) for one in page])

    @extend_schema(
        request=serializers.InvitationIn,
        responses={201: serializers.InvitationOut},
        parameters=[keyed.PARAMETER],
    )
    def post(self, request: Request) -> Response:
        """Invite somebody to register. The invitation is good once."""
        form = serializers.InvitationIn(data=request.data)
        form.is_valid(raise_exception=True)

        def invite() -> Made:
            made = invitations.invite(
                cast(User, request.user),
                email=form.validated_data["email"],
                expires_in=timedelta(seconds=form.validated_data["expires_in"]),
                site=site_of(request._request),
            )
            return Made(201, str(made.id))

        made, is_repeated = keyed.once_by_reference(request, json.dumps(request.data, sort_keys=True), invite)
        return Response(
            _invitation_out(invitations.find(UUID(made.reference)), request),
            status=made.status,
            headers=idempotency.REPLAYED if is_repeated else None,
        )


class InvitationView(APIView):
    required_scope: ClassVar[str] = Token.Scope.ADMIN
    permission_to_change: ClassVar[str] = INVITING

    @extend_schema(responses={204: None})
    def delete(self, request: Request, invitation_id: UUID) -> Response:
        """Take an invitation back."""
        invitations.take_back(invitation_id)
        return Response(status=204)


def _invitation_out(invitation: Invitation, request: Request) -> dict[str, Any]:
    return serializers.InvitationOut(
        {
            "id": invitation.id,
            "url": site_of(request._request) + invitations.path_of(invitation),
            "email": invitation.email,
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
        }
    ).data


class TokenView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: UUID) -> Response:
        """Revoke one of your tokens, at once."""
        tokens.revoke(cast(User, request.user), token_id)
        return Response(status=204)
