"""`manage.py reclaim --confirm`: let one pass remove more than is usual."""

from nodes import reclaim
from nodes.management.removal import RemovalCommand


class Command(RemovalCommand):
    help = "Remove chunks that no content needs any more and whose grace is over."

    def remove(self, *, is_confirmed: bool) -> bool:
        return reclaim.reclaim(is_confirmed=is_confirmed)
