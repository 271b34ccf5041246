"""What gateways ask all day is answered past gunicorn's parser just as through it, however it comes."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from storagenode import direct
from storagenode.serving import THREADS
from tests.running_gunicorn import gunicorn
from tests.storagenode.running_node import RunningNode
from tests.storagenode.signed_client import Answer, SignedClient, name_for

BODY = bytes(range(256)) * 16


@pytest.fixture
def line(node: RunningNode, client: SignedClient) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", node.port), timeout=120) as line:
        yield line


def spelled(client: SignedClient, method: str, name: str, body: bytes = b"", *, key: bytes = b"") -> bytes:
    """Write a request as gateways do."""
    path = f"/v1/chunks/{name}"
    changes = {"key": key} if key else {}
    signed = client.headers_for(method, path, body, **changes)
    fields = {"Host": f"127.0.0.1:{client.port}", **signed, "X-Request-Id": "of-the-test"}
    if method == "PUT":
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def answer(line: socket.socket) -> Answer:
    """Read one answer and nothing of the next."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = line.recv(1)
        assert piece, f"the connection ended after {head!r}"
        head += piece
    status, *fields = head.decode().strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    content = b""
    while len(content) < int(headers["content-length"]):
        content += line.recv(int(headers["content-length"]) - len(content))
    return Answer(int(status.split()[1]), headers, content)


def test_a_chunk_goes_and_comes_back(line: socket.socket, client: SignedClient) -> None:
    name = name_for(BODY)
    for status in (201, 200):
        request = spelled(client, "PUT", name, BODY)
        assert direct.PLAIN.match(request)
        line.sendall(request)
        assert answer(line).status == status
    request = spelled(client, "GET", name)
    assert direct.PLAIN.match(request)
    line.sendall(request)
    told = answer(line)
    assert (told.status, told.content, told.headers["x-request-id"]) == (200, BODY, "of-the-test")
    assert (told.headers["connection"], told.headers["content-type"]) == (
        "keep-alive",
        "application/octet-stream",
    )


def test_a_chunk_larger_than_a_packet_goes_and_comes_back(line: socket.socket, client: SignedClient) -> None:
    large = BODY * 300
    name = name_for(large)
    line.sendall(spelled(client, "PUT", name, large))
    assert answer(line).status == 201
    line.sendall(spelled(client, "GET", name))
    assert answer(line).content == large


def test_requests_that_come_together_are_answered_one_after_the_other(
    line: socket.socket, client: SignedClient
) -> None:
    name = name_for(BODY)
    put, get = spelled(client, "PUT", name, BODY), spelled(client, "GET", name)
    status = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\n\r\n".encode()
    line.sendall(put + get + status + get)
    assert [answer(line).status for _ in range(4)] == [201, 200, 200, 200]


@pytest.mark.parametrize("cut", [1, 40, 200, -len(BODY) - 1, -len(BODY), -1])
def test_a_request_that_comes_in_two_pieces_is_answered(
    line: socket.socket, client: SignedClient, cut: int
) -> None:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    name = name_for(BODY)
    request = spelled(client, "PUT", name, BODY)
    line.sendall(request[:cut])
    assert client.ask("GET", "/v1/status").status == 200  # meanwhile
    line.sendall(request[cut:])
    assert answer(line).status == 201


def test_what_is_refused_leaves_the_connection_clean(line: socket.socket, client: SignedClient) -> None:
    name, wrong = name_for(BODY), name_for(b"other bytes")
    line.sendall(spelled(client, "PUT", name, BODY, key=b"another key"))
    assert (answer(line).status, name) == (401, name)
    line.sendall(spelled(client, "GET", name))
    assert answer(line).status == 404
    request = spelled(client, "PUT", wrong, b"other bytes").replace(b"other bytes", b"wrong bytes")
    line.sendall(request)
    assert answer(line).status == 422
    line.sendall(spelled(client, "PUT", name, BODY))
    assert answer(line).status == 201


def test_who_announces_more_than_a_chunk_may_have_is_refused_and_cut_off(
    line: socket.socket, client: SignedClient
) -> None:
    request = spelled(client, "PUT", name_for(BODY), BODY)
    line.sendall(request.replace(b"Content-Length: 4096", b"Content-Length: 900000000"))
    told = answer(line)
    assert (told.status, told.headers["connection"]) == (413, "close")
    assert line.recv(1) == b""


def test_a_sender_that_goes_away_in_the_middle_leaves_nothing(
    node: RunningNode, line: socket.socket, client: SignedClient
) -> None:
    name = name_for(BODY)
    line.sendall(spelled(client, "PUT", name, BODY)[:-10])
    line.shutdown(socket.SHUT_WR)
    with http.client.HTTPResponse(line) as told:
        told.begin()
        assert told.status == 400
    assert client.ask("GET", f"/v1/chunks/{name}").status == 404


def test_gateways_that_stand_still_in_the_middle_of_an_answer_give_all_threads_back(
    node: RunningNode, client: SignedClient
) -> None:
    large = BODY * 2048  # more than sockets hold
    name = name_for(large)
    assert client.ask("PUT", f"/v1/chunks/{name}", large).status == 201
    with ExitStack() as standing:
        for _ in range(THREADS):
            line = standing.enter_context(socket.socket())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(("127.0.0.1", node.port))
            line.sendall(spelled(client, "GET", name))
            assert line.recv(1)

        with socket.create_connection(("127.0.0.1", node.port), timeout=120) as line:
            line.sendall(spelled(client, "GET", name_for(b"not there")))
            assert answer(line).status == 404


def test_connections_are_kept_only_while_there_is_room_for_new_ones(
    client: SignedClient, tmp_path: Path
) -> None:
    request = spelled(client, "GET", name_for(BODY))
    application = "tests.storagenode.thread_application:application"
    worker = "storagenode.direct.DirectWorker"
    most = 16
    with (
        gunicorn(application, threads=8, log_file=tmp_path / "log", worker=worker, connections=most) as port,
        ExitStack() as kept,
    ):
        told = []
        for _ in range(most):
            line = kept.enter_context(socket.create_connection(("127.0.0.1", port), timeout=120))
            line.sendall(request)
            told.append(answer(line).headers["connection"])
    assert told[0] == "keep-alive"
    assert "close" in told


@pytest.mark.parametrize(
    "other",
    [
        lambda request: request.replace(b"PUT /", b"POST /"),
        lambda request: request.replace(b"HTTP/1.1", b"HTTP/1.0"),
        lambda request: request.replace(b"Content-Length", b"Transfer-Encoding: chunked\r\nContent-Length"),
        lambda request: request.replace(b"Content-Length: ", b"Content-Length: +"),
        lambda request: request.replace(b"\r\nX-Request-Id", b"\r\nExpect: 100-continue\r\nX-Request-Id"),
        lambda request: request.replace(b"\r\nHost", b"\nHost"),
        lambda request: request.replace(b"/v1/chunks/", b"/v1/chunks/../chunks/"),
    ],
)
def test_any_other_spelling_is_left_to_gunicorn(client: SignedClient, other) -> None:
    request = spelled(client, "PUT", name_for(BODY), BODY)
    assert direct.PLAIN.match(request)
    assert direct.PLAIN.match(other(request)) is None
