"""Counts the rows that statements read, and has them run on one connection whose plans are known."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def ask(statement: str, parameters: object = None) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def rows_read() -> Counter[str]:
    """Count what was read by each index, and without one, until now."""
    ask("SELECT pg_stat_force_next_flush()")
    by_index = "SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes"
    return Counter(dict(ask(f"{by_index} UNION ALL SELECT relname, seq_tup_read FROM pg_stat_user_tables")))


def begin_anew() -> None:
    """Have the next statement run on a new connection, which plans by the figures of today."""
    ask("SELECT pg_stat_force_next_flush()")  # what the old one has read is not to be counted later
    connection.close()
    connection.close_pool()


@contextmanager
def on_one_connection() -> Iterator[None]:
    options = connection.settings_dict["OPTIONS"]
    pool = options["pool"]
    begin_anew()
    options["pool"] = {**pool, "max_size": 1}
    try:
        yield
    finally:
        begin_anew()
        options["pool"] = pool
