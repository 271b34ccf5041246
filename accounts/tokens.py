"""API tokens: made, listed and revoked. What a request may do with one is said in `permissions`."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from knox.crypto import create_token_string, hash_token
from knox.settings import knox_settings

from accounts import attempts
from accounts.errors import FieldsRefused, StaffOnly, TokenNotFound, TooManyTokens
from accounts.models import Token, User

MOST_TOKENS = 1_000
"""One account's, so that a client which signs in again and again cannot fill the table."""
LONGEST_LIFE = timedelta(days=3650)
MAKING = attempts.Limit(100, seconds=300)
"""Tokens that one account may be given: what signs in for every request is told to keep its token."""


def create(
    user: User,
    *,
    name: str = "",
    scopes: Collection[str] = (),
    expires_in: timedelta | None = None,
    folder_id: UUID | None = None,
) -> tuple[Token, str]:
    """Make a token and return it with its text, which nobody can be shown again.

    Without scopes it may do all that its owner may; `admin` is for staff, and for no token that is bound to a
    folder: such a one reaches what lies in there. It lives a year by default. Raises FieldsRefused, StaffOnly
    or TooManyTokens.
    """
    wanted = set(scopes) or {
        scope.value
        for scope in Token.Scope
        if scope != Token.Scope.ADMIN or (user.is_staff and folder_id is None)
    }
    if not wanted <= set(Token.Scope.values):
        raise FieldsRefused({"scopes": [f"Known scopes: {', '.join(Token.Scope.values)}."]})
    if Token.Scope.ADMIN in wanted and not user.is_staff:
        raise StaffOnly("Only an administrator's token may have the scope “admin”.")
    if Token.Scope.ADMIN in wanted and folder_id is not None:
        raise FieldsRefused({"scopes": ["A token that is bound to a folder administers nothing."]})
    life = knox_settings.TOKEN_TTL if expires_in is None else expires_in
    if not timedelta() < life <= LONGEST_LIFE:
        raise FieldsRefused({"expires_in": [f"Between 1 second and {LONGEST_LIFE.days} days."]})
    Token.objects.filter(user=user, expiry__lt=timezone.now()).delete()
    if Token.objects.filter(user=user).count() >= MOST_TOKENS:
        raise TooManyTokens
    text = knox_settings.TOKEN_PREFIX + create_token_string()
    token = Token(
        user=user,
        digest=hash_token(text),
        expiry=timezone.now() + life,
        name=name,
        scopes=sorted(wanted),
        folder_id=folder_id,
    )
    token.save(force_insert=True)
    return token, text


def of(user: User) -> QuerySet[Token]:
    """Return a person's own tokens, the newest first."""
    return Token.objects.filter(user=user).order_by("-created", "-id")


def revoke(user: User, token_id: UUID) -> None:
    """End one of a person's own tokens; the next request with it is refused. Raises TokenNotFound."""
    if not Token.objects.filter(user=user, id=token_id).delete()[0]:
        raise TokenNotFound
