"""What the cluster's routes take and give."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nodes import cluster, draining
from nodes.models import Node
from nodes.problems import Severity


class AnnounceIn(serializers.Serializer[Any]):
    store_id = serializers.UUIDField()
    url = serializers.CharField(max_length=255)
    name = serializers.RegexField(r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", max_length=50)
    zone = serializers.CharField(max_length=63, allow_blank=True, default="")
    capacity_bytes = serializers.IntegerField(min_value=0, default=0)
    joined = serializers.CharField(max_length=63, allow_null=True, default=None, help_text="Its cluster.")


class MembershipOut(serializers.Serializer[Any]):
    node_id = serializers.IntegerField()
    name = serializers.CharField()
    cluster_id = serializers.CharField()
    keys = serializers.ListField(child=serializers.CharField())
    duty = serializers.CharField()


class DrainOut(serializers.Serializer[Any]):
    copies_left = serializers.IntegerField(help_text="Copies still to leave the node.")
    bytes_left = serializers.IntegerField()
    bytes_per_second = serializers.FloatField(allow_null=True, help_text="Since the drain began, pauses too.")
    seconds_left = serializers.FloatField(allow_null=True, help_text="At that rate; null until it is known.")


class NodeOut(serializers.ModelSerializer[Node]):
    replicas = serializers.SerializerMethodField(help_text="Copies it holds.")
    drain = serializers.SerializerMethodField(help_text="How far a draining node has come; null for others.")

    class Meta:
        model = Node
        fields = (
            *("id", "name", "url", "zone", "health", "duty", "capacity_bytes", "free_bytes", "replicas"),
            *("last_seen_at", "failing_since", "latency_ms", "problem", "drain"),
            *("clock_skew_seconds", "quarantined", "version"),
        )

    def get_replicas(self, node: Node) -> int:
        return cluster.replicas_on(node)

    @extend_schema_field(DrainOut(allow_null=True))
    def get_drain(self, node: Node) -> dict[str, Any] | None:
        progress = draining.progress(node)
        return None if progress is None else dict(DrainOut(progress).data)


class RebalanceOut(serializers.Serializer[Any]):
    difference = serializers.FloatField(help_text="Of the used shares of the fullest and the emptiest node.")
    threshold = serializers.FloatField(help_text="A smaller difference moves nothing.")
    moved_bytes = serializers.IntegerField(help_text="Since this rebalance began.")
    bytes_left = serializers.IntegerField(help_text="To move until all are as full as the whole.")
    bytes_per_second = serializers.FloatField(allow_null=True, help_text="Since it began, pauses too.")
    seconds_left = serializers.FloatField(
        allow_null=True, help_text="At most, at that rate; null until it is known."
    )
    waits_for = serializers.CharField(help_text="Why nothing moves; empty when it does.")


class ScrubOut(serializers.Serializer[Any]):
    copies = serializers.IntegerField()
    verified_copies = serializers.IntegerField(help_text="Within SCRUB_PERIOD_SECONDS.")
    stored_bytes = serializers.IntegerField()
    verified_bytes = serializers.IntegerField()
    oldest_verified_at = serializers.DateTimeField(allow_null=True)
    copies_left = serializers.IntegerField(help_text="Not yet verified since the order; 0 without one.")
    bytes_left = serializers.IntegerField()
    ordered_at = serializers.DateTimeField(allow_null=True, help_text="What was verified before is due.")


class ConfirmedOut(serializers.Serializer[Any]):
    was_open = serializers.BooleanField(help_text="Whether there was anything to confirm.")


class ProblemOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    severity = serializers.ChoiceField([severity.value for severity in Severity])
    detail = serializers.CharField(help_text="What is found, in words.")
    advice = serializers.CharField(help_text="What to do.")
    node = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(allow_null=True, help_text="Of what the detail counts.")
    outlook = serializers.CharField(help_text="What happens next by itself; may be empty.")
    cause = serializers.CharField(help_text="What a program said of it, as it said it; may be empty.")


class RepairOut(serializers.Serializer[Any]):
    chunks_left = serializers.IntegerField(help_text="Chunks with copies to be made.")
    bytes_left = serializers.IntegerField(help_text="Of these copies.")
    bytes_per_second = serializers.FloatField(
        allow_null=True, help_text="In the last minutes; null until it is known, and while nothing is copied."
    )
    seconds_left = serializers.FloatField(allow_null=True, help_text="At that rate; null until it is known.")
    is_waiting = serializers.BooleanField(help_text="Too few nodes have room: nothing can be copied.")


class OverviewOut(serializers.Serializer[Any]):
    health = serializers.ChoiceField(["healthy", "degraded", "failing"])
    nodes = serializers.IntegerField()
    nodes_online = serializers.IntegerField()
    nodes_away = serializers.IntegerField(help_text="Nodes that were asked and do not answer.")
    chunks = serializers.IntegerField()
    under_replicated = serializers.IntegerField()
    oldest_under_replicated_seconds = serializers.FloatField()
    out_of_reach = serializers.IntegerField(
        help_text="At most so many chunks have a copy that counts on a node that is away or not asked."
    )
    fewest_in_reach = serializers.IntegerField(
        help_text="At least so many copies of each chunk are on nodes that answer, as far as they are wanted."
    )
    copies_wanted = serializers.IntegerField(help_text="Of each chunk.")
    lost = serializers.IntegerField(help_text="Chunks without a good copy on any node.")
    unavailable = serializers.IntegerField(help_text="Chunks whose copies are all on nodes that are down.")
    capacity_bytes = serializers.IntegerField()
    free_bytes = serializers.IntegerField()
    repair = RepairOut()
    problems = ProblemOut(many=True)
