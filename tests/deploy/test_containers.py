"""The whole system in real containers: up, a file in and out, a node killed, down and up again.

It builds an image and takes minutes, so it runs only when asked: DFSWEB_TEST_CONTAINERS=1.
"""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_BYTES = 48 * 2**20
UP_SECONDS = 900
PATIENCE_SECONDS = 120.0
# Not the settings of the other tests, such as their DATABASE_URL: compose would pass them on.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name in ("PATH", "HOME") or name.startswith("DOCKER_")
}


def missing() -> str:
    """What keeps this test from running here."""
    if os.environ.get("DFSWEB_TEST_CONTAINERS") != "1":
        return "asked for with DFSWEB_TEST_CONTAINERS=1"
    if shutil.which("docker") is None:
        return "there is no docker here"
    engine = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return "" if engine.returncode == 0 else "no container engine is running"


pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(2 * UP_SECONDS + 600),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]


class Stack:
    """compose.yaml as a project of its own, on a free port, without any setting of this machine."""

    def __init__(self) -> None:
        self._project = f"dfsweb-test-{os.getpid()}"
        self._token = ""

    def compose(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.returncode != 0:
            raise AssertionError(done.stderr[-2000:] + self._run("logs", "--tail", "30").stdout)
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "compose", "--project-name", self._project, "--env-file", os.devnull, *arguments],
            cwd=ROOT,
            env={**ENVIRONMENT, "PUBLISH": "127.0.0.1:0", "SUBNET": "172.30.98", "RESERVE": "smaller"},
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
            check=False,
        )

    def up(self) -> None:
        self.compose("up", "--build", "--wait")
        self._url = "http://" + self.compose("port", "gateway", "8000").strip()

    def sign_in(self) -> None:
        password = self.compose("exec", "-T", "gateway", "cat", "/secrets/cluster/ADMIN_PASSWORD").strip()
        content = json.dumps({"username": "admin", "password": password}).encode()
        self._token = json.loads(self.ask("POST", "/api/v1/auth/tokens", content, "application/json"))[
            "token"
        ]

    def ask(
        self, method: str, path: str, content: bytes | None = None, kind: str = "application/octet-stream"
    ) -> bytes:
        headers = {"Content-Type": kind}
        if self._token:
            headers["Authorization"] = f"Token {self._token}"
        request = urllib.request.Request(self._url + path, content, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.read()

    def cluster(self) -> dict[str, Any]:
        return json.loads(self.ask("GET", "/api/v1/cluster"))


@pytest.fixture
def stack() -> Iterator[Stack]:
    stack = Stack()
    try:
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "5")


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, f"this never came: {what}"
        time.sleep(0.5)


def is_whole(stack: Stack) -> bool:
    seen = stack.cluster()
    return bool(seen["health"] == "healthy" and seen["nodes_online"] == 3 and not seen["under_replicated"])


def test_files_outlive_a_killed_node_and_a_stack_that_goes_down(stack):
    before, meanwhile = os.urandom(FILE_BYTES), os.urandom(FILE_BYTES)

    stack.up()
    assert json.loads(stack.ask("GET", "/readyz"))["ready"]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        stack.cluster()
    stack.sign_in()
    stack.ask("PUT", "/api/v1/content/before.bin", before)
    wait_until(lambda: is_whole(stack), "three copies of everything")

    stack.compose("kill", "node-b")
    stack.ask("PUT", "/api/v1/content/meanwhile.bin", meanwhile)
    assert stack.ask("GET", "/api/v1/content/before.bin") == before
    assert stack.ask("GET", "/api/v1/content/meanwhile.bin") == meanwhile
    stack.compose("start", "node-b")
    wait_until(lambda: is_whole(stack), "a whole cluster after the node is back")

    stack.compose("down")
    stack.up()
    assert stack.ask("GET", "/api/v1/content/before.bin") == before
    assert stack.ask("GET", "/api/v1/content/meanwhile.bin") == meanwhile
