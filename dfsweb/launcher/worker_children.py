"""Celery's hooks for the worker, with `make run` and in containers.

Its first process probes the nodes. The others do the tasks: they die with it, whatever kills it, share the
memory of what it has loaded, and yield the processor.
"""

import gc
import os
import signal
from typing import Any

from billiard import current_process
from celery.signals import task_postrun, worker_before_create_process, worker_process_init

from dfsweb.celery import app
from dfsweb.launcher.children import die_with_parent
from storagenode import memory

NICENESS = 10
"""Copies and repair yield to people, who need the gateway; the first process does not: probes are urgent."""


def freeze_what_is_loaded(**_: Any) -> None:
    """Leave it out of garbage collection, which would write to, and so copy, its pages."""
    gc.collect()
    gc.freeze()


def follow_the_parent(**_: Any) -> None:
    die_with_parent(signal.SIGKILL, parent=current_process()._parent_pid)


def yield_the_processor(**_: Any) -> None:
    os.nice(NICENESS)


def give_memory_back(**_: Any) -> None:
    memory.trim()


worker_before_create_process.connect(freeze_what_is_loaded)
worker_process_init.connect(follow_the_parent)
worker_process_init.connect(yield_the_processor)
task_postrun.connect(give_memory_back)
app.steps["worker"].add("nodes.prober:Prober")  # by name: what it needs is loaded with the tasks
