"""What nobody needs leaves the disks after its grace, and never takes with it what is wanted again."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster import audit
from tests.cluster.client import Client
from tests.cluster.conftest import MIB, running_system, sign_in
from tests.system import PATIENCE_SECONDS, System

pytestmark = pytest.mark.cluster

RACERS = 12  # each three rounds


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    quick = {"GRACE_SECONDS": "1", "UPLOAD_EXPIRY_SECONDS": "0.9", "RECLAIM_INTERVAL_SECONDS": "0.5"}
    with running_system(quick) as system:
        yield system


@pytest.fixture(scope="module")
def account(system: System) -> Iterator[Client]:
    with sign_in(system) as client:
        yield client


@pytest.fixture
def client(account: Client) -> Iterator[Client]:
    with account.another() as client:
        yield client


def test_what_is_purged_leaves_every_disk_after_its_grace(system: System, client: Client) -> None:
    kept, shared = os.urandom(5 * MIB), os.urandom(4 * MIB)
    client.store("kept.bin", kept)
    client.store("shares-a-chunk.bin", shared + b"end")
    audit.wait_until_complete(system)
    before, used = {copy.file.name for copy in audit.all_stored(system)}, client.used_bytes()

    client.store("purged.bin", shared + os.urandom(9 * MIB))
    audit.wait_until_complete(system)
    system.wait_for(
        lambda: len(audit.all_files(system)) == len(before) + 3 * 3, what="three chunks more on every disk"
    )
    client.purge("purged.bin")
    assert client.used_bytes() == used

    system.wait_for(lambda: audit.all_files(system) == before, what="the files to leave the disks")
    system.wait_for(
        lambda: audit.query(system, "SELECT 1 FROM nodes_chunk WHERE state <> 'live'") == [],
        what="the rows to go",
    )
    assert client.read("kept.bin") == kept
    assert client.read("shares-a-chunk.bin") == shared + b"end"


def wait_for_moment(system: System, digest: bytes, moment: int) -> bool:
    """Wait for one of the moments in the life of a purged chunk; tells whether it was not missed."""
    conditions = [
        "true",
        "EXISTS (SELECT 1 FROM nodes_chunk WHERE digest = %(digest)s AND state = 'condemned')",
        "EXISTS (SELECT 1 FROM nodes_chunk WHERE digest = %(digest)s AND state = 'condemned'"
        " AND condemned_at < clock_timestamp() - interval '0.9 s')",
        "NOT EXISTS (SELECT 1 FROM nodes_chunk WHERE digest = %(digest)s AND state <> 'deleting')",
        "NOT EXISTS (SELECT 1 FROM nodes_chunk WHERE digest = %(digest)s)",
    ]
    deadline = time.monotonic() + PATIENCE_SECONDS
    with audit.connected(system) as connection:
        while True:
            row = connection.execute(f"SELECT {conditions[moment]}", {"digest": digest}).fetchone()
            if row == (True,):
                return True
            is_missed = connection.execute(
                "SELECT NOT EXISTS (SELECT 1 FROM nodes_chunk WHERE digest = %s)", [digest]
            ).fetchone()
            if is_missed == (True,):
                return False  # too short to be seen
            assert time.monotonic() < deadline, f"moment {moment} did not come"
            time.sleep(0.02)


def put_until_taken(client: Client, path: str, content: bytes) -> None:
    """Put a file, and again when the service asks for the bytes once more."""
    reply = client.put(path, content)
    while reply.status_code == 503 and reply.json()["code"] == "chunk_reclaimed":
        reply = client.put(path, content)
    assert reply.status_code in (200, 201), (reply.status_code, reply.text)


def test_bytes_that_come_again_while_they_are_reclaimed_stay_readable(system: System, client: Client) -> None:
    failed: list[str] = []
    met: list[int] = []

    def round_trip(number: int) -> None:
        content = os.urandom(200_000)
        digest = audit.digest_of(content)
        with client.another() as mine:
            for again in range(3):
                put_until_taken(mine, f"round-{number}-{again}.bin", content)
                mine.purge(f"round-{number}-{again}.bin")
                moment = (number + again) % 5
                if wait_for_moment(system, digest, moment):
                    met.append(moment)
                put_until_taken(mine, f"again-{number}.bin", content)
                if mine.read(f"again-{number}.bin") != content:
                    failed.append(f"{number}.{again}")
                if again < 2:
                    mine.purge(f"again-{number}.bin")

    with ThreadPoolExecutor(RACERS) as racers:
        for racer in [racers.submit(round_trip, number) for number in range(RACERS)]:
            racer.result()
    assert failed == []
    assert min(Counter(met)[moment] for moment in (1, 2, 3)) >= 3, f"too few races to show anything: {met}"

    audit.wait_until_complete(system)
    system.wait_for(
        lambda: audit.query(system, "SELECT 1 FROM nodes_chunk WHERE state <> 'live'") == [],
        what="the reclaim to be through",
    )
    for number in range(RACERS):
        assert client.get(f"again-{number}.bin").status_code == 200
    assert audit.bad_copies(system) == []
