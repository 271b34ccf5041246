"""Makes the first administrator."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import registration


class Command(BaseCommand):
    help = "Make an administrator with the password in ADMIN_PASSWORD, unless the account exists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="admin")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        password = os.environ.get("ADMIN_PASSWORD", "")
        if not password:
            raise CommandError("Set ADMIN_PASSWORD to the password that the administrator is to have.")
        was_made = registration.ensure_admin(username=username, password=password)
        self.stdout.write(f"{username} {'made' if was_made else 'is there already'}")
