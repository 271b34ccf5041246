"""S22: messages of others in the real queue. None is acted on, and the worker lives on, though it be full."""

import base64
import json
import pickle
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError

from tests.cluster import audit
from tests.cluster.client import Client
from tests.cluster.conftest import MIB
from tests.system import System

pytestmark = pytest.mark.cluster

QUEUE = "celery"


class Marking:
    """Whoever unpickles it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.path), "w"))


def message(task: str, body: bytes, kind: str = "application/json", **headers: str) -> str:
    """A message as Celery writes it, by its protocol 2."""
    task_id = str(uuid4())
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8" if kind == "application/json" else "binary",
            "content-type": kind,
            "headers": {"lang": "py", "task": task, "id": task_id, "root_id": task_id, "argsrepr": "()"}
            | headers,
            "properties": {
                "correlation_id": task_id,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": QUEUE},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid4()),
            },
        }
    )


def test_s22_foreign_messages_are_refused_and_the_worker_lives_on(
    system: System, client: Client, tmp_path: Path
) -> None:
    mark = tmp_path / "was-unpickled"
    marking = pickle.dumps([[Marking(mark)], {}, {}])
    large = json.dumps([["x" * 4 * MIB], {}, {}]).encode()
    worker = system.pids("worker")[0]
    with Redis.from_url(system.environment["REDIS_URL"]) as queue:
        for one in (
            message("nodes.tasks.replicate", marking, "application/x-python-serialize"),
            message("os.system", json.dumps([[f"touch {mark}"], {}, {}]).encode()),
            message("nodes.tasks.replicate", b"{not json"),
            message("nodes.tasks.nothing_of_this_name", b"[[], {}, {}]"),
            message("nodes.tasks.replicate", large, request_id="find-me"),
        ):
            queue.lpush(QUEUE, one)
        system.wait_for(lambda: queue.llen(QUEUE) == 0, what="the messages to be taken")

    system.wait_for(
        lambda: "[find-me] Task nodes.tasks.replicate" in (system.data / "log/worker.log").read_text(),
        what="a line with the message's request id",
    )
    client.store("after.txt", b"copied by a worker that lives on")
    audit.wait_until_complete(system)

    assert system.pids("worker")[0] == worker
    assert not mark.exists()


def test_s22_a_full_queue_does_not_end_the_worker(system: System, client: Client) -> None:
    worker = system.pids("worker")[0]
    with Redis.from_url(system.environment["REDIS_URL"]) as queue:
        for _ in range(4):  # while it is full, the worker can neither take a message nor say that one is done
            for _ in range(200):
                queue.lpush(QUEUE, message("nodes.tasks.nothing_of_this_name", b"[[], {}, {}]"))
            with pytest.raises(OutOfMemoryError):
                queue.lpush(QUEUE, "x" * 64 * MIB)
            system.wait_for(lambda: queue.info("memory")["used_memory"] < 32 * MIB, what="room in the queue")
        system.wait_for(lambda: queue.llen(QUEUE) == 0, what="the messages to be taken")

    client.store("after-full.txt", b"copied by a worker that lives on")
    audit.wait_until_complete(system)

    assert system.pids("worker")[0] == worker
