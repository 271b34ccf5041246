"""Third parties' tus clients, unchanged, against the whole system."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from tusclient.client import TusClient

from tests.cluster.client import Client
from tests.cluster.conftest import MIB
from tests.system import PROJECT, System

pytestmark = pytest.mark.cluster

BUNDLE = PROJECT / "static/vendor/tus-js-client/tus.min.js"
SCRIPT = Path(__file__).with_name("tus_in_parallel.js")
UPPY = Path(__file__).with_name("uppy")


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
        ["node", str(script), *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


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


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_tus_js_client_sends_parts_at_the_same_time(system: System, client: Client, file: Path) -> None:
    name = "by-tus-js-client.bin"

    sent_to = run_node(SCRIPT, str(BUNDLE), f"{client.url}/api/v1/uploads", client.token, str(file), name)

    assert "/api/v1/uploads/" in sent_to
    require_same(client, name, file)


@pytest.mark.skipif(
    shutil.which("node") is None or not (UPPY / "node_modules").exists(),
    reason="Uppy is not installed: npm ci --prefix tests/cluster/uppy",
)
@pytest.mark.parametrize("parts", ["1", "4"])
def test_uppy_sends_pieces_and_parts(system: System, client: Client, file: Path, parts: str) -> None:
    name = f"by-uppy-in-{parts}.bin"

    sent_to = run_node(UPPY / "send.js", f"{client.url}/api/v1/uploads", client.token, str(file), name, parts)

    assert "/api/v1/uploads/" in sent_to
    require_same(client, name, file)
