"""The whole of dfsweb as real processes, started by the real launcher in a folder of its own.

    with System(tmp_path / "data", nodes=4, env={"REPAIR_AFTER_SECONDS": "2"}) as system:
        system.kill("node-2", signal.SIGKILL, stay_down=True)

Names are those of the launcher: `postgres`, `redis`, `worker`, `gateway`, `node-1` and so on.
"""

import atexit
import functools
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import psutil
import psycopg

from dfsweb.launcher.account import Account, become
from dfsweb.launcher.children import log_tail
from dfsweb.launcher.options import free_port
from tests import leaks

PROJECT = Path(__file__).resolve().parent.parent
START_SECONDS = 240
STOP_SECONDS = 60
STILL_SECONDS = 30
"""How long processes may take to stand still."""
PATIENCE_SECONDS = 180
"""How long what should soon be so is waited for: far longer than it takes, on a machine busy with others."""
LOG_LINES = 40
_OPEN_TRANSACTIONS = (
    "SELECT 1 FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend' LIMIT 1"
)
# What the tests' own Django uses must not leak into a system that brings its own servers.
OWN_TO_TESTS = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")


T = TypeVar("T")


class SystemFailed(AssertionError):
    """The system did not do what a test awaited; the message carries the ends of its logs."""


class System:
    """One running installation; a context manager that stops it."""

    def __init__(
        self,
        data: Path,
        *,
        nodes: int = 3,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
    ) -> None:
        self.data = data
        self.nodes = nodes
        self.port = free_port("127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = data.with_name(data.name + ".out")
        self._env = {key: value for key, value in os.environ.items() if key not in OWN_TO_TESTS} | dict(
            env or {}
        )
        self._account = account
        self._launcher: psutil.Popen | None = None
        self._launched_at = datetime.now(UTC)

    def __enter__(self) -> "System":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note(self.logs())
        self.stop()

    @property
    def admin_password(self) -> str:
        return (self.data / "admin-password").read_text().strip()

    @property
    def launcher(self) -> psutil.Popen:
        assert self._launcher is not None, "the system was never started"
        return self._launcher

    @property
    def database_url(self) -> str:
        return (self._env | self.environment)["DATABASE_URL"]

    @property
    def environment(self) -> dict[str, str]:
        """What settings need to work on this system's database: for manage.py and direct queries."""
        lines = shlex.split((self.data / "run/environment").read_text())
        return dict(line.split("=", 1) for line in lines)

    # --- the whole ------------------------------------------------------------------------------------
    def start(self) -> None:
        """Start it and wait until it says that it is ready and every node is online."""
        if self._account is None:  # another account could not write to what this one copies
            _lend_static_files(self.data)
        self.launch()
        try:
            self.wait_for(self.says_ready, what="the system to be ready", timeout_seconds=START_SECONDS)
            wanted = {f"node-{number}" for number in range(1, self.nodes + 1)}
            self.wait_for(lambda: wanted <= self.online_nodes(), what="every node to be online")
        except SystemFailed:
            self.stop()
            raise
        _keep_static_files(self.data)

    def launch(self) -> None:
        """Start the launcher without waiting for anything."""
        self.output.unlink(missing_ok=True)
        command = [sys.executable, "-m", "dfsweb.launcher", "--with-parent", "--port", str(self.port)]
        command += ["--data", str(self.data), "--nodes", str(self.nodes)]
        self._launched_at = datetime.now(UTC)
        with self.output.open("wb") as output:
            self._launcher = psutil.Popen(
                command,
                cwd=PROJECT,
                env=self._env,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=None if self._account is None else functools.partial(become, self._account),
            )

    def says_ready(self) -> bool:
        if self.launcher.poll() is not None:
            raise SystemFailed(f"the launcher ended with {self.launcher.returncode}\n{self.logs()}")
        return "\nReady\n" in self.output.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it in order and make sure that nothing is left; stopping what is stopped is fine."""
        if self._launcher is None:
            return
        if self._launcher.poll() is None:
            family = [self._launcher, *self._launcher.children(recursive=True)]
            self._launcher.send_signal(number)
            try:
                self._launcher.wait(STOP_SECONDS)
            except psutil.TimeoutExpired:
                self.kill_everything()
                raise SystemFailed(f"it did not stop in {STOP_SECONDS} s\n{self.logs()}") from None
            _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
            if alive:
                raise SystemFailed(f"still running after the stop: {alive}")
        if (self.data / "admin-password").exists():
            leaked = leaks.found_in(self.data / "log", self.environment, [self.admin_password])
            if leaked:
                raise SystemFailed("secrets in the logs:\n" + "\n".join(leaked[:LOG_LINES]))

    def kill_everything(self) -> None:
        """`kill -9` of every process at once, as a power cut would."""
        family = [self.launcher, *self.launcher.children(recursive=True)]
        for process in family:
            _signal(process, signal.SIGSTOP)  # so that none acts on the death of another
        for process in family:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(family, timeout=120)

    def online_nodes(self) -> set[str]:
        """The names of the nodes whose last probe, in this run, went well."""
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(
                "SELECT name FROM nodes_node WHERE health = 'online'"
                " AND probed_at > greatest(now() - interval '15 s', %s)",
                [self._launched_at],
            )
            return {row[0] for row in rows}

    # --- its parts ------------------------------------------------------------------------------------
    def names(self) -> set[str]:
        return set(self._leaders())

    def pids(self, name: str) -> list[int]:
        """The process ids of a part, its leader first; empty while it is down."""
        return [process.pid for process in self.processes(name)]

    def processes(self, name: str) -> list[psutil.Process]:
        """The processes of a part, its leader first; any of them may end at any time."""
        try:
            leader = psutil.Process(self._leaders()[name])
            return [leader, *leader.children(recursive=True)]
        except (KeyError, psutil.NoSuchProcess):
            return []

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL, *, stay_down: bool = False) -> None:
        """Send a signal to a part: SIGTERM and SIGINT to its leader, any other to all of its processes.

        The launcher starts it again unless `stay_down`. After SIGKILL this returns when it is dead.
        """
        processes = self.wait_for(lambda: self.processes(name), what=f"{name} to run")
        if stay_down:
            self._down(name).touch()
        to_leader = number in (signal.SIGTERM, signal.SIGINT)
        for process in processes[:1] if to_leader else processes:
            _signal(process, number)
        if number == signal.SIGKILL:
            psutil.wait_procs(processes, timeout=120)

    @contextmanager
    def frozen(self, name: str) -> Iterator[bool]:
        """Stop all processes of a part for the length of a block; tells whether they stood still."""
        stopped: list[psutil.Process] = []
        deadline = time.monotonic() + STILL_SECONDS
        try:
            while not (is_still := self._stands_still(name, stopped)) and time.monotonic() < deadline:
                time.sleep(0.01)
            yield is_still
        finally:
            for process in stopped:
                _signal(process, signal.SIGCONT)

    def _stands_still(self, name: str, stopped: list[psutil.Process]) -> bool:
        """Stop what goes on, also what has begun since the last look; tells whether nothing did.

        Some end between two looks, as a process of PostgreSQL with its connection.
        """
        processes = self.processes(name)
        is_still = bool(processes)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                if process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
                    is_still = False
                    process.send_signal(signal.SIGSTOP)
                    stopped.append(process)
        return is_still

    @contextmanager
    def frozen_worker(self, *, but_first: bool = False) -> Iterator[None]:
        """Stop the worker's processes: meanwhile nobody probes a node or replaces a copy.

        They stop between two transactions, or what they have locked would keep everybody else waiting.
        `but_first`: the first process goes on, which probes; what is not done are tasks.
        """

        def send(number: signal.Signals) -> None:
            if not but_first:
                self.kill("worker", number)
                return
            for process in self.processes("worker")[1:]:
                _signal(process, number)

        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            send(signal.SIGSTOP)
            while not self._comes_to_rest():
                send(signal.SIGCONT)
                if time.monotonic() > deadline:
                    raise SystemFailed(f"the worker was always in a transaction\n{self.logs()}")
                send(signal.SIGSTOP)
            yield
        finally:
            send(signal.SIGCONT)

    def _comes_to_rest(self) -> bool:
        """Tell whether no transaction is open, now or within a second; those of the gateway are short."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            deadline = time.monotonic() + 1
            while connection.execute(_OPEN_TRANSACTIONS).fetchone() is not None:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.02)
        return True

    def stop_node(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """End a part and keep it down."""
        pids = self.pids(name)
        self.kill(name, number, stay_down=True)
        self.wait_for(lambda: not any(map(is_alive, pids)), what=f"{name} to end")

    def start_node(self, name: str) -> None:
        """Let a part that was kept down start again, and wait until it runs."""
        self._down(name).unlink(missing_ok=True)
        self.wait_for(lambda: self.pids(name), what=f"{name} to start")

    def add_node(self) -> str:
        """Start one more node and return its name; it joins by itself."""
        self.nodes += 1
        unfinished = self.data / "control/nodes.new"
        unfinished.write_text(f"{self.nodes}\n")
        unfinished.rename(self.data / "control/nodes")
        name = f"node-{self.nodes}"
        self.wait_for(lambda: self.pids(name), what=f"{name} to start")
        return name

    def manage(self, *arguments: str) -> str:
        """Run a manage.py command on this system and return what it printed."""
        command: Sequence[str] = [sys.executable, "manage.py", *arguments]
        env = self._env | self.environment
        done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemFailed(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    # --- waiting and telling --------------------------------------------------------------------------
    def wait_for(self, claim: Callable[[], T], *, what: str, timeout_seconds: float = PATIENCE_SECONDS) -> T:
        """Wait until `claim` holds; returns what it found.

        Errors: SystemFailed with the ends of all logs.
        """
        deadline = time.monotonic() + timeout_seconds
        while not (found := claim()):
            if time.monotonic() > deadline:
                raise SystemFailed(f"waited {timeout_seconds:g} s for {what}\n{self.logs()}")
            time.sleep(0.05)
        return found

    def logs(self) -> str:
        """The end of what the launcher and each part wrote."""
        files = [self.output, *sorted((self.data / "log").glob("*.log"))]
        return "\n".join(f"--- {file.name}\n{log_tail(file, lines=LOG_LINES)}" for file in files)

    def _leaders(self) -> dict[str, int]:
        try:
            leaders: dict[str, int] = json.loads((self.data / "run/processes.json").read_text())
        except FileNotFoundError:  # not written yet, or removed by a stop
            return {}
        return leaders

    def _down(self, name: str) -> Path:
        return self.data / "control" / f"{name}.down"


# Collecting and compressing static files takes seconds: the first system's serve all others of this run.
_kept = Path(tempfile.mkdtemp(prefix="dfsweb-static-"))
atexit.register(shutil.rmtree, _kept)


def _keep_static_files(data: Path) -> None:
    if not any(_kept.iterdir()):
        shutil.copytree(data / "static", _kept / "static")
        shutil.copy(data / "static-collected", _kept)


def _lend_static_files(data: Path) -> None:
    if any(_kept.iterdir()) and not (data / "static").exists() and os.access(data.parent, os.W_OK):
        shutil.copytree(_kept, data, dirs_exist_ok=True)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def is_alive(pid: int) -> bool:
    """Tell whether a process goes on: one that has ended and is not waited for yet does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
