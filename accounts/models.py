"""People, their API tokens, and how much they may store and do store."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now, Upper
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken


def default_quota_bytes() -> int:
    return int(settings.DEFAULT_QUOTA_BYTES)


class PersonManager(UserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AbstractUser):
    """A person who signs in; upper and lower case make no difference in a username."""

    email = models.EmailField(_("email address"), blank=True)
    email_confirmed_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[PersonManager] = PersonManager()

    confined_to: uuid.UUID | None = None
    """The only folder that the request at hand may reach, by a token bound to it. Not a field."""

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Upper("username"),
                name="username_once",
                violation_error_message="Somebody has this username already.",
            )
        ]

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


class Session(AbstractBaseSession):
    """A browser that is signed in, or has only looked: who it is stands beside what Django keeps."""

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")

    @classmethod
    def get_session_store_class(cls) -> Any:
        return import_string(f"{settings.SESSION_ENGINE}.SessionStore")


class Invitation(models.Model):
    """Lets one person register, once, where registration is by invitation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    email = models.EmailField(blank=True, help_text="Whom it was sent to.")
    expires_at = models.DateTimeField()
    used_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="invitation_newest")]

    def __str__(self) -> str:
        return self.email or str(self.id)


class Usage(models.Model):
    """What one person may store and does store, versions and trash included, in logical bytes.

    A row of its own, so that an upload's commit touches nothing else of the person.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="usage")
    quota_bytes = models.BigIntegerField(
        _("quota in bytes"),
        null=True,
        blank=True,
        default=default_quota_bytes,
        help_text=_("Empty: no limit."),
    )
    used_bytes = models.BigIntegerField(default=0, editable=False)
    reserved_bytes = models.BigIntegerField(
        default=0, editable=False, help_text="Kept for uploads on their way."
    )
    recounted_at = models.DateTimeField(null=True, editable=False, help_text="When both were last added up.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(used_bytes__gte=0), name="usage_not_negative"),
            models.CheckConstraint(condition=models.Q(reserved_bytes__gte=0), name="reserved_not_negative"),
        ]
        verbose_name = verbose_name_plural = _("usage")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.used_bytes}"


class Token(AbstractAuthToken):
    """An API token: shown once, stored hashed, scoped, expiring, revocable at once."""

    class Scope(models.TextChoices):
        READ = "read"
        WRITE = "write"
        ADMIN = "admin"

    # Knox makes the digest the key, and keeps the beginning of the text: neither is for showing around.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=128, editable=False)
    token_key = None  # type: ignore[assignment]  # as Django has a subclass drop a field
    name = models.CharField(_("name"), max_length=100, blank=True)
    scopes = models.JSONField(_("may"), default=list)
    folder_id = models.UUIDField(null=True, help_text="All that it reaches; null: all that is its owner's.")
    last_used_at = models.DateTimeField(_("last used"), null=True)

    class Meta:
        ordering = ["-created"]
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        constraints = [models.UniqueConstraint(fields=["digest"], name="token_digest_once")]

    def __str__(self) -> str:
        return self.name or str(self.id)


class Attempt(models.Model):
    """How often somebody tried something within the running window: `attempts` says what is counted."""

    key = models.BinaryField(max_length=32, primary_key=True)
    count = models.IntegerField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} until {self.ends_at}"


class KeptAnswer(models.Model):
    """What a request under an idempotency key was answered, to be given again: see `idempotency`."""

    pk = models.CompositePrimaryKey("user_id", "key")
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    key = models.BinaryField(max_length=32)
    fingerprint = models.BinaryField(max_length=32, help_text="Of the request, its body included.")
    status = models.SmallIntegerField()
    headers = models.JSONField()
    body = models.TextField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.status} until {self.expires_at}"
