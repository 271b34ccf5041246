"""The health check says what is wrong, and by its exit code whether anything is."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.serving import serving
from tests.system import PATIENCE_SECONDS

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/healthcheck.py"


def check(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-IS", str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


class Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_well = self.path == "/well"
        self.send_response(200 if is_well else 503)
        self.end_headers()
        self.wfile.write(b"not_joined")

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def url() -> Iterator[str]:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Door)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def test_a_part_that_answers_200_is_well(url):
    assert check(f"{url}/well") == (0, "")


def test_what_a_part_that_is_not_well_says_is_passed_on(url):
    code, said = check(f"{url}/ill")

    assert code == 1
    assert "503" in said
    assert "not_joined" in said


def test_a_part_that_does_not_answer_is_not_well():
    code, said = check("http://127.0.0.1:1/well")

    assert code == 1
    assert "does not answer" in said


def test_a_pulse_counts_while_it_is_fresh(tmp_path):
    pulse = tmp_path / "pulse"
    assert check(str(pulse), "60")[0] == 1

    pulse.touch()
    assert check(str(pulse), "60") == (0, "")

    an_hour_ago = time.time() - 3600
    os.utime(pulse, (an_hour_ago, an_hour_ago))
    assert check(str(pulse), "60")[0] == 1
