"""S13: the same hostile requests through real proxies."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests.running_gunicorn import gunicorn
from tests.security import proxies
from tests.security.test_raw_requests import AMBIGUOUS, HOST, OK, POST, answers, request

STRAY = request("GET /api/v1/me HTTP/1.1", HOST)
"""Is answered 401, which tells it from what the next visitor asks for."""


@pytest.fixture
def proxy(
    proxy_name: str, transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, int]]:
    """A proxy in front of a real gunicorn."""
    address = os.environ["DATABASE_URL"]
    used = urlsplit(address)._replace(path="/" + connection.settings_dict["NAME"])
    monkeypatch.setenv("DATABASE_URL", used.geturl())
    monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.1/32")
    with (
        gunicorn("dfsweb.wsgi:application", threads=8, log_file=tmp_path / "gateway.log") as gateway,
        proxies.running(proxy_name, tmp_path, gateway) as address,
    ):
        yield address


@proxies.each_proxy
def test_s13_no_request_leaves_a_rest_behind_for_the_next_visitor_of_the_proxy(proxy):
    """A proxy may read a request in one of its two ways and send it on in that one way alone; what comes
    behind it is then a request of its own, answered to who sent it."""
    for what, sent in AMBIGUOUS.items():
        got = answers(proxy, sent + STRAY)  # none at all where there is no version to answer in
        assert all(status in range(400, 500) or status in (501, 502, 505) for status in got[:1]), (what, got)
        assert got[1:] in ([], [400], [401]), (what, got)
        assert answers(proxy, OK) == [200], what


@proxies.each_proxy
def test_s13_nobody_chooses_their_own_address_through_the_proxy(proxy, settings):
    body = b'{"username":"admin","password":"a guess"}'
    fields = (HOST, "Content-Type: application/json", f"Content-Length: {len(body)}")

    def guess(source: str, claimed: str) -> int:
        claims = (f"X-Forwarded-For: {claimed}", f"X_Forwarded_For: {claimed}")
        return answers(proxy, request(POST, *fields, *claims, body=body), source)[0]

    tries = settings.SIGN_IN_ATTEMPTS
    got = [guess("127.0.0.2", f"10.0.0.{number}") for number in range(tries + 2)]

    assert got == [401] * tries + [429] * 2
    assert guess("127.0.0.3", "127.0.0.2") == 401


class Told(HTTPServer):
    """In the place of a gateway: keeps what it is told about who asks."""

    forwarded_for: list[str] | None = None
    forwarded_proto: list[str] | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), TellNothing)


class TellNothing(BaseHTTPRequestHandler):
    server: Told

    def do_GET(self) -> None:
        self.server.forwarded_for = self.headers.get_all("X-Forwarded-For")
        self.server.forwarded_proto = self.headers.get_all("X-Forwarded-Proto")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def told() -> Iterator[Told]:
    with Told() as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()


@proxies.each_proxy
def test_s13_what_a_visitor_says_of_itself_does_not_pass_for_the_proxys_word(proxy_name, told, tmp_path):
    claims = ("X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: https")

    with proxies.running(proxy_name, tmp_path, told.server_port) as proxy:
        assert answers(proxy, request("GET / HTTP/1.1", HOST, *claims), "127.0.0.2") == [204]

    assert told.forwarded_proto == ["http"]
    assert told.forwarded_for is not None and len(told.forwarded_for) == 1
    assert told.forwarded_for[0].rpartition(",")[2].strip() == "127.0.0.2", "its last word is the proxy's own"
