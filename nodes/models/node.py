"""Nodes, and how each was at one time."""

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

CLONE_NEWS = timedelta(minutes=5)
"""Much longer than a refused node waits before it asks again."""


class NodeQuerySet(models.QuerySet["Node"]):
    def in_service(self) -> "NodeQuerySet":
        return self.exclude(duty=Node.Duty.RETIRED)

    def cloned(self) -> "NodeQuerySet":
        """Nodes of whose store a second one asks to be let in; it goes on asking while it runs."""
        return self.filter(clone_seen_at__gt=Now() - CLONE_NEWS)


class Node(models.Model):
    """One storage service with one data directory."""

    class Health(models.TextChoices):
        """What is seen; written by `nodes.health` alone."""

        UNKNOWN = "unknown", _("Unknown")
        ONLINE = "online", _("Online")
        SUSPECT = "suspect", _("Suspect")
        OFFLINE = "offline", _("Offline")

    class Duty(models.TextChoices):
        """What is wanted; written by `nodes.membership` alone."""

        ACTIVE = "active", _("Active")
        DRAINING = "draining", _("Draining")
        RETIRED = "retired", _("Retired")

    name = models.CharField(_("name"), max_length=63, unique=True)
    store_id = models.UUIDField(
        _("disk"), unique=True, help_text=_("The identity of the disk, not of the machine.")
    )
    url = models.CharField(_("address"), max_length=255)
    zone = models.CharField(
        _("zone"), max_length=63, help_text=_("Failure domain; copies are spread over zones.")
    )
    filesystem_id = models.CharField(_("file system"), max_length=63, blank=True)
    capacity_bytes = models.BigIntegerField(_("capacity in bytes"), default=0)
    free_bytes = models.BigIntegerField(
        _("free bytes"), default=0, help_text=_("What may still be stored, the reserve left out.")
    )
    duty = models.CharField(_("duty"), max_length=10, choices=Duty, default=Duty.DRAINING)
    health = models.CharField(_("health"), max_length=10, choices=Health, default=Health.UNKNOWN)
    failures = models.PositiveIntegerField(_("failures"), default=0, help_text=_("Failed probes in a row."))
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    absence_noted = models.BooleanField(
        _("absence noted"), default=False, help_text=_("Its chunks were made due for repair.")
    )
    probed_at = models.DateTimeField(_("asked"), null=True, blank=True)
    last_seen_at = models.DateTimeField(_("answered"), null=True, blank=True)
    latency_ms = models.FloatField(_("answer time in ms"), null=True, blank=True)
    problem = models.CharField(
        _("problem"), max_length=255, blank=True, help_text=_("Why the last probe failed.")
    )
    problem_code = models.CharField(
        _("code of the problem"),
        max_length=31,
        blank=True,
        help_text=_("The same for programs, as the node told it; empty: no answer."),
    )
    clock_skew_seconds = models.FloatField(
        _("clock ahead by seconds"),
        null=True,
        blank=True,
        help_text=_("How far its clock is before the database's."),
    )
    quarantined = models.IntegerField(
        _("put aside"), default=0, help_text=_("Bad chunk files it has put aside.")
    )
    received_bytes = models.BigIntegerField(
        _("bytes received"), default=0, help_text=_("Since the node started.")
    )
    sent_bytes = models.BigIntegerField(_("bytes sent"), default=0, help_text=_("Since the node started."))
    version = models.CharField(_("version"), max_length=31, blank=True)
    watermark = models.BigIntegerField(
        _("watermark"),
        db_default=0,
        help_text=_("The highest it has confirmed; a disk that knows less is an older one."),
    )
    returned_at = models.DateTimeField(
        _("came back"),
        null=True,
        blank=True,
        help_text=_("Back from an absence; older copies must prove to be there."),
    )
    clone_url = models.CharField(
        _("address of the copy"),
        max_length=255,
        blank=True,
        help_text=_("Where a copy of its store asked in."),
    )
    clone_seen_at = models.DateTimeField(_("copy seen"), null=True, blank=True)
    drain_began_at = models.DateTimeField(_("draining since"), null=True, blank=True)
    drain_began_bytes = models.BigIntegerField(
        _("bytes to drain"), null=True, blank=True, help_text=_("What it held then.")
    )
    created_at = models.DateTimeField(_("added"), db_default=Now())

    objects = NodeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("node")
        verbose_name_plural = _("nodes")

    def __str__(self) -> str:
        return self.name


class NodeSample(models.Model):
    """How a node was at one time, for charts: a minute for two days, an hour for a year."""

    class Span(models.TextChoices):
        MINUTE = "minute"
        HOUR = "hour"

    node = models.ForeignKey(Node, models.CASCADE, related_name="samples", db_index=False)
    span = models.CharField(max_length=6, choices=Span)
    at = models.DateTimeField(help_text="The beginning of the minute or hour.")
    is_online = models.BooleanField(help_text="All the time, for an hour.")
    latency_ms = models.FloatField(null=True, help_text="Of the probe; the mean of an hour.")
    capacity_bytes = models.BigIntegerField()
    free_bytes = models.BigIntegerField(help_text="At the end.")
    replicas = models.BigIntegerField(help_text="Stored copies, at the end.")
    received_bytes = models.BigIntegerField(help_text="Since the node started, at the end.")
    sent_bytes = models.BigIntegerField(help_text="Since the node started, at the end.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "span", "at"], name="sample_once")]
        indexes = [models.Index(fields=["span", "at"], name="sample_age")]

    def __str__(self) -> str:
        return f"{self.node_id} at {self.at}"
