"""A large file goes up over a line that breaks again and again, and comes back the same by every door."""

import hashlib
import io
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from tusclient.client import TusClient

from tests.cluster import audit
from tests.cluster.client import TUS, Client
from tests.cluster.conftest import MIB
from tests.cluster.wire import Wire
from tests.fault_proxy import FaultProxy
from tests.system import PROJECT, System

pytestmark = pytest.mark.cluster

SIZE = 300 * MIB
CUTS = 7
BEYOND_BUFFERS = 12 * MIB
"""More than the sockets between hold: once it is sent, the gateway is known to be reading."""


@pytest.fixture(scope="module")
def content() -> bytes:
    return os.urandom(SIZE)


def patch_and_cut(
    client: Client, upload: str, offset: int, body: memoryview, *, rudely: bool, size: int = SIZE
) -> None:
    """Promise the rest of the file, send only this much of it, and vanish."""
    headers = TUS | {
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(size - offset),
    }
    with Wire(client.url, client.token) as wire:
        wire.begin("PATCH", upload, headers)
        wire.send(body)
        wire.cut(rudely=rudely)


def test_a_large_file_survives_cuts_and_comes_back_by_every_door(
    system: System, client: Client, content: bytes, tmp_path: Path
) -> None:
    chance = random.Random(20)
    view = memoryview(content)
    upload = client.create_upload("large.bin", SIZE)
    offset = furthest = 0
    for cut in range(CUTS):
        count = chance.randrange(BEYOND_BUFFERS, SIZE // (CUTS + 1))
        patch_and_cut(client, upload, offset, view[offset : offset + count], rudely=bool(cut % 2))
        furthest = max(furthest, offset + count)
        told = client.offset(upload)
        assert offset <= told <= furthest, "progress is never lost and never invented"
        assert told == client.offset(upload), "nobody moves the offset after it was told"
        offset = told
        assert client.is_absent("large.bin")
    assert offset > 0
    resumed_at = client.finish_upload(upload, content)
    assert offset <= resumed_at <= furthest
    entry_id = client.head_upload(upload).headers["Dfs-Entry"]

    wanted = hashlib.sha256(content).hexdigest()
    assert client.sha256("large.bin") == wanted

    env = os.environ | {"DFS_URL": client.url, "DFS_TOKEN": client.token, "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "dfsclient", "get", "/large.bin", str(tmp_path / "large.bin")]
    subprocess.run(command, cwd=PROJECT, env=env, check=True, capture_output=True)
    with (tmp_path / "large.bin").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == wanted

    for _ in range(10):
        start, stop = sorted(chance.sample(range(SIZE + 1), 2))
        reply = client.get("large.bin", start=start, stop=stop)
        assert reply.status_code == 206
        assert reply.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
        assert reply.content == view[start:stop], (start, stop)

    audit.wait_until_complete(system)
    copies = audit.stored_copies(system, entry_id)
    assert all(copy.is_good for stored in copies.values() for copy in stored)
    client.purge("large.bin")


def test_an_impatient_client_on_a_line_that_breaks_often_always_gets_on(client: Client) -> None:
    content = os.urandom(80 * MIB)
    view = memoryview(content)
    upload = client.create_upload("impatient.bin", len(content))
    offset = 0
    for count in (30 * MIB, BEYOND_BUFFERS, BEYOND_BUFFERS + 1):
        sent_to = offset + count
        with Wire(client.url, client.token) as other:  # connected before, so that it asks at once
            patch_and_cut(client, upload, offset, view[offset:sent_to], rudely=False, size=len(content))
            other.begin("HEAD", upload, TUS)
            status, headers, _ = other.reply("HEAD")
        assert status == 200
        offset = int(headers["upload-offset"])
        assert sent_to - 6 * MIB < offset <= sent_to, "what came before an orderly end is kept"
    assert "Dfs-Entry" in client.patch(upload, offset, view[offset:]).headers
    assert client.read("impatient.bin") == content
    client.purge("impatient.bin")


def test_after_a_cut_bytes_that_would_leave_a_gap_are_refused(client: Client) -> None:
    content = os.urandom(SIZE // 30)
    upload = client.create_upload("gap.bin", SIZE)
    patch_and_cut(client, upload, 0, memoryview(content), rudely=False)
    told = client.offset(upload)
    assert told <= len(content)
    refused = client.patch(upload, told + 1, b"x")
    assert (refused.status_code, refused.json()["code"]) == (409, "offset_mismatch")
    assert client.offset(upload) == told


def test_somebody_elses_client_uploads_in_pieces_and_resumes(client: Client) -> None:
    content = os.urandom(11 * MIB + 3)
    file = io.BytesIO(content)
    tus = TusClient(f"{client.base}/uploads", headers={"Authorization": f"Token {client.token}"})
    first = tus.uploader(file_stream=file, chunk_size=3 * MIB, metadata={"filename": "third.bin"})
    first.upload_chunk()
    first.upload_chunk()
    assert first.offset == 6 * MIB
    second = tus.uploader(file_stream=file, chunk_size=3 * MIB, url=first.url)
    assert second.offset == 6 * MIB
    second.upload()
    assert client.read("third.bin") == content


def test_dfs_killed_in_the_middle_of_its_parts_goes_on_with_each(
    system: System, client: Client, tmp_path: Path
) -> None:
    of_others = client.call("GET", "/uploads").json()["results"]
    content = os.urandom(160 * MIB)
    (tmp_path / "parts.bin").write_bytes(content)
    command = [sys.executable, "-m", "dfsclient", "put", str(tmp_path / "parts.bin"), "/"]
    with FaultProxy(system.port) as line:
        env = os.environ | {
            "DFS_URL": line.url,
            "DFS_TOKEN": client.token,
            "XDG_STATE_HOME": str(tmp_path / "state"),
        }
        line.to_target.bytes_per_second = 8 * MIB
        process = subprocess.Popen(command, cwd=PROJECT, env=env)
        system.wait_for(lambda: line.to_target.bytes_passed > 60 * MIB, what="a third of the file")
        process.kill()
        process.wait()
        assert client.is_absent("parts.bin")
        line.heal()
        before = line.to_target.bytes_passed
        subprocess.run(command, cwd=PROJECT, env=env, check=True, capture_output=True)
        assert line.to_target.bytes_passed - before < 130 * MIB, "what had come is kept"

    entry = client.call("GET", "/paths/parts.bin").json()
    versions = client.call("GET", f"/entries/{entry['id']}/versions").json()["results"]
    assert len(versions) == 1
    assert client.sha256("parts.bin") == hashlib.sha256(content).hexdigest()
    assert client.call("GET", "/uploads").json()["results"] == of_others
    client.purge("parts.bin")


def test_a_lost_answer_to_the_last_piece_is_given_again(client: Client) -> None:
    content = os.urandom(MIB)
    upload = client.create_upload("answered.bin", len(content))
    first = client.patch(upload, 0, content)
    with pytest.raises(requests.HTTPError):
        client.patch(upload, 5, content[5:]).raise_for_status()
    assert client.head_upload(upload).headers["Dfs-Entry"] == first.headers["Dfs-Entry"]
    assert client.read("answered.bin") == content
