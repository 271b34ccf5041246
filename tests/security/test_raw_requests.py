"""S12, S13: what no client library would send, on real connections to a real gunicorn."""

import http.client
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest

from tests import nightly
from tests.running_gunicorn import gunicorn

PATIENCE_SECONDS = 60
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
OK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    log_file = tmp_path_factory.mktemp("gunicorn") / "log"
    with gunicorn("dfsweb.wsgi:application", threads=32, log_file=log_file) as port:
        yield "127.0.0.1", port


def answers(gateway: tuple[str, int], sent: bytes, source: str = "") -> list[int]:
    """Send bytes on a connection of their own; return the statuses of all replies until it is closed."""
    with socket.create_connection(gateway, PATIENCE_SECONDS, (source, 0)) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused, and perhaps reset, before all was sent
        came = b""
        try:
            while piece := connection.recv(65536):
                came += piece
        except ConnectionResetError:
            pass  # after its answer, under a sender
    return [int(status) for status in STATUS.findall(came)]  # the next one stands right behind a body


def request(head: str, *fields: str, body: bytes = b"") -> bytes:
    return "\r\n".join([head, *fields, "", ""]).encode("latin-1") + body


POST = "POST /api/v1/auth/tokens HTTP/1.1"
HOST = "Host: localhost"
SMUGGLED = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"
AMBIGUOUS = {
    "length and chunks": request(
        POST, HOST, "Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"
    ),
    "chunks and length": request(
        POST, HOST, "Transfer-Encoding: chunked", "Content-Length: 4", body=b"0\r\n\r\n"
    ),
    "two lengths": request(POST, HOST, "Content-Length: 0", "Content-Length: 40", body=SMUGGLED),
    "a list of lengths": request(POST, HOST, "Content-Length: 0, 40", body=SMUGGLED),
    "a signed length": request(POST, HOST, "Content-Length: +0", body=SMUGGLED),
    "a length with an underscore": request(POST, HOST, "Content-Length: 4_0", body=SMUGGLED),
    "a length in hex": request(POST, HOST, "Content-Length: 0x28", body=SMUGGLED),
    "chunked twice": request(POST, HOST, "Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "not chunked at its end": request(POST, HOST, "Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
    "an unknown coding": request(POST, HOST, "Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "a blank before the colon": request(POST, HOST, "Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    "a folded field": request(POST, HOST, "Transfer-Encoding:", " chunked", body=b"0\r\n\r\n"),
    "a bare line feed": f"{POST}\n{HOST}\nContent-Length: 0\n\n".encode(),
    "a bare carriage return": f"{POST}\r\n{HOST}\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n".encode()
    + b"0\r\n\r\n",
    "a NUL in a field": request(POST, HOST, "X: a\x00b"),
    "a field without a name": request(POST, HOST, ": chunked"),
    "a name with a blank": request(POST, HOST, "Transfer Encoding: chunked"),
    "a method with a blank in front": b" " + request(POST, HOST),
    "no version": b"GET /healthz\r\n\r\n",
    "another version": request("GET /healthz HTTP/9.9", HOST),
    "a chunk of negative length": request(
        POST, HOST, "Transfer-Encoding: chunked", body=b"-1\r\nx\r\n0\r\n\r\n"
    ),
    "a chunk with a blank length": request(
        POST, HOST, "Transfer-Encoding: chunked", body=b" \r\n\r\n0\r\n\r\n"
    ),
}


def test_s13_a_request_that_can_be_read_in_two_ways_is_refused_and_ends_its_connection(gateway):
    for what, sent in AMBIGUOUS.items():
        got = answers(gateway, sent + SMUGGLED)
        assert len(got) <= 1 and all(
            400 <= status < 500 or status == 501 or status == 505 for status in got
        ), (what, got)
    assert answers(gateway, OK) == [200]


def test_s13_hosts_and_addresses_are_taken_from_nowhere_else(gateway):
    for field in (
        "Host: evil.example",
        "Host: localhost@evil.example",
        "Host: localhost, evil.example",
        "Host:",
    ):
        assert answers(gateway, request("GET /api/v1/me HTTP/1.1", field))[0] == 400, field
    for field in (
        "X-Forwarded-Host: evil.example",
        "Forwarded: host=evil.example;proto=https",
        "X-Original-URL: /admin/",
        "X-Rewrite-URL: /admin/",
        "X-Forwarded-Prefix: //evil.example",
        "X_FORWARDED_HOST: evil.example",
    ):
        with socket.create_connection(gateway, timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(request("GET /files HTTP/1.1", HOST, field, "Connection: close"))
            reply = http.client.HTTPResponse(connection)
            reply.begin()
            assert reply.status in (301, 302, 400, 404), field
            assert b"evil" not in reply.read() and "evil" not in str(reply.headers), field
    for target in (
        "http://evil.example/api/v1/me",
        "//evil.example/api/v1/me",
        "/api/v1//me",
        "/api/v1/../v1/me",
    ):
        assert answers(gateway, request(f"GET {target} HTTP/1.1", HOST))[0] in (400, 401, 404), target
    assert answers(gateway, request("TRACE / HTTP/1.1", HOST))[0] == 405
    assert answers(gateway, request("CONNECT evil.example:443 HTTP/1.1", HOST))[0] in (400, 404, 405)


# Each goes on as slowly as it likes: of 500 at a byte a second others must not notice much.
SLOW = (
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    request(POST, HOST, "Content-Type: application/json", "Content-Length: 1000", body=b"{"),
    request(POST, HOST, "Content-Type: application/json", "Transfer-Encoding: chunked", body=b"fff\r\n{"),
)
SENDERS = nightly.count(45, 501)
OTHERS = nightly.count(20, 1000)
LONGEST_WAIT_SECONDS = 2 if nightly.IS_NIGHTLY else PATIENCE_SECONDS  # of 99 in 100 others
MOST_HELD_BYTES = 128 * 1024 * 1024


@contextmanager
def slow_senders(gateway: tuple[str, int]) -> Iterator[None]:
    over = threading.Event()
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(gateway, PATIENCE_SECONDS)) for _ in range(SENDERS)
        ]
        for number, connection in enumerate(connections):
            connection.sendall(SLOW[number % len(SLOW)])

        def send_on() -> None:
            while not over.wait(1):
                for connection in connections:
                    with suppress(OSError):  # it has been cut off
                        connection.send(b" ", socket.MSG_DONTWAIT)

        sending = threading.Thread(target=send_on)
        sending.start()
        try:
            yield
        finally:
            over.set()
            sending.join()


def memory_bytes() -> int:
    """What the servers that this test started hold."""
    servers = [one for one in psutil.Process().children(recursive=True) if "gunicorn" in one.cmdline()]
    assert servers
    return sum(one.memory_info().rss for one in servers)


def waited_seconds(gateway: tuple[str, int]) -> float:
    began = time.monotonic()
    assert answers(gateway, OK) == [200]
    return time.monotonic() - began


def test_s12_others_are_served_beside_slow_senders_in_bounded_memory(gateway):
    waited_seconds(gateway)  # all is loaded
    before = memory_bytes()
    with slow_senders(gateway):
        waits = sorted(waited_seconds(gateway) for _ in range(OTHERS))
        assert waits[OTHERS * 99 // 100] < LONGEST_WAIT_SECONDS
        assert memory_bytes() - before < MOST_HELD_BYTES


def test_s12_what_is_too_much_is_refused_beside_slow_senders(gateway):
    """CVE-2023-24580: each of any number of parts of a form was read."""
    with slow_senders(gateway):
        too_much = {
            "a long field": request("GET / HTTP/1.1", HOST, "X-Long: " + "x" * 100_000),
            "many fields": request("GET / HTTP/1.1", HOST, *[f"X-{number}: y" for number in range(2000)]),
            "a long address": request("GET /" + "a" * 100_000 + " HTTP/1.1", HOST),
            "many parts": form(parts=10_000),
            "blanks of base64": request(
                "POST /api/v1/uploads HTTP/1.1",
                HOST,
                "Tus-Resumable: 1.0.0",
                "Upload-Metadata: a " + " " * 8000,
            ),
        }
        for what, sent in too_much.items():
            got = answers(gateway, sent)
            assert got and 400 <= got[0] < 500, (what, got)
        assert answers(gateway, OK) == [200]


def form(*, parts: int) -> bytes:
    piece = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    body = piece * parts + b"--b--\r\n"
    kind = "Content-Type: multipart/form-data; boundary=b"
    return request("POST /sign-in HTTP/1.1", HOST, kind, f"Content-Length: {len(body)}", body=body)


def test_s12_a_body_shorter_than_it_says_stores_and_holds_nothing(gateway):
    for length in ("5", "99999999999", "9" * 30):
        got = answers(
            gateway,
            request(POST, HOST, "Content-Type: application/json", f"Content-Length: {length}", body=b"{"),
        )
        assert all(400 <= status < 500 for status in got), (length, got)
    assert answers(gateway, OK) == [200]
