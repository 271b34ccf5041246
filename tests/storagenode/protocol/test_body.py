"""Bodies under a real gunicorn: every byte arrives, and the connection stays in step for the next request.

These tests fail when gunicorn's parser, reader or keep-alive change under `storagenode/protocol/body.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storagenode.protocol.body import BodyCut, RequestBody
from tests.running_gunicorn import gunicorn
from tests.storagenode.protocol.body_application import LOOKED
from tests.storagenode.running_node import PATIENCE_SECONDS, wait_until

SIZES = [0, 1, 100, 8192, 70_000, 3_000_000]


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gunicorn") / "log"


@pytest.fixture(scope="module")
def port(log_file: Path) -> Iterator[int]:
    with gunicorn(
        "tests.storagenode.protocol.body_application:application", threads=4, log_file=log_file
    ) as port:
        yield port


@pytest.fixture
def connection(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        yield connection


def head(path: str, size: int, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {size}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def read_reply(stream: Any) -> dict[str, Any]:
    line = stream.readline()
    while line.startswith(b"HTTP/1.1 100"):
        assert stream.readline() == b"\r\n"
        line = stream.readline()
    assert line.startswith(b"HTTP/1.1 200"), line
    length = 0
    while (header := stream.readline()) != b"\r\n":
        if header.lower().startswith(b"content-length:"):
            length = int(header.split(b":")[1])
    return dict(json.loads(stream.read(length)))


def trickle_until_answered(connection: socket.socket) -> None:
    connection.settimeout(0.05)
    answer = b""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answer and time.monotonic() < deadline:
        connection.sendall(b"x")
        try:
            answer = connection.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            continue
    connection.settimeout(120)
    assert answer, "it goes on for ever"


def told(body: bytes, *, is_fast: bool = True) -> dict[str, Any]:
    return {"size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "is_fast": is_fast}


@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)], ids=["plain", "expect"])
@pytest.mark.parametrize("size", SIZES)
def test_two_requests_one_after_the_other_both_arrive_whole(connection, size: int, expect: tuple[str, ...]):
    stream = connection.makefile("rb")
    for body in (os.urandom(size), os.urandom(1000)):
        connection.sendall(head("/read", len(body), *expect))
        connection.sendall(body)
        assert read_reply(stream) == told(body)


def test_a_small_body_that_came_with_its_request_is_at_hand_and_still_read(connection):
    stream = connection.makefile("rb")
    small, large, next_one = os.urandom(4096), os.urandom(4097), os.urandom(10)
    connection.sendall(head("/at-hand?limit=4096", len(small)) + small)
    assert read_reply(stream) == told(small) | {"at_hand": hashlib.sha256(small).hexdigest()}
    connection.sendall(head("/at-hand?limit=4096", len(large)) + large)
    assert read_reply(stream) == told(large) | {"at_hand": None}
    connection.sendall(head("/at-hand?limit=4096", 0) + head("/read", len(next_one)) + next_one)
    assert read_reply(stream) == told(b"") | {"at_hand": None}
    assert read_reply(stream) == told(next_one)


def test_a_small_body_that_has_not_come_whole_is_not_waited_for_and_not_lost(connection, log_file: Path):
    def looks() -> int:
        return log_file.read_text().count(LOOKED)

    stream = connection.makefile("rb")
    content, before = os.urandom(4096), looks()
    connection.sendall(head("/at-hand?limit=4096", len(content)) + content[:100])
    wait_until(lambda: looks() > before, "the application to look")
    connection.sendall(content[100:])
    assert read_reply(stream) == told(content) | {"at_hand": None}
    connection.sendall(head("/read", 10) + content[:10])
    assert read_reply(stream) == told(content[:10])


@pytest.mark.parametrize("size", SIZES)
def test_two_requests_sent_at_once_both_arrive_whole(connection, size: int):
    bodies = [os.urandom(size), os.urandom(1000), os.urandom(size)]
    connection.sendall(b"".join(head("/read", len(body)) + body for body in bodies))

    stream = connection.makefile("rb")
    assert [read_reply(stream) for _ in bodies] == [told(body) for body in bodies]


@pytest.mark.parametrize("size", [100, 8192, 60_000])
def test_what_the_application_left_unread_does_not_become_the_next_request(connection, size: int):
    body, second = os.urandom(size), os.urandom(500)
    connection.sendall(head("/part", size) + body + head("/read", 500) + second)

    stream = connection.makefile("rb")
    assert read_reply(stream) == told(body[:10])
    assert read_reply(stream) == told(second)


def test_a_body_dripping_in_arrives_whole(connection):
    body = os.urandom(5000)
    connection.sendall(head("/read", len(body)) + body[:7])
    for begin in range(7, 5000, 1000):
        time.sleep(0.01)  # so that the packets stay apart
        connection.sendall(body[begin : begin + 1000])

    assert read_reply(connection.makefile("rb")) == told(body)


def test_a_chunked_body_goes_through_the_server_and_the_next_request_follows(connection):
    body = os.urandom(100_000)
    framed = (
        b"".join(b"%x\r\n%s\r\n" % (1000, body[i : i + 1000]) for i in range(0, len(body), 1000))
        + b"0\r\n\r\n"
    )
    request = b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(request + framed + head("/read", 3) + b"abc")

    stream = connection.makefile("rb")
    assert read_reply(stream) == told(body, is_fast=False)
    assert read_reply(stream) == told(b"abc")


def test_a_drained_body_leaves_the_connection_clean(connection):
    body = os.urandom(2_000_000)
    connection.sendall(head("/drain?limit=3000000", len(body)) + body + head("/read", 3) + b"abc")

    stream = connection.makefile("rb")
    assert read_reply(stream) == {"drained": True}
    assert read_reply(stream) == told(b"abc")


def test_a_body_too_long_to_drain_ends_the_connection_after_the_reply(connection):
    connection.sendall(head("/drain?limit=1000", 100_000_000) + os.urandom(10_000))

    stream = connection.makefile("rb")
    assert read_reply(stream) == {"drained": False}
    assert stream.read(1) == b""


@pytest.mark.parametrize("framing", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
def test_a_body_that_only_trickles_is_not_drained_for_long(connection, framing: str):
    words = ["POST /drain?limit=5000&seconds=0.3 HTTP/1.1", "Host: x", framing, "", ""]
    connection.sendall("\r\n".join(words).encode() + (b"fff\r\n" if "chunked" in framing else b""))
    stream = connection.makefile("rb")
    trickle_until_answered(connection)

    assert read_reply(stream) == {"drained": False}


def test_a_peer_that_goes_away_cuts_the_body(connection):
    connection.sendall(head("/read", 5000) + b"only this")
    connection.shutdown(socket.SHUT_WR)

    assert "4991 bytes still to come" in read_reply(connection.makefile("rb"))["cut"]


def test_a_broken_chunk_cuts_the_body(connection):
    connection.sendall(b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")

    assert "framed" in read_reply(connection.makefile("rb"))["cut"]


@pytest.mark.parametrize("sent", [0, 9, 20_000])
def test_a_body_that_stalls_is_cut(connection, sent: int):
    connection.sendall(head("/stall?seconds=0.3", 50_000) + bytes(sent))

    assert "no byte came" in read_reply(connection.makefile("rb"))["cut"]


def test_a_body_that_only_trickles_is_cut_when_the_server_says_so(connection):
    connection.sendall(head("/slow?seconds=0.3", 5_000_000))
    stream = connection.makefile("rb")
    trickle_until_answered(connection)

    assert "too slow" in read_reply(stream)["cut"]


class Input:
    """The `wsgi.input` of some other server."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int) -> bytes:
        piece, self._content = self._content[: min(size, 7)], self._content[min(size, 7) :]
        return piece


def test_under_another_server_the_body_comes_through_its_input():
    body = RequestBody({"wsgi.input": Input(b"twelve bytes, and the next request"), "CONTENT_LENGTH": "12"})
    view = memoryview(bytearray(100))

    assert body.readinto(view) == 12
    assert bytes(view[:12]) == b"twelve bytes"
    assert (body.readinto(view), body.remaining) == (0, 0)


def test_under_another_server_a_short_body_is_cut_too():
    body = RequestBody({"wsgi.input": Input(b"short"), "CONTENT_LENGTH": "12"})
    with pytest.raises(BodyCut):
        body.readinto(memoryview(bytearray(100)))
