"""A node's life: first start, restart, kill, lost marker, foreign folders, clones."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from storagenode import serving
from tests.storagenode.conftest import StartNode
from tests.storagenode.running_node import KeyGateway, RunningNode, wait_until
from tests.storagenode.signed_client import SignedClient, name_for

DATA = b"holiday photo" * 1000


def refused_start(start_node: StartNode, data: Path, **environ: str) -> str:
    node = start_node(data, **environ)
    assert node.wait_for_exit() == 1
    return str(node.events("refused_to_start")[0]["reason"])


def test_a_restart_without_a_gateway_serves_at_once(node: RunningNode, client: SignedClient, start_node):
    name = name_for(DATA)
    client.put(name, DATA)
    store_id = node.store_id
    node.stop()

    again = start_node(gateway_url=None)
    fresh = again.client()

    assert again.store_id == store_id
    assert wait_until(lambda: fresh.ask("GET", f"/v1/chunks/{name}"), "the chunk").content == DATA
    assert wait_until(lambda: fresh.ask("GET", "/v1/status").json["counted"], "a full count")
    assert fresh.ask("GET", "/v1/status").json["chunks"] == 1
    assert (again.data / "keys.json").stat().st_mode & 0o777 == 0o600
    fresh.close()


def test_a_watermark_is_kept_over_a_kill_and_one_that_cannot_be_read_counts_for_none(
    node: RunningNode, client: SignedClient, start_node
):
    assert client.post("/v1/probe", {"watermark": 41}).json["watermark"] == 41
    node.kill()

    again = start_node(gateway_url=None)
    fresh = again.client()
    assert wait_until(lambda: fresh.post("/v1/probe", {}).json, "a probe")["watermark"] == 41
    (again.data / "watermark").write_bytes(b"4\x001")
    assert fresh.post("/v1/probe", {}).json["watermark"] == 0
    assert fresh.post("/v1/probe", {"watermark": 42}).json["watermark"] == 42
    for nonsense in (-1, 1.5, "7", None, 2**53):
        assert fresh.post("/v1/probe", {"watermark": nonsense}).status == 400
    fresh.close()


def test_a_node_without_keys_answers_503(start_node: StartNode):
    node = start_node(gateway_url=None)
    client = node.client()

    assert client.ask("GET", "/v1/status").code == "not_joined"
    assert client.send("GET", "/healthz").status == 200
    client.close()


def test_what_cannot_be_swept_keeps_no_node_from_starting(node: RunningNode, start_node: StartNode):
    node.ready_client().close()
    node.kill()
    left = node.data / "tmp" / "left"
    left.mkdir()
    (node.data / "tmp" / "cut").touch()

    again = start_node()
    with closing(again.ready_client()) as fresh:
        assert fresh.put(name_for(DATA), DATA).status == 201

    assert list((again.data / "tmp").iterdir()) == [left]


def test_a_node_is_ready_once_it_has_joined_and_been_reached(start_node: StartNode, tmp_path: Path):
    lonely = start_node(tmp_path / "lonely", gateway_url=None).client()
    assert lonely.send("GET", "/readyz").code == "not_joined"
    lonely.close()

    node = start_node()
    client = node.client()
    wait_until(lambda: client.send("GET", "/readyz").code == "not_reached", "keys")

    assert client.ask("GET", "/v1/status").status == 200
    assert client.send("GET", "/readyz").status == 200
    client.close()


def test_f01_a_node_killed_in_the_middle_of_a_put_shows_nothing_and_sweeps_up(
    node: RunningNode, client: SignedClient, start_node: StartNode
):
    kept, cut = name_for(DATA), name_for(DATA)
    client.put(kept, DATA)
    headers = client.headers_for("PUT", f"/v1/chunks/{cut}", DATA) | {"Content-Length": str(len(DATA))}
    text = f"PUT /v1/chunks/{cut} HTTP/1.1\r\nHost: x\r\n" + "".join(
        f"{k}: {v}\r\n" for k, v in headers.items()
    )
    with socket.create_connection(("127.0.0.1", node.port)) as connection:
        connection.sendall(text.encode() + b"\r\n" + DATA[:6000])
        wait_until(lambda: list((node.data / "tmp").iterdir()), "a temporary file")
        node.kill()
    assert list((node.data / "tmp").iterdir())

    again = start_node()
    fresh = again.ready_client()

    assert fresh.ask("GET", "/v1/chunks").json["names"] == [kept]
    assert fresh.post("/v1/verify", {"names": [kept, cut]}).json["results"] == {kept: "good", cut: "missing"}
    assert not list((again.data / "tmp").iterdir())
    fresh.close()


def test_a_store_that_loses_its_marker_answers_503_until_it_is_back(node: RunningNode, client: SignedClient):
    marker, name = node.data / "store.json", name_for(DATA)
    marker.rename(node.data / "elsewhere")

    assert client.put(name, DATA).code == "marker_lost"
    assert client.ask("GET", "/v1/status").status == 503
    assert not node.chunk_file(name).exists()

    (node.data / "elsewhere").rename(marker)
    assert client.put(name, DATA).status == 201


def test_f28_a_node_whose_disk_is_gone_writes_nothing_where_it_was_mounted(
    gateway: KeyGateway, start_node: StartNode, tmp_path: Path
):
    """It goes on announcing itself; the keys it is given must not land on the disk beneath."""
    data = tmp_path / "node-a"
    data.mkdir()
    (data / "store.json").write_text(
        json.dumps(
            {"store_id": str(uuid4()), "created_at": "", "cluster_id": gateway.cluster_id, "format": 1}
        )
    )
    hold, taken = threading.Event(), threading.Event()
    usual = gateway.answer

    def answer(announced: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        taken.set()
        assert hold.wait(120)
        return usual(announced)

    gateway.answer = answer  # type: ignore[method-assign]
    node = start_node(data)
    try:
        assert taken.wait(120)
        data.rename(tmp_path / "unmounted")
        data.mkdir()
    finally:
        hold.set()

    wait_until(lambda: node.events("announce_failed"), "the end of the announcement")
    assert "MarkerLost" in node.events("announce_failed")[0]["reason"]
    assert list(data.iterdir()) == []


def test_another_stores_marker_answers_503(node: RunningNode, client: SignedClient):
    marker = node.data / "store.json"
    fields = json.loads(marker.read_text()) | {"store_id": "11111111-1111-1111-1111-111111111111"}
    marker.write_text(json.dumps(fields))

    assert client.ask("GET", "/v1/status").code == "marker_lost"


def test_a_folder_with_chunks_and_no_marker_is_refused(start_node: StartNode, tmp_path: Path):
    (tmp_path / "node" / "chunks").mkdir(parents=True)
    assert "put the marker back" in refused_start(start_node, tmp_path / "node")


def test_a_folder_of_something_else_is_refused(start_node: StartNode, tmp_path: Path):
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "letter.txt").write_text("dear")
    assert "letter.txt" in refused_start(start_node, tmp_path / "node")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "store_id": "../x"}'])
def test_a_marker_that_makes_no_sense_is_refused(start_node: StartNode, tmp_path: Path, content: str):
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "store.json").write_text(content)
    assert "store.json" in refused_start(start_node, tmp_path / "node")


def test_a_folder_that_should_be_a_mount_and_is_none_stays_untouched(start_node: StartNode, tmp_path: Path):
    (tmp_path / "node").mkdir()
    assert "not a mounted disk" in refused_start(start_node, tmp_path / "node", REQUIRE_MOUNT="1")
    assert list((tmp_path / "node").iterdir()) == []


def test_two_nodes_never_share_a_store(client: SignedClient, node: RunningNode, start_node: StartNode):
    second = RunningNode(node.data, gateway_url=None)
    try:
        assert second.wait_for_exit() == 1
    finally:
        second.stop()
    assert any("in use" in line["reason"] for line in second.events("refused_to_start"))
    assert client.ask("GET", "/v1/status").status == 200


def test_an_emptied_folder_becomes_another_store(
    node: RunningNode, client: SignedClient, start_node: StartNode
):
    before = node.store_id
    node.stop()
    shutil.rmtree(node.data)

    fresh = start_node().ready_client()
    assert fresh.store_id != before
    fresh.close()


def test_a_rejected_clone_stops_serving_and_says_why(
    gateway: KeyGateway, node: RunningNode, client: SignedClient, start_node: StartNode, tmp_path: Path
):
    client.put(name_for(DATA), DATA)
    shutil.copytree(node.data, tmp_path / "clone")
    gateway.answers[node.store_id] = (409, {"detail": "node-a answers as this store"})

    clone = start_node(tmp_path / "clone")
    rejection = wait_until(lambda: clone.port and clone.events("store_rejected"), "the rejection")[0]

    assert "empty it and start again" in rejection["reason"]
    refused = clone.client()
    assert refused.ask("GET", "/v1/status").code == "not_joined"
    refused.close()


def test_a_store_of_another_cluster_stops_serving(
    gateway: KeyGateway, node: RunningNode, client: SignedClient, start_node: StartNode
):
    node.stop()
    gateway.cluster_id = "another-cluster"

    again = start_node()
    assert wait_until(lambda: again.port and again.events("store_rejected"), "the rejection")
    refused = again.client()
    assert refused.ask("GET", "/v1/status").code == "not_joined"
    refused.close()


def test_f30_a_store_that_joined_elsewhere_says_so_and_stops_serving_when_it_is_refused(
    gateway: KeyGateway, node: RunningNode, client: SignedClient, start_node: StartNode
):
    node.stop()
    detail = "This store belongs to cluster x, the gateway to y."
    gateway.answers[node.store_id] = (409, {"code": "store_foreign", "detail": detail})

    again = start_node()
    rejection = wait_until(lambda: again.port and again.events("store_rejected"), "the rejection")[0]

    assert gateway.announced[-1]["joined"] == gateway.cluster_id
    assert rejection["reason"] == detail
    refused = again.client()
    assert refused.ask("GET", "/v1/status").code == "not_joined"
    refused.close()


def test_a_node_keeps_announcing_until_it_is_taken(gateway: KeyGateway, start_node: StartNode):
    node = start_node()
    node.ready_client().close()
    store_id = node.store_id
    node.stop()
    gateway.answers[store_id] = (403, {"detail": "outside NODE_NETWORKS"})
    (node.data / "keys.json").unlink()
    gateway.announced.clear()

    again = start_node()
    wait_until(lambda: len(gateway.announced) > 1, "a second try")
    del gateway.answers[store_id]
    again.ready_client().close()
    assert again.events("announce_failed")[0]["reason"].endswith("outside NODE_NETWORKS")


def test_a_node_ends_when_it_is_told_to(node: RunningNode, client: SignedClient):
    node.process.terminate()
    assert node.process.wait(8) == 0


def test_a_node_ends_when_it_is_told_to_though_a_client_stands_still(node: RunningNode, client: SignedClient):
    name = name_for(DATA)
    headers = client.headers_for("PUT", f"/v1/chunks/{name}", DATA) | {"Content-Length": str(len(DATA))}
    head = "".join(f"{field}: {value}\r\n" for field, value in headers.items())
    with socket.create_connection(("127.0.0.1", node.port)) as connection:
        connection.sendall(f"PUT /v1/chunks/{name} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode() + DATA[:6000])
        wait_until(lambda: list((node.data / "tmp").iterdir()), "a temporary file")
        node.process.terminate()
        assert node.process.wait(serving.GRACE_SECONDS + 8) == 0


def test_a_node_whose_main_thread_stands_still_ends_and_says_so():
    lines = (
        "from types import SimpleNamespace",
        "from storagenode import log, serving",
        "log.configure()",
        "serving.HUNG_SECONDS = 0.1",
        "serving.end_if_hung(SimpleNamespace(beats=1))",
    )
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, timeout=60, text=True
    )
    assert ended.returncode == 1
    assert json.loads(ended.stderr)["event"] == "hung"


def test_a_node_is_one_process_with_no_code_of_a_master():
    loaded = "import storagenode.__main__, sys; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True, text=True)
    assert not {"gunicorn.arbiter", "django", "requests"} & set(told.stdout.split())
