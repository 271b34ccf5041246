"""Transfers on their way, and the room that is kept for them."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from files.models.entry import Entry, Share
from files.models.sight import IsWithin, PathFor, RoleOf, folder_value

if TYPE_CHECKING:
    from accounts.models import User


class UploadQuerySet(models.QuerySet["Upload"]):
    def own(self, user: "User") -> "UploadQuerySet":
        """What this user has begun; of one who is confined to a folder, what goes into it."""
        own = self.filter(owner=user)
        if user.confined_to is None:
            return own
        return own.filter(IsWithin("parent_id", folder_value(user.confined_to)))

    def shut_out(self) -> "UploadQuerySet":
        """Unfinished ones into a folder of another's to which their sender has no more than a look.

        Not those into the trash: from there a folder may come back as it was.
        """
        sight = (models.F("owner_id"), "parent_id", folder_value(None))
        is_lost = models.Q(role_there=Share.Role.VIEWER) | models.Q(path_there=None)
        theirs = self.filter(committed_at=None).exclude(parent__owner=models.F("owner"))
        return theirs.alias(role_there=RoleOf(*sight), path_there=PathFor(*sight)).filter(is_lost)


class Upload(models.Model):
    """A resumable transfer. Its offset is its segment's length; it expires 24 h after the last progress."""

    class OnConflict(models.TextChoices):
        FAIL = "fail"
        REPLACE = "replace"
        RENAME = "rename"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    parent = models.ForeignKey(Entry, models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=255)
    length = models.BigIntegerField(null=True, help_text="Declared; null while deferred.")
    segment = models.OneToOneField(
        "nodes.Segment", models.PROTECT, null=True, related_name="+", help_text="Null once it is committed."
    )
    content_type = models.CharField(max_length=255)
    modified_at = models.DateTimeField(null=True)
    on_conflict = models.CharField(max_length=7, choices=OnConflict, default=OnConflict.FAIL)
    metadata = models.TextField(blank=True, help_text="Upload-Metadata as it came, for HEAD.")
    concat = models.TextField(
        blank=True, help_text="Upload-Concat as it came: a part, or the file that parts became."
    )
    checked_from = models.BigIntegerField(
        null=True, help_text="Bytes from here on came with a checksum that has not been seen to match."
    )
    created_at = models.DateTimeField(db_default=Now())
    committed_at = models.DateTimeField(null=True)
    committed_entry = models.ForeignKey(
        Entry,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="What it became: a lost answer is found again.",
    )

    objects = UploadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(committed_at__isnull=True, segment__isnull=False)
                | models.Q(committed_at__isnull=False, segment__isnull=True),
                name="upload_fills_or_is_committed",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class Reservation(models.Model):
    """Room kept for a segment that is being filled; the sum of a payer's is their `reserved_bytes`."""

    segment_id = models.UUIDField(
        primary_key=True,
        editable=False,
        help_text="A plain PUT has its segment later, by its first record.",
    )
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"{self.size_bytes} bytes for {self.segment_id}"
