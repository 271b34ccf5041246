"""How the cluster is, in figures and named problems; read only."""

from dataclasses import dataclass

from django.conf import settings

from nodes import doctor, findings, repairing
from nodes.models import Chunk, Node, Replica
from nodes.problems import Problem, Severity
from nodes.repairing import Repair


@dataclass(frozen=True, slots=True)
class Overview:
    """The cluster at one moment; sizes in bytes."""

    health: str
    nodes: int
    nodes_online: int
    nodes_away: int
    chunks: int
    under_replicated: int
    oldest_under_replicated_seconds: float
    out_of_reach: int
    fewest_in_reach: int
    copies_wanted: int
    lost: int
    unavailable: int
    capacity_bytes: int
    free_bytes: int
    repair: Repair
    problems: list[Problem]


def overview() -> Overview:
    """Look at the whole cluster: `healthy`, `degraded` (copies, nodes or room are missing), or `failing`.

    It is failing when something cannot be read or no write could be acknowledged.
    """
    facts = findings.look()
    problems = doctor.diagnose(facts)
    return Overview(
        health=health_of(problems),
        nodes=len(facts.nodes),
        nodes_online=len(facts.online),
        nodes_away=len(facts.away),
        chunks=chunk_count(),
        under_replicated=facts.queue.under_replicated,
        oldest_under_replicated_seconds=facts.age_seconds(facts.queue.oldest_at),
        out_of_reach=facts.out_of_reach,
        fewest_in_reach=facts.fewest_in_reach,
        copies_wanted=settings.REPLICAS,
        lost=facts.queue.lost,
        unavailable=facts.unavailable,
        capacity_bytes=sum(node.capacity_bytes for node in facts.nodes),
        free_bytes=sum(node.free_bytes for node in facts.nodes),
        repair=repairing.progress(facts),
        problems=problems,
    )


def health_of(problems: list[Problem]) -> str:
    """Sum the problems up in one word."""
    severities = {problem.severity for problem in problems}
    if Severity.CRITICAL in severities:
        return "failing"
    return "degraded" if Severity.WARNING in severities else "healthy"


def chunk_count() -> int:
    """Count the chunks that are not being deleted; two walks along indexes."""
    return Chunk.objects.count() - Chunk.objects.deleting().count()


def replicas_on(node: Node) -> int:
    """Count the copies a node holds."""
    return Replica.objects.stored().filter(node=node).count()
