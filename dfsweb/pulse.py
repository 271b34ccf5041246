"""The Celery app with a pulse: touches PULSE_FILE whenever beat has sent, or a worker has ended, a task.

For a health check by the file's age: a worker or beat that is up but reaches nobody does not touch it.
"""

import os
from pathlib import Path
from typing import Any

from celery.signals import after_task_publish, task_postrun

from dfsweb.celery import app

__all__ = ["app"]

PULSE_FILE = Path(os.environ["PULSE_FILE"])


def beat(**_: Any) -> None:
    PULSE_FILE.touch()


after_task_publish.connect(beat)
task_postrun.connect(beat)
