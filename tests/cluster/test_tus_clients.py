"""Third parties' tus clients, unchanged, against the whole system."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient

from tests.cluster.client import Client
from tests.cluster.conftest import MIB
from tests.system import PATIENCE_SECONDS, PROJECT, System

pytestmark = pytest.mark.cluster

BUNDLE = PROJECT / "static/vendor/tus-js-client/tus.min.js"
TUS_JS = Path(__file__).with_name("tus_js")
UPPY = Path(__file__).with_name("uppy")
UPPY_NEEDS_NODE = 20  # some of its parts ask for 22 and run with 20; with 18 they do not
PIECE_BYTES = 3 * MIB


def node_version() -> int:
    """The major version of Node on this machine; 0 without it."""
    if shutil.which("node") is None:
        return 0
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=60, check=True)
    return int(told.stdout.removeprefix("v").partition(".")[0])


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sent.bin"
    path.write_bytes(os.urandom(10 * MIB + 12345))
    return path


def require_same(client: Client, name: str, file: Path) -> None:
    reply = requests.get(
        f"{client.url}/api/v1/content/{name}",
        headers={"Authorization": f"Token {client.token}"},
        timeout=60,
    )
    assert reply.status_code == 200
    assert hashlib.sha256(reply.content).digest() == hashlib.sha256(file.read_bytes()).digest()


def run_node(script: Path, *arguments: str) -> str:
    """Run a script that must succeed; returns what it printed."""
    ended = subprocess.run(
        ["node", str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


class TusJs:
    """tus-js-client in Node; what it remembers of unfinished uploads outlives a run, as in a browser."""

    def __init__(self, client: Client, storage: Path) -> None:
        self._client = client
        self._storage = storage

    def send(self, file: Path, name: str, **options: object) -> dict[str, Any]:
        """Run it until it is done or has aborted itself; returns what the script printed."""
        settings = json.dumps({"storage": str(self._storage), **options})
        where = (f"{self._client.url}/api/v1/uploads", self._client.token)
        printed: dict[str, Any] = json.loads(
            run_node(TUS_JS / "send.js", str(BUNDLE), *where, str(file), name, settings)
        )
        return printed


@pytest.fixture
def tus_js(client: Client, tmp_path: Path) -> TusJs:
    return TusJs(client, tmp_path / "local-storage.json")


def test_tuspy_sends_a_checksum_with_every_piece(system: System, client: Client, file: Path) -> None:
    tus = TusClient(f"{client.url}/api/v1/uploads", headers={"Authorization": f"Token {client.token}"})

    with file.open("rb") as stream:
        tus.uploader(
            file_stream=stream,
            chunk_size=3 * MIB,
            metadata={"filename": "by-tuspy.bin"},
            upload_checksum=True,
        ).upload()

    require_same(client, "by-tuspy.bin", file)


@needs_node
def test_tus_js_client_sends_a_file_in_one_stream(tus_js: TusJs, client: Client, file: Path) -> None:
    sent = tus_js.send(file, "in-one-stream.bin")

    assert sent["isDone"]
    assert [(one["method"], one["status"]) for one in sent["exchanges"]] == [("POST", 201), ("PATCH", 204)]
    require_same(client, "in-one-stream.bin", file)


@needs_node
@pytest.mark.parametrize("piece_bytes", [PIECE_BYTES, None], ids=["pieces", "one stream"])
def test_tus_js_client_goes_on_where_an_aborted_upload_ended(
    tus_js: TusJs, client: Client, file: Path, piece_bytes: int | None
) -> None:
    name = f"aborted-with-{piece_bytes}.bin"
    options = {"chunkSize": piece_bytes} if piece_bytes else {}

    cut = tus_js.send(file, name, abortAt=file.stat().st_size // 2, **options)
    assert not cut["isDone"] and client.is_absent(name)
    resumed = tus_js.send(file, name, retryDelays=[1000] * 20, **options)

    assert resumed["isDone"] and resumed["url"] == cut["url"]
    asked = [one["method"] for one in resumed["exchanges"]]
    assert "POST" not in asked and asked[0] == "HEAD"
    found = next(one["offset"] for one in resumed["exchanges"] if one["status"] == 200)
    assert (piece_bytes or 0) <= found < file.stat().st_size
    require_same(client, name, file)


@needs_node
def test_tus_js_client_sends_parts_at_the_same_time(tus_js: TusJs, client: Client, file: Path) -> None:
    sent = tus_js.send(file, "in-parts.bin", parallelUploads=4, chunkSize=PIECE_BYTES)

    assert sent["isDone"]
    assert [one["method"] for one in sent["exchanges"]].count("POST") == 5  # four parts and what they make
    require_same(client, "in-parts.bin", file)


@pytest.mark.skipif(
    node_version() < UPPY_NEEDS_NODE or not (UPPY / "node_modules").exists(),
    reason=f"Node {UPPY_NEEDS_NODE} or Uppy is not installed: npm ci --prefix tests/cluster/uppy",
)
@pytest.mark.parametrize("parts", ["1", "4"])
def test_uppy_sends_pieces_and_parts(system: System, client: Client, file: Path, parts: str) -> None:
    name = f"by-uppy-in-{parts}.bin"

    sent_to = run_node(UPPY / "send.js", f"{client.url}/api/v1/uploads", client.token, str(file), name, parts)

    assert "/api/v1/uploads/" in sent_to
    require_same(client, name, file)
