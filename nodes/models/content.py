"""Contents: what versions point at, made of segments of extents of chunks."""

from django.db import models
from django.db.models.functions import Now

from nodes.ids import uuid7
from nodes.models.chunk import Chunk


class Content(models.Model):
    """An immutable sequence of bytes: what a version points at."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    size = models.BigIntegerField()
    sha256 = models.BinaryField(null=True, max_length=32, help_text="Of the whole; null until known.")
    created_at = models.DateTimeField(db_default=Now())
    released_at = models.DateTimeField(null=True, help_text="No version needs it any more.")

    class Meta:
        indexes = [
            models.Index(
                fields=["released_at"], name="content_released", condition=models.Q(released_at__isnull=False)
            ),
            models.Index(
                fields=["size", "id"],
                name="content_unhashed",
                condition=models.Q(sha256__isnull=True, released_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Segment(models.Model):
    """What one upload has filled so far. Its length is the upload's offset: one truth, moved by recording."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    length = models.BigIntegerField(default=0)
    writer_epoch = models.IntegerField(default=0, help_text="Raised to shut out a writer that came before.")
    is_writing = models.BooleanField(db_default=False, help_text="The writer of this epoch has not ended.")
    recorded_at = models.DateTimeField(db_default=Now(), help_text="The last progress.")
    sealed = models.BooleanField(default=False, help_text="Part of a content; never changes again.")

    class Meta:
        indexes = [
            models.Index(fields=["recorded_at"], name="segment_unsealed", condition=models.Q(sealed=False))
        ]

    def __str__(self) -> str:
        return str(self.id)


class ContentSegment(models.Model):
    """One segment's place in a content."""

    pk = models.CompositePrimaryKey("content_id", "base_offset")
    content = models.ForeignKey(Content, models.CASCADE, related_name="segments", db_index=False)
    base_offset = models.BigIntegerField()
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="contents")

    def __str__(self) -> str:
        return f"{self.content_id}+{self.base_offset}"


class Extent(models.Model):
    """Bytes `offset … offset + length` of a segment are this chunk."""

    pk = models.CompositePrimaryKey("segment_id", "offset")
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="extents", db_index=False)
    offset = models.BigIntegerField()
    length = models.IntegerField()
    chunk = models.ForeignKey(Chunk, models.PROTECT, related_name="extents")

    def __str__(self) -> str:
        return f"{self.segment_id}+{self.offset}"
