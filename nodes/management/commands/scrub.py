"""`manage.py scrub node-a`: have everything on nodes read again and compared with its digest."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nodes import scrub
from nodes.models import Node


class Command(BaseCommand):
    help = "Have nodes re-read all they store, from now on and at the usual pace, and tell how far that is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="node", help="which nodes; none: tell only")

    def handle(self, *args: Any, **options: Any) -> None:
        nodes = Node.objects.in_service()
        ordered = nodes.filter(name__in=options["names"])
        unknown = set(options["names"]) - {node.name for node in ordered}
        if unknown:
            raise CommandError(f"There is no node {', '.join(sorted(unknown))} in service.")
        for node in ordered:
            scrub.order(node)
        for node in ordered or nodes:
            told = scrub.progress(node)
            self.stdout.write(
                f"{node.name}: {told.verified_copies} of {told.copies} copies verified within the period, "
                f"{told.verified_bytes} of {told.stored_bytes} bytes; oldest {told.oldest_verified_at}; "
                f"{told.copies_left} left of the order of {told.ordered_at or 'nobody'}"
            )
