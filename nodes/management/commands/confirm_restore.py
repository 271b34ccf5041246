"""`manage.py confirm_restore`: this database is the right one, though nodes have met a later state of it."""

from typing import Any

from django.core.management.base import BaseCommand

from nodes import watermark


class Command(BaseCommand):
    help = "Let removing go on after the database was restored: it is the latest there is."

    def handle(self, *args: Any, **options: Any) -> None:
        if watermark.confirm():
            self.stdout.write("confirmed: removing goes on, and what waits for it begins its grace anew")
        else:
            self.stdout.write("there was nothing to confirm: no node has met a later state of this database")
