"""The faults that other tests rely on happen as they are told, and are counted."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from tests.fault_proxy import FaultProxy
from tests.serving import serving
from tests.storagenode.running_node import wait_until


class Echo(socketserver.ThreadingTCPServer):
    """Sends back what it receives, to any number of clients."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), EchoOne)
        self.port = self.server_address[1]
        self.received = 0


class EchoOne(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while piece := self.request.recv(65536):
                self.server.received += len(piece)
                self.request.sendall(piece)
        except ConnectionError:
            return


@pytest.fixture
def echo() -> Iterator[Echo]:
    with serving(Echo()) as echo:
        yield echo


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    with FaultProxy(echo.port) as proxy:
        yield proxy


def dial(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), 120)


def receive(client: socket.socket, count: int) -> bytes:
    came = b""
    while len(came) < count and (piece := client.recv(count - len(came))):
        came += piece
    return came


def test_without_a_fault_everything_passes(proxy):
    message = bytes(range(256)) * 4096
    with dial(proxy) as client:
        sender = threading.Thread(target=client.sendall, args=(message,))
        sender.start()
        assert receive(client, len(message)) == message
        sender.join()
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    assert proxy.to_target.bytes_passed == proxy.to_client.bytes_passed == len(message)
    assert proxy.connections == 1


def test_a_delay_is_latency_of_each_piece_and_ends_when_told(proxy):
    with dial(proxy) as client:
        proxy.to_target.delay_seconds = proxy.to_client.delay_seconds = 0.1
        began = time.monotonic()
        client.sendall(b"ping")
        assert receive(client, 4) == b"ping"
        assert time.monotonic() - began >= 0.2
        assert proxy.to_target.pieces_delayed == proxy.to_client.pieces_delayed == 1
        proxy.heal()
        client.sendall(b"pong")
        assert receive(client, 4) == b"pong"
        assert proxy.to_target.pieces_delayed == 1


def test_a_rate_holds_for_each_connection(proxy):
    proxy.to_client.bytes_per_second = 200_000
    with dial(proxy) as client:
        began = time.monotonic()
        client.sendall(bytes(40_000))
        receive(client, 40_000)
        assert time.monotonic() - began >= 0.2


def test_a_cut_resets_each_connection_after_so_many_more_bytes(proxy):
    with dial(proxy) as client:
        client.sendall(b"before")
        assert receive(client, 6) == b"before"
        proxy.to_client.cut_after_bytes = 10
        client.sendall(bytes(100))
        with pytest.raises(ConnectionResetError):
            assert receive(client, 11) == bytes(10)
            client.recv(1)
    with dial(proxy) as client:
        client.sendall(bytes(10))
        assert receive(client, 10) == bytes(10)
    assert proxy.to_client.cuts == 1


def test_a_black_hole_says_nothing_and_gives_up_what_it_held(proxy, echo):
    with dial(proxy) as client:
        proxy.to_target.black_hole = True
        client.sendall(b"late")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert echo.received == 0
        wait_until(lambda: proxy.to_target.bytes_held == 4, "the black hole to hold what was sent")
        proxy.heal()
        client.settimeout(120)
        assert receive(client, 4) == b"late"


def test_a_one_way_black_hole_loses_the_reply_only(proxy, echo):
    proxy.to_client.black_hole = True
    with dial(proxy) as client:
        client.sendall(b"heard")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        wait_until(lambda: echo.received == 5, "what was sent to be heard")


def test_connections_are_refused_and_reset_when_told(proxy):
    with dial(proxy) as client:
        client.sendall(b"open")
        assert receive(client, 4) == b"open"
        assert proxy.reset_all() == 1
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    proxy.refuse = True
    with pytest.raises(ConnectionResetError), dial(proxy) as client:
        client.recv(1)
    assert (proxy.resets, proxy.refusals) == (1, 1)


def test_a_target_that_is_gone_is_gone_through_the_proxy(proxy):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy.target = ("127.0.0.1", free.getsockname()[1])
    with pytest.raises(ConnectionResetError), dial(proxy) as client:
        client.recv(1)
