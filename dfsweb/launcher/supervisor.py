"""Keeps the children running: starts, restarts with back-off, and stops them in order.

A running launcher is steered by files in DATA/control: while `<name>.down` exists a child that ended stays
down, and a number in `nodes` above the present one starts further nodes.
"""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dfsweb.launcher import children
from dfsweb.launcher.children import DATA_MARK, NAME_MARK, Program
from dfsweb.launcher.data_folder import DataFolder
from dfsweb.launcher.errors import BadSetting, ChildFailed
from dfsweb.launcher.screen import say

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a child that ran this long starts again without a grown delay
LOOK_SECONDS = 0.5  # how often the control files are looked at
LOG_LIMIT_BYTES = 16 * 2**20  # then the log moves to `.1` and begins anew


class StopAsked(Exception):
    """A person or the system asked the launcher to stop."""


@dataclass
class Child:
    """One program, and its process while there is one."""

    program: Program
    before: Callable[[], object]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    delay_seconds: float = 0.0
    due_at: float = field(default=0.0)

    @property
    def name(self) -> str:
        return self.program.name


class Supervisor:
    """The children of one launcher; all calls come from its one thread."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._children: dict[str, Child] = {}
        self._stop_signals = 0
        self._refused: set[str] = set()
        self._wake, wake_write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(self._wake, select.POLLIN)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup keeps its meaning
            signal.signal(signal.SIGHUP, self._ask_to_stop)
            # The kernel tells the death of a terminal to its session's leader alone, which may be make.
            for terminal in [descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor)][:1]:
                self._poll.register(terminal, 0)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake

    def start(self, program: Program, *, before: Callable[[], object] = lambda: None) -> None:
        """Start a child; `before` runs before each start of it.

        Errors: ChildFailed.
        """
        child = Child(program, before)
        self._children[program.name] = child
        self._launch(child)

    def run(self, program: Program, *, timeout_seconds: float) -> None:
        """Run a program to its end, staying ready to stop.

        Errors: ChildFailed with the end of its log; BadSetting with its last line; StopAsked.
        """
        process = children.start(self._marked(program))
        deadline = time.monotonic() + timeout_seconds
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise ChildFailed(
                        f"{program.name} takes longer than {timeout_seconds:g} s; see {program.log}."
                    )
                self._pause(LOOK_SECONDS)
        finally:
            if process.poll() is None:
                children.end(process, program)
        if process.returncode == BadSetting.exit_code:
            last_line = children.log_tail(program.log).splitlines()[-1]
            raise BadSetting(last_line.strip().removeprefix("dfsweb: "))
        if process.returncode != 0:
            raise ChildFailed(
                f"{program.name} failed:\n{children.log_tail(program.log)}\n    (from {program.log})"
            )

    def wait(
        self, is_ready: Callable[[], bool], *, what: str, timeout_seconds: float, patience: str = ""
    ) -> None:
        """Wait until `is_ready`; a child that ends meanwhile is a failure. `patience` is said after 3 s.

        Errors: ChildFailed, StopAsked.
        """
        began = time.monotonic()
        while not is_ready():
            self._fail_if_one_ended()
            if time.monotonic() > began + timeout_seconds:
                logs = self._folder.path / "log"
                raise ChildFailed(f"{what} is not ready after {timeout_seconds:g} s; the logs are in {logs}.")
            if patience and time.monotonic() > began + 3:
                say(f"  {patience}")
                patience = ""
            self._pause(min(0.02 + (time.monotonic() - began) / 4, LOOK_SECONDS))

    def watch(self, add_nodes: Callable[[int], None]) -> None:
        """Restart what ends and obey the control files until StopAsked; `add_nodes` gets their number."""
        logs_due_at = 0.0
        while True:
            now = time.monotonic()
            for child in list(self._children.values()):
                self._look_after(child, now)
            wanted = self._folder.control / "nodes"
            if wanted.exists() and (text := wanted.read_text().strip()).isdigit():
                self._note("A node cannot be added", partial(add_nodes, int(text)))
            if now >= logs_due_at:
                self._note("Long logs cannot be cut", partial(cap_logs, self._folder.path / "log"))
                logs_due_at = now + 60
            self._pause(LOOK_SECONDS)

    def stop(self, order: Iterable[Iterable[str]]) -> None:
        """Stop all children, stage by stage; a second signal meanwhile cuts the waiting short."""
        self._stop_signals = 0
        known = set(self._children)
        stages = [known & set(stage) for stage in order]
        stages.insert(0, known - set().union(*stages))
        for stage in stages:
            self._stop_stage([self._children[name] for name in stage])
        (self._folder.run / "processes.json").unlink(missing_ok=True)

    def names(self) -> set[str]:
        return set(self._children)

    def _stop_stage(self, stage: list[Child]) -> None:
        running = [(child.program, child.process) for child in stage if child.process is not None]
        for program, process in running:
            if process.poll() is None:
                process.send_signal(program.stop_signal)
        began = time.monotonic()
        for program, process in running:
            while process.poll() is None and time.monotonic() < began + program.stop_seconds:
                if self._stop_signals:
                    break
                self._sleep(0.2)
            if process.poll() is None:
                process.send_signal(program.death_signal)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            children.kill_group(process.pid)

    def _look_after(self, child: Child, now: float) -> None:
        is_kept_down = (self._folder.control / f"{child.name}.down").exists()
        if child.process is not None and child.process.poll() is not None:
            children.kill_group(child.process.pid)
            ended = _how_it_ended(child.process.returncode)
            child.process = None
            steady = now - child.started_at > STEADY_SECONDS
            doubled = min(child.delay_seconds * 2, LONGEST_DELAY_SECONDS)
            child.delay_seconds = FIRST_DELAY_SECONDS if steady else max(doubled, FIRST_DELAY_SECONDS)
            child.due_at = now + child.delay_seconds
            then = "is kept down" if is_kept_down else f"starts again in {child.delay_seconds:g} s"
            say(f"{child.name} {ended}; it {then} (log: {child.program.log})")
            self._record()
        if child.process is None and now >= child.due_at and not is_kept_down:
            try:
                self._launch(child)
            except (ChildFailed, OSError) as error:
                child.delay_seconds = min(child.delay_seconds * 2, LONGEST_DELAY_SECONDS)
                child.due_at = now + child.delay_seconds
                say(f"{child.name} cannot start: {error}" if isinstance(error, OSError) else str(error))

    def _launch(self, child: Child) -> None:
        child.before()
        child.process = children.start(self._marked(child.program))
        child.started_at = time.monotonic()
        self._record()

    def _marked(self, program: Program) -> Program:
        env = {**program.env, DATA_MARK: str(self._folder.path), NAME_MARK: program.name}
        return Program(**{**program.__dict__, "env": env})

    def _record(self) -> None:
        """Write the process ids down for people and tests."""
        running = {child.name: child.process.pid for child in self._children.values() if child.process}
        noted = self._folder.run / "processes.json"
        unfinished = noted.with_name("processes.json.new")

        def write() -> None:
            unfinished.write_text(json.dumps(running, indent=1) + "\n")
            unfinished.rename(noted)

        self._note(f"{noted} cannot be written", write)

    def _note(self, complaint: str, deed: Callable[[], object]) -> None:
        """Do what no running part needs; a full disk is said once and stops nothing."""
        try:
            deed()
        except OSError as error:
            if complaint not in self._refused:
                say(f"{complaint} ({error.strerror}); everything goes on without.")
            self._refused.add(complaint)
        else:
            self._refused.discard(complaint)

    def _fail_if_one_ended(self) -> None:
        for child in self._children.values():
            if child.process is not None and child.process.poll() is not None:
                ended, log = _how_it_ended(child.process.returncode), child.program.log
                raise ChildFailed(f"{child.name} {ended}:\n{children.log_tail(log)}\n    (from {log})")

    def _ask_to_stop(self, number: int, frame: object) -> None:
        self._stop_signals += 1

    def _pause(self, seconds: float) -> None:
        self._sleep(seconds)
        if self._stop_signals:
            raise StopAsked

    def _sleep(self, seconds: float) -> None:
        """Sleep until a signal (an ended child, a wish to stop) or the time is over."""
        for descriptor, _ in self._poll.poll(seconds * 1000):
            if descriptor == self._wake:
                os.read(self._wake, 4096)
            else:
                self._poll.unregister(descriptor)
                self._stop_signals += 1


def cap_logs(logs: Path) -> None:
    """Move the text of each log beyond its limit to `<log>.1`; its writer appends, so it goes on."""
    for log in logs.glob("*.log"):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            earlier = log.with_name(log.name + ".1")
            earlier.write_bytes(log.read_bytes())
            os.truncate(log, 0)


def _how_it_ended(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
