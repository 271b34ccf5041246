"""One node's disk is cut off from power, fails to sync, fills up, or hangs."""

import threading
import time
from pathlib import Path

from django.db import connection

from nodes import exchange, health
from nodes.models import Node
from tests.faults.disks import LoopDisk, small_disk
from tests.faults.strace import failing
from tests.nodes.living_cluster import CHUNK_BYTES, chunk_of
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes
from tests.storagenode.conftest import StartNode
from tests.storagenode.running_node import RunningNode, wait_until
from tests.storagenode.signed_client import name_for

DATA = b"holiday photo" * 500
WRITERS = 4
BEFORE_THE_CUT = 60


def test_f08_what_a_node_acknowledged_is_whole_on_that_node_after_a_power_cut(
    disk: LoopDisk, start_node: StartNode
):
    node = start_node(disk.path)
    node.ready_client().close()
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        client = node.client()
        for number in range(10_000):
            data = some_bytes(200 + 3000 * (number % 20), seed=writer * 10_000 + number)
            name = name_for(data)
            if client.put(name, data).status != 201:
                break
            acknowledged.append(name)
            if len(acknowledged) >= BEFORE_THE_CUT:
                enough.set()
        client.close()

    writers = [threading.Thread(target=write, args=[number]) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    assert enough.wait(120)
    disk.cut_power()
    for writer in writers:
        writer.join()
    node.kill()
    disk.unmount()
    disk.mount()

    again = start_node(disk.path).ready_client()
    verdicts = again.post("/v1/verify", {"names": acknowledged[:1000]}).json["results"]
    assert set(verdicts.values()) == {"good"}
    listed = again.ask("GET", "/v1/chunks?limit=10000").json["names"]
    assert set(acknowledged) <= set(listed)
    assert set(again.post("/v1/verify", {"names": listed[:1000]}).json["results"].values()) == {"good"}
    assert not list((disk.path / "tmp").iterdir())
    again.close()


def test_f09_a_failed_sync_is_no_success_and_is_never_tried_again(start_node: StartNode, tmp_path: Path):
    node = start_node()
    client = node.ready_client()
    name, other = name_for(DATA), name_for(DATA)
    with failing(node, "fsync,fdatasync", "EIO", tmp_path / "strace.log") as injection:
        refused = client.put(name, DATA)
        assert (refused.status, refused.code) == (503, "read_only")
        assert client.put(other, DATA).code == "read_only"
        assert client.ask("DELETE", f"/v1/chunks/{name}").code == "read_only"
        assert [client.ask("GET", f"/v1/chunks/{one}").status for one in (name, other)] == [404, 404]
        assert len(injection.injected) == 1, injection.calls
        assert client.ask("GET", "/v1/status").json["read_only"]
        assert client.ask("POST", "/v1/probe").code == "probe_failed"
    assert not list((node.data / "tmp").iterdir())
    assert client.put(name, DATA).code == "read_only"

    assert client.ask("POST", "/v1/probe").status == 200
    assert client.put(name, DATA).status == 201
    assert client.post("/v1/verify", {"names": [name]}).json["results"] == {name: "good"}
    client.close()


def test_f04_a_disk_that_proves_full_at_the_last_moment_refuses_that_chunk_alone(
    start_node: StartNode, tmp_path: Path
):
    node = start_node()
    client = node.ready_client()
    name = name_for(DATA)
    with failing(node, "fdatasync", "ENOSPC", tmp_path / "strace.log") as injection:
        refused = client.put(name, DATA)
        assert (refused.status, refused.code) == (507, "no_room")
        assert len(injection.injected) == 1
    assert client.ask("GET", f"/v1/chunks/{name}").status == 404
    assert not list((node.data / "tmp").iterdir())

    assert client.put(name, DATA).status == 201
    client.close()


def test_f04_a_full_node_leaves_placement_and_serves_and_deletes_and_comes_back(cluster, key_gateway):
    kept, gone = some_bytes(CHUNK_BYTES, seed=1), some_bytes(CHUNK_BYTES, seed=2)
    with small_disk(2 * 2**20) as folder:
        node = RunningNode(folder / "small", gateway_url=key_gateway.url)
        try:
            client = node.ready_client()
            cluster.join("small", running=node)
            health.probe_all()
            for name in ("node-b", "node-c", "node-d"):
                cluster.update(name, duty=Node.Duty.DRAINING)
            content_id, _ = cluster.store(kept), cluster.store(gone)
            filler = [some_bytes(CHUNK_BYTES, seed=seed) for seed in range(100, 200)]
            answers = [client.put(name_for(data), data) for data in filler]
            assert {answer.status for answer in answers} == {201, 507}
            cluster.update("node-b", duty=Node.Duty.ACTIVE)

            unseen = some_bytes(CHUNK_BYTES, seed=3)  # the row still says that there is room
            cluster.store(unseen)
            health.probe_all()
            assert cluster.node("small").health == Node.Health.ONLINE
            assert cluster.node("small").free_bytes < CHUNK_BYTES
            refused_before = len(node.events("request_failed"))
            for seed in range(4, 12):
                cluster.store(some_bytes(CHUNK_BYTES, seed=seed))
            assert len(node.events("request_failed")) == refused_before, "it was not even asked"
            assert cluster.holders(chunk_of(unseen)) == {"node-a", "node-b"}

            cluster.take_down("node-a", "node-b")
            assert cluster.read(content_id) == kept
            cluster.bring_back("node-a", "node-b")
            held = chunk_of(gone).replicas.select_related("node").get(node__name="small")
            for name in client.ask("GET", "/v1/chunks").json["names"]:
                if name != cluster.file(chunk_of(kept).replicas.get(node__name="small")).name:
                    assert client.ask("DELETE", f"/v1/chunks/{name}").status == 204
            assert not cluster.file(held).exists()

            health.probe_all()
            cluster.update("node-b", duty=Node.Duty.DRAINING)
            fresh = some_bytes(CHUNK_BYTES, seed=50)
            cluster.store(fresh)
            assert cluster.holders(chunk_of(fresh)) == {"node-a", "small"}
            client.close()
        finally:
            node.kill()


def test_f11_a_hung_disk_makes_its_node_suspect_and_keeps_nobody_waiting(
    cluster, disk: LoopDisk, key_gateway
):
    node = RunningNode(disk.path, gateway_url=key_gateway.url)
    try:
        node.ready_client().close()
        for name in ("node-c", "node-d"):
            cluster.update(name, duty=Node.Duty.DRAINING)
        cluster.join("hung", running=node)
        health.probe_all()
        known, content = some_bytes(CHUNK_BYTES, seed=60), some_bytes(CHUNK_BYTES, seed=61)
        content_id = cluster.store(known)
        replicate_all()
        Node.objects.update(free_bytes=1, latency_ms=100.0)
        for name in ("node-a", "node-b"):
            cluster.update(name, free_bytes=2**20)
        cluster.update("hung", free_bytes=2**62, latency_ms=0.0)  # asked first by writers and by readers
        assert "hung" in cluster.holders(chunk_of(known))
        stored: list[object] = []

        def write() -> None:
            try:
                stored.append(cluster.store(content))
            finally:
                connection.close()

        writer = threading.Thread(target=write)
        with disk.frozen():
            began = time.monotonic()
            writer.start()
            assert cluster.read(content_id) == known
            health.probe_all()
            health.probe_all()
            assert cluster.node("hung").health == Node.Health.SUSPECT
            assert time.monotonic() - began < 30
            writer.join(2 * exchange.FIRST_BYTE_SECONDS)
            assert not writer.is_alive()
            assert cluster.holders(chunk_of(content)) == {"node-a", "node-b"}
            assert cluster.read(stored[0]) == content

        wait_until(
            lambda: health.probe_all() or cluster.node("hung").health == Node.Health.ONLINE,
            "the node to be seen again",
        )
    finally:
        node.kill()
