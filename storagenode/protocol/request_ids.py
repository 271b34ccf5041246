"""The id of the request that something is done for; without one, of the task or of the round of probes.

Calls to nodes, messages to workers and log lines carry it, the lines of nodes too.
"""

from __future__ import annotations

import contextvars
import re

from storagenode.protocol import chance

NONE = "-"

current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default=NONE)

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


def new() -> str:
    """Return an id that nothing else has."""
    return chance.draw().hex()


def accept(given: object) -> str:
    """Return an id that came from outside, or a new one if it is not fit for headers and log lines."""
    return given if isinstance(given, str) and _SANE.match(given) else new()
