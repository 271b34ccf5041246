"""Who is served first, how much at a time, and what an idle cluster costs."""

import threading
import time
from types import SimpleNamespace
from uuid import uuid4

from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from nodes import (
    copying,
    failpoints,
    health,
    membership,
    reclaim,
    replication,
    roster,
    safety,
    second_looks,
    trim,
    turns,
    verdicts,
)
from nodes.models import Chunk, Node, Replica, Turn
from tests.nodes.living_cluster import CHUNK_BYTES, age, chunk_of
from tests.nodes.test_replication import let_leases_end, make_due_now, replicate_all
from tests.nodes.test_writing import some_bytes


def store_whole(cluster, content: bytes) -> Chunk:
    cluster.store(content)
    replicate_all()
    return chunk_of(content)


def lose_copy(cluster, chunk: Chunk, *, copies: int = 1) -> None:
    """Files and rows of some copies go, and repair is ordered."""
    for replica in list(chunk.replicas.stored().select_related("node")[:copies]):
        cluster.file(replica).unlink()
        Replica.objects.filter(id=replica.id).update(state=Replica.State.MISSING)
    Chunk.objects.filter(id=chunk.id).make_due()


def test_a_chunk_that_had_all_its_copies_once_is_repaired_not_pushed(cluster):
    cluster.store(b"fresh")
    assert not chunk_of(b"fresh").is_repair

    replicate_all()

    assert chunk_of(b"fresh").is_repair


def test_fresh_uploads_go_before_any_repair(cluster):
    lost = store_whole(cluster, b"lost long ago")
    lose_copy(cluster, lost, copies=2)
    Chunk.objects.filter(id=lost.id).update(copies_seen=1)
    cluster.store(b"fresh upload")

    assert [claim.chunk_id for claim in replication.claim(10)] == [chunk_of(b"fresh upload").id]
    assert [claim.chunk_id for claim in replication.claim(10)] == [lost.id]


def test_a_fresh_upload_is_pushed_while_repair_has_used_up_its_limit(cluster, settings):
    settings.REPAIR_BYTES_PER_SECOND = 1
    lost = store_whole(cluster, some_bytes(1000, seed=1))
    lose_copy(cluster, lost)
    assert turns.take(replication.TURN, uuid4(), seconds=60)
    cluster.store(b"not held back")

    assert replication.replicate_due() is False

    assert len(cluster.holders(chunk_of(b"not held back"))) == 3
    assert len(cluster.holders(lost)) == 2


def test_repair_stays_below_its_limit_whatever_task_it_runs_in(cluster, settings):
    """Twelve chunks of 64 KiB at 512 KiB a second take a second and a half, in ten tasks as in one."""
    settings.REPAIR_BYTES_PER_SECOND = 8 * CHUNK_BYTES
    cluster.store(some_bytes(12 * CHUNK_BYTES, seed=2))
    replicate_all()
    for chunk in Chunk.objects.all():
        lose_copy(cluster, chunk)
    began_at = time.monotonic()

    while Chunk.objects.under_replicated().exists():
        replication.replicate_due(budget_seconds=0.2)

    assert time.monotonic() - began_at >= 12 / 8 - 0.2
    assert all(len(cluster.holders(chunk)) == 3 for chunk in Chunk.objects.all())


def test_the_turn_is_given_back_when_no_repair_is_left(cluster):
    chunk = store_whole(cluster, b"done soon")
    lose_copy(cluster, chunk)

    replicate_all()

    assert len(cluster.holders(chunk)) == 3
    assert not Turn.objects.exists()


def test_steady_uploads_do_not_keep_repair_from_its_work(cluster, monkeypatch):
    """Whenever the worker looks, something fresh is due; the lost copy is made all the same."""
    monkeypatch.setattr(replication, "BATCH_CHUNKS", 1)
    lost = store_whole(cluster, b"lost")
    lose_copy(cluster, lost)
    uploads = iter(range(1000))

    def upload() -> None:
        if len(cluster.holders(lost)) < 3:
            cluster.store(b"upload %d" % next(uploads))

    cluster.store(b"the first")
    with failpoints.armed("replicate.claimed", upload):
        replicate_all()

    assert len(cluster.holders(lost)) == 3
    assert next(uploads) < 10


def test_what_exceeds_the_limit_for_long_keeps_the_turn_until_it_is_paid(cluster, settings):
    settings.REPAIR_BYTES_PER_SECOND = 1000
    chunk = store_whole(cluster, some_bytes(CHUNK_BYTES, seed=3))
    lose_copy(cluster, chunk)

    replication.replicate_due(budget_seconds=30)

    assert len(cluster.holders(chunk)) == 3
    assert not turns.take(replication.TURN, uuid4(), seconds=1)
    seconds_left = (Turn.objects.get(name=replication.TURN).until - health.database_now()).total_seconds()
    assert 55 < seconds_left <= 66


def test_f22_only_one_worker_repairs_at_a_time_and_a_dead_ones_turn_ends(cluster):
    chunk = store_whole(cluster, b"one at a time")
    lose_copy(cluster, chunk)
    assert turns.take(replication.TURN, uuid4(), seconds=60)  # a worker that was killed a moment ago

    assert replication.replicate_due() is False
    assert len(cluster.holders(chunk)) == 2
    age("nodes_turn", "until", 61)
    replicate_all()

    assert len(cluster.holders(chunk)) == 3


def test_f22_two_workers_on_one_chunk_leave_one_copy_each_and_the_late_one_changes_nothing(cluster):
    """The first is stopped with its bytes copied; its lease ends, another does the work; then it goes on."""
    content = some_bytes(CHUNK_BYTES, seed=4)
    chunk = store_whole(cluster, content)
    lose_copy(cluster, chunk, copies=2)
    has_copied, may_go_on = threading.Event(), threading.Event()
    late: list[bool] = []

    def stand_still() -> None:
        if not has_copied.is_set():
            has_copied.set()
            assert may_go_on.wait(120)

    def work() -> None:
        try:
            late.append(replication.replicate_due())
        finally:
            connection.close()

    with failpoints.armed("replicate.copied", stand_still):
        first = threading.Thread(target=work)
        first.start()
        assert has_copied.wait(120)
        let_leases_end()
        age("nodes_turn", "until", 3600)
        replicate_all()
        make_due_now()
        replicate_all()
        after_second = set(chunk.replicas.stored().values_list("id", flat=True))
        may_go_on.set()
        first.join()

    assert late == [False]
    assert set(chunk.replicas.stored().values_list("id", flat=True)) == after_second
    assert len(cluster.holders(chunk)) == len(after_second) == 3
    assert not chunk.replicas.filter(state=Replica.State.PENDING).exists()
    while reclaim.reclaim():
        pass
    assert len(cluster.files(content)) == 3


def test_f21_a_wake_up_that_comes_three_times_hours_late_or_never_leads_to_the_same(cluster):
    chunks = [store_whole(cluster, b"chunk %d" % number) for number in range(5)]
    for chunk in chunks[:3]:
        lose_copy(cluster, chunk)
    age("nodes_chunk", "copies_due_at", 5 * 3600)  # so late the workers come
    errors: list[BaseException] = []

    def work() -> None:
        try:
            replicate_all()
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    make_due_now()
    replicate_all()
    before = set(Replica.objects.values_list("id", "state"))
    replicate_all()

    assert not errors
    assert set(Replica.objects.values_list("id", "state")) == before
    assert all(chunk.replicas.stored().count() == len(cluster.holders(chunk)) == 3 for chunk in chunks)


def test_f20_an_idle_sweep_asks_the_database_twice(cluster):
    cluster.store(some_bytes(3 * CHUNK_BYTES, seed=5))
    replicate_all()

    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert replication.replicate_due() is False

    assert len(asked) == 2, [query["sql"] for query in asked]


def add_gone_nodes(count: int) -> list[Node]:
    """Nodes that were there once, hold copies and have been silent for long."""
    return [
        Node.objects.create(
            name=f"gone-{number}",
            zone=f"gone-{number}",
            store_id=uuid4(),
            url="http://127.0.0.1:1",
            duty=Node.Duty.ACTIVE,
            health=Node.Health.OFFLINE,
            absence_noted=True,
            probed_at=Now(),
        )
        for number in range(count)
    ]


def move_copies(chunk: Chunk, nodes: list[Node]) -> None:
    """Have rows say that some of the copies lie on these nodes."""
    for replica, node in zip(chunk.replicas.stored(), nodes, strict=False):
        Replica.objects.filter(id=replica.id).update(node=node)
    Chunk.objects.filter(id=chunk.id).make_due()


def copies_elsewhere(chunk: Chunk, gone: list[Node]) -> int:
    return chunk.replicas.stored().exclude(node__in=gone).count()


def test_f34_with_half_of_the_nodes_gone_only_last_copies_are_repaired_until_they_return(cluster):
    once, twice = store_whole(cluster, b"one copy stays"), store_whole(cluster, b"two copies stay")
    gone = add_gone_nodes(4)
    move_copies(once, gone[:2])
    move_copies(twice, gone[:1])
    roster.forget()
    cluster.store(b"uploaded meanwhile")

    replicate_all()
    make_due_now()
    replicate_all()

    assert copies_elsewhere(once, gone) == 3
    assert copies_elsewhere(twice, gone) == 2
    assert chunk_of(b"two copies stay").copies_due_at is not None, "what waits is not forgotten"
    assert len(cluster.holders(chunk_of(b"uploaded meanwhile"))) == 3
    Node.objects.filter(id=gone[3].id).update(duty=Node.Duty.RETIRED)  # three of seven are away now
    make_due_now()
    replicate_all()
    assert copies_elsewhere(twice, gone) == 3


def test_nodes_that_are_to_go_are_emptied_though_they_and_half_of_all_are_gone(cluster):
    """Disks that were lost and are being drained come back never: waiting for them would be for ever."""
    twice = store_whole(cluster, b"two copies stay")
    gone = add_gone_nodes(4)
    move_copies(twice, gone[:1])
    Node.objects.filter(id__in=[node.id for node in gone]).update(duty=Node.Duty.DRAINING)
    roster.forget()

    replicate_all()
    assert copies_elsewhere(twice, gone) == 3

    assert safety.doubt() == ""
    while trim.trim():
        pass
    membership.retire(gone[0])


def test_a_copy_in_doubt_on_a_node_that_is_offline_is_not_looked_at(cluster, monkeypatch):
    chunk = store_whole(cluster, b"doubted")
    [gone] = add_gone_nodes(1)
    move_copies(chunk, [gone])
    Replica.objects.doubt(list(chunk.replicas.filter(node=gone).values_list("id", flat=True)))
    asked: list[str] = []
    monkeypatch.setattr(verdicts, "look_again", lambda view, copies: asked.append(view.name) or set())
    roster.forget()

    replicate_all()

    assert asked == []
    assert copies_elsewhere(chunk, [gone]) == 3


def test_more_doubts_than_one_request_holds_are_put_off_not_copied(cluster, monkeypatch):
    """A node whose copies all were doubted is asked piece by piece, and no copy is made for nothing."""
    monkeypatch.setattr(verdicts, "BATCH_COPIES", 2)
    chunks = [store_whole(cluster, b"doubted %d" % number) for number in range(4)]
    node_id = cluster.node("node-a").id
    for chunk in chunks:
        move_copies(chunk, [])
        replica = chunk.replicas.stored().filter(node_id=node_id).first() or chunk.replicas.stored().first()
        Replica.objects.doubt([replica.id])
    before = Replica.objects.stored().count()

    replication.replicate(replication.claim(10))
    doubted = Replica.objects.filter(doubted_at__isnull=False)
    still_due = Chunk.objects.filter(copies_due_at__lte=Now())
    assert set(doubted.values_list("chunk_id", flat=True)) == set(still_due.values_list("id", flat=True))
    replicate_all()

    assert not doubted.exists()
    assert not Chunk.objects.under_replicated().exists()
    assert Replica.objects.stored().count() == before


def test_a_second_look_that_takes_longer_than_a_pass_keeps_nothing_from_being_copied(cluster, monkeypatch):
    cluster.store(b"doubted")
    cluster.store(b"thin")
    Replica.objects.doubt([chunk_of(b"doubted").replicas.first().id])
    look_at = second_looks.look_at

    def look_slowly(copies):
        late = SimpleNamespace(monotonic=lambda: time.monotonic() + replication.BUDGET_SECONDS)
        for module in (replication, copying):
            monkeypatch.setattr(module, "time", late)
        return look_at(copies)

    monkeypatch.setattr(second_looks, "look_at", look_slowly)

    replication.replicate_due()

    assert len(cluster.holders(chunk_of(b"thin"))) == 3
