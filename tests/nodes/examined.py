"""What tests of the doctor ask, and how they bring a situation about."""

from datetime import timedelta

from django.db.models import F, Value
from django.db.models.functions import Now

from nodes import (
    doctor,
    replication,
)
from nodes.models import Chunk, Node, Replica
from nodes.problems import Code
from tests.nodes.living_cluster import Cluster, chunk_of, see_all

ALWAYS = {Code.SHARED_DISK}
"""The nodes of these tests share one disk."""


def told(code: Code) -> list[doctor.Problem]:
    return [problem for problem in doctor.examine() if problem.code == code]


def codes() -> set[Code]:
    return {problem.code for problem in doctor.examine()} - ALWAYS


def replicate_all() -> None:
    while replication.replicate_due():
        pass


def replicate_what_waits() -> None:
    Chunk.objects.filter(copies_due_at__isnull=False).update(copies_due_at=Now())
    replicate_all()


def take_offline(cluster: Cluster, *names: str) -> None:
    """Take nodes down and let probes find it out, as long as it takes until they are offline."""
    cluster.take_down(*names)
    see_all()
    Node.objects.filter(name__in=names).update(failing_since=F("failing_since") - Value(timedelta(minutes=1)))
    see_all()
    assert {cluster.node(name).health for name in names} == {Node.Health.OFFLINE}


def bring_back(cluster: Cluster, *names: str) -> None:
    cluster.bring_back(*names)
    see_all()


def lose_every_copy(cluster: Cluster, content: bytes) -> None:
    """Remove the files of all copies, and have the nodes found out by a reader."""
    chunk = chunk_of(content)
    for replica in chunk.replicas.all():
        cluster.file(replica).unlink(missing_ok=True)
    Replica.objects.doubt(list(chunk.replicas.values_list("id", flat=True)))
    Chunk.objects.filter(id=chunk.id).make_due()
    replicate_all()
