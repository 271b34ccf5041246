"""The PostgreSQL and Redis that unit tests run against when the environment names none.

They are the launcher's own, on memory where the system has a file system there, and without fsync: what
these tests write need not survive the run. `python -m tests.embedded manage.py …` runs one command so.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import IO

from dfsweb.launcher import children, postgresql, redis_server
from dfsweb.launcher.children import Program

FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
READY_SECONDS = 60
SETTLED_SECONDS = 60  # a younger folder may be about to be locked
MEMORY = Path("/dev/shm")
PREFIX = "dfsweb-tests-"


@dataclass
class Embedded:
    """The servers one test run started, and where they keep what they write."""

    folder: Path
    lock: IO[bytes]
    running: list[tuple[Program, Popen[bytes]]] = field(default_factory=list)

    def stop(self) -> None:
        for program, process in reversed(self.running):
            children.end(process, program)
        shutil.rmtree(self.folder)
        self.lock.close()


def start() -> Embedded:
    """Start what DATABASE_URL and REDIS_URL do not name, and name it there for this process and its heirs."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_abandoned(place)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    embedded = Embedded(folder, _locked(folder))
    embedded.folder.chmod(0o711)  # PostgreSQL's own account passes through it when root runs the tests
    log, sockets = embedded.folder / "log", embedded.folder / "sockets"
    if "DATABASE_URL" not in os.environ:
        postgres = postgresql.Server(
            embedded.folder / "postgres", sockets / "postgres", log / "postgres.log", overrides=FORGETFUL
        )
        os.environ["DATABASE_URL"] = _started(embedded, postgres)
    if "REDIS_URL" not in os.environ:
        redis = redis_server.Server(embedded.folder / "redis", sockets / "redis", log / "redis.log")
        os.environ["REDIS_URL"] = _started(embedded, redis)
    return embedded


def _locked(folder: Path) -> IO[bytes]:
    lock = (folder / "lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise
    return lock


def _remove_abandoned(place: Path) -> None:
    """Remove the folders of runs that were killed; a run that lives holds the lock of its own."""
    for folder in place.glob(f"{PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime < SETTLED_SECONDS:
                continue
            with _locked(folder):
                shutil.rmtree(folder)
        except OSError:  # another run's, or another account's
            continue


def _started(embedded: Embedded, server: postgresql.Server | redis_server.Server) -> str:
    server.prepare()
    program = server.program()
    process = children.start(program)
    embedded.running.append((program, process))
    deadline = time.monotonic() + READY_SECONDS
    while not server.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{program.name} did not become ready:\n{children.log_tail(program.log)}")
        time.sleep(0.02)
    return server.url


if __name__ == "__main__":
    servers = start()
    try:
        code = subprocess.run([sys.executable, *sys.argv[1:]], check=False).returncode
    finally:
        servers.stop()
    sys.exit(code)
