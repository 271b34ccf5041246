"""What a node answers is read as HTTP, or refused as no reply."""

import socket
from uuid import uuid4

import pytest
from blake3 import blake3

from nodes import client, wire
from nodes.exchange import Fetch
from nodes.models import Node
from nodes.roster import NodeView
from storagenode import direct
from storagenode.protocol.names import chunk_name


def test_a_head_tells_its_status_its_length_and_whether_the_connection_ends():
    told = wire._parse(b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nConnection: Close")

    assert (told.status, told.length, told.will_close) == (201, 12, True)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1",
        b"HTTP/1.1 OK",
        b"HTTP/1.1 200 OK\r\nContent-Length: many",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
    ],
)
def test_what_is_no_reply_is_refused(head: bytes):
    with pytest.raises(wire.WireError):
        wire._parse(head)


def test_a_chunk_is_asked_for_and_sent_as_nodes_read_it_at_once():
    """Any other spelling would be answered as well, at twice the cost."""
    body = memoryview(b"some bytes")
    digest, replica_id = blake3(body).digest(), uuid4()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        view = NodeView(
            id=-listener.getsockname()[1],  # nobody else's
            name="node",
            store_id=str(uuid4()),
            host="127.0.0.1",
            port=listener.getsockname()[1],
            key=b"k" * 32,
            zone="",
            duty=Node.Duty.ACTIVE,
            health=Node.Health.ONLINE,
            free_bytes=2**30,
            latency_ms=0.0,
            is_long_absent=False,
            returned_at=None,
        )
        for ask in (
            lambda: client.begin_put(view, chunk_name(digest, replica_id), body),
            lambda: Fetch(view, digest=digest, replica_id=replica_id, size=len(body)),
        ):
            exchange = ask()
            with listener.accept()[0] as connection:
                assert direct.PLAIN.match(connection.recv(10_000))
            exchange.abandon()
