"""PostgreSQL dies in the middle of commits, or stays away: what was told is true, the rest is asked again."""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import requests

from tests.cluster import audit
from tests.cluster.client import Client
from tests.cluster.conftest import MIB, wait_until_healed
from tests.system import System

pytestmark = pytest.mark.cluster

WRITERS = 6
POOL = 4
"""Connections of one gateway process to the database: all writers may have come to the same one."""
IMMEDIATELY = signal.SIGQUIT  # as `pg_ctl stop -m immediate`
LONGEST_REFUSAL_SECONDS = 30
PROCESSES = 2
"""Of the gateway."""


class Writers:
    """Clients that put small files one after the other, and note what they were told of each."""

    def __init__(self, client: Client) -> None:
        self.acknowledged: dict[str, bytes] = {}
        self.unknown: dict[str, bytes] = {}
        self.longest_seconds = 0.0
        self._client = client
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=[number]) for number in range(WRITERS)]

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        with self._client.another() as mine:
            for number in range(100_000):
                if self._is_over.is_set():
                    return
                name, body = f"commit-{writer}-{number}.bin", os.urandom(2000 + number)
                began_at = time.monotonic()
                try:
                    status = mine.put(name, body).status_code
                except requests.RequestException:
                    status = None
                self.longest_seconds = max(self.longest_seconds, time.monotonic() - began_at)
                if status == 201:
                    self.acknowledged[name] = body
                else:
                    assert status in (None, 503), (name, status)
                    self.unknown[name] = body
                    time.sleep(0.05)


def commits_held(system: System) -> int:
    """How many commits of files wait for a lock; what a worker waits for meanwhile does not count."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND position('files_commit' IN query) > 0"
    )
    return int(audit.query(system, statement)[0][0])


def test_f17_a_commit_that_postgresql_was_killed_in_is_there_as_a_whole_or_not_at_all(
    system: System, client: Client
) -> None:
    used = client.used_bytes()
    with Writers(client) as writers:

        def wait_for_more(count: int = 30) -> None:
            wanted = len(writers.acknowledged) + count
            system.wait_for(lambda: len(writers.acknowledged) >= wanted, what="writes to be acknowledged")

        for is_let_go in (False, True, True):  # all wait for one row; let go, they commit one after the other
            wait_for_more()
            leader = system.pids("postgres")[0]
            with closing(audit.connected(system)) as holder:
                holder.execute("SELECT FROM accounts_usage FOR UPDATE")
                system.wait_for(lambda: commits_held(system) >= POOL, what="commits to be held")
                if is_let_go:
                    holder.rollback()
                os.kill(leader, IMMEDIATELY)
                if not is_let_go:  # the end of the holder would let them go, too
                    system.wait_for(lambda: writers.unknown, what="commits to be hit")
        wait_for_more()
    assert writers.longest_seconds < LONGEST_REFUSAL_SECONDS

    for name, body in writers.acknowledged.items():
        assert client.read(name) == body, name
    there = {name: client.get(name) for name in writers.unknown}
    for name, reply in there.items():
        assert reply.status_code == 404 or reply.content == writers.unknown[name], name
    whole = [name for name, reply in there.items() if reply.status_code == 200]
    sizes = [len(body) for body in writers.acknowledged.values()] + [len(writers.unknown[n]) for n in whole]
    assert client.used_bytes() == used + sum(sizes)

    for name, body in writers.unknown.items():
        client.store(name, body)
        assert client.read(name) == body
    audit.let_leases_end(system)
    wait_until_healed(system)
    assert audit.bad_copies(system) == []


def test_f19_without_postgresql_all_is_refused_but_what_streams_already_and_all_returns_with_it(
    system: System, client: Client
) -> None:
    content = os.urandom(32 * MIB)
    client.store("streaming.bin", content)
    audit.wait_until_complete(system)
    upload = client.create_upload("paused.bin", MIB)
    gateway = set(system.pids("gateway"))
    received = bytearray()
    with client.open("streaming.bin") as pieces:
        received += next(pieces)
        system.kill("postgres", IMMEDIATELY, stay_down=True)
        refusals: list[Callable[[Client], requests.Response]] = [
            lambda mine: mine.put("refused.bin", os.urandom(3000)),
            lambda mine: mine.put("refused-too.bin", os.urandom(5 * MIB)),
            lambda mine: mine.patch(upload, 0, content[:MIB]),
            lambda mine: mine.get("streaming.bin"),
            lambda mine: mine.call("GET", "/entries"),
            lambda mine: mine.call("DELETE", "/content/streaming.bin"),
        ]

        def refuse(ask: Callable[[Client], requests.Response]) -> tuple[requests.Response, float]:
            began = time.monotonic()
            with client.another() as mine:
                return ask(mine), time.monotonic() - began

        with ThreadPoolExecutor(len(refusals)) as askers:
            answers = list(askers.map(refuse, refusals))
        for piece in pieces:
            received += piece
    assert not system.pids("postgres"), "it was down all the time"
    assert received == content
    for reply, seconds in answers:
        assert (reply.status_code, reply.json()["retryable"]) == (503, True), reply.text
        assert int(reply.headers["Retry-After"]) > 0
        assert seconds < LONGEST_REFUSAL_SECONDS

    system.start_node("postgres")
    system.wait_for(lambda: client.put("back.bin", b"again").status_code == 201, what="writes to work again")
    assert set(system.pids("gateway")) == gateway, "nobody had to restart it"
    assert client.is_absent("refused.bin")
    assert client.is_absent("refused-too.bin")
    assert client.read("streaming.bin") == content
    assert client.finish_upload(upload, content[:MIB]) == 0


def test_while_postgresql_hangs_who_has_a_connection_waits_the_others_are_told_and_all_goes_on(
    system: System, client: Client
) -> None:
    """One that stands still cannot be told from one that is slow."""
    content = os.urandom(32 * MIB)
    client.store("streaming.bin", content)
    audit.wait_until_complete(system)
    gateway = set(system.pids("gateway"))
    bodies = {f"hanging-{number}.bin": os.urandom(3000) for number in range(PROCESSES * POOL + 6)}

    def put(name: str) -> requests.Response:
        with client.another() as mine:
            return mine.put(name, bodies[name])

    with client.open("streaming.bin") as pieces, ThreadPoolExecutor(len(bodies)) as writers:
        received = bytearray(next(pieces))
        with system.frozen("postgres") as is_frozen:
            asked = {name: writers.submit(put, name) for name in bodies}

            def told() -> dict[str, requests.Response]:
                return {name: answer.result() for name, answer in asked.items() if answer.done()}

            system.wait_for(lambda: len(told()) >= 6, what="those without a connection to be told")
            refused = told()
        for piece in pieces:
            received += piece
    assert is_frozen
    assert received == content
    for reply in refused.values():
        assert (reply.status_code, reply.json()["retryable"]) == (503, True), reply.text
        assert int(reply.headers["Retry-After"]) > 0

    for name, reply in told().items():
        assert reply.status_code in (201, 503), reply.text
        if reply.status_code == 201:
            assert client.read(name) == bodies[name]
        else:
            assert client.is_absent(name)
            client.store(name, bodies[name])
    assert set(system.pids("gateway")) == gateway, "nobody had to restart it"
    wait_until_healed(system)
