"""`manage.py trim --confirm`: let more surplus copies go at once than is usual."""

from nodes import trim
from nodes.management.removal import RemovalCommand


class Command(RemovalCommand):
    help = "Remove copies beyond the replication factor, once enough others were read and compared."

    def remove(self, *, is_confirmed: bool) -> bool:
        return trim.trim(is_confirmed=is_confirmed)
