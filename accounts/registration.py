"""How an account comes to be: by a person who registers, or as the first administrator."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import attempts, confirmation, invitations
from accounts.errors import FieldsRefused, RegistrationClosed, UsernameTaken
from accounts.models import Usage, User

LONGEST_PASSWORD = 1024
"""Characters; hashing takes time for every one."""


def register(
    *, username: str, password: str, email: str = "", invitation: str = "", site: str = "", address: str = ""
) -> User:
    """Make an account and what it may store, together or not at all; a letter asks to confirm its e-mail.

    Where registration is by invitation one is used up. Raises RegistrationClosed, InvitationRefused,
    FieldsRefused (with the messages of Django's validators), UsernameTaken or TooManyAttempts.
    """
    if settings.REGISTRATION == "closed":
        raise RegistrationClosed
    if settings.REGISTRATION == "invitation":
        invitations.require_good(invitation)
    if settings.CONFIRM_EMAIL and not email:
        raise FieldsRefused({"email": ["An e-mail address is needed here."]})
    limit = attempts.Limit(settings.REGISTRATIONS_PER_HOUR, 3600)
    attempts.count("register", address, limit)
    user = User(username=User.normalize_username(username), email=User.objects.normalize_email(email))
    _validate(user, password)
    user.set_password(password)  # slow on purpose, so before the transaction
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            Usage.objects.create(user=user)
            if settings.REGISTRATION == "invitation":
                invitations.use(invitation, user)
    except IntegrityError as taken:
        raise UsernameTaken from taken
    confirmation.send(user, site=site)
    return user


def is_open() -> bool:
    """Tell whether somebody without an invitation may register."""
    return bool(settings.REGISTRATION == "open")


@transaction.atomic
def ensure_admin(*, username: str, password: str) -> bool:
    """Make an administrator without a quota unless the account exists; True when it was made.

    An account that exists keeps its password: a person may have changed it.
    """
    if User.objects.filter(username__iexact=username).exists():
        return False
    admin = User.objects.create_superuser(username=username, password=password)
    Usage.objects.create(user=admin, quota_bytes=None)
    return True


def _validate(user: User, password: str) -> None:
    errors: dict[str, list[str]] = {}
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as refused:
        errors |= refused.message_dict
    try:
        validate_password(password, user)
    except ValidationError as refused:
        errors["password"] = refused.messages
    if errors:
        raise FieldsRefused(errors)
