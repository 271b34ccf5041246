"""A wall clock that is wrong in some processes alone: the machine's own is never set."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Clock:
    """The clock of the processes that are started with its environment; may be set while they run."""

    file: Path

    def set(self, seconds: float) -> None:
        """Have it show so many seconds more than the machine's."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.rename(self.file)

    @property
    def environ(self) -> dict[str, str]:
        return {"PYTHONPATH": str(Path(__file__).parent / "clock"), "CLOCK_SKEW_FILE": str(self.file)}
