"""The Celery app. A message is only a wake-up: the rows in PostgreSQL are the work orders.

A task has the request id of whoever sent it, be it a request or a task before it; one of beat's has its own.
"""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import before_task_publish, task_postrun, task_prerun

from storagenode.protocol import request_ids

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dfsweb.settings")

HEADER = "request_id"

app = Celery("dfsweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def hand_over(headers: dict[str, Any], **_: Any) -> None:
    """Put the sender's id on a message."""
    if (sender := request_ids.current.get()) != request_ids.NONE:
        headers[HEADER] = sender


def take_over(task_id: str, task: Task, **_: Any) -> None:
    """Begin a task under its message's id; within a request under that of the request, else under its own."""
    outer = request_ids.current.get()
    own = str(task_id).replace("-", "")
    given = task.request.get(HEADER) or (own if outer == request_ids.NONE else outer)
    task.request.request_id_token = request_ids.current.set(request_ids.accept(given))


def give_back(task: Task, **_: Any) -> None:
    """End a task: whatever was done around it, such as a request, has its id again."""
    request_ids.current.reset(task.request.request_id_token)


before_task_publish.connect(hand_over)
task_prerun.connect(take_over)
task_postrun.connect(give_back)
