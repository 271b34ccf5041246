"""Changes what an account says of its person: the name, and the address that letters go to."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import confirmation, letters, passwords
from accounts.errors import FieldsRefused
from accounts.models import User

LONGEST_NAME = User._meta.get_field("first_name").max_length or 0


def rename(user: User, name: str) -> None:
    """Set the name that others see; an empty one leaves them the username. Raises FieldsRefused."""
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME or not all(letter.isprintable() for letter in name):
        raise FieldsRefused(
            {"name": [_("At most %(most)s letters, all of which can be seen.") % {"most": LONGEST_NAME}]}
        )
    user.first_name, user.last_name = name, ""  # what is a first name is not the same everywhere
    user.save(update_fields=["first_name", "last_name"])


def change_email(user: User, *, email: str, password: str, site: str) -> None:
    """Set the address of an account, for who knows its password: letters can set another one.

    A letter asks to confirm the new address, and one tells the old address. Raises FieldsRefused or
    TooManyAttempts; then nothing has changed.
    """
    account = passwords.require(user, password)
    email, old = User.objects.normalize_email(email), account.email
    if email == old:
        return
    _validate(email)
    account.email, account.email_confirmed_at = email, None
    with transaction.atomic():
        account.save(update_fields=["email", "email_confirmed_at"])
        confirmation.send(account, site=site)
    if old:
        letters.send(old, "email_changed", {"user": account, "site": site})
    user.email, user.email_confirmed_at = email, None


def _validate(email: str) -> None:
    if not email and settings.CONFIRM_EMAIL:
        raise FieldsRefused({"email": [_("An e-mail address is needed here.")]})
    try:
        if email:
            validate_email(email)
    except ValidationError as refused:
        raise FieldsRefused({"email": refused.messages}) from refused
