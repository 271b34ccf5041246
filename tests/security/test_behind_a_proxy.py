"""S13: the same hostile requests through a real nginx, set up as docs/operations.md says."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from dfsweb.launcher.options import free_port
from tests.running_gunicorn import gunicorn
from tests.security.test_raw_requests import AMBIGUOUS, HOST, OK, POST, SMUGGLED, answers, request
from tests.storagenode.running_node import wait_until
from tests.system import PATIENCE_SECONDS

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

SETTINGS = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream gateway {{
        server 127.0.0.1:{gateway};
        keepalive 1;  # who left bytes behind on it would answer for the next one
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://gateway;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_ignore_client_abort on;  # the tests end what they send before they read
            client_max_body_size 0;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


@pytest.fixture
def proxy(
    transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, int]]:
    address = os.environ["DATABASE_URL"]
    used = urlsplit(address)._replace(path="/" + connection.settings_dict["NAME"])
    monkeypatch.setenv("DATABASE_URL", used.geturl())
    monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.1/32")
    port = free_port("127.0.0.1")
    with gunicorn("dfsweb.wsgi:application", threads=8, log_file=tmp_path / "gateway.log") as gateway:
        settings = tmp_path / "nginx.conf"
        settings.write_text(SETTINGS.format(folder=tmp_path, gateway=gateway, port=port))
        process = subprocess.Popen([str(NGINX), "-c", str(settings), "-e", str(tmp_path / "error.log")])
        try:
            wait_until(lambda: listens(port), "nginx to listen")
            yield "127.0.0.1", port
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_s13_no_request_leaves_a_rest_behind_for_the_next_visitor_of_the_proxy(proxy):
    for what, sent in AMBIGUOUS.items():
        got = answers(proxy, sent + SMUGGLED)
        assert len(got) <= 1 and all(status in range(400, 500) or status in (501, 505) for status in got), (
            what,
            got,
        )
        assert answers(proxy, OK) == [200], what


def test_s13_nobody_chooses_their_own_address_through_the_proxy(proxy, settings):
    body = b'{"username":"admin","password":"a guess"}'
    fields = (HOST, "Content-Type: application/json", f"Content-Length: {len(body)}")

    def guess(source: str, claimed: str) -> int:
        return answers(proxy, request(POST, *fields, f"X-Forwarded-For: {claimed}", body=body), source)[0]

    tries = settings.SIGN_IN_ATTEMPTS
    got = [guess("127.0.0.2", f"10.0.0.{number}") for number in range(tries + 2)]

    assert got == [401] * tries + [429] * 2
    assert guess("127.0.0.3", "127.0.0.2") == 401
