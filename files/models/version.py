"""The states of a file, and the small pictures of their contents."""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import connection, models
from django.db.models.functions import Now

from files.models.entry import Entry
from nodes.ids import uuid7


class Version(models.Model):
    """One state of a file: content, type, who, when. Its id is the file's content etag."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="versions", db_index=False)
    number = models.IntegerField()
    content = models.ForeignKey("nodes.Content", models.PROTECT, related_name="+")
    size = models.BigIntegerField()
    content_type = models.CharField(max_length=255)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    modified_at = models.DateTimeField(
        help_text="The file's own time, as its sender told; else when it was sent."
    )
    replaced_at = models.DateTimeField(null=True, help_text="Null while it is the current one.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "number"], name="version_number_once")]
        indexes = [
            models.Index(
                fields=["replaced_at"], name="version_replaced", condition=models.Q(replaced_at__isnull=False)
            ),
            models.Index(
                fields=["size", "entry"], name="version_sized", condition=models.Q(replaced_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} version {self.number}"


class ThumbnailQuerySet(models.QuerySet["Thumbnail"]):
    def drop_of(self, content_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        """Forget the small pictures of contents; returns the pictures' own contents, to be released."""
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM files_thumbnail WHERE content_id = ANY(%s::uuid[]) RETURNING picture_id",
                [list(content_ids)],
            )
            return [row[0] for row in cursor.fetchall() if row[0] is not None]


class Thumbnail(models.Model):
    """A small picture of a content, and the work order for it."""

    content = models.OneToOneField(
        "nodes.Content",
        models.DO_NOTHING,
        primary_key=True,
        related_name="+",
        db_constraint=False,  # `purging` forgets it together with the last version
    )
    picture = models.ForeignKey("nodes.Content", models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True, help_text="When to draw it, or lease; null: drawn, or never.")
    attempts = models.IntegerField(default=0)

    objects = ThumbnailQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="thumbnail_due", condition=models.Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"small picture of {self.content_id}"
