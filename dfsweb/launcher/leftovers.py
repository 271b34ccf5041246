"""Finds and ends what an earlier launcher of the same data folder left running.

A process is recognised by the mark in its environment, or, for PostgreSQL and Redis, which overwrite their
own, by the folder they work in: both die with the process, so a stranger with a used number is never touched.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from dfsweb.launcher.children import DATA_MARK
from dfsweb.launcher.errors import LauncherError

END_SECONDS = 20


def end(*, data: Path, postgres: Path, redis: Path) -> int:
    """End all of them and return how many there were when it began.

    Errors: LauncherError when one survives.
    """
    count = _end_all(lambda: _marked(data) | _working_in(redis), signal.SIGKILL)
    return count + end_postgresql(postgres)


def end_postgresql(folder: Path) -> int:
    """End every PostgreSQL process that works in `folder` and return how many there were.

    Errors: LauncherError when one survives.
    """
    return _end_all(lambda: _working_in(folder), signal.SIGQUIT)


def _end_all(find: Callable[[], set[int]], number: signal.Signals) -> int:
    found = first = find()
    deadline = time.monotonic() + END_SECONDS
    while found:
        if time.monotonic() > deadline:
            raise LauncherError(
                f"Processes of an earlier run do not end ({', '.join(map(str, sorted(found)))}); end them by "
                "hand and start again."
            )
        for pid in found:
            _signal(pid, number)
        time.sleep(0.05)
        found = find()
    return len(first)


def _marked(data: Path) -> set[int]:
    mark = f"{DATA_MARK}={data}".encode()
    return {pid for pid, entry in _processes() if mark in _read(entry / "environ").split(b"\0")}


def _working_in(folder: Path) -> set[int]:
    return {pid for pid, entry in _processes() if _link(entry / "cwd") == str(folder)}


def _processes() -> Iterator[tuple[int, Path]]:
    """Every process but this one and those that only wait to be reaped; none where there is no /proc."""
    for entry in Path("/proc").glob("[0-9]*"):
        state = _read(entry / "stat").rpartition(b")")[2].split()[:1]
        if entry.name != str(os.getpid()) and state != [b"Z"]:
            yield int(entry.name), entry


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # ended meanwhile, or another account's
        return b""


def _link(file: Path) -> str:
    try:
        return os.readlink(file)
    except OSError:
        return ""


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
