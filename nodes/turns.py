"""Work of which the whole cluster does one at a time: whoever has the turn does it, the others pass.

A turn is a row with an end by the database's clock: one whose holder died is free again soon. It keeps work
polite; what must not happen twice has leases of its own.
"""

from uuid import UUID

from django.db import connection

_TAKE = """
INSERT INTO nodes_turn AS turn (name, holder, until)
VALUES (%s, %s, clock_timestamp() + %s::float * interval '1 second')
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE turn.holder = excluded.holder OR turn.until < clock_timestamp()
"""


def take(name: str, holder: UUID, *, seconds: float) -> bool:
    """Take a turn, or prolong one's own; tells whether this holder has it now."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [name, holder, seconds])
        return bool(cursor.rowcount)


def give_back(name: str, holder: UUID) -> None:
    """Let the next one have the turn at once; one that is lost already is fine."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM nodes_turn WHERE name = %s AND holder = %s", [name, holder])
