"""A second gateway on the same database and nodes, armed to kill itself at a named place."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from dfsweb.launcher.options import free_port
from tests.system import PROJECT, System


@contextmanager
def armed_gateway(system: System, failpoint: str) -> Iterator[str]:
    """Start it; yields its address. Gunicorn starts a killed worker again, armed as before."""
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "dfsweb.wsgi:application",
        "--bind",
        url.removeprefix("http://"),
    ]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", "8", "--preload"]
    command += ["--no-control-socket", "--graceful-timeout", "1"]
    env = os.environ | system.environment | {"FAILPOINTS": f"{failpoint}=kill"}
    with (system.data / "log" / "armed-gateway.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        system.wait_for(lambda: _answers(url), what="the armed gateway to answer")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).status_code == 200
    except requests.RequestException:
        return False
