"""Every line of a node's log has the id of the request that it was serving, and `-` when it served none."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from storagenode import direct
from tests.storagenode.running_node import RunningNode, wait_until
from tests.storagenode.signed_client import SignedClient, name_for
from tests.storagenode.test_direct import BODY, answer, spelled


def lines(node: RunningNode) -> list[dict[str, Any]]:
    whole, _, _being_written = node.log.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def rotten_chunk(node: RunningNode, client: SignedClient) -> str:
    name = name_for(BODY)
    assert client.ask("PUT", f"/v1/chunks/{name}", BODY).status == 201
    path = node.chunk_file(name)
    path.chmod(0o600)
    path.write_bytes(b"rot" + BODY[3:])
    return name


def test_what_a_store_says_has_the_id_of_the_request_that_found_it(node: RunningNode, client: SignedClient):
    name = rotten_chunk(node, client)
    body = json.dumps({"names": [name], "reason": "of the test"}).encode()

    assert client.ask("POST", "/v1/quarantine", body, **{"X-Request-Id": "who-asked"}).status == 200

    [line] = node.events("quarantined")
    assert line["request_id"] == "who-asked"


@pytest.mark.parametrize(("given", "is_kept"), [("a.sane-id_7", True), ("x" * 65, False)])
def test_so_it_has_on_the_short_way_which_takes_sane_ids_alone(
    node: RunningNode, client: SignedClient, given: str, is_kept: bool
):
    name = rotten_chunk(node, client)
    request = spelled(client, "PUT", name, BODY).replace(b"of-the-test", given.encode())
    assert bool(direct.PLAIN.match(request)) is is_kept

    with socket.create_connection(("127.0.0.1", node.port), timeout=120) as line:
        line.sendall(request)
        told = answer(line)

    [logged] = node.events("quarantined")
    assert told.status == 201
    assert logged["request_id"] == told.headers["x-request-id"]
    assert (logged["request_id"] == given) is is_kept


def test_what_cannot_be_read_has_its_own_id_and_not_that_of_the_request_before(
    node: RunningNode, client: SignedClient
):
    with socket.create_connection(("127.0.0.1", node.port), timeout=120) as line:
        line.sendall(spelled(client, "GET", name_for(BODY)))
        assert answer(line).headers["x-request-id"] == "of-the-test"
        line.sendall(b"GET /\x00 nonsense\r\n\r\n")
        told = answer(line)

    [logged] = node.events("unreadable_request")
    assert logged["request_id"] == told.headers["x-request-id"] == told.json["request_id"]
    assert len(logged["request_id"]) == 32
    assert "of-the-test" not in {each["request_id"] for each in lines(node)}


def test_what_no_request_caused_has_none(node: RunningNode, client: SignedClient):
    wait_until(lambda: node.events("keys_received"), "the node's keys")

    assert {line["request_id"] for line in lines(node) if line["event"] in ("serving", "keys_received")} == {
        "-"
    }
    assert all("request_id" in line for line in lines(node))
