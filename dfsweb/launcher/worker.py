"""Runs the Celery worker of one machine, with beat: `python -m dfsweb.launcher.worker`.

Celery's own command line brings a shell, and it has Django's checks load every page, only to drop what they
find; each process of the worker would hold both.
"""

import argparse
import os
import sys
from typing import Any

from celery import beat, bootsteps
from celery.worker.components import Pool

from dfsweb.celery import app
from dfsweb.launcher import worker_children

__all__ = ["worker_children"]  # its hooks are set by importing it


class BeatThread(bootsteps.StartStopStep):
    """Beat inside the worker, as a thread: Celery's own way, a process, holds all that is loaded again."""

    requires: Any = (Pool,)  # forked while beat held a lock, its processes would wait for it for ever

    def create(self, worker: Any) -> Any:
        return beat.EmbeddedService(
            worker.app,
            thread=True,
            schedule_filename=worker.schedule_filename,
            scheduler_cls=worker.scheduler,
        )


def main() -> int:
    """Work until told to stop; returns the worker's exit code."""
    parser = argparse.ArgumentParser(prog="python -m dfsweb.launcher.worker", description=__doc__)
    parser.add_argument("--processes", type=int, required=True)
    parser.add_argument("--schedule", required=True, help="the file in which beat notes what it has sent")
    given = parser.parse_args()
    os.environ["CELERY_SKIP_CHECKS"] = "true"  # as Celery's --skip-checks does
    app.steps["worker"].add(BeatThread)
    worker = app.Worker(
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
