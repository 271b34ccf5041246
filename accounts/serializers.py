"""What the account API takes and gives, every field named by hand."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from accounts import invitations
from accounts.exact import BodySerializer
from accounts.models import Invitation, Token, User
from accounts.registration import LONGEST_PASSWORD
from accounts.tokens import LONGEST_LIFE


class RegisterIn(BodySerializer[User]):
    username = serializers.CharField(max_length=150)
    email = serializers.EmailField(required=False, allow_blank=True, default="")
    password = serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True)

    invitation = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        help_text="Where registration is by invitation: what stands in its address.",
    )


class PasswordIn(BodySerializer[User]):
    current_password = serializers.CharField(
        max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True
    )
    new_password = serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True)
    keep_tokens = serializers.BooleanField(default=False, help_text="Else all your tokens are revoked.")


class ResetIn(BodySerializer[User]):
    email = serializers.EmailField()


class SessionOut(serializers.Serializer[Any]):
    """A browser in which you are signed in, as it was when it signed in."""

    id = serializers.UUIDField()
    agent = serializers.CharField()
    address = serializers.CharField()
    signed_in_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    is_this = serializers.BooleanField(help_text="The request came from it.")


class InvitationIn(BodySerializer[Invitation]):
    email = serializers.EmailField(
        required=False, allow_blank=True, default="", help_text="It is sent there."
    )
    expires_in = serializers.IntegerField(
        min_value=60,
        max_value=int(invitations.LONGEST_LIFE.total_seconds()),
        default=int(invitations.LIFE.total_seconds()),
        help_text="Seconds; a week when left out.",
    )


class InvitationOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.URLField(help_text="Where the invited person registers.")
    email = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class AccountOut(serializers.ModelSerializer[User]):
    email = serializers.CharField(read_only=True)  # it may be empty

    class Meta:
        model = User
        fields = ["id", "username", "email"]
        read_only_fields = fields


class TokenIn(BodySerializer[Token]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True)
    name = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(Token.Scope.choices), required=False, default=list, max_length=3
    )
    expires_in = serializers.IntegerField(
        min_value=1,
        max_value=int(LONGEST_LIFE.total_seconds()),
        required=False,
        allow_null=True,
        default=None,
        help_text="Seconds; a year when left out.",
    )
    folder = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        source="folder_id",
        help_text="A folder of yours: it becomes the topmost one, and all that the token reaches.",
    )

    def validate_expires_in(self, seconds: int | None) -> timedelta | None:
        return None if seconds is None else timedelta(seconds=seconds)


class TokenOut(serializers.ModelSerializer[Token]):
    expires_at = serializers.DateTimeField(source="expiry", allow_null=True)
    created_at = serializers.DateTimeField(source="created")
    scopes = serializers.ListField(child=serializers.ChoiceField(Token.Scope.choices))
    folder = serializers.UUIDField(source="folder_id", allow_null=True)

    class Meta:
        model = Token
        fields = ["id", "name", "scopes", "folder", "created_at", "expires_at", "last_used_at"]
        read_only_fields = fields


class NewTokenOut(TokenOut):
    token = serializers.CharField(help_text="Shown this once.")

    class Meta(TokenOut.Meta):
        fields = ["id", "token", *TokenOut.Meta.fields[1:]]
        read_only_fields = fields
