"""What the in-memory service does wrong on purpose, and when."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Fault:
    """One thing to go wrong for requests whose method and path begin like this, so many times."""

    method: str
    path: str
    times: int = 1
    status: int | None = None  # answer so instead of serving
    code: str = "unavailable"
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None  # bytes of the body (either way) after which the connection ends
    hold: bool = False  # with cut_after: tell `held` and wait for the other side to go instead of cutting
    damage: bool = False  # one byte of the reply's body differs
    drop_reply: bool = False  # serve, then end the connection without an answer
    meets: threading.Barrier | None = None  # wait until so many requests are there at the same time
    held: threading.Event = field(default_factory=threading.Event)


class Faults:
    """The faults still to come; asked once for each request."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, method: str, path: str, **what: object) -> Fault:
        fault = Fault(method, path, **what)  # type: ignore[arg-type]
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self._matching(method, path):
                fault.times -= 1
                return fault
        return None

    def _matching(self, method: str, path: str) -> Iterator[Fault]:
        return (f for f in self._waiting if f.times and f.method == method and path.startswith(f.path))
