"""The patient worker under a real gunicorn: who asks again soon keeps its thread, and nobody waits for it."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from pathlib import Path

import pytest

from storagenode.worker import PatientThreadWorker
from tests.running_gunicorn import gunicorn
from tests.storagenode.running_node import wait_until

THREADS = 4
APPLICATION = "tests.storagenode.thread_application:application"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    log_file = tmp_path_factory.mktemp("gunicorn") / "log"
    with gunicorn(APPLICATION, threads=THREADS, log_file=log_file) as port:
        yield port


@pytest.fixture
def own_port(tmp_path: Path) -> Iterator[int]:
    """A server for one story alone, which leaves it busy, or counts what it does."""
    with gunicorn(APPLICATION, threads=THREADS, log_file=tmp_path / "log") as port:
        yield port


@contextmanager
def connected(port: int) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        yield connection


def ask(connection: http.client.HTTPConnection) -> str:
    connection.request("GET", "/")
    return connection.getresponse().read().decode()


def test_a_busy_connection_keeps_its_thread(port: int):
    def changes() -> int:
        """Each is a way through the main thread; a machine busy with others may lead there by itself."""
        with connected(port) as connection:
            threads = [ask(connection) for _ in range(50)]
        return sum(before != after for before, after in pairwise(threads))

    wait_until(lambda: changes() < 25, "the next request to find the thread of the one before")


def test_a_connection_that_paused_longer_than_the_patience_is_answered_as_well(port: int):
    with connected(port) as connection, socket.create_connection(("127.0.0.1", port)) as silent:
        ask(connection)
        silent.settimeout(0.5)
        with pytest.raises(TimeoutError):
            silent.recv(1)  # long enough for the thread to have given the other connection back

        assert ask(connection)


def test_many_kept_connections_do_not_keep_a_new_one_waiting(port: int):
    with ExitStack() as stack:
        kept = [stack.enter_context(connected(port)) for _ in range(4 * THREADS)]
        for connection in kept:
            ask(connection)

        started = time.monotonic()
        for _ in range(20):
            with connected(port) as connection:
                assert ask(connection)
        assert time.monotonic() - started < 10

        assert all(ask(connection) for connection in kept)


@pytest.mark.parametrize("said", [b"", b"G", b"GET / HTTP/1.1\r\nHost: loc"])
def test_who_sends_nothing_more_takes_no_thread_from_others(own_port: int, said: bytes):
    with ExitStack() as stack:
        for _ in range(10 * THREADS):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", own_port)))
            silent.sendall(said)
        for _ in range(20):
            with connected(own_port) as connection:
                assert ask(connection)


def test_a_head_that_comes_in_pieces_is_answered(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=120) as slow:
        for letter in b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            slow.sendall(bytes([letter]))
        assert slow.recv(100).startswith(b"HTTP/1.1 200")


def test_a_small_reply_leaves_in_one_packet(port: int):
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        for _ in range(20):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            head, end, body = connection.recv(10_000).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert end and b"Content-Length: %d" % len(body) in head and body


def test_every_reply_says_what_time_it_is(port: int):
    def date_of_a_reply(connection: http.client.HTTPConnection) -> datetime:
        connection.request("GET", "/")
        reply = connection.getresponse()
        reply.read()
        return parsedate_to_datetime(reply.headers["Date"])

    with connected(port) as connection:
        began = datetime.now(UTC)
        first = date_of_a_reply(connection)
        assert began - timedelta(seconds=2) < first <= datetime.now(UTC)
        wait_until(lambda: date_of_a_reply(connection) > first, "the clock to go on")


def test_without_memory_for_a_request_the_peer_is_told_to_come_again():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        PatientThreadWorker.__new__(PatientThreadWorker).handle_error(None, ours, None, MemoryError())
        ours.close()
        reply = http.client.HTTPResponse(theirs)
        reply.begin()
        assert (reply.status, reply.getheader("Retry-After")) == (503, "5")
        assert json.loads(reply.read())["code"] == "overloaded"


def rests_of(folder: Path) -> int:
    return (folder / "log").read_text().count("at rest")


def test_a_process_that_is_asked_all_the_time_gives_back_what_it_keeps_too(own_port: int, tmp_path: Path):
    with connected(own_port) as connection:
        wait_until(lambda: ask(connection) and rests_of(tmp_path) > 1, "the process to rest meanwhile")


def test_a_process_that_serves_nobody_comes_to_rest_once(own_port: int, tmp_path: Path):
    def rests() -> int:
        return rests_of(tmp_path)

    with connected(own_port) as connection:
        for times in (1, 2):
            ask(connection)
            wait_until(lambda wanted=times: rests() >= wanted, "the process to rest")
        assert rests() == 2
