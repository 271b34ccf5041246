"""What a person or a script sees: data on standard output, everything else on standard error."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any, TextIO

from rich.console import Console

from dfsclient import errors
from dfsclient.cli import exits


class Output:
    """Where one command writes. With `as_json` standard output holds one JSON document and nothing else."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.notes = console(sys.stderr)

    @property
    def shows_progress(self) -> bool:
        """Bars are for a person who watches, on a terminal that can draw over a line."""
        return self.notes.is_interactive and not self.quiet and not self.as_json

    def data(self, text: str) -> None:
        """Write one line of data."""
        sys.stdout.write(printable(text) + "\n" if sys.stdout.isatty() else text + "\n")

    def document(self, value: Any) -> None:
        """Write the one JSON document."""
        sys.stdout.write(as_text(value, indent=2) + "\n")

    def note(self, text: str) -> None:
        """Tell a person what was done."""
        if not self.quiet and not self.as_json:
            self.notes.print(printable(text))

    def warn(self, text: str) -> None:
        """Tell what was left out or is unsafe; `--quiet` does not hide it."""
        self.notes.print(printable(f"dfs: {text}"))

    def problem(self, error: BaseException, subject: str | None = None) -> None:
        """Tell what went wrong: a sentence, or one line of JSON, on standard error."""
        if self.as_json:
            report = {"error": {**described(error, subject), "exit_code": int(exits.code_of(error))}}
            sys.stderr.write(json.dumps(report, ensure_ascii=False) + "\n")
        else:
            self.notes.print(printable(f"dfs: {exits.sentence(error, subject)}"))


def console(stream: TextIO, *, width: int | None = None) -> Console:
    """What writes words as they are; escapes only to a terminal, whatever FORCE_COLOR says."""
    return Console(
        file=stream,
        width=width,
        force_terminal=stream.isatty(),
        color_system=None if is_plain() else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )


def is_plain() -> bool:
    """Whether words are to be without colour or weight: NO_COLOR (no-color.org), or no such terminal."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") in ("dumb", "unknown")


def accept_any_name() -> None:
    """Write what standard output has no character for as an escape, which in JSON reads as the same name."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def as_text(value: Any, *, indent: int | None = None) -> str:
    """JSON for standard output, as readable as that may be."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not is_utf8, indent=indent)


def described(error: BaseException, subject: str | None = None) -> dict[str, Any]:
    """An error as JSON: the stable `code`, the sentence, the request."""
    return {
        "code": error.code if isinstance(error, errors.DfsError) else "local_error",
        "detail": exits.sentence(error, subject),
        "request_id": error.request_id if isinstance(error, errors.Rejected) else None,
    }


def printable(text: str) -> str:
    """Take from a name what could steer a terminal; ordinary text stays as it is."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)


def size(size_bytes: int) -> str:
    """A size for a person, decimal units."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} PB"


def local_time(moment: datetime | None) -> str:
    """A time as this machine's clocks tell it; one before or after all that they tell, in UTC."""
    if moment is None:
        return ""
    with suppress(OverflowError, ValueError):
        moment = moment.astimezone()
    return moment.strftime("%Y-%m-%d %H:%M")


def span(seconds: float) -> str:
    """Say a length of time in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds) // length} {unit}"
    return f"{max(0, int(seconds))} s"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
