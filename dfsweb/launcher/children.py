"""Starting one program as a child that dies with the launcher, and ending it.

Each child leads its own session, so that Ctrl-C in the terminal reaches the launcher alone and the
launcher decides the order. Which children there are, and restarting them, is the supervisor's matter.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dfsweb.launcher import account as accounts
from dfsweb.launcher.errors import ChildFailed

_PR_SET_PDEATHSIG = 1
# Every process of a launcher carries these in its environment: leftovers are found by them.
DATA_MARK = "DFSWEB_DATA"
NAME_MARK = "DFSWEB_PROCESS"
LINE_BYTES = 512
"""Of a log, on average at most."""
_SESSION_NICENESS = Path("/proc/self/autogroup")
_TRIES = 20
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Program:
    """What to run and how to end it."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    account: accounts.Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL  # sent by the kernel when the launcher is gone
    stop_seconds: float = 8.0
    niceness: int = 0
    session_niceness: int = 0  # where Linux shares the processor among sessions first
    folder: Path = field(default=Path("/"))


def start(program: Program, *, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start `program` with its output appended to its log.

    Errors: ChildFailed when it cannot be executed.
    """
    parent = os.getpid()

    def prepare() -> None:
        if program.account is not None:
            accounts.become(program.account)
        os.nice(program.niceness)
        if program.session_niceness:
            lower_session(program.session_niceness)
        die_with_parent(program.death_signal, parent=parent)

    program.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with program.log.open("ab") as log:
        try:
            return subprocess.Popen(
                list(program.argv),
                env=dict(program.env),
                cwd=program.folder,
                stdin=stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=prepare,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ChildFailed(f"{program.name} could not be started: {error} ({program.argv[0]}).") from error


def die_with_parent(death_signal: signal.Signals, *, parent: int) -> None:
    """Ask the kernel to send `death_signal` to this process when its parent dies (Linux; elsewhere nothing).

    Changing the account clears the wish, so it comes after that. A parent that is already gone counts.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def lower_session(niceness: int) -> None:
    """Lower the claim to the processor of this process's session, if the kernel groups by session (sched(7)).

    There, a process's own niceness counts only among those of its session. Who has no privileges may change
    one niceness in a tenth of a second, on the whole machine, and is told to try again before. Where it may
    not be changed at all, the program runs with the claim it has.
    """
    for _ in range(_TRIES):
        try:
            _SESSION_NICENESS.write_text(str(niceness))
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        except OSError:  # no such file, or one that nobody may write
            return
        else:
            return


def run(program: Program, *, feed: bytes | None = None, timeout_seconds: float = 120) -> None:
    """Run `program` to its end, giving it `feed` as input.

    Errors: ChildFailed with the end of its log when it fails or takes longer than `timeout_seconds`.
    """
    process = start(program, stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE)
    try:
        process.communicate(feed, timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        raise ChildFailed(
            f"{program.name} took longer than {timeout_seconds:g} s; see {program.log}."
        ) from None
    finally:
        if process.poll() is None:
            kill_group(process.pid)
            process.wait()
    if process.returncode != 0:
        raise ChildFailed(f"{program.name} failed; the end of {program.log}:\n{log_tail(program.log)}")


def end(process: subprocess.Popen[bytes], program: Program) -> None:
    """End a child and all of its group: ask first, kill after `stop_seconds`."""
    if process.poll() is None:
        process.send_signal(program.stop_signal)
        try:
            process.wait(program.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    kill_group(process.pid)


def kill_group(leader: int) -> None:
    """Kill what is left of the process group that `leader` led; nothing left is fine."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def log_tail(log: Path, *, lines: int = 15) -> str:
    """The last `lines` of a log, indented for the screen."""
    if not log.exists():
        return "    (no log)"
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - lines * LINE_BYTES))
        tail = file.read().decode(errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in tail)
