"""Chunks and their replicas: which bytes exist, where their copies are, and the orders to look after them."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now

from nodes.ids import uuid7
from nodes.models.node import Node


class ChunkQuerySet(models.QuerySet["Chunk"]):
    def in_lock_order(self) -> "ChunkQuerySet":
        """Lock the rows, all in the order in which records lock theirs, so that nobody waits in a circle."""
        return self.select_for_update(no_key=True).order_by("digest", "size")

    def make_due(self) -> int:
        """Order a look at the copies; a claim that runs at the moment does not swallow it."""
        with transaction.atomic():
            return Chunk.objects.filter(id__in=self.in_lock_order().values("id")).update(copies_due_at=Now())

    def held_by(self, node_id: int) -> "ChunkQuerySet":
        """Live chunks with a stored copy on this node."""
        here = Replica.objects.stored().filter(node_id=node_id).values("chunk_id")
        return self.filter(id__in=here, state=Chunk.State.LIVE)

    def expect_surplus(self) -> int:
        """Order a look for copies that are not needed any more; ordering it for nothing is harmless."""
        with transaction.atomic():
            return Chunk.objects.filter(id__in=self.in_lock_order().values("id")).update(surplus_at=Now())

    def under_replicated(self) -> "ChunkQuerySet":
        """A condemned chunk needs no copies: nothing refers to it, and a record that does makes it live."""
        return self.filter(copies_due_at__isnull=False, state=Chunk.State.LIVE)

    def deleting(self) -> "ChunkQuerySet":
        return self.filter(state=Chunk.State.DELETING, condemned_at__isnull=False)

    def condemned_beyond_grace(self) -> "ChunkQuerySet":
        grace = timedelta(seconds=settings.GRACE_SECONDS)
        return self.filter(state=Chunk.State.CONDEMNED, condemned_at__lte=Now() - grace)


class Chunk(models.Model):
    """A slice of bytes known by its BLAKE3 digest, and the work order for its copies."""

    class State(models.TextChoices):
        LIVE = "live"
        CONDEMNED = "condemned"
        DELETING = "deleting"

    digest = models.BinaryField(max_length=32)
    size = models.IntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.LIVE)
    condemned_at = models.DateTimeField(null=True, help_text="Null while it is live.")
    copies_due_at = models.DateTimeField(null=True, help_text="Null when every copy is in place.")
    thin_since = models.DateTimeField(
        null=True, help_text="When it became due, once a first attempt has left it with too few copies."
    )
    copies_seen = models.SmallIntegerField(
        default=0, help_text="Good copies when it became due; an order only."
    )
    is_repair = models.BooleanField(
        db_default=False, help_text="It had all copies once, or could not get them: not a fresh upload."
    )
    surplus_at = models.DateTimeField(
        null=True, help_text="When to look for copies it does not need; null: no reason to."
    )
    lease_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)

    objects = ChunkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["digest", "size"], name="chunk_once", condition=~models.Q(state="deleting")
            )
        ]
        indexes = [
            models.Index(
                fields=["is_repair", "copies_seen", "copies_due_at"],
                name="chunk_due",
                condition=models.Q(copies_due_at__isnull=False),
            ),
            models.Index(
                fields=["surplus_at"],
                name="chunk_surplus",
                condition=models.Q(surplus_at__isnull=False),
            ),
            models.Index(  # of those not live; of a state that comes as a parameter a plan proves nothing
                fields=["state", "condemned_at"],
                name="chunk_unwanted",
                condition=models.Q(condemned_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:16]


class ReplicaQuerySet(models.QuerySet["Replica"]):
    def stored(self) -> "ReplicaQuerySet":
        return self.filter(state=Replica.State.STORED)

    def doubt(self, ids: list[UUID]) -> int:
        """Note that a reader met a bad or absent copy; one bad read may be memory or network."""
        return self.stored().filter(id__in=ids, doubted_at__isnull=True).update(doubted_at=Now())


class Replica(models.Model):
    """One placement of a chunk on a node; its file there is `<digest>-<id>`."""

    class State(models.TextChoices):
        PENDING = "pending"
        STORED = "stored"
        CORRUPT = "corrupt"
        MISSING = "missing"
        DELETING = "deleting"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chunk = models.ForeignKey(Chunk, models.PROTECT, related_name="replicas")
    node = models.ForeignKey(
        Node,
        models.PROTECT,
        related_name="replicas",
        db_index=False,
        db_constraint=False,  # its check would lock the node's row for each copy; nodes are never deleted
    )
    state = models.CharField(max_length=8, choices=State)
    created_at = models.DateTimeField(db_default=Now())
    stored_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True, help_text="When its node last looked, whatever it found.")
    doubted_at = models.DateTimeField(null=True, help_text="A reader wants the node to look again.")

    GIVEN_UP = (State.CORRUPT, State.MISSING)
    """They count no more; `verified_at` says when they were given up."""

    objects = ReplicaQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chunk", "node"],
                name="replica_once_a_node",
                condition=models.Q(state__in=["pending", "stored"]),
            )
        ]
        indexes = [
            models.Index(fields=["node", "state", "verified_at"], name="replica_on_node"),
        ]

    def __str__(self) -> str:
        return f"{self.chunk_id} on {self.node_id}: {self.state}"
