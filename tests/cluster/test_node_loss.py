"""One node dies: nobody notices. Two die: writes say so, reads go on, and all is well when they return."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from nodes import breaker
from tests.cluster import audit
from tests.cluster.client import Client, paced
from tests.cluster.conftest import MIB, killed_aside, wait_until_healed
from tests.system import System

pytestmark = pytest.mark.cluster

MAX_ROUNDS = 6


class Log:
    """What a part writes to its log from now on."""

    def __init__(self, system: System, name: str) -> None:
        self._file = system.data / "log" / f"{name}.log"
        self._begin = self._file.stat().st_size

    def __contains__(self, text: str) -> bool:
        with self._file.open("rb") as file:
            file.seek(self._begin)
            return text.encode() in file.read()


def quickest_node(system: System) -> str:
    """The node that readers ask first at the moment."""
    (row,) = audit.query(system, "SELECT name FROM nodes_node ORDER BY latency_ms LIMIT 1")
    return str(row[0])


def test_a_reader_does_not_notice_that_a_node_is_killed(system: System, client: Client) -> None:
    content = os.urandom(64 * MIB)
    client.store("read.bin", content)
    audit.wait_until_complete(system)
    for _ in range(MAX_ROUNDS):
        log = Log(system, "gateway")
        received = bytearray()
        with ExitStack() as stack:
            pieces = stack.enter_context(client.open("read.bin"))
            for piece in pieces:
                if len(received) < 0.3 * len(content) <= len(received) + len(piece):
                    victim = quickest_node(system)
                    stack.enter_context(killed_aside(system, victim))
                received += piece
        assert received == content
        system.start_node(victim)
        wait_until_healed(system)
        if f"a copy cannot be read now: {victim}" in log:
            return
    pytest.fail(f"in {MAX_ROUNDS} downloads no read met the killed node: nothing was shown")


def test_an_upload_goes_on_when_a_node_is_killed(system: System, client: Client) -> None:
    content = os.urandom(64 * MIB)
    for number, victim in enumerate(["node-3", "node-1", "node-2"], start=1):
        log = Log(system, "gateway")

        with ExitStack() as stack:

            def body(content: bytes, victim: str, stack: ExitStack) -> Iterator[bytes]:
                sent = 0
                for piece in paced(content, seconds=1):
                    if sent < 0.3 * len(content) <= sent + len(piece):
                        stack.enter_context(killed_aside(system, victim))
                    yield piece
                    sent += len(piece)

            entry = client.store(f"write-{number}.bin", body(content, victim, stack))

        copies = audit.stored_copies(system, entry["id"])
        assert len(copies) == 16
        for offset, stored in copies.items():
            assert len({copy.node for copy in stored if copy.is_good}) >= 2, offset
        assert client.read(f"write-{number}.bin") == content
        assert not system.pids(victim), "the node was down all the time"
        system.start_node(victim)
        wait_until_healed(system)
        if f"a copy on {victim} was not confirmed, another node is asked" in log:
            return
        client.purge(f"write-{number}.bin")
        content = os.urandom(64 * MIB)
    pytest.fail("no upload met the killed node: nothing was shown")


def test_with_two_nodes_down_writes_are_refused_and_reads_go_on(system: System, client: Client) -> None:
    content = os.urandom(9 * MIB + 5)
    client.store("kept.bin", content)
    audit.wait_until_complete(system)
    used = client.used_bytes()

    for victim in ("node-1", "node-3"):
        system.kill(victim, signal.SIGKILL, stay_down=True)
    refused = 0
    while system.online_nodes() != {"node-2"} or refused < 20:  # before the probes see it, and after
        reply = client.put(f"refused-{refused}.bin", os.urandom(5 * MIB if refused < 3 else 2000))
        assert (reply.status_code, reply.json()["code"]) == (503, "quorum_not_reached"), reply.text
        assert int(reply.headers["Retry-After"]) > 0
        refused += 1
    upload = client.create_upload("refused-too.bin", MIB)
    assert client.patch(upload, 0, os.urandom(MIB)).json()["code"] == "quorum_not_reached"

    assert all(client.is_absent(f"refused-{number}.bin") for number in range(refused))
    assert client.used_bytes() == used
    assert client.read("kept.bin") == content
    assert client.get("kept.bin", start=4 * MIB - 1, stop=4 * MIB + 1).content == content[4 * MIB - 1 :][:2]

    for victim in ("node-1", "node-3"):
        system.start_node(victim)
    system.wait_for(lambda: len(system.online_nodes()) == 3, what="the nodes to be back")
    system.wait_for(
        lambda: client.put("after-the-nodes.bin", b"again").status_code == 201,
        what="writes to work again, long before a breaker closes by itself",
        timeout_seconds=breaker.OPEN_SECONDS / 2,
    )
    assert client.finish_upload(upload, content[:MIB]) == 0
    assert client.read("refused-too.bin") == content[:MIB]


def test_nodes_that_come_back_are_written_to_at_once_by_a_gateway_that_had_given_them_up(
    system: System, client: Client
) -> None:
    def put_by_a_new_connection() -> int:  # whichever of the gateway's processes takes it
        with client.another() as mine:
            return mine.put("returned.bin", os.urandom(100)).status_code

    with system.frozen_worker():  # so that nothing but its own errors tells the gateway of the nodes
        for victim in ("node-1", "node-3"):
            system.kill(victim, signal.SIGKILL, stay_down=True)
        assert [put_by_a_new_connection() for _ in range(60)] == [503] * 60
        said = [Log(system, victim) for victim in ("node-1", "node-3")]
        for victim in ("node-1", "node-3"):
            system.start_node(victim)
        system.wait_for(lambda: all("serving" in log for log in said), what="the nodes to be back")
        assert put_by_a_new_connection() == 201
        system.kill("node-2", signal.SIGKILL, stay_down=True)
        assert [put_by_a_new_connection() for _ in range(40)] == [200] * 40
    system.start_node("node-2")


def test_with_one_node_down_sixteen_writers_are_all_served(system: System, client: Client) -> None:
    system.kill("node-2", signal.SIGKILL, stay_down=True)
    failed: list[str] = []

    def write(writer: int) -> None:
        with client.another() as mine:
            for number in range(8):
                body = os.urandom(20_000)
                reply = mine.put(f"served-{writer}-{number}.bin", body)
                if reply.status_code != 201 or mine.read(f"served-{writer}-{number}.bin") != body:
                    failed.append(reply.text)

    writers = [threading.Thread(target=write, args=[number]) for number in range(16)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failed == []
    system.start_node("node-2")
