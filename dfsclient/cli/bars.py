"""Progress bars with speed and time left, on standard error, only while a person watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from dfsclient.cli.output import Output, printable
from dfsclient.progress import Progress as Told
from dfsclient.progress import silent

LONGEST_NAME = 32


class Bars:
    """One bar for each transfer that runs; a bar goes when its transfer ends."""

    def __init__(self, bars: Progress | None) -> None:
        self._bars = bars

    @contextmanager
    def one(self, name: str) -> Iterator[Told]:
        """Show a bar while its transfer runs; yields what the transfer tells its progress to."""
        if self._bars is None:
            yield silent
            return
        bars = self._bars
        task = bars.add_task(_shortened(printable(name)), total=None)
        try:
            yield lambda done, total: bars.update(task, completed=done, total=total)
        finally:
            bars.remove_task(task)


@contextmanager
def showing(out: Output) -> Iterator[Bars]:
    """Show bars below what the command says meanwhile."""
    if not out.shows_progress:
        yield Bars(None)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=out.notes, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bars:
        yield Bars(bars)


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 9]}…{name[-8:]}"
