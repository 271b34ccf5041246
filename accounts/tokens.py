"""API tokens: made, listed and revoked. What a request may do with one is said in `permissions`."""

import secrets
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from knox.crypto import hash_token
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
    secret: str = "",
) -> tuple[Token, str]:
    """Make a token and return it with its text, which nobody can be shown again who has not the secret.

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
    token = Token(
        user=user,
        expiry=timezone.now() + life,
        name=name,
        scopes=sorted(wanted),
        folder_id=folder_id,
    )
    text = text_of(token, secret or secrets.token_hex())
    token.digest = hash_token(text)
    token.save(force_insert=True)
    return token, text


def text_of(token: Token, secret: str) -> str:
    """Return the text of a token that was made with this secret; it is kept nowhere.

    It is derived by SECRET_KEY: neither who reads the database nor who has the secret can tell it.
    """
    said = f"{token.id}\n{secret}"
    return str(
        knox_settings.TOKEN_PREFIX + salted_hmac("accounts.tokens", said, algorithm="sha256").hexdigest()
    )


def of(user: User) -> QuerySet[Token]:
    """Return a person's own tokens, the newest first."""
    return Token.objects.filter(user=user).order_by("-created", "-id")


def find(user: User, token_id: UUID) -> Token:
    """Return one of a person's own tokens. Raises TokenNotFound."""
    found: Token | None = of(user).filter(id=token_id).first()
    if found is None:
        raise TokenNotFound
    return found


def revoke(user: User, token_id: UUID) -> None:
    """End one of a person's own tokens; the next request with it is refused. Raises TokenNotFound."""
    if not Token.objects.filter(user=user, id=token_id).delete()[0]:
        raise TokenNotFound
