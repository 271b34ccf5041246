"""Changes passwords: by who knows the old one, or by who reads the account's e-mail.

A new password ends every other session and, unless asked to keep them, every token: who had the old one is
out.
"""

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts import attempts, letters, sessions
from accounts.errors import FieldsRefused
from accounts.models import Token, User

RESETS = attempts.Limit(5, seconds=3600)
"""Letters to one address, and askings from one address: nobody's mailbox is filled from here."""
CHANGES = attempts.Limit(10, seconds=300)
"""Guesses at the old password by who has a session or a token already."""


def change(
    user: User, *, current: str, new: str, keep_tokens: bool = False, current_key: str | None = None
) -> None:
    """Give the account another password. Raises FieldsRefused or TooManyAttempts."""
    account = require(user, current)
    try:
        validate_password(new, account)
    except ValidationError as refused:
        raise FieldsRefused({"new_password": refused.messages}) from refused
    replace(account, new, keep_tokens=keep_tokens, current_key=current_key)


def require(user: User, password: str) -> User:
    """Return the account afresh when this is its password, for what a session alone must not do.

    Raises FieldsRefused or TooManyAttempts.
    """
    attempts.count("password", str(user.pk), CHANGES)
    account = User.objects.get(pk=user.pk)
    if not account.check_password(password):
        raise FieldsRefused({"current_password": ["This is not your password."]})
    attempts.forget("password", str(user.pk))
    return account


def replace(user: User, new: str, *, keep_tokens: bool = False, current_key: str | None = None) -> None:
    """Set a password that was validated, and end what the old one had opened."""
    user.set_password(new)  # slow on purpose, so before the transaction
    with transaction.atomic():
        user.save(update_fields=["password"])
        end_others(user, keep_tokens=keep_tokens, current_key=current_key)


def end_others(user: User, *, keep_tokens: bool = False, current_key: str | None = None) -> None:
    """End the sessions and tokens of an account, but for this session, and tokens that are to stay."""
    sessions.end_others(user, current_key=current_key)
    if not keep_tokens:
        Token.objects.filter(user=user).delete()


def send_reset(email: str, *, site: str, address: str) -> None:
    """Write to the accounts of an e-mail address how to set another password; says nothing of whether any is.

    Raises TooManyAttempts.
    """
    attempts.count("reset", address, RESETS)
    attempts.count("reset", email.lower(), RESETS)
    for user in User.objects.filter(email__iexact=email, is_active=True)[:10]:
        if user.has_usable_password():
            key = urlsafe_base64_encode(force_bytes(user.pk))
            way = reverse("password_reset_confirm", args=[key, default_token_generator.make_token(user)])
            letters.send(user.email, "password_reset", {"user": user, "url": site + way, "site": site})
