"""A process that runs out of file descriptors says so, recovers, and has nobody removed or judged for it."""

import itertools
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from nodes import exchange, health, roster
from nodes.errors import ClusterError
from nodes.models import Chunk, Node, Replica
from tests.faults.test_nodes_gone import nothing_was_judged, store_on
from tests.nodes.living_cluster import CHUNK_BYTES, chunk_of
from tests.nodes.test_replication import make_due_now, replicate_all
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import RunningNode, wait_until
from tests.storagenode.signed_client import Answer, SignedClient

KNOCKING = 8
"""Connections that want in: more than the descriptors that the node may have closed meanwhile."""


def are_all_online() -> bool:
    return set(Node.objects.values_list("health", flat=True)) == {Node.Health.ONLINE}


def require_unharmed(cluster, stored) -> None:
    wait_until(lambda: health.probe_all() or are_all_online(), "all nodes to be seen")
    make_due_now()
    replicate_all()
    assert nothing_was_judged()
    assert not Replica.objects.filter(doubted_at__isnull=False).exists()
    assert not Chunk.objects.under_replicated().exists()
    for content_id, content in stored:
        assert cluster.read(content_id) == content


def test_f42_a_node_without_descriptors_is_passed_over_and_loses_nothing_by_it(
    cluster, key_gateway, tmp_path
):
    node = RunningNode(tmp_path / "narrow", gateway_url=key_gateway.url)
    try:
        client = node.ready_client()
        cluster.join("narrow", running=node)
        health.probe_all()
        content = some_bytes(CHUNK_BYTES, seed=90)
        content_id = store_on(cluster, content, "narrow", "node-a")
        cluster.update("narrow", latency_ms=0.0)  # asked first
        name = cluster.file(chunk_of(content).replicas.get(node__name="narrow")).name
        with no_new_descriptors(node.process.pid), ExitStack() as stack:
            for _ in range(KNOCKING):
                stack.enter_context(socket.create_connection(("127.0.0.1", node.port)))
            wait_until(lambda: node.events("no_new_connections"), "the node to run out of descriptors")
            # One that another thread gives back serves a request before the next connection has taken it.
            requests: list[Callable[[], Answer]] = [
                lambda: client.ask("GET", f"/v1/chunks/{name}"),
                lambda: client.post("/v1/verify", {"names": [name]}),
                lambda: client.ask("GET", "/v1/chunks"),
            ]
            for ask in requests:
                wait_until(
                    partial(is_refused, client, ask),
                    "a request to be refused, never answered with less than there is",
                )
            assert cluster.read(content_id) == content
            assert node.process.poll() is None
        client.close()

        wait_until(
            lambda: health.probe_all() or cluster.node("narrow").health == Node.Health.ONLINE,
            "the node to be seen again",
        )
        require_unharmed(cluster, [(content_id, content)])
        assert cluster.file(chunk_of(content).replicas.get(node__name="narrow")).exists()
        assert not list((node.data / "quarantine").iterdir())
    finally:
        node.kill()


@contextmanager
def no_new_descriptors(pid: int) -> Iterator[None]:
    """Let another process keep what it has open, and open nothing more."""
    usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    first_free = next(number for number in itertools.count() if number not in taken)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (first_free, usual[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)


def is_refused(client: SignedClient, ask: Callable[[], Answer]) -> bool:
    """Tell whether a request is answered with an error; one without any waits for a descriptor, too."""
    try:
        return ask().status >= 500
    except TimeoutError:
        client.close()
        return False


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let this process open nothing more; it is the gateway and the worker of these tests."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))  # below what is open
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_f42_a_gateway_without_descriptors_refuses_and_blames_no_copy(cluster):
    content = some_bytes(CHUNK_BYTES, seed=92)
    content_id = cluster.store(content)
    replicate_all()
    before = set(Replica.objects.values_list("id", "state"))
    roster.views()
    exchange._pool.close()
    refused: list[str] = []
    with no_descriptors():
        for attempt in (lambda: cluster.read(content_id), lambda: cluster.store(b"more")):
            try:
                attempt()
            except ClusterError as error:
                assert error.retryable
                refused.append(error.code)
    assert refused == ["content_unavailable", "quorum_not_reached"]

    assert set(Replica.objects.values_list("id", "state")) == before
    require_unharmed(cluster, [(content_id, content)])
    cluster.store(b"more")
