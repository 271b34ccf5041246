"""The project: settings, URLs, the Celery app and its schedule, the error table, the one-machine launcher."""
