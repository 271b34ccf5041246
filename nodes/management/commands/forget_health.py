"""`manage.py forget_health`: what was seen of nodes before everything was stopped is old news."""

from typing import Any

from django.core.management.base import BaseCommand

from nodes import health


class Command(BaseCommand):
    help = "Call every node unknown until it is probed; for a start of everything at once."

    def handle(self, *args: Any, **options: Any) -> None:
        health.forget()
