"""`manage.py reconcile --confirm`: let more files be put aside that no row knows than is usual."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nodes import orphans, safety
from nodes.models import Node, Upkeep


class Command(BaseCommand):
    help = "Have disks compared with the rows now, or let files go that no row knows though they are many."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--confirm", action="store_true", help="lift the brake on mass removal once")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["confirm"]:
            for node in Node.objects.in_service():
                Upkeep.objects.expect_pass(node)
            self.stdout.write(f"{orphans.overdue().count()} files that no row knows may be put aside")
            return
        problem = safety.doubt()
        if problem:
            raise CommandError(f"Nothing is removed while {problem}.")
        while orphans.remove_due(is_confirmed=True):
            self.stdout.write("one slice is done, going on")
