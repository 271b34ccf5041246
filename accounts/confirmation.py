"""Confirms that an e-mail address is read by who gave it: by a letter with a signed link."""

from django.conf import settings
from django.core import signing
from django.db.models.functions import Now
from django.urls import reverse

from accounts import attempts, letters
from accounts.errors import EmailUnconfirmed
from accounts.models import User

LIFE_SECONDS = 3 * 24 * 3600
LETTERS = attempts.Limit(5, seconds=3600)
_SALT = "accounts.confirmation"


def send(user: User, *, site: str) -> None:
    """Write to the account's address, unless it is confirmed or there is none. Raises TooManyAttempts."""
    if not user.email or user.email_confirmed_at is not None:
        return
    attempts.count("confirmation", user.email.lower(), LETTERS)
    proof = signing.dumps([user.pk, user.email], salt=_SALT)
    url = site + reverse("confirm_email", args=[proof])
    letters.send(user.email, "confirm_email", {"user": user, "url": url, "site": site})


def confirm(proof: str) -> bool:
    """Note that the address is read; False for a link that is not good any more. Safe to repeat."""
    try:
        user_id, email = signing.loads(proof, salt=_SALT, max_age=LIFE_SECONDS)
    except signing.BadSignature:
        return False
    return bool(User.objects.filter(pk=user_id, email=email).update(email_confirmed_at=Now()))


def require(user: User) -> None:
    """Raise EmailUnconfirmed where addresses must be confirmed and this account's is not."""
    if settings.CONFIRM_EMAIL and user.email_confirmed_at is None and not user.is_staff:
        raise EmailUnconfirmed
