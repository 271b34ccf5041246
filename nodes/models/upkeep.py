"""What is ordered and known of a node's disk: looks at its copies, files that no row knows."""

from django.db import models
from django.db.models.functions import Now

from nodes.models.node import Node


class UpkeepQuerySet(models.QuerySet["Upkeep"]):
    def enlist(self) -> None:
        """Give every node in service its row."""
        fresh = Node.objects.in_service().filter(upkeep__isnull=True)
        self.bulk_create([Upkeep(node=node) for node in fresh], ignore_conflicts=True)

    def expect_pass(self, node: Node) -> None:
        """Order a pass over a node's listing from its beginning; one under way ends without effect."""
        self.filter(node=node).update(is_pass_open=False, pass_next_at=Now())


class Upkeep(models.Model):
    """Which looks at a node's copies are ordered and done: the work orders of scrub and reconcile."""

    node = models.OneToOneField(Node, models.CASCADE, primary_key=True, related_name="upkeep")
    scrub_ordered_at = models.DateTimeField(null=True, help_text="What was verified before is due.")
    scrub_next_at = models.DateTimeField(db_default=Now(), help_text="Pace, and lease while one works.")
    pass_began_at = models.DateTimeField(null=True, help_text="The pass over the listing, begun or ended.")
    pass_after = models.CharField(max_length=97, db_default="", help_text="How far it has come.")
    pass_ended_at = models.DateTimeField(null=True, help_text="When one last came to its end.")
    pass_problem = models.CharField(max_length=255, db_default="", help_text="Why the last was given up.")
    pass_next_at = models.DateTimeField(db_default=Now(), help_text="When to go on, and lease.")
    is_pass_open = models.BooleanField(
        db_default=False, help_text="It may go on where it stopped; not so while a step is being made."
    )

    objects = UpkeepQuerySet.as_manager()

    def __str__(self) -> str:
        return f"upkeep of {self.node_id}"


class Orphan(models.Model):
    """A file on a node that no replica row knows: seen, later quarantined, in the end unlinked."""

    node = models.ForeignKey(Node, models.CASCADE, related_name="orphans", db_index=False)
    name = models.CharField(max_length=97)
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    quarantined_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "name"], name="orphan_once_a_node")]

    def __str__(self) -> str:
        return f"{self.name[:16]} on {self.node_id}"
