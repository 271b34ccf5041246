"""Progress bars with speed and time left, on standard error, only while a person watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.cells import cell_len, set_cell_size
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column

from dfsclient.cli.output import Output, printable
from dfsclient.progress import Progress as Told
from dfsclient.progress import silent

LONGEST_NAME = 32
NARROW_COLUMNS = 72  # below, names are short and the speed is left out, so that a bar keeps to its line
NARROW_NAME = 12


class Bars:
    """One bar for each transfer that runs; a bar goes when its transfer ends."""

    def __init__(self, bars: Progress | None, longest_name: int = LONGEST_NAME) -> None:
        self._bars = bars
        self._longest_name = longest_name

    @contextmanager
    def one(self, name: str) -> Iterator[Told]:
        """Show a bar while its transfer runs; yields what the transfer tells its progress to."""
        if self._bars is None:
            yield silent
            return
        bars = self._bars
        task = bars.add_task(_shortened(printable(name), self._longest_name), total=None)
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
    is_narrow = out.notes.width < NARROW_COLUMNS
    longest_name = NARROW_NAME if is_narrow else LONGEST_NAME
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),  # it alone shrinks
        DownloadColumn(table_column=Column(no_wrap=True)),
        *(() if is_narrow else (TransferSpeedColumn(table_column=Column(no_wrap=True)),)),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
    )
    with Progress(
        *columns, console=out.notes, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bars:
        yield Bars(bars, longest_name)


def _shortened(name: str, longest: int) -> str:
    """Keep the beginning and the ending of a name, in as many cells of a terminal."""
    if cell_len(name) <= longest:
        return name
    ending = name[-longest // 4 :]
    return f"{set_cell_size(name, longest - 1 - cell_len(ending)).rstrip()}…{ending}"
