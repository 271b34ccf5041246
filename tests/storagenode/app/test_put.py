"""PUT over HTTP: lengths, refusals that leave the connection usable, and request ids."""

from __future__ import annotations

import socket

import pytest
from blake3 import blake3

from tests.storagenode.running_node import RunningNode, wait_until
from tests.storagenode.signed_client import SignedClient, name_for


def test_a_chunk_without_a_length_is_refused(client: SignedClient):
    name = name_for(b"abc")
    path = f"/v1/chunks/{name}"
    headers = client.headers_for("PUT", path, b"abc") | {"Transfer-Encoding": "chunked"}
    client.connection.request("PUT", path, iter([b"abc"]), headers, encode_chunked=True)
    reply = client.connection.getresponse()

    assert (reply.status, reply.read() != b"") == (411, True)
    assert client.ask("GET", "/v1/status").status == 200


def test_a_chunk_longer_than_64_mib_is_refused_before_it_is_sent(node: RunningNode, client: SignedClient):
    name = name_for(b"")
    path = f"/v1/chunks/{name}"
    headers = client.headers_for("PUT", path) | {"Content-Length": str(64 * 1024 * 1024 + 1), "Host": "x"}
    text = f"PUT {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
    with socket.create_connection(("127.0.0.1", node.port), timeout=120) as connection:
        connection.sendall(text.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


def test_a_refused_chunk_of_the_usual_size_leaves_the_connection_clean(client: SignedClient):
    data = bytes(4 * 1024 * 1024)
    wrong = blake3(b"other").hexdigest() + name_for(b"")[64:]

    assert client.put(wrong, data).status == 422
    kept = client.connection.sock
    assert client.send("PUT", f"/v1/chunks/{wrong}", data).status == 401
    assert client.ask("GET", "/v1/status").status == 200
    assert client.connection.sock is kept


def test_a_chunk_longer_than_one_buffer_is_stored(client: SignedClient):
    data = bytes(range(256)) * 40_000
    name = name_for(data)

    assert client.put(name, data).status == 201
    assert client.ask("GET", f"/v1/chunks/{name}").content == data


def test_a_chunk_cut_off_in_the_middle_leaves_nothing(node: RunningNode, client: SignedClient):
    data = bytes(100_000)
    name = name_for(data)
    headers = client.headers_for("PUT", f"/v1/chunks/{name}", data) | {
        "Content-Length": "100000",
        "Host": "x",
    }
    text = (
        f"PUT /v1/chunks/{name} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
    )
    with socket.create_connection(("127.0.0.1", node.port), timeout=120) as connection:
        connection.sendall(text.encode() + data[:5000])
        wait_until(lambda: list((node.data / "tmp").iterdir()), "a temporary file")
    wait_until(lambda: not list((node.data / "tmp").iterdir()), "an empty tmp folder")

    assert client.ask("GET", f"/v1/chunks/{name}").status == 404


@pytest.mark.parametrize(("given", "is_kept"), [("abc-123", True), ("a b", False), ("x" * 65, False)])
def test_a_sane_request_id_is_kept_in_reply_and_log(
    node: RunningNode, client: SignedClient, given: str, is_kept: bool
):
    answer = client.send("GET", "/v1/status", headers={"X-Request-Id": given})

    assert (answer.headers["x-request-id"] == given) is is_kept
    logged = [line["request_id"] for line in node.events("request_failed")]
    assert answer.headers["x-request-id"] in logged


def test_no_secret_reaches_the_log(node: RunningNode, client: SignedClient):
    client.send("GET", "/v1/status", headers={"Authorization": "Bearer canary-token"})
    client.send("GET", "/v1/status?token=canary-token")
    text = node.log.read_text()

    assert "canary-token" not in text
    assert client.key.hex() not in text
    assert "join-token-of-the-tests" not in text
