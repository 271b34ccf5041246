"""A real gunicorn around one application, with the worker class that gateways and nodes have."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system import PATIENCE_SECONDS, PROJECT


@contextmanager
def gunicorn(
    application: str,
    *,
    threads: int,
    log_file: Path,
    worker: str = "storagenode.worker.PatientThreadWorker",
    connections: int = 1000,
) -> Iterator[int]:
    """Run it in one process with so many threads, for at most so many connections; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener, log_file.open("wb") as log:
        port: int = listener.getsockname()[1]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}"),
                *("--worker-class", worker, "--threads", str(threads)),
                *("--worker-connections", str(connections)),
                *("--keep-alive", "30", "--graceful-timeout", "1", "--no-control-socket", application),
            ],
            cwd=PROJECT,
            env=os.environ,
            pass_fds=[listener.fileno()],
            stderr=log,
        )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
