"""A copy goes only when enough others are proven, and the last good one never goes."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from nodes import brake, doctor, failpoints, figures, health, membership, reclaim, replication, roster, trim
from nodes.figures import Figure
from nodes.models import Chunk, Node, Replica
from nodes.problems import Code, Severity
from tests.nodes.living_cluster import CHUNK_BYTES, Cluster, age, chunk_of
from tests.nodes.test_replication import Crash, crash, make_due_now, replicate_all
from tests.nodes.test_scrub import let_all_be_due, scrub_all
from tests.nodes.test_writing import some_bytes


def trim_all() -> None:
    while trim.trim():
        pass


def reclaim_all() -> None:
    while reclaim.reclaim():
        pass


@pytest.fixture
def crowd(cluster: Cluster) -> Chunk:
    """A chunk with a copy on each of the four nodes, after one that had been away for long came back."""
    cluster.store(some_bytes(CHUNK_BYTES, seed=1))
    replicate_all()
    chunk = Chunk.objects.get()
    gone = chunk.replicas.stored().select_related("node").first().node
    Node.objects.filter(id=gone.id).update(health=Node.Health.OFFLINE, absence_noted=True)
    health.make_copies_due(gone.id)
    replicate_all()
    assert chunk_of_id(chunk).surplus_at is None, "a copy on an absent node is not one too many"
    health.probe_all()
    roster.forget()
    assert len(cluster.holders(chunk)) == 4
    return chunk


def chunk_of_id(chunk: Chunk) -> Chunk:
    return Chunk.objects.get(id=chunk.id)


def test_a_copy_too_many_goes_and_its_file_with_it(cluster, crowd):
    before = figures.read()[Figure.COPIES_TRIMMED].value

    trim_all()

    assert len(cluster.holders(crowd)) == 3
    assert figures.read()[Figure.COPIES_TRIMMED].value - before == 1
    assert chunk_of_id(crowd).surplus_at is None
    reclaim_all()
    assert len(cluster.files(some_bytes(CHUNK_BYTES, seed=1))) == 3


def test_those_that_stay_were_hashed_by_their_nodes_first(cluster, crowd):
    trim_all()

    kept = crowd.replicas.stored()
    assert kept.filter(verified_at__gt=F("stored_at")).count() == kept.count() == 3


def test_a_bad_copy_is_found_before_a_good_one_goes(cluster, crowd, settings):
    """Of four copies three are rotten, and nobody knows."""
    settings.SCRUB_BYTES_PER_SECOND = 10**12
    for replica in list(crowd.replicas.stored().select_related("node")[:3]):
        cluster.file(replica).write_bytes(b"rot")
    (good,) = cluster.holders(crowd)

    for _ in range(4):
        trim_all()
        age("nodes_chunk", "surplus_at", trim.LOOK_AGAIN_SECONDS + 1)
        assert good in cluster.holders(crowd)
        replicate_all()
        make_due_now()
    trim_all()

    # With two found there is nothing too many any more: a third one is the scrub's to find.
    let_all_be_due(settings)
    scrub_all()
    make_due_now()
    replicate_all()

    assert good in cluster.holders(crowd) or len(cluster.holders(crowd)) >= 3
    assert len(cluster.holders(crowd)) == crowd.replicas.stored().count() == 3


def test_nothing_goes_while_a_node_that_is_to_keep_a_copy_does_not_answer(cluster, crowd):
    silent = crowd.replicas.stored().select_related("node").first().node.name
    cluster.update(silent, free_bytes=2**62)  # the emptiest: its copy is one to keep
    cluster.take_down(silent)

    trim_all()

    waits = chunk_of_id(crowd).surplus_at
    assert crowd.replicas.stored().count() == 4
    assert waits > health.database_now()
    cluster.bring_back(silent)
    age("nodes_chunk", "surplus_at", trim.LOOK_AGAIN_SECONDS + 1)
    trim_all()
    assert len(cluster.holders(crowd)) == 3


@pytest.fixture
def two_crowds(cluster: Cluster, crowd: Chunk, monkeypatch) -> Chunk:
    """Two chunks with a copy too many each, and a brake that lets one go."""
    other = Chunk.objects.create(digest=bytes(32), size=1, surplus_at=Now())
    for node in Node.objects.all():
        Replica.objects.create(chunk=other, node=node, state=Replica.State.STORED, stored_at=Now())
    monkeypatch.setattr(brake, "FLOOR_CHUNKS", 1)
    return crowd


def test_r20_more_surplus_copies_than_is_usual_stay_until_an_admin_confirms(cluster, two_crowds, capsys):
    trim_all()

    assert trim.held_back() == 2
    assert two_crowds.replicas.stored().count() == 4
    [problem] = [problem for problem in doctor.examine() if problem.code == Code.TRIM_STOPPED]
    assert (problem.count, problem.severity) == (2, Severity.NOTICE)

    call_command("trim", "--confirm")

    assert two_crowds.replicas.stored().count() == 3
    assert Code.TRIM_STOPPED not in {problem.code for problem in doctor.examine()}


def test_what_a_drain_moves_is_no_mass_deletion(cluster, two_crowds):
    assert trim.held_back() == 2
    membership.drain(two_crowds.replicas.stored().select_related("node").first().node)
    Chunk.objects.update(copies_due_at=None)

    assert trim.held_back() == 0


def test_a_proof_older_than_a_day_is_none(cluster, crowd):
    replicas = crowd.replicas.stored()
    long_ago = timedelta(hours=25)
    replicas.update(stored_at=Now() - 2 * long_ago, verified_at=Now() - long_ago)

    assert trim.remove([crowd.id]) == 0
    replicas.update(verified_at=Now() - timedelta(hours=23))
    Chunk.objects.update(surplus_at=Now())

    assert trim.remove([crowd.id]) == 1


def test_a_proof_from_before_the_node_was_away_is_none(cluster, crowd):
    trim.prove([crowd.id])
    Node.objects.update(returned_at=Now())

    assert trim.remove([crowd.id]) == 0


def test_a_copy_that_is_doubted_proves_nothing(cluster, crowd):
    trim.prove([crowd.id])
    Replica.objects.doubt(list(crowd.replicas.values_list("id", flat=True)[:2]))

    assert trim.remove([crowd.id]) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"copies_due_at": Now()},
        {"lease_until": Now() + timedelta(minutes=1)},
        {"state": Chunk.State.CONDEMNED},
    ],
    ids=["due", "worked on", "condemned"],
)
def test_a_chunk_that_somebody_else_is_busy_with_is_passed_over(cluster, crowd, change):
    trim.prove([crowd.id])
    Chunk.objects.update(**change)

    assert trim.remove([crowd.id]) == 0
    assert crowd.replicas.stored().count() == 4


def test_what_became_too_few_while_nodes_were_asked_stays(cluster, crowd):
    def lose_two() -> None:
        ids = list(crowd.replicas.stored().values_list("id", flat=True)[:2])
        Replica.objects.filter(id__in=ids).update(state=Replica.State.MISSING)

    with failpoints.armed("trim.proven", lose_two):
        trim_all()

    assert crowd.replicas.stored().count() == 2


def test_after_a_crash_another_pass_finishes(cluster, crowd):
    with failpoints.armed("trim.proven", crash), pytest.raises(Crash):
        trim_all()
    assert trim.trim() is False, "its turn has not ended"
    age("nodes_turn", "until", trim.TURN_SECONDS + 1)

    trim_all()
    trim_all()

    assert len(cluster.holders(crowd)) == 3


def test_two_passes_at_once_remove_one_copy(cluster, crowd):
    trim.prove([crowd.id])
    removed: list[int] = []
    barrier = threading.Barrier(4)

    def remove() -> None:
        try:
            barrier.wait()
            removed.append(trim.remove([crowd.id]))
        finally:
            connection.close()

    threads = [threading.Thread(target=remove) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(removed) == [0, 0, 0, 1]
    assert len(cluster.holders(crowd)) == 3


def test_the_fullest_node_of_the_most_used_zone_gives_its_copy(cluster, crowd):
    cluster.update("node-a", zone="attic")
    cluster.update("node-b", zone="attic", free_bytes=F("free_bytes") / 2)
    cluster.update("node-c", free_bytes=F("free_bytes") / 4)  # fuller, but alone in its zone

    trim_all()

    assert cluster.holders(crowd) == {"node-a", "node-c", "node-d"}


def test_copies_in_another_zone_are_not_given_for_proven_ones_in_one(cluster, crowd):
    for name in ("node-a", "node-b", "node-c"):
        cluster.update(name, zone="attic")
    elsewhere = crowd.replicas.stored().get(node__name="node-d")
    trim.prove([crowd.id])
    Replica.objects.filter(chunk=crowd).exclude(id=elsewhere.id).update(
        verified_at=Now(), stored_at=Now() - timedelta(seconds=1)
    )
    Replica.objects.doubt([elsewhere.id])

    assert trim.remove([crowd.id]) == 0


def test_f34_nothing_is_trimmed_while_half_of_the_nodes_are_away(cluster, crowd):
    for name in ("node-a", "node-b"):
        cluster.update(name, health="offline")

    trim_all()

    assert crowd.replicas.stored().count() == 4
    health.probe_all()
    trim_all()
    assert len(cluster.holders(crowd)) == 3


def test_an_idle_look_asks_the_database_once(cluster):
    cluster.store(b"nothing too many")
    replicate_all()

    with CaptureQueriesContext(connection) as asked:
        assert trim.trim() is False

    assert len(asked) == 1


def test_an_extra_copy_left_by_a_race_is_trimmed(cluster):
    """An upload of the same bytes brings a copy of its own while repair makes one."""
    content = b"raced"
    cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    Replica.objects.filter(id=chunk.replicas.stored().first().id).update(state=Replica.State.MISSING)
    Chunk.objects.all().make_due()
    claims = replication.claim(1)

    def upload_again() -> None:
        for name in set(cluster.running) - {"node-a", "node-b"}:
            cluster.update(name, free_bytes=10**9)
        cluster.store(content)
        spare = Node.objects.exclude(replicas__chunk=chunk, replicas__state__in=["stored", "pending"]).first()
        if spare is not None:
            Replica.objects.create(
                chunk=chunk, node=spare, state="stored", stored_at=Now(), verified_at=Now()
            )

    with failpoints.armed("replicate.copied", upload_again):
        replication.replicate(claims)

    assert chunk.replicas.stored().count() == 4
    assert chunk_of(content).surplus_at is not None


def test_activating_a_drained_node_again_leaves_no_copy_too_many(cluster):
    content = b"there and back"
    cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    node = chunk.replicas.stored().select_related("node").first().node
    membership.drain(node)
    replicate_all()
    membership.activate(node)

    trim_all()

    assert len(cluster.holders(chunk)) == 3
