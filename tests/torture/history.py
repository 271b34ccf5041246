"""What the clients asked and were told: one JSON line for each begin and each end, and the same in memory.

Outcomes: `ok`; `fail`, it surely had no effect; `info`, it may have taken effect or may yet.
"""

import itertools
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import oracle

WRITES = ("put", "overwrite", "tus", "dedup", "copy", "delete", "purge", "rename")
READS = ("get", "range", "final")


@dataclass(slots=True)
class Operation:
    """One call of one client. `value` is what it writes or what it saw: an operation's number, or a name."""

    number: int
    kind: str
    register: str
    value: object
    begin: float
    length: int = 0
    end: float = oracle.FOREVER
    outcome: str = "info"
    status: int | None = None
    detail: str = ""

    @property
    def is_write(self) -> bool:
        return self.kind in WRITES


@dataclass
class History:
    """Every operation of a run; all methods may be called from any thread."""

    file: Path
    operations: list[Operation] = field(default_factory=list)
    absences: list[oracle.Read] = field(default_factory=list)
    """What listings showed not to be there, and the names they showed."""

    written: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Whose bytes were sent to a register."""

    def __post_init__(self) -> None:
        self._out = self.file.open("w")
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._began = time.monotonic()

    def now(self) -> float:
        """Seconds since the run began, by the monotonic clock."""
        return time.monotonic() - self._began

    def invoke(self, kind: str, register: str, value: object = None, *, length: int = 0) -> Operation:
        """Note that a call begins. A write of a file's bytes is named by its own number."""
        operation = Operation(next(self._numbers), kind, register, value, self.now(), length)
        if value is None and kind in ("put", "overwrite", "tus"):
            operation.value = operation.number
        self._write({"op": operation.number, "event": "invoke", "kind": kind, "register": register})
        with self._lock:
            self.operations.append(operation)
            if operation.is_write and isinstance(operation.value, int):
                self.written[register].append(operation.value)
        return operation

    def complete(
        self, operation: Operation, outcome: str, *, status: int | None = None, detail: str = ""
    ) -> None:
        """Note how a call ended."""
        now = self.now()
        operation.outcome, operation.status, operation.detail = outcome, status, detail
        if outcome != "info" or not operation.is_write:
            operation.end = now
        event = {"op": operation.number, "event": outcome, "value": operation.value, "status": status}
        self._write(event | {"detail": detail})

    def note(self, event: str, **facts: object) -> None:
        """Note what is no client's call: a fault, a finding."""
        self._write({"event": event, **facts})

    def close(self) -> None:
        self._out.close()

    def judge(self) -> list[oracle.Violation]:
        """Ask the oracle about every register."""
        return oracle.check(self._all_writes(), self._all_reads())

    def _all_writes(self) -> Iterable[oracle.Write]:
        for op in self.operations:
            if op.is_write:
                yield oracle.Write(op.register, op.value, op.begin, op.end, op.outcome == "fail")

    def _all_reads(self) -> Iterable[oracle.Read]:
        yield from self.absences
        for op in self.operations:
            if op.kind in READS and op.outcome == "ok" and op.detail != "no value":
                yield oracle.Read(op.register, op.value, op.begin, op.end)

    def _write(self, event: dict[str, object]) -> None:
        line = json.dumps({"at": round(self.now(), 4), **event}, default=str)
        with self._lock:
            self._out.write(line + "\n")
