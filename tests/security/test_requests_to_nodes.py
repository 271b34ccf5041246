"""S10: the gateway speaks to addresses in NODE_NETWORKS alone, whatever it is told, wherever names lead."""

import ipaddress
import socket
import threading
from contextlib import contextmanager

import pytest

from nodes import client, membership, wire
from nodes.errors import JoinRefused, NodeError
from nodes.roster import NodeView

ELSEWHERE = [
    *(
        "http://169.254.169.254/latest/meta-data",
        "http://169.254.169.254",
        "http://[fd00:ec2::254]",
        "http://10.0.0.1",
    ),
    *(
        "http://192.168.0.1:8000",
        "http://172.16.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://1.1.1.1",
        "http://8.8.8.8:80",
    ),
    *(
        "http://2852039166",
        "http://0xa9fea9fe",
        "http://0251.0376.0251.0376",
        "http://169.254.43518",
        "http://3232235521",
    ),
    *(
        "http://[::ffff:169.254.169.254]",
        "http://[64:ff9b::a9fe:a9fe]",
        "http://[fe80::1]",
        "http://224.0.0.1",
    ),
    *(
        "https://127.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/_x",
        "dict://127.0.0.1:11211",
    ),
    *(
        "unix:///run/docker.sock",
        "http://127.0.0.1:80@evil.example",
        "http://evil.example#@127.0.0.1",
        "//127.0.0.1",
    ),
    *(
        "http://127.0.0.1/..",
        "http://127.0.0.1:1/v1/status",
        "http://127.0.0.1?x",
        "http://127.0.0.1\r\nX: y",
        "http:// ",
    ),
    *(
        "http://",
        "",
        "127.0.0.1",
        "http://[::1",
        "http://127.0.0.1:99999",
        "http://" + "a" * 300,
        "http://\x00",
    ),
]


def refused(url: str) -> bool:
    try:
        membership.check_address(url)
    except JoinRefused:
        return True
    return False


def test_s10_an_address_elsewhere_is_refused_however_it_is_written(settings):
    """Names that need a resolver of the internet are not among them: they are refused where they lead."""
    settings.NODE_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    assert len(ELSEWHERE) >= 40
    assert [url for url in ELSEWHERE if not refused(url)] == []
    assert not refused("http://127.0.0.1:8100") and not refused("http://localhost:8100")


@contextmanager
def trap(reply: bytes = b""):
    """Listen on loopback; yields the port and the bytes that came."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                while True:
                    peer, _ = listener.accept()
                    with peer:
                        peer.settimeout(5)
                        came.append(peer.recv(65536))
                        if came[-1]:
                            peer.sendall(reply)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], came
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_s10_a_name_that_leads_elsewhere_later_gets_no_byte(settings):
    """As when the answer of a name server changes after the node has joined."""
    with trap() as (port, came):
        settings.NODE_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]
        with pytest.raises(wire.WireError, match="lies outside NODE_NETWORKS"):
            wire.Connection("localhost", port)
    assert b"".join(came) == b""


def view_of(port: int) -> NodeView:
    return NodeView(
        id=1,
        name="a",
        store_id="s",
        host="127.0.0.1",
        port=port,
        key=b"k" * 32,
        zone="a",
        duty="active",
        health="online",
        free_bytes=1,
        latency_ms=1.0,
        is_long_absent=False,
        returned_at=None,
    )


def test_s10_a_redirect_is_an_error_and_never_followed():
    with trap() as (other, came):
        place = f"http://127.0.0.1:{other}/v1/status".encode()
        reply = (
            b"HTTP/1.1 302 Found\r\nLocation: "
            + place
            + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        with trap(reply) as (port, _), pytest.raises(NodeError):
            client.fetch_status(view_of(port))
    assert came == []
