"""Probes every node by a clock of its own, in the first process of a worker, which does no tasks.

So nothing keeps it: neither tasks that wait for a silent node nor a Redis that is gone. Of several workers
one probes in an interval. While it sleeps it holds nothing that a process forked then could take along.
"""

import logging
import os
import threading
import time
from typing import Any
from uuid import UUID, uuid4

from celery import bootsteps
from celery.worker.components import Pool
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections

from nodes import tasks, turns
from storagenode.protocol import request_ids

log = logging.getLogger(__name__)

TURN = "probes"
TURN_INTERVALS = 1.5
"""Whoever has it prolongs it in time, whatever becomes of the database's clock, or is late."""
LOOKS_AN_INTERVAL = 5
"""So often whoever has no turn looks whether it may step in."""
BREATH_SECONDS = 0.05
"""Between rounds, however long one took: whoever waits to fork goes first."""
STOP_SECONDS = 6.0
"""A round takes so long when a node hangs."""

_awake = threading.Lock()
"""Held during a round. A fork waits for its end: what is locked then would stay so in the new process."""
os.register_at_fork(before=_awake.acquire, after_in_parent=_awake.release, after_in_child=_awake.release)


class Prober(bootsteps.StartStopStep):
    """A step of a Celery worker: starts when its processes are forked, before it asks Redis for anything."""

    requires: Any = (Pool,)

    def __init__(self, worker: Any = None, **_: Any) -> None:
        self._holder = uuid4()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)

    def start(self, worker: Any = None) -> None:
        self._thread.start()

    def close(self, worker: Any = None) -> None:
        """Begin no further round."""
        self._stopped.set()

    def stop(self, worker: Any = None) -> None:
        """Begin no further round, and wait for the end of the one under way."""
        self._stopped.set()
        self._thread.join(STOP_SECONDS)

    terminate = stop

    def _run(self) -> None:
        _leave_the_pool()
        pause = 0.0
        while not self._stopped.wait(pause):
            began_at = time.monotonic()
            with _awake:
                seconds = _wake(self._holder)
            pause = max(began_at + seconds - time.monotonic(), BREATH_SECONDS)


def probe_in_turn(holder: UUID) -> bool:
    """Probe all nodes, unless another does so in time; tells whether it did. Raises DatabaseError."""
    if not turns.take(TURN, holder, seconds=TURN_INTERVALS * settings.PROBE_INTERVAL_SECONDS):
        return False
    tasks.probe_nodes()
    return True


def _wake(holder: UUID) -> float:
    """Probe if it is time; returns in how many seconds from its beginning to wake again. Never raises.

    Each round has a request id of its own.
    """
    request_ids.current.set(request_ids.new())
    interval = float(settings.PROBE_INTERVAL_SECONDS)
    try:
        return interval if probe_in_turn(holder) else interval / LOOKS_AN_INTERVAL
    except (DatabaseError, InterfaceError) as error:  # it may be back by then
        log.warning("the nodes could not be probed: %s", error)
    except Exception:  # a thread that ends by it would probe no more
        log.exception("the nodes could not be probed")
    finally:
        connection.close()
    return interval


def _leave_the_pool() -> None:
    """Give this thread connections beside the pool, whose threads would be there while it sleeps."""
    alone = connection.copy()
    del alone.settings_dict["OPTIONS"]["pool"]
    connections[DEFAULT_DB_ALIAS] = alone
