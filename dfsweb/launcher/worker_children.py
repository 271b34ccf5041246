"""Celery's hooks for the worker, with `make run` and in containers.

Its processes die with their parent, whatever kills it, and share the memory of what it has loaded.
"""

import gc
import signal
from typing import Any

from billiard import current_process
from celery.signals import task_postrun, worker_before_create_process, worker_process_init

from dfsweb.launcher.children import die_with_parent
from storagenode import memory


def freeze_what_is_loaded(**_: Any) -> None:
    """Leave it out of garbage collection, which would write to, and so copy, its pages."""
    gc.collect()
    gc.freeze()


def follow_the_parent(**_: Any) -> None:
    die_with_parent(signal.SIGKILL, parent=current_process()._parent_pid)


def give_memory_back(**_: Any) -> None:
    memory.trim()


worker_before_create_process.connect(freeze_what_is_loaded)
worker_process_init.connect(follow_the_parent)
task_postrun.connect(give_memory_back)
