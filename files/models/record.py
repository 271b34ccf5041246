"""What happened to entries, for people and for whoever follows the changes."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from files.fields import CurrentTransaction, TransactionField
from files.models.entry import Entry


class Activity(models.Model):
    """What somebody did with an entry, where no other row tells it: its own and its versions tell much."""

    class Deed(models.TextChoices):
        RENAMED = "renamed"
        MOVED = "moved"
        TRASHED = "trashed"
        RESTORED = "restored"
        SHARED = "shared"
        UNSHARED = "unshared"

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="+", db_index=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    deed = models.CharField(max_length=8, choices=Deed)
    detail = models.CharField(
        max_length=255,
        blank=True,
        help_text="The name before, the folder left (empty: the root), or with whom (empty: a link).",
    )
    done_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["entry", "id"], name="activity_of_entry"),
            models.Index(fields=["done_at"], name="activity_age"),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.deed}"


class Tombstone(models.Model):
    """An entry that is gone for good, for whoever follows the changes; not of what lay below another one."""

    id = models.UUIDField(primary_key=True, editable=False, help_text="The entry's.")
    owner_id = models.BigIntegerField()
    changed_in = TransactionField(db_default=CurrentTransaction(), editable=False)
    removed_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["owner_id", "changed_in", "id"], name="tombstone_changes"),
            models.Index(fields=["removed_at"], name="tombstone_age"),
        ]

    def __str__(self) -> str:
        return str(self.id)
