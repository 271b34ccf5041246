"""Shows a run under way: a bar with the time that is left, what has happened, and what is still to happen."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINES_EVERY_SECONDS = 30.0
"""Where there is no terminal, one line so often."""
NAMED = 3
"""Of what is lacking."""


class Display:
    """One bar for each stage; nothing at all when nobody wants to see it."""

    def __init__(self, *, is_wanted: bool) -> None:
        self._console = Console(stderr=True, quiet=not is_wanted)
        self._bars = Progress(
            TextColumn("{task.description:22}"),
            BarColumn(30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[facts]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, object] = {}
        self._said_at = float("-inf")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def stage(self, name: str, done: float, total: float, facts: str, *, lacking: Sequence[str] = ()) -> None:
        """Say how far a stage is; past its end it waits for what is lacking."""
        if done >= total and lacking:
            more = f" and {len(lacking) - NAMED} more" if len(lacking) > NAMED else ""
            facts += f"; waits: {', '.join(lacking[:NAMED])}{more}"
        if not self._console.is_terminal:
            self._line(name, done, total, facts)
            return
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total, facts=facts)
        self._bars.update(self._tasks[name], completed=min(done, total), total=total, facts=facts)  # type: ignore[arg-type]

    def _line(self, name: str, done: float, total: float, facts: str) -> None:
        now = self._console.get_time()
        if now - self._said_at >= LINES_EVERY_SECONDS:
            self._said_at = now
            self._console.print(
                f"{name}: {done:.0f} of {total:.0f}, {facts}", highlight=False, soft_wrap=True
            )
