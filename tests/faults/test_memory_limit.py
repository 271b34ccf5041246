"""A node that may take no more memory goes on with what it has, and has nobody removed or judged for it."""

import resource
import threading

import psutil

from nodes import health
from tests.faults.test_descriptors import require_unharmed
from tests.faults.test_nodes_gone import store_on
from tests.nodes.living_cluster import CHUNK_BYTES, chunk_of
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import RunningNode
from tests.storagenode.signed_client import name_for

CLIENTS = 40
"""More than a node has threads."""


def test_f42_a_node_without_memory_serves_on_or_refuses_and_loses_nothing_by_it(
    cluster, key_gateway, tmp_path
):
    """Its address space may not grow any more, not even by a thread's stack, and many come at once."""
    node = RunningNode(tmp_path / "narrow", gateway_url=key_gateway.url)
    try:
        node.ready_client().close()
        cluster.join("narrow", running=node)
        health.probe_all()
        content = some_bytes(CHUNK_BYTES, seed=93)
        content_id = store_on(cluster, content, "narrow", "node-a")
        replicate_all()
        name = cluster.file(chunk_of(content).replicas.get(node__name="narrow")).name
        worker = psutil.Process(node.process.pid)
        resource.prlimit(worker.pid, resource.RLIMIT_AS, (worker.memory_info().vms, resource.RLIM_INFINITY))
        served: list[bool] = []
        refused: list[int] = []

        def come(number: int) -> None:
            fresh = bytes([number]) * 5 * 2**20
            client = node.client()
            try:
                for answer, is_right in (
                    (client.ask("GET", f"/v1/chunks/{name}"), lambda told: told.content == content),
                    (
                        client.post("/v1/verify", {"names": [name]}),
                        lambda told: told.json["results"] == {name: "good"},
                    ),
                    (client.put(name_for(fresh), fresh), lambda told: told.status == 201),
                ):
                    if answer.status >= 500:
                        refused.append(answer.status)
                    else:
                        served.append(is_right(answer))
            finally:
                client.close()

        clients = [threading.Thread(target=come, args=[number]) for number in range(CLIENTS)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()

        assert len(served) + len(refused) == 3 * CLIENTS, "everybody is answered"
        assert all(served), "and nobody with wrong bytes, or with a wrong word about a good file"
        assert worker.is_running()
        cluster.update("narrow", latency_ms=0.0)  # asked first
        assert cluster.read(content_id) == content
        require_unharmed(cluster, [(content_id, content)])
        assert cluster.file(chunk_of(content).replicas.get(node__name="narrow")).exists()
        assert not list((node.data / "quarantine").iterdir())
    finally:
        node.kill()
