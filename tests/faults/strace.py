"""Makes single system calls of a running process fail, with strace."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.storagenode.running_node import RunningNode, wait_until


class Injection:
    """What strace does to a process, and what it saw."""

    def __init__(self, log: Path) -> None:
        self._log = log

    @property
    def calls(self) -> list[str]:
        """The calls that were made, one line each, in their order."""
        return [line for line in self._log.read_text().splitlines() if re.match(r"\d+ +\w+\(", line)]

    @property
    def injected(self) -> list[str]:
        """Those that were made to fail."""
        return [line for line in self.calls if "(INJECTED)" in line]


@contextmanager
def failing(node: RunningNode, calls: str, error: str, log: Path) -> Iterator[Injection]:
    """Have these system calls of a node fail while the block runs; skips where strace may not."""
    command = ["strace", "-f", "-y", "-p", str(node.process.pid), "-o", str(log)]
    command += ["-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"]
    said = log.with_suffix(".said")
    with said.open("wb") as errors:
        try:
            tracer = subprocess.Popen(command, stderr=errors)
        except OSError as missing:
            pytest.skip(f"strace is needed: {missing}")
    try:
        wait_until(lambda: "attached" in said.read_text() or tracer.poll() is not None, "strace to attach")
        if tracer.poll() is not None:
            pytest.skip(f"strace may not trace here: {said.read_text()}")
        yield Injection(log)
    finally:
        tracer.terminate()
        tracer.wait()
