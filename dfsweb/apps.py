"""The project's name for Django, its system checks, and which static files are served."""

from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.core.checks import Tags, register

from dfsweb import celery, checks

__all__ = ["ProjectConfig", "ServedFilesConfig", "celery"]  # the app must exist before a shared task is sent


class ProjectConfig(AppConfig):
    name = "dfsweb"
    default = True

    def ready(self) -> None:
        register(checks.check_settings, Tags.security)
        register(checks.check_secrets, Tags.security, deploy=True)


class ServedFilesConfig(StaticFilesConfig):
    """Leaves out what no page of ours uses: collecting and compressing it is most of a first start."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "rest_framework"]
