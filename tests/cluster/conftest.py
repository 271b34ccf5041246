"""One system for most stories of this folder, checked after each that it has healed; its data in memory."""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests.cluster import audit
from tests.cluster.client import Client
from tests.system import System

MIB = 2**20
QUICK = {
    "PROBE_INTERVAL_SECONDS": "0.5",
    "OFFLINE_AFTER_SECONDS": "2",
    "SWEEP_INTERVAL_SECONDS": "1",
    "PUSH_AFTER_SECONDS": "1",
    "DEFAULT_QUOTA_BYTES": str(100 * 2**30),
}
ROOM_NEEDED_BYTES = 12 * 2**30


@contextmanager
def running_system(env: Mapping[str, str] | None = None) -> Iterator[System]:
    """A system with short intervals in a folder of its own, in memory where there is room."""
    memory = Path("/dev/shm")
    has_room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_NEEDED_BYTES
    folder = Path(tempfile.mkdtemp(prefix="dfsweb-cluster-", dir=memory if has_room else None))
    try:
        with System(folder / "data", env=QUICK | dict(env or {})) as system:
            yield system
    finally:
        shutil.rmtree(folder)


def sign_in(system: System) -> Client:
    asked = {"username": "admin", "password": system.admin_password, "name": "cluster tests"}
    reply = requests.post(f"{system.url}/api/v1/auth/tokens", json=asked, timeout=120)
    assert reply.status_code == 201, reply.text
    return Client(system.url, reply.json()["token"])


def is_ready(system: System) -> bool:
    try:
        return requests.get(f"{system.url}/readyz", timeout=5).json()["checks"].get("queue") == "up"
    except (requests.RequestException, KeyError):
        return False


def wait_until_healed(system: System) -> None:
    """Wait until everything runs, every node is online and every chunk in use has three copies."""
    system.wait_for(lambda: is_ready(system), what="the gateway and the queue")
    wanted = {f"node-{number}" for number in range(1, system.nodes + 1)}
    system.wait_for(lambda: wanted <= system.online_nodes(), what="every node to be online")
    audit.wait_until_complete(system)


@contextmanager
def killed_aside(system: System, name: str) -> Iterator[None]:
    """Kill a part and keep it down, while the block goes on at once instead of waiting for the death."""
    killer = threading.Thread(target=system.kill, args=[name], kwargs={"stay_down": True})
    killer.start()
    try:
        yield
    finally:
        killer.join()


class Shared:
    """The system that the stories share; after a story failed in it, the next one gets another."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._current: tuple[System, Client] | None = None

    def current(self) -> tuple[System, Client]:
        if self._current is None:
            system = self._stack.enter_context(running_system())
            self._current = system, self._stack.enter_context(sign_in(system))
        return self._current

    def close(self) -> None:
        self._current = None
        self._stack.close()


@pytest.fixture(scope="session")
def shared() -> Iterator[Shared]:
    shared = Shared()
    try:
        yield shared
        system, _ = shared.current()
        assert not audit.bad_copies(system), "after all stories every copy on disk is good"
    finally:
        shared.close()


@pytest.fixture
def system(shared: Shared, request: pytest.FixtureRequest) -> Iterator[System]:
    """The shared system; the story must leave it able to heal by itself."""
    system, _ = shared.current()
    failed_before = request.session.testsfailed
    yield system
    try:
        if request.session.testsfailed > failed_before:
            shared.close()
        else:
            wait_until_healed(system)
    except BaseException:
        shared.close()
        raise


@pytest.fixture
def client(system: System, shared: Shared) -> Iterator[Client]:
    _, account = shared.current()
    with account.another() as client:
        yield client
