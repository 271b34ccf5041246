"""Requests that lie, break off or are refused, sent by hand: a clear answer, never a 500."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping

import pytest
import requests

from files.serializers import LONGEST_CURSOR
from tests.cluster import audit
from tests.cluster.client import TUS, Client
from tests.cluster.conftest import MIB
from tests.cluster.wire import Wire
from tests.system import System

pytestmark = pytest.mark.cluster

PATCHING = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
GARBAGE = b"\x16\x03\x01 not what was promised \r\n\r\n" * 50


def exchange(
    client: Client,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    token: str | None = None,
) -> tuple[int, dict[str, str], bytes, bool]:
    """One request by hand; tells also whether the connection is in step afterwards, or was ended cleanly."""
    with Wire(client.url, client.token if token is None else token) as wire:
        wire.begin(method, target, headers)
        wire.send_all_it_takes(body)
        status, told, content = wire.reply(method)
        if told.get("connection", "").lower() == "close":
            return status, told, content, wire.is_closed_by_peer()
        if token is not None:  # nobody's token: the next request is refused as itself
            wire.begin("GET", "/me")
            return status, told, content, wire.reply()[0] == 401
        return status, told, content, wire.is_usable()


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


# --- lies -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sent", [0, 1, 70_000, 5 * MIB])
def test_a_body_shorter_than_its_length_stores_nothing(client: Client, sent: int) -> None:
    with Wire(client.url, client.token) as wire:
        wire.begin("PUT", "/content/short.bin", {"Content-Length": str(6 * MIB)})
        wire.send(os.urandom(sent))
        wire.end_sending()
        status, _, body = wire.reply()
        assert status == 400
        assert b'"upload_cut"' in body
        assert wire.is_closed_by_peer()
    assert client.is_absent("short.bin")


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: -1",
        "Content-Length: five",
        "Content-Length: 5, 6",
        "Transfer-Encoding: gzip, somehow",
        "X-Huge: " + "h" * 100_000,
        "\r\n".join(f"X-Many-{number}: x" for number in range(500)),
    ],
    ids=lambda headers: headers[:40].replace("\r\n", " "),
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(client: Client, headers: str) -> None:
    with Wire(client.url, client.token) as wire:
        head = (
            f"PUT /api/v1/content/two-ways.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Token {client.token}\r\n"
        )
        wire.send_all_it_takes(f"{head}{headers}\r\n\r\nhello".encode())
        status, told, body = wire.reply()
        assert 400 <= status < 500 or status == 501
        assert wire.is_closed_by_peer()
    assert told["content-type"] == "application/problem+json"
    problem = json.loads(body)
    assert (problem["status"], problem["request_id"]) == (status, told["x-request-id"])
    assert client.is_absent("two-ways.bin")


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\nhello\r\n0\r\n\r\n",
        chunked(b"hello")[:-2] + b"XX0\r\n\r\n",
        b"5\r\nhello world, far more than five\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        GARBAGE,
    ],
)
def test_a_body_that_is_not_chunked_as_it_says_stores_nothing(client: Client, body: bytes) -> None:
    with Wire(client.url, client.token) as wire:
        wire.begin("PUT", "/content/garbled.bin", {"Transfer-Encoding": "chunked"})
        wire.send_all_it_takes(body)
        wire.end_sending()
        status, _, _ = wire.reply()
        assert status == 400
    assert client.is_absent("garbled.bin")


def test_a_chunked_body_that_breaks_off_stores_nothing(client: Client) -> None:
    with Wire(client.url, client.token) as wire:
        wire.begin("PUT", "/content/broken.bin", {"Transfer-Encoding": "chunked"})
        wire.send(chunked(os.urandom(5 * MIB)))
        wire.end_sending()
        status, _, _ = wire.reply()
        assert status == 400
    assert client.is_absent("broken.bin")


@pytest.mark.parametrize("header", ["Repr-Digest", "Content-Digest"])
def test_bytes_that_are_not_those_of_their_digest_are_refused(client: Client, header: str) -> None:
    used = client.used_bytes()
    digest = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    body = os.urandom(5 * MIB)
    headers = {header: f"sha-256=:{digest}:", "Content-Length": str(len(body))}
    status, _, content, is_in_step = exchange(client, "PUT", "/content/wrong.bin", headers, body)
    assert (status, b'"digest_mismatch"' in content, is_in_step) == (422, True, True)
    assert client.is_absent("wrong.bin")
    assert client.used_bytes() == used


def test_the_longest_search_and_cursor_fit_into_an_address(client: Client) -> None:
    reply = client.call("GET", "/entries", params={"q": "🙂" * 255, "cursor": "0" * LONGEST_CURSOR})

    assert reply.json()["code"] == "bad_cursor", reply.text


def test_two_requests_in_one_packet_are_answered_one_by_one(client: Client) -> None:
    with Wire(client.url, client.token) as wire:
        head = f"HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Token {client.token}\r\n"
        first = f"PUT /api/v1/content/piped.bin {head}Content-Length: 5\r\n\r\nhello"
        wire.send(f"{first}GET /api/v1/me {head}\r\n".encode())
        assert wire.reply()[0] == 201
        status, _, body = wire.reply()
        assert (status, b'"root_id"' in body) == (200, True)
    assert client.read("piped.bin") == b"hello"


# --- refusals while a body is on its way ----------------------------------------------------------------
@pytest.mark.parametrize("size", [10, 500_000, 9 * MIB])
@pytest.mark.parametrize("refusal", ["not signed in", "no such folder", "precondition", "no such upload"])
def test_a_refused_body_leaves_the_status_and_a_connection_in_step(
    client: Client, refusal: str, size: int
) -> None:
    body = GARBAGE * (size // len(GARBAGE) + 1)
    length = {"Content-Length": str(len(body))}
    if refusal == "not signed in":
        status, _, _, is_in_step = exchange(client, "PUT", "/content/a.bin", length, body, token="nobody")
        assert status == 401
    elif refusal == "no such folder":
        status, _, _, is_in_step = exchange(client, "PUT", "/content/nowhere/a.bin", length, body)
        assert status == 404
    elif refusal == "precondition":
        client.store("there.bin", b"kept")
        headers = length | {"If-None-Match": "*"}
        status, _, _, is_in_step = exchange(client, "PUT", "/content/there.bin", headers, body)
        assert status == 412
        assert client.read("there.bin") == b"kept"
    else:
        target = "/uploads/00000000-0000-4000-8000-000000000000"
        status, _, _, is_in_step = exchange(client, "PATCH", target, PATCHING | length, body)
        assert status == 404
    assert is_in_step


# --- quota ----------------------------------------------------------------------------------------------
@pytest.fixture
def poor(system: System, client: Client) -> Client:
    """Somebody with room for 6 MiB."""
    name = f"poor-{os.urandom(4).hex()}"
    account = {"username": name, "email": f"{name}@example.org", "password": "a long enough phrase"}
    reply = requests.post(f"{system.url}/api/v1/auth/register", json=account, timeout=120)
    assert reply.status_code == 201, reply.text
    reply = requests.post(f"{system.url}/api/v1/auth/tokens", json=account | {"name": "edge"}, timeout=120)
    assert reply.status_code == 201, reply.text
    owner = Client(system.url, reply.json()["token"])
    owner.store("own.bin", b"x" * 1000)  # the row of figures is made by the first charge
    audit.query(
        system,
        "UPDATE accounts_usage SET quota_bytes = %s"
        " WHERE user_id = (SELECT id FROM accounts_user WHERE username = %s)",
        [6 * MIB, name],
    )
    return owner


def test_what_does_not_fit_is_refused_before_and_after_its_bytes(poor: Client) -> None:
    with poor:
        used = poor.used_bytes()
        length = {"Content-Length": str(9 * MIB)}
        status, _, content, is_in_step = exchange(poor, "PUT", "/content/a.bin", length, os.urandom(9 * MIB))
        assert (status, b'"quota_exceeded"' in content, is_in_step) == (507, True, True)

        with Wire(poor.url, poor.token) as wire:
            wire.begin("PUT", "/content/b.bin", {"Transfer-Encoding": "chunked"})
            for _ in range(9):
                wire.send_all_it_takes(chunked(os.urandom(MIB)))
            wire.send_all_it_takes(b"0\r\n\r\n")
            status, _, content = wire.reply()
            assert (status, b'"quota_exceeded"' in content) == (507, True)
        assert poor.is_absent("a.bin")
        assert poor.is_absent("b.bin")
        assert poor.used_bytes() == used
        assert poor.put("c.bin", b"fits").status_code == 201
