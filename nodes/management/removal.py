"""What the commands that remove something share: nothing is done in doubt, and a brake is lifted once."""

from abc import abstractmethod
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nodes import safety


class RemovalCommand(BaseCommand):
    """Removes slice after slice until nothing is left that may go."""

    @abstractmethod
    def remove(self, *, is_confirmed: bool) -> bool:
        """Remove one slice; tells whether there may be more."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--confirm", action="store_true", help="lift the brake on mass deletion once")

    def handle(self, *args: Any, **options: Any) -> None:
        problem = safety.doubt()
        if problem:
            raise CommandError(f"Nothing is removed while {problem}.")
        while self.remove(is_confirmed=options["confirm"]):
            self.stdout.write("one slice is done, going on")
