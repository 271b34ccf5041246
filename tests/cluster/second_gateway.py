"""A second gateway on the same database and nodes, with settings of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import requests

from tests.system import PROJECT, System


def armed_gateway(system: System, failpoint: str) -> AbstractContextManager[str]:
    """One that kills itself at a named place. Gunicorn starts a killed worker again, armed as before."""
    return second_gateway(system, {"FAILPOINTS": f"{failpoint}=kill"})


@contextmanager
def second_gateway(system: System, env: Mapping[str, str]) -> Iterator[str]:
    """Start it as one process; yields its address."""
    command = [sys.executable, "-m", "gunicorn", "dfsweb.wsgi:application"]
    command += ["--config", "python:dfsweb.launcher.gateway_children", "--workers", "1"]
    env = os.environ | system.environment | dict(env)
    env.pop("PROMETHEUS_MULTIPROC_DIR", None)  # the figures there are those of the first one's processes
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        (system.data / "log" / "second-gateway.log").open("ab") as log,
    ):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [*command, "--bind", f"fd://{listener.fileno()}", "--graceful-timeout", "1"],
            cwd=PROJECT,
            env=env,
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        system.wait_for(lambda: _answers(url), what="the second gateway to answer")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).status_code == 200
    except requests.RequestException:
        return False
