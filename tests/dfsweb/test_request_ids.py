"""The gateway's lines about a request have the id of its reply, also where the request could not be read."""

import json
import socket
from pathlib import Path

from tests.running_gunicorn import gunicorn

GOOD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: the-one-before\r\n\r\n"


def test_what_cannot_be_read_is_found_by_the_id_of_its_reply(tmp_path: Path):
    log_file = tmp_path / "log"
    with (
        gunicorn("dfsweb.wsgi:application", threads=2, log_file=log_file) as port,
        socket.create_connection(("127.0.0.1", port), timeout=120) as line,
    ):
        line.sendall(GOOD)
        received = line.recv(65536)
        while not received.endswith(b"ok\n"):
            received += line.recv(65536)
        assert b"the-one-before" in received
        line.sendall(b"GET /\x00 nonsense\r\n\r\n")
        refusal = b"".join(iter(lambda: line.recv(65536), b""))
    request_id = json.loads(refusal.partition(b"\r\n\r\n")[2])["request_id"]

    [logged] = [said for said in log_file.read_text().splitlines() if "unreadable_request" in said]
    assert f"[{request_id}]" in logged
