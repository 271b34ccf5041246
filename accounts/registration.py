"""How an account comes to be: by a person who registers, or as the first administrator."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import attempts, confirmation, idempotency, invitations
from accounts.errors import FieldsRefused, InvitationRefused, KeyReused, RegistrationClosed, UsernameTaken
from accounts.models import Usage, User

LONGEST_PASSWORD = 1024
"""Characters; hashing takes time for every one."""


def register(
    *,
    username: str,
    password: str,
    email: str = "",
    invitation: str = "",
    site: str = "",
    address: str = "",
    keep: Callable[[User], object] = lambda _: None,
) -> User:
    """Make an account and what it may store, together or not at all; a letter asks to confirm its e-mail.

    Where registration is by invitation one is used up; `keep` is called in the same transaction. Raises
    RegistrationClosed, InvitationRefused, FieldsRefused (with the messages of Django's validators),
    UsernameTaken or TooManyAttempts.
    """
    if settings.REGISTRATION == "closed":
        raise RegistrationClosed
    limit = attempts.Limit(settings.REGISTRATIONS_PER_HOUR, 3600)
    attempts.count("register", address, limit)
    if settings.REGISTRATION == "invitation":
        invitations.require_good(invitation)
    if settings.CONFIRM_EMAIL and not email:
        raise FieldsRefused({"email": ["An e-mail address is needed here."]})
    user = User(username=User.normalize_username(username), email=User.objects.normalize_email(email))
    _validate(user, password)
    user.set_password(password)  # slow on purpose, so before the transaction
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            Usage.objects.create(user=user)
            if settings.REGISTRATION == "invitation":
                invitations.use(invitation, user)
            keep(user)
            confirmation.send(user, site=site)  # at last: whose letter is one too many gets no account
    except IntegrityError as taken:
        raise UsernameTaken from taken
    return user


def register_once(
    headers: Mapping[str, str], mark: bytes, *, username: str, password: str, **fields: Any
) -> tuple[User, bool]:
    """Register; a request that did so before under its Idempotency-Key gets its account again, and True.

    The mark tells the request from others, but for its password, which is asked for as at signing in. Raises
    what `register` does, and KeyMalformed.
    """
    if idempotency.text_of(headers) is None:
        return register(username=username, password=password, **fields), False

    def keep(user: User) -> None:
        key = idempotency.key_of(headers, user)
        assert key is not None
        idempotency.claim(key, mark, idempotency.Answer(201, {}, str(user.pk)))

    try:
        return register(username=username, password=password, **fields, keep=keep), False
    except (UsernameTaken, InvitationRefused):
        before = _made_by(headers, mark, username)
        if before is None or not before.check_password(password):
            raise
        return before, True


def _made_by(headers: Mapping[str, str], mark: bytes, username: str) -> User | None:
    """Return the account of this name if this very request made it."""
    user = User.objects.filter(username__iexact=User.normalize_username(username)).first()
    key = user and idempotency.key_of(headers, user)
    try:
        return user if key and idempotency.find(key, mark) else None
    except KeyReused:  # by another request: to this one the name is taken
        return None


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
