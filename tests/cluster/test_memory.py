"""The gateway's memory does not grow with the size of a file, and it lives with having no more of it."""

import hashlib
import os
import resource
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import requests

from dfsweb.launcher.gateway_children import workers
from tests.cluster import audit
from tests.cluster.client import Client
from tests.cluster.conftest import MIB, is_ready, wait_until_healed
from tests.system import System

pytestmark = pytest.mark.cluster

SIZE = 1024 * MIB
LIMIT_BYTES = 250 * MIB
LOOK_SECONDS = 0.1
BLAMED = (
    "SELECT id FROM nodes_replica WHERE doubted_at IS NOT NULL OR state IN ('corrupt', 'missing') ORDER BY id"
)


class Watch:
    """Measures the proportional set size of all processes of a part, again and again, while it is open."""

    def __init__(self, system: System, name: str) -> None:
        self._system = system
        self._name = name
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._measure)
        self.peak_bytes = 0
        self.looks = 0

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _measure(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            total = sum(_pss_bytes(pid) for pid in self._system.pids(self._name))
            self.peak_bytes = max(self.peak_bytes, total)
            self.looks += 1


def _pss_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def unlike_chunks(hasher: "hashlib._Hash") -> Iterator[bytes]:
    """A gibibyte of which no two chunks are alike."""
    block = os.urandom(MIB)
    for number in range(SIZE // MIB):
        piece = number.to_bytes(8, "big") + block[8:]
        hasher.update(piece)
        yield piece


def start_gateway_anew(system: System) -> None:
    """Have one that keeps no buffers from other stories, and all of whose processes have begun to serve."""
    before = set(system.pids("gateway"))
    system.kill("gateway", signal.SIGTERM)
    system.wait_for(
        lambda: system.pids("gateway") and not before & set(system.pids("gateway")), what="another gateway"
    )
    system.wait_for(lambda: len(serving(system)) == workers, what="a fresh gateway")
    system.wait_for(lambda: is_ready(system), what="the queue")


def serving(system: System) -> set[int]:
    """The ids of the gateway's processes that serve."""
    log = (system.data / "log/gateway.log").read_text()
    return {pid for pid in system.pids("gateway") if f"process {pid} serves" in log}


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the kernel does not tell PSS")
def test_a_gibibyte_up_and_down_stays_below_the_memory_limit(system: System, client: Client) -> None:
    start_gateway_anew(system)
    sent = hashlib.sha256()
    with Watch(system, "gateway") as watch:
        client.store("gibibyte.bin", unlike_chunks(sent))
        assert client.sha256("gibibyte.bin") == sent.hexdigest()
    client.purge("gibibyte.bin")
    assert watch.looks > 10
    assert 0 < watch.peak_bytes < LIMIT_BYTES, f"{watch.peak_bytes / MIB:.0f} MiB"


CLIENTS = 24
"""More than the gateway keeps buffers for: some must ask for memory."""
FILE_BYTES = 9 * MIB
CUT = 0
REFUSED = "no_memory_to_begin"


@contextmanager
def no_more_memory(pids: Iterable[int], *, but_bytes: int = 0) -> Iterator[None]:
    """Processes may map nothing more: no buffer, no arena, no stack of a thread."""
    processes = [psutil.Process(pid) for pid in pids]
    for process in processes:
        size = process.memory_info().vms + but_bytes
        resource.prlimit(process.pid, resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
                resource.prlimit(process.pid, resource.RLIMIT_AS, unlimited)


def test_f42_a_gateway_without_memory_serves_on_or_refuses_and_loses_nothing_by_it(
    system: System, client: Client
) -> None:
    content = os.urandom(FILE_BYTES)
    client.store("before.bin", content)
    wait_until_healed(system)
    start_gateway_anew(system)  # one that has asked the database for nothing yet
    blamed_before = audit.query(system, BLAMED)
    statuses: list[int] = []
    unforeseen: list[str] = []
    taken: dict[str, bytes] = {}
    wrong: list[str] = []

    def note(reply: requests.Response) -> None:
        statuses.append(reply.status_code)
        if reply.status_code not in (200, 201, 503):
            told = f"{reply.status_code} {reply.text[:1000]}"
            lines = (system.data / "log/gateway.log").read_text().splitlines()
            at = min(number for number, line in enumerate(lines) if reply.headers["X-Request-ID"] in line)
            unforeseen.append("\n".join([told, *lines[at : at + 60]]))

    def come(number: int) -> None:
        own = number.to_bytes(4, "big") + content[4:]
        with client.another() as mine:
            try:
                stored = mine.put(f"while-{number}.bin", own)
                note(stored)
                if stored.status_code == 201:
                    taken[f"while-{number}.bin"] = own
                read = mine.get("before.bin")
                note(read)
                if read.status_code == 200 and read.content != content:
                    wrong.append(f"read {number}")
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                statuses.append(CUT)

    with no_more_memory(serving(system)):
        clients = [threading.Thread(target=come, args=[number]) for number in range(CLIENTS)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()

    assert not wrong
    assert 503 in statuses, "some asked for memory"
    assert not unforeseen, "\n".join(unforeseen)
    system.wait_for(lambda: client.put("after.bin", content).ok, what="the gateway to take files again")
    for name, body in {"before.bin": content, "after.bin": content, **taken}.items():
        assert client.read(name) == body
    assert audit.query(system, BLAMED) == blamed_before
    for name in ("before.bin", "after.bin", *taken):
        client.purge(name)


def test_f42_a_process_of_the_gateway_that_has_no_memory_to_begin_leaves_the_others_serving(
    system: System, client: Client
) -> None:
    content = os.urandom(FILE_BYTES)
    client.store("kept.bin", content)
    start_gateway_anew(system)
    leader = system.pids("gateway")[0]
    killed, left = sorted(serving(system))
    log = system.data / "log/gateway.log"

    with no_more_memory([leader], but_bytes=MIB):  # which whatever it starts inherits
        os.kill(killed, signal.SIGKILL)
        system.wait_for(
            lambda: log.read_text().count("no_memory_to_begin") >= 2, what="two that cannot begin"
        )
        assert client.read("kept.bin") == content
        assert system.pids("gateway")[0] == leader
        assert serving(system) == {left}

    system.wait_for(lambda: len(serving(system)) == workers, what="another that begins")
    assert left in serving(system)
    assert client.read("kept.bin") == content
    client.purge("kept.bin")
