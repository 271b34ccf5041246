"""What the cluster keeps of itself as a whole: figures, counts, samples, a rebalance, turns, a watermark."""

from django.db import models
from django.db.models.functions import Now

from nodes.models.node import NodeSample


class Counter(models.Model):
    """A figure of the workers' that only grows, whichever process adds to it; see `nodes.figures`."""

    name = models.CharField(max_length=31, primary_key=True)
    value = models.BigIntegerField()
    raised_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Census(models.Model):
    """The last count of what is too much to count whenever somebody asks; one row, by `nodes.census`."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    counted_at = models.DateTimeField(null=True)
    replicas = models.JSONField(default=dict, help_text="By node id and state.")
    walked_to = models.BigIntegerField(default=0, help_text="The last chunk id looked at in this walk.")
    found_same_zone = models.BigIntegerField(default=0, help_text="In this walk so far.")
    found_unavailable = models.BigIntegerField(default=0, help_text="In this walk so far.")
    same_zone = models.BigIntegerField(default=0, help_text="Chunks, in the last whole walk.")
    unavailable = models.BigIntegerField(default=0, help_text="Chunks, in the last whole walk.")
    recounted_to = models.BigIntegerField(default=0, help_text="The last chunk id of the day's recount.")
    recount_next_at = models.DateTimeField(null=True, help_text="When the next one begins.")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="census_one_row")]

    def __str__(self) -> str:
        return f"census of {self.counted_at}"


class Rebalance(models.Model):
    """The rebalance that is under way, one row, or none while there is none; by `nodes.rebalance`."""

    class Hindrance(models.TextChoices):
        """Why no copy can move though all is well."""

        DISK = "disk"
        PLACES = "places"

    id = models.SmallIntegerField(primary_key=True, default=1)
    began_at = models.DateTimeField(db_default=Now())
    moved_bytes = models.BigIntegerField(default=0, help_text="Since then; of copies on emptier nodes.")
    hindrance = models.CharField(
        max_length=6, choices=Hindrance, blank=True, db_default="", help_text="As the last pass found it."
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="rebalance_one_row")]

    def __str__(self) -> str:
        return f"rebalance since {self.began_at}"


class WorkSample(models.Model):
    """What workers had copied at one time: a minute for two days, an hour for a year; by `nodes.samples`."""

    span = models.CharField(max_length=6, choices=NodeSample.Span)
    at = models.DateTimeField(help_text="The beginning of the minute or hour.")
    taken_at = models.DateTimeField(help_text="When it was looked, within it.")
    copied_bytes = models.BigIntegerField(help_text="Ever, at that time.")
    repaired_bytes = models.BigIntegerField(help_text="Of these, what replaced copies lost or moved.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["span", "at"], name="work_sample_once")]

    def __str__(self) -> str:
        return f"{self.copied_bytes} bytes by {self.taken_at}"


class Turn(models.Model):
    """Whose turn it is at work that the whole cluster does one at a time; written by `nodes.turns` alone."""

    name = models.CharField(max_length=31, primary_key=True)
    holder = models.UUIDField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} until {self.until}"


class Watermark(models.Model):
    """A number that only grows and that every node keeps; one row, written by `nodes.watermark` alone."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=1, help_text="What nodes are told now.")
    seen_number = models.BigIntegerField(default=0, help_text="The highest a node has been told, if higher.")
    seen_by = models.CharField(max_length=63, blank=True, help_text="That node.")
    went_back_at = models.DateTimeField(
        null=True, help_text="When it was noticed that this database is older than what nodes were told."
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="watermark_one_row")]

    def __str__(self) -> str:
        return f"watermark {self.number}"
