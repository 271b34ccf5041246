"""A worker is killed at a named place of a push: its lease ends, another finishes, nothing is there twice."""

import signal

import pytest
from django.conf import settings
from django.db.models import Count

from nodes import reclaim, replication
from nodes.models import Replica
from tests.faults import aside
from tests.nodes.living_cluster import CHUNK_BYTES, chunk_of
from tests.nodes.test_replication import let_leases_end, make_due_now, replicate_all
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import wait_until

REPLICATE = "replication.replicate_due()"


def require_finished_by_another(cluster, content: bytes, content_id) -> None:
    assert replication.claim(10) == [], "while the lease lasts the chunk is nobody else's"
    let_leases_end()

    replicate_all()
    make_due_now()
    replicate_all()

    chunk = chunk_of(content)
    assert len(cluster.holders(chunk)) == 3
    assert chunk.copies_due_at is None
    twice = Replica.objects.values("chunk", "node").annotate(rows=Count("id")).filter(rows__gt=1)
    assert not twice.exclude(state=Replica.State.DELETING).exists()
    assert not Replica.objects.filter(state=Replica.State.PENDING).exists()
    reclaim.reclaim()
    assert len(cluster.files(content)) == 3, "and no file of the dead one is left"
    assert cluster.read(content_id) == content


@pytest.mark.parametrize("place", ["replicate.claimed", "replicate.pending", "replicate.copied"])
def test_f03_what_a_worker_killed_at_a_place_had_begun_another_finishes(cluster, place):
    content = b"killed at " + place.encode()
    content_id = cluster.store(content)

    killed = aside.run(REPLICATE, FAILPOINTS=f"{place}=kill")

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    require_finished_by_another(cluster, content, content_id)


def test_f03_what_a_worker_killed_in_the_middle_of_a_copy_had_begun_another_finishes(cluster):
    content = some_bytes(CHUNK_BYTES, seed=70)
    content_id = cluster.store(content)
    target, other = set(cluster.running) - cluster.holders(chunk_of(content))
    cluster.update(other, free_bytes=0)
    with cluster.hung(target):
        worker = aside.start(REPLICATE)
        wait_until(lambda: Replica.objects.filter(state=Replica.State.PENDING).exists(), "a copy on its way")
        worker.kill()
        worker.communicate()
    assert worker.returncode == -signal.SIGKILL
    cluster.update(other, free_bytes=2**30)
    require_finished_by_another(cluster, content, content_id)


def test_a_task_never_outlives_its_lease_and_is_given_back_when_its_worker_dies():
    assert settings.CELERY_TASK_TIME_LIMIT < replication.LEASE_SECONDS
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
