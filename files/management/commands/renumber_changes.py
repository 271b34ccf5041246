"""`manage.py renumber_changes`: after a restore, the feed of changes begins anew."""

from typing import Any

from django.core.management.base import BaseCommand

from files import changes


class Command(BaseCommand):
    help = "Order all changes anew; once, after a dump was restored into another database."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{changes.renumber()} entries are told anew to whoever follows the changes.")
