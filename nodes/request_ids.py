"""The id of the request that something is done for; without one, of the task or of the round of probes.

Calls to nodes, messages to workers and log lines carry it.
"""

import contextvars

from storagenode.protocol import chance

NONE = "-"

current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default=NONE)


def new() -> str:
    """Return an id that nothing else has."""
    return chance.draw().hex()
