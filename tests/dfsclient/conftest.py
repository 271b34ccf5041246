"""A service in memory, a client that does not wait long, and the command as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dfsclient import Client, Retries
from tests.dfsclient.service.server import Service

MIB = 1024 * 1024
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    yield running
    running.stop()


@dataclass
class Naps:
    """Takes the place of waiting and remembers how long it would have been."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def client(service: Service, naps: Naps) -> Iterator[Client]:
    with Client(service.url, "dfs_ada", retries=Retries(sleep=naps)) as made:
        yield made


@dataclass
class Command:
    """`dfs` as a process of its own, in its own home folder."""

    home: Path
    env: dict[str, str]

    def __call__(
        self, *words: object, stdin: bytes | None = None, **more: Any
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.words(*words),
            input=stdin or b"",
            capture_output=True,
            cwd=self.home,
            env={**self.env, **more},
            timeout=60,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def start(self, *words: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.words(*words),
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run_shell(self, line: str) -> int:
        return subprocess.run(["sh", "-c", line], cwd=self.home, env=self.env, timeout=60).returncode

    def words(self, *words: object) -> list[str]:
        return [sys.executable, "-m", "dfsclient", *map(str, words)]


@pytest.fixture
def dfs(service: Service, tmp_path: Path) -> Command:
    home = tmp_path / "home"
    home.mkdir()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_STATE_HOME": str(home / ".state"),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "DFS_URL": service.url,
        "DFS_TOKEN": "dfs_ada",
        "LANG": "C.UTF-8",
    }
    return Command(home, env)


@pytest.fixture
def random_file(tmp_path: Path) -> Callable[[int], Path]:
    def make(size_bytes: int) -> Path:
        path = tmp_path / f"random-{size_bytes}.bin"
        path.write_bytes(os.urandom(size_bytes))
        return path

    return make


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """All that lies in a folder, by path; a folder has no bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
