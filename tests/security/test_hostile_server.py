"""S25: whatever comes from a server, the client ends in an answer or in an error of its own."""

import io
import json
import socket
import socketserver
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import strategies as st

from dfsclient import Client, Retries
from dfsclient.errors import BadReply, DfsError
from tests import nightly
from tests.security.fuzzing import JSON, fuzzed, made_of, places, put
from tests.security.test_client_parsers import ENTRY, TOKEN
from tests.serving import serving

RUNS = nightly.count(30, 5_000)
END = b"\r\n\r\n"
WITHOUT_REST = Retries(sleep=lambda seconds: None)
HEADS = made_of(
    *("HTTP/1.1 ", "200 ", "206 ", "302 ", "404 ", "503 ", "100 ", "\r\n", "\n", ":", " ", "\x00", "\xff"),
    *("Content-Length: ", "5", "-1", "9" * 30, "5, 6", "Transfer-Encoding: chunked\r\n\r\n", "zz\r\n"),
    *("Content-Encoding: gzip\r\n", "Retry-After: ", "Location: http://[", "Location: //evil/", "ETag: "),
    *("Content-Range: bytes 0-8/9\r\n", "Upload-Offset: 3\r\n", "X: " + "x" * 70_000, "\r\n\r\n", "{}"),
)


class Hostile(socketserver.ThreadingTCPServer):
    """Answers each request with the next of some bytes and says no more; the last ones for ever."""

    daemon_threads = True
    block_on_close = False  # whoever has not understood its answer may keep the connection

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers: list[bytes] = []
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        asked = b""
        with suppress(OSError):
            while END not in asked:
                if not (piece := self.request.recv(65536)):
                    return
                asked += piece
            self.server.asked += 1
            answers = self.server.answers
            self.request.sendall(answers.pop(0) if len(answers) > 1 else answers[0])
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(65536):
                pass


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with serving(Hostile()) as server:
        yield server


def told(body: object, *fields: str, status: str = "200 OK") -> bytes:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = "".join(
        f"{line}\r\n"
        for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(text)}", "Connection: close", *fields)
    )
    return head.encode("latin-1") + b"\r\n" + text


def ask_all(hostile: Hostile, answers: list[bytes]) -> None:
    """Do with a client all that reads much; each ends, and in an error of the client's if in any."""
    with TemporaryDirectory() as folder:
        large = Path(folder, "large")
        large.write_bytes(bytes(2 * 1024 * 1024))
        for ask in (
            lambda client: client.entry("/a"),
            lambda client: list(islice(client.list("/"), 5)),
            lambda client: client.download("/a", Path(folder, "a")),
            lambda client: client.upload(large, "/large"),
            lambda client: client.upload(io.BytesIO(bytes(5)), "/small"),
            lambda client: client.upload(io.BytesIO(bytes(2 * 1024 * 1024)), "/stream"),
            lambda client: client.is_same(large, "/a"),
            lambda client: client.verify("/a"),
            lambda client: client.cluster(),
            lambda client: client.sign_in("ada", "secret", name="x"),
        ):
            hostile.answers, hostile.asked = list(answers), 0
            with closing(Client(hostile.url, "dfs_x", retries=WITHOUT_REST)) as client, suppress(DfsError):
                ask(client)
            assert hostile.asked


@fuzzed(head=HEADS, runs=RUNS)
def test_s25_a_reply_that_is_hardly_http_is_an_error_of_the_client(hostile: Hostile, head: str):
    sent = head.encode(errors="replace")
    for raw in (sent, b"HTTP/1.1 " + sent, b"HTTP/1.1 200 OK\r\n" + sent):
        ask_all(hostile, [raw])
        ask_all(hostile, [told(ENTRY), raw])


@fuzzed(place=st.integers(0, 2**63), value=JSON, runs=RUNS)
def test_s25_a_reply_with_something_odd_in_it_is_an_error_of_the_client_or_is_passed_over(
    hostile: Hostile, place: int, value: object
):
    page = {"results": [ENTRY], "next": "/api/v1/entries?cursor=x"}
    manifest = {"size": 9, "chunks": [{"length": 9, "blake3": "ab", "replicas": [{"state": "stored"}]}]}
    whole = ENTRY | TOKEN | page | manifest | {"good_copies": 1, "next_offset": 5, "title": "t", "code": "c"}
    ways = places(whole)
    odd = put(whole, ways[place % len(ways)], value)
    for status in ("200 OK", "409 Conflict"):
        ask_all(hostile, [told(odd, status=status)])
        ask_all(hostile, [told(ENTRY), told(odd, status=status)])


@pytest.mark.parametrize(
    "answer",
    [
        told(b"[" * 100_000),
        told(b"9" * 5000),
        told(b"[" * 100_000, status="409 Conflict"),
        told(b"9" * 5000, status="409 Conflict"),
        told(b"\xff\xfe\x00", status="409 Conflict"),
        told(b"no gzip", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{",
        told({"results": [], "next": "http://["}),
        told(ENTRY | {"id": "\ud800"}),
        told(TOKEN | {"token": "a\r\nX: b"}),
        told(TOKEN | {"token": "\u2192"}),
        told(TOKEN | {"scopes": 5}),
    ],
)
def test_s25_a_reply_that_no_server_should_send_is_an_error_of_the_client(hostile: Hostile, answer: bytes):
    ask_all(hostile, [answer])
    ask_all(hostile, [told(ENTRY), answer])


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: list(client.trashed()),
        lambda client: client.verify(client.entry("/a")),
    ],
)
def test_s25_a_server_that_leads_in_a_circle_is_a_bad_reply(hostile: Hostile, ask):
    hostile.answers = [
        told(
            ENTRY
            | {"results": [], "next": "/api/v1/entries?cursor=x"}
            | {"chunks": [], "good_copies": 0, "next_offset": 4}
        )
    ]
    with closing(Client(hostile.url, "dfs_x", retries=WITHOUT_REST)) as client, pytest.raises(BadReply):
        ask(client)
