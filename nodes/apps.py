"""The app's name for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class NodesConfig(AppConfig):
    name = "nodes"
    verbose_name = gettext_lazy("Cluster")
