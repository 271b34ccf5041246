"""What is done for a request, a task or a round of probes is found by one id, at nodes and in logs."""

from collections.abc import Callable, Iterator
from contextvars import Context
from queue import Empty
from uuid import uuid4

import pytest
from celery import Task
from celery.app.trace import trace_task
from celery.worker.request import Request
from kombu.message import Message

from dfsweb.celery import app
from dfsweb.request_ids import RequestIdFilter
from nodes import failpoints, reclaim, tasks
from nodes.models import Chunk, Content, Node, Replica
from nodes.prober import Prober
from storagenode.protocol import request_ids
from tests.nodes.living_cluster import CHUNK_BYTES, age, chunk_of
from tests.nodes.lying_node import Call
from tests.nodes.test_membership import client_of
from tests.nodes.test_reclaim import let_grace_end, release
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_scrub import let_all_be_due
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import wait_until


@pytest.fixture(autouse=True)
def nothing_under_way() -> Iterator[None]:
    """As in a process that has just begun."""
    before = request_ids.current.set(request_ids.NONE)
    yield
    request_ids.current.reset(before)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[str], set[str]]:
    """Tells the ids on a module's lines."""
    caplog.handler.addFilter(RequestIdFilter())
    return lambda name: {record.request_id for record in caplog.records if record.name == name}


def ids_of(heard: list[Call]) -> set[str]:
    return {call.request_id for call in heard}


def work_on(task: Task, **headers: object) -> str:
    """Do a task as a worker does that got such a message; returns the id that one of beat's has then."""
    task_id = str(uuid4())
    told = trace_task(task, task_id, (), {}, {"id": task_id, **headers}, app=app)
    assert told.info is None, told
    return task_id.replace("-", "")


def copies_are_due(cluster, settings) -> None:
    cluster.store(some_bytes(8 * CHUNK_BYTES, seed=1))


def copies_are_doubted(cluster, settings) -> None:
    copies_are_due(cluster, settings)
    replicate_all()
    Replica.objects.doubt(list(Replica.objects.values_list("id", flat=True)))
    Chunk.objects.all().make_due()


def copies_are_to_be_verified(cluster, settings) -> None:
    copies_are_due(cluster, settings)
    replicate_all()
    let_all_be_due(settings)


def files_are_to_be_removed(cluster, settings) -> None:
    release(cluster.store(some_bytes(8 * CHUNK_BYTES, seed=1)))
    reclaim.reclaim()
    let_grace_end(settings)


def a_content_is_to_be_hashed(cluster, settings) -> None:
    copies_are_due(cluster, settings)
    Content.objects.update(sha256=None)
    age("nodes_content", "created_at", 3600)


@pytest.mark.parametrize(
    ("prepare", "task", "method"),
    [
        (copies_are_due, tasks.replicate, "PUT"),
        (copies_are_doubted, tasks.replicate, "POST"),
        (copies_are_to_be_verified, tasks.scrub_copies, "POST"),
        (files_are_to_be_removed, tasks.reclaim_chunks, "DELETE"),
        (a_content_is_to_be_hashed, tasks.hash_contents, "GET"),
        (lambda *_: None, tasks.probe_nodes, "POST"),
    ],
)
def test_all_calls_of_a_task_carry_one_id_and_afterwards_it_is_gone(cluster, settings, prepare, task, method):
    prepare(cluster, settings)
    with cluster.overheard() as heard:
        own = work_on(task)

    assert method in {call.method for call in heard}
    assert ids_of(heard) == {own}
    assert request_ids.current.get() == request_ids.NONE


def test_each_task_of_the_clock_has_an_id_of_its_own(cluster):
    with cluster.overheard() as heard:
        ids = {work_on(tasks.probe_nodes), work_on(tasks.probe_nodes)}

    assert len(ids) == 2
    assert ids_of(heard) == ids


def test_each_round_of_probes_has_an_id_of_its_own(cluster, settings):
    settings.PROBE_INTERVAL_SECONDS = 0.1
    with cluster.overheard() as heard:
        prober = Prober()
        prober.start()
        try:
            wait_until(lambda: len(heard) >= 3 * len(cluster.running), "a few rounds")
        finally:
            prober.stop()

    rounds = [call.request_id for call in heard]
    assert request_ids.NONE not in rounds
    assert all(rounds.count(one) <= len(cluster.running) for one in rounds)


def test_what_threads_of_a_task_log_carries_its_id(cluster, lines):
    cluster.store(b"two copies, and nobody takes the third")
    chunk = chunk_of(b"two copies, and nobody takes the third")
    cluster.take_down(*set(cluster.running) - cluster.holders(chunk))

    own = work_on(tasks.replicate)

    assert lines("nodes.copying") == {own}


def test_the_line_about_a_task_that_fails_carries_its_id_and_afterwards_it_is_gone(cluster, lines):
    def fail() -> None:
        raise RuntimeError("nobody thought of this")

    with failpoints.armed("probe.compared", fail):
        done = tasks.probe_nodes.apply()

    assert done.failed()
    assert lines("celery.app.trace") == {done.id.replace("-", "")}
    assert request_ids.current.get() == request_ids.NONE


def test_a_task_that_is_done_within_a_request_has_its_id_and_leaves_it(cluster):
    request_ids.current.set("the-request")
    with cluster.overheard() as heard:
        tasks.probe_nodes.apply(throw=True)

    assert ids_of(heard) == {"the-request"}
    assert request_ids.current.get() == "the-request"


def message_for(request_id: str) -> Message:
    """Take the message that was sent for a request out of the real queue, and all before it."""
    with app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:

        def next_one() -> Message | None:
            try:
                message = queue.get(block=False)
            except Empty:
                return None
            message.ack()
            return message if message.headers.get("request_id") == request_id else None

        return wait_until(next_one, "the message")


def test_what_a_request_has_workers_do_is_found_by_its_id(cluster):
    cluster.store(b"two copies; the worker brings the third")
    request_id = f"find-me-{uuid4().hex}"
    admin = client_of(is_superuser=True, is_staff=True)
    asked = f"/api/v1/nodes/{cluster.node('node-a').id}/activate"
    assert admin.post(asked, HTTP_X_REQUEST_ID=request_id)["X-Request-Id"] == request_id

    message = message_for(request_id)
    work = Request(message, app=app, hostname="worker", task=app.tasks[message.headers["task"]])
    with cluster.overheard() as heard:
        Context().run(work.execute)  # in a process that knows nothing of the request

    assert "PUT" in {call.method for call in heard}
    assert ids_of(heard) == {request_id}


def test_what_a_task_has_others_do_keeps_its_id(cluster):
    Node.objects.update(health=Node.Health.OFFLINE)  # that they come back makes copies due

    assert message_for(work_on(tasks.probe_nodes)).headers["task"] == tasks.replicate.name


@pytest.mark.parametrize("given", ["a\r\nX-Forged: 1", "a line\nand another", "x" * 65, "", 5, ["a"], None])
def test_s22_an_id_of_a_foreign_message_forges_nothing(cluster, given):
    with cluster.overheard() as heard:
        work_on(tasks.probe_nodes, request_id=given)

    (carried,) = ids_of(heard)
    assert len(carried) == 32 and carried.isalnum()


def test_what_threads_beside_a_request_do_carries_its_id(cluster):
    content = some_bytes(8 * CHUNK_BYTES, seed=1)
    with cluster.overheard() as heard:
        request_ids.current.set("to-write")
        content_id = cluster.store(content)
        request_ids.current.set("to-read")
        assert cluster.read(content_id) == content

    assert {(call.method, call.request_id) for call in heard} == {("PUT", "to-write"), ("GET", "to-read")}
