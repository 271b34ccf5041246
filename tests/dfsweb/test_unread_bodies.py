"""A request refused before its body was read, on real connections to a real gunicorn."""

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.running_gunicorn import gunicorn

MEBIBYTE = 1024 * 1024
ADDRESS = "/api/v1/auth/tokens/00000000-0000-4000-8000-000000000000"  # nobody is signed in: 401, body unread


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    log_file = tmp_path_factory.mktemp("gunicorn") / "log"
    with gunicorn("dfsweb.wsgi:application", threads=8, log_file=log_file) as port:
        yield "127.0.0.1", port


@pytest.fixture
def connection(gateway: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(gateway, timeout=120) as made:
        yield made


def head(method: str, *fields: str) -> bytes:
    return "\r\n".join([f"{method} {ADDRESS} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def read(connection: socket.socket) -> http.client.HTTPResponse:
    reply = http.client.HTTPResponse(connection)
    reply.begin()
    reply.read()
    return reply


def send_quietly(connection: socket.socket, data: bytes) -> None:
    """Send until all is out or the peer has closed."""
    try:
        connection.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        return


def ask_health(connection: socket.socket) -> int:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return read(connection).status


def test_a_short_body_is_dropped_and_the_connection_goes_on(connection):
    for _ in range(2):
        connection.sendall(head("DELETE", f"Content-Length: {MEBIBYTE}") + bytes(MEBIBYTE))
        reply = read(connection)
        assert (reply.status, reply.will_close) == (401, False)

    assert ask_health(connection) == 200


def test_a_body_that_looks_like_a_request_is_not_taken_for_one(connection):
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    connection.sendall(head("DELETE", f"Content-Length: {len(smuggled)}") + smuggled)

    assert read(connection).status == 401
    connection.settimeout(0.5)
    with pytest.raises(TimeoutError):
        connection.recv(1)


def test_a_short_chunked_body_is_dropped_too(connection):
    connection.sendall(head("DELETE", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n")

    assert read(connection).status == 401
    assert ask_health(connection) == 200


@pytest.mark.parametrize("framing", ["Content-Length: 67108864", "Transfer-Encoding: chunked"])
def test_a_long_body_ends_the_connection_and_the_client_still_sees_why(connection, framing):
    body = bytes(64 * MEBIBYTE) if "Length" in framing else b"4000000\r\n" + bytes(64 * MEBIBYTE)
    connection.sendall(head("DELETE", framing))
    sender = threading.Thread(target=send_quietly, args=(connection, body))
    sender.start()

    reply = read(connection)

    assert (reply.status, reply.will_close) == (401, True)
    sender.join(120)
    assert not sender.is_alive()


def test_a_body_that_was_read_leaves_the_connection_open(connection):
    body = b'{"username": "nobody"}'
    request = f"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    connection.sendall(request.encode() + b"Content-Type: application/json\r\n\r\n" + body)

    reply = read(connection)

    assert (reply.status, reply.will_close) == (422, False)
    assert ask_health(connection) == 200


def test_json_that_is_too_long_is_not_read_to_its_end(connection):
    length = 64 * MEBIBYTE
    request = f"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
    connection.sendall(request.encode() + b"Content-Type: application/json\r\n\r\n")
    sender = threading.Thread(target=send_quietly, args=(connection, b'"' + b"x" * (length - 1)))
    sender.start()

    reply = read(connection)

    assert (reply.status, reply.will_close) == (413, True)
    sender.join(120)
