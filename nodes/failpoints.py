"""Named places where a test may pause, raise or kill, so that races are placed and not hoped for.

In production the table is empty and a hit costs one look. A process under test is armed by FAILPOINTS, for
example `record.before=kill,place.after_quorum=kill`; a test in the same process arms by `armed`.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_actions: dict[str, Callable[[], None]] = {}


def hit(name: str) -> None:
    """Run what a test has put here."""
    if _actions and name in _actions:
        _actions[name]()


@contextmanager
def armed(name: str, action: Callable[[], None]) -> Iterator[None]:
    """Put an action at a place for the length of a block."""
    _actions[name] = action
    try:
        yield
    finally:
        del _actions[name]


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


for _armed in filter(None, os.environ.get("FAILPOINTS", "").split(",")):
    _name, _, _action = _armed.partition("=")
    if _action != "kill":
        raise RuntimeError(f"FAILPOINTS: unknown action {_action!r} at {_name!r}; `kill` is the one there is")
    _actions[_name] = _kill
