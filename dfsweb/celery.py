"""The Celery app. A message is only a wake-up: the rows in PostgreSQL are the work orders."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dfsweb.settings")

app = Celery("dfsweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
