"""A pseudo terminal that a command runs in as before a person: a width, a keyboard, what was written."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.storagenode.running_node import wait_until

ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[@-Z\\^_])")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
LINES = 24


class Terminal:
    """Runs one command whose standard streams and signals are those of a terminal of its own."""

    def __init__(
        self, words: Sequence[str], *, folder: Path, env: Mapping[str, str], columns: int = 80
    ) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
        self._modes = termios.tcgetattr(self._slave)
        self._bytes = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(env),
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._hang_up()

    @property
    def text(self) -> str:
        """All that was written so far, with what steers the terminal."""
        return self._bytes.decode(errors="replace")

    @property
    def modes_are_restored(self) -> bool:
        """Whether keys are echoed and lines are read as before the command."""
        return bool(termios.tcgetattr(self._slave) == self._modes)

    def frames(self) -> list[str]:
        """Each line that was drawn, in order, also those that were drawn over."""
        return [line for line in re.split(r"[\r\n]+", ESCAPE.sub("", self.text)) if line.strip()]

    def left(self) -> str:
        """What stays on the screen, as far as lines are only erased and moved up to."""
        lines: list[str] = [""]
        row = 0
        for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", self.text):
            if piece == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif piece == "\x1b[2K":
                lines[row] = ""
            elif moved := re.fullmatch(r"\x1b\[(\d*)A", piece):
                row = max(row - int(moved[1] or 1), 0)
            elif piece != "\r" and not piece.startswith("\x1b"):
                lines[row] += piece
        return "\n".join(lines)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def wait_for(self, claim: str) -> None:
        """Wait until a regular expression is found among the drawn lines."""
        wait_until(lambda: any(re.search(claim, line) for line in self.frames()), f"{claim} on the terminal")

    def end(self) -> int:
        """Wait for the command; returns its exit code when all it wrote was read."""
        code = self.process.wait(120)
        self._drain()
        return code

    def _drain(self) -> None:
        """Write a mark behind the output: once that is read, all is."""
        os.write(self._slave, b"\0")
        wait_until(lambda: b"\0" in self._bytes, "the rest of the output")
        self._bytes = self._bytes.replace(b"\0", b"")

    def _hang_up(self) -> None:
        os.close(self._slave)
        self._reader.join(60)
        os.close(self._master)

    def _read(self) -> None:
        with suppress(OSError):  # as Linux tells that nobody has the other end open any more
            while piece := os.read(self._master, 65536):
                self._bytes += piece
