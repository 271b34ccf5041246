"""A wake-up never raises and never blocks, whatever Redis does; at most one goes out a second.

Each test asks a process of its own, whose Redis it may freeze and kill.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest
import redis

from dfsweb.launcher import children, redis_server
from nodes import wake
from tests.storagenode.running_node import PATIENCE_SECONDS, wait_until

PREPARED = "import django, os, time; django.setup(); from nodes import tasks, wake; "
ASK_OFTEN = (
    PREPARED + "asked = [time.monotonic()];"
    "[(wake.replication(), asked.append(time.monotonic()), time.sleep(0.001)) for _ in range(500)];"
    "print(max(b - a for a, b in zip(asked, asked[1:])), flush=True); os._exit(0)"
)
ASK_FOR_A_WHILE = (
    PREPARED + "began = time.monotonic();"
    "[(wake.replication(), time.sleep(0.005)) for _ in range(500)];"
    "print(time.monotonic() - began, flush=True); os._exit(0)"
)
BUSY_AT_MOST = 5
"""So often a machine that is busy with others may keep a process waiting."""
SEND_ONCE = PREPARED + "tasks.try_to_send(tasks.replicate); print(0, flush=True); os._exit(0)"


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[tuple[redis_server.Server, Popen[bytes]]]:
    server = redis_server.Server(tmp_path / "redis", tmp_path / "s", tmp_path / "redis.log")
    server.prepare()
    program = server.program()
    process = children.start(program)
    try:
        wait_until(server.is_ready, "a Redis that answers")
        yield server, process
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGCONT)
            children.end(process, program)


def run(script: str, server: redis_server.Server) -> tuple[float, str]:
    """Run a script against this Redis; returns the seconds it printed, and its log."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"REDIS_URL": server.url},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    return float(done.stdout), done.stderr


def test_at_most_one_message_a_second_is_sent(own_redis):
    server, _ = own_redis
    seconds, _ = run(ASK_FOR_A_WHILE, server)
    with redis.Redis.from_url(server.url) as client:
        sent = sum(client.llen(key) for key in client.keys("celery*") if client.type(key) == b"list")
        assert 2 <= sent <= seconds / wake.INTERVAL_SECONDS + 1


@pytest.mark.parametrize("fault", [signal.SIGSTOP, signal.SIGKILL])
def test_with_redis_frozen_or_dead_nobody_waits(own_redis, fault):
    """Who waited would each time have: a second to connect, five for an answer."""
    server, process = own_redis
    os.kill(process.pid, fault)
    assert any(run(ASK_OFTEN, server)[0] < 0.9 for _ in range(BUSY_AT_MOST)), "not for want of the processor"


def test_without_redis_a_message_is_given_up_in_words(own_redis):
    server, process = own_redis
    process.kill()
    process.wait()
    _, log = run(SEND_ONCE, server)
    assert "no wake-up could be sent" in log
