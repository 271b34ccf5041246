"""A part is killed in mid-upload: what was acknowledged is there, the rest can be resumed or is absent."""

import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
import redis
import requests

from tests.cluster import audit
from tests.cluster.client import Client, paced
from tests.cluster.conftest import MIB, is_ready, killed_aside, wait_until_healed
from tests.system import PATIENCE_SECONDS, System

pytestmark = pytest.mark.cluster

SIZE = 40 * MIB
FIRST = 10 * MIB
SMALL_PUT_SECONDS = 4
"""Who waited for Redis to answer would wait for five."""
PARTS_OFF_THE_PATH = ("worker", "redis")


@dataclass
class Outcome:
    """What a client was told of its plain PUT."""

    status: int | None = None
    thread: threading.Thread = field(default_factory=threading.Thread)


def put_aside(client: Client, path: str, content: bytes, seconds: float) -> Outcome:
    """Put a file slowly, beside what else happens."""
    outcome = Outcome()

    def put() -> None:
        with client.another() as mine:
            try:
                outcome.status = mine.put(path, paced(content, seconds)).status_code
            except requests.RequestException:
                outcome.status = None  # cut: it may be there or not, but not by half

    outcome.thread = threading.Thread(target=put)
    outcome.thread.start()
    return outcome


@pytest.mark.parametrize("part", ["gateway", "worker", "redis", "postgres"])
def test_a_kill_in_mid_upload_loses_nothing_acknowledged(system: System, client: Client, part: str) -> None:
    content, plain = os.urandom(SIZE), os.urandom(SIZE)
    acknowledged = {f"{part}-{number}.bin": os.urandom(300_000) for number in range(5)}
    for name, body in acknowledged.items():
        client.store(name, body)
    used = client.used_bytes()
    upload = client.create_upload(f"{part}-tus.bin", SIZE)
    assert client.patch(upload, 0, content[:FIRST]).status_code == 204
    outcome = put_aside(client, f"{part}-plain.bin", plain, seconds=1)

    def rest(stack: ExitStack) -> Iterator[bytes]:
        sent = 0
        for piece in paced(memoryview(content)[FIRST:], seconds=1):
            if sent < 0.4 * SIZE <= sent + len(piece):
                stack.enter_context(killed_aside(system, part))
            yield piece
            sent += len(piece)

    with ExitStack() as stack:
        try:
            first_answer: requests.Response | None = client.patch(upload, FIRST, rest(stack))
        except requests.RequestException:
            first_answer = None
    outcome.thread.join()
    if part in PARTS_OFF_THE_PATH:
        assert first_answer is not None
        assert first_answer.status_code == 204
        assert outcome.status == 201
    assert not system.pids(part), "it was down all the time"
    if part != "postgres":
        audit.let_leases_end(system)  # those of the dead; the next worker makes new claims at once
    system.start_node(part)
    system.wait_for(lambda: is_ready(system), what="the gateway and the queue")

    resumed_at = client.finish_upload(upload, content)
    assert FIRST <= resumed_at <= SIZE
    assert client.sha256(f"{part}-tus.bin") == hashlib.sha256(content).hexdigest()
    for name, body in acknowledged.items():
        assert client.read(name) == body
    found = client.get(f"{part}-plain.bin")
    if outcome.status == 201:
        assert found.status_code == 200
    else:
        assert outcome.status in (None, 503)
        assert found.status_code in (200, 404)
    assert found.status_code == 404 or found.content == plain
    assert client.used_bytes() == used + SIZE * (1 if found.status_code == 404 else 2)
    wait_until_healed(system)


def put_small_files(client: Client, prefix: str) -> dict[str, bytes]:
    """Put files one by one, which must be acknowledged without delay: one at most met a busy machine."""
    files = {f"{prefix}-{number}.bin": os.urandom(10_000) for number in range(8)}
    took = []
    for name, body in files.items():
        began = time.monotonic()
        client.store(name, body)
        took.append(time.monotonic() - began)
    assert sorted(took)[-2] < SMALL_PUT_SECONDS, took
    return files


def due_chunks(system: System) -> int:
    ((count,),) = audit.query(system, "SELECT count(*) FROM nodes_chunk WHERE copies_due_at IS NOT NULL")
    return int(count)


def test_with_a_frozen_redis_uploads_are_acknowledged_at_once_and_copies_come_later(
    system: System, client: Client
) -> None:
    system.kill("redis", signal.SIGSTOP)
    try:
        files = put_small_files(client, "frozen")
        assert all(client.read(name) == body for name, body in files.items())
        assert due_chunks(system) > 0, "no worker heard of them"
    finally:
        system.kill("redis", signal.SIGCONT)
    wait_until_healed(system)


def test_with_a_dead_redis_uploads_are_acknowledged_at_once_and_copies_come_later(
    system: System, client: Client
) -> None:
    system.kill("redis", signal.SIGKILL, stay_down=True)
    files = put_small_files(client, "dead")
    assert all(client.read(name) == body for name, body in files.items())
    assert due_chunks(system) > 0, "no worker heard of them"
    assert not system.pids("redis")
    system.start_node("redis")
    wait_until_healed(system)


def test_f20_with_redis_emptied_again_and_again_the_sweep_brings_the_copies(
    system: System, client: Client
) -> None:
    with redis.Redis.from_url(system.environment["REDIS_URL"]) as queue:
        emptied = threading.Event()

        def empty() -> None:
            while not emptied.wait(0.02):
                queue.flushall()

        emptier = threading.Thread(target=empty)
        emptier.start()
        try:
            put_small_files(client, "emptied")
        finally:
            emptied.set()
            emptier.join()
    audit.wait_until_complete(system)


def test_a_kill_of_everything_at_once_loses_no_acknowledged_file(system: System, client: Client) -> None:
    acknowledged: dict[str, bytes] = {}
    enough = threading.Event()

    def write(writer: int) -> None:
        with client.another() as mine:
            for number in range(10_000):
                name, body = f"power-{writer}-{number}.bin", os.urandom(50_000 + number)
                try:
                    if mine.put(name, body).status_code != 201:
                        return
                except requests.RequestException:
                    return
                acknowledged[name] = body
                if len(acknowledged) >= 100:
                    enough.set()

    writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    assert enough.wait(PATIENCE_SECONDS)
    system.kill_everything()
    for writer in writers:
        writer.join()

    system.start()
    with client.another() as again:
        for name, body in acknowledged.items():
            assert again.read(name) == body, name
    audit.let_leases_end(system)
    wait_until_healed(system)
    assert audit.bad_copies(system) == []
