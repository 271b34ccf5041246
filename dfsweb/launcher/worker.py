"""Runs the Celery worker of one machine, with beat: `python -m dfsweb.launcher.worker`.

Celery's own command line brings a shell, and it has Django's checks load every page, only to drop what they
find; each process of the worker would hold both.
"""

import argparse
import logging
import os
import sys
from typing import Any

from celery import beat, bootsteps
from celery.platforms import EX_FAILURE
from celery.worker.components import Pool

from dfsweb.celery import app
from dfsweb.launcher import worker_children

log = logging.getLogger(__name__)

__all__ = ["worker_children"]  # its hooks are set by importing it


class Schedule(beat.PersistentScheduler):
    """Says in one line what could not be sent: without Redis beat would fill the disk with its stack."""

    def apply_entry(self, entry: beat.ScheduleEntry, producer: Any = None) -> None:
        try:
            self.apply_async(entry, producer=producer, advance=False)  # type: ignore[no-untyped-call]
        except beat.SchedulingError as error:
            log.warning("%s", error)


class BeatThread(bootsteps.StartStopStep):
    """Beat inside the worker, as a thread: Celery's own way, a process, holds all that is loaded again."""

    requires: Any = (Pool,)  # forked while beat held a lock, its processes would wait for it for ever

    def create(self, worker: Any) -> Any:
        return beat.EmbeddedService(
            worker.app,
            thread=True,
            schedule_filename=worker.schedule_filename,
            scheduler_cls=Schedule,
        )


class Worker(app.Worker):  # type: ignore[misc, name-defined]  # a class that the app makes
    """Ends at once when it cannot go on, and its processes with it; whoever started it does so again.

    Celery lets its processes finish what they do first. Until then, and that is for ever with one that hangs,
    it would be there, but nobody would probe the nodes or send tasks. It happens when Redis dies: kombu 5.7
    closes a channel twice if a message waits there to be acknowledged.
    """

    def stop(self, in_sighandler: bool = False, exitcode: int | None = None) -> None:
        """Stop when told to; does not return after a failure."""
        if exitcode == EX_FAILURE:
            logging.shutdown()
            os._exit(exitcode)
        super().stop(in_sighandler, exitcode)


def main() -> int:
    """Work until told to stop; returns the worker's exit code."""
    parser = argparse.ArgumentParser(prog="python -m dfsweb.launcher.worker", description=__doc__)
    parser.add_argument("--processes", type=int, required=True)
    parser.add_argument("--schedule", required=True, help="the file in which beat notes what it has sent")
    given = parser.parse_args()
    os.environ["CELERY_SKIP_CHECKS"] = "true"  # as Celery's --skip-checks does
    app.steps["worker"].add(BeatThread)
    worker = Worker(
        concurrency=given.processes,
        schedule_filename=given.schedule,
        optimization="fair",
        prefetch_multiplier=1,
        without_gossip=True,
        without_mingle=True,
        loglevel="INFO",
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
