"""Statements that every small file waits for, sent as libpq takes them: prepared once, no cursor around them.

A cursor of Django's around one of psycopg's costs 100 microseconds a statement in Python, six times what
sending it and reading its answer costs.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from psycopg import Connection
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGresult

_NOT_PREPARED = b"26000"  # invalid_sql_statement_name
_TEXT = (PyFormat.TEXT,) * 100


class HotStatements:
    """What one connection has prepared. Used by one thread at a time, as the connection is."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._adapt = Transformer(connection.cursor())
        self._names: dict[str, bytes] = {}
        self._numbers = count()

    def fetch_rows(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a statement that stands for itself; returns its rows. Raises what psycopg raises.

        The statement casts each parameter whose type PostgreSQL cannot infer, and JSON that it returns to
        text: rows come in binary, for which Django has not said how it wants that.
        """
        values = self._adapt.dump_sequence(parameters, _TEXT[: len(parameters)])
        with self._connection.lock:
            result = self._execute(statement, values)
            if result.error_field(DiagnosticField.SQLSTATE) == _NOT_PREPARED:
                self._names.clear()  # psycopg has had all forgotten, as it does after each rollback
                result = self._execute(statement, values)
        if result.status != ExecStatus.TUPLES_OK:
            raise error_from_result(result)
        self._adapt.set_pgresult(result)
        return self._adapt.load_rows(0, result.ntuples, tuple)

    def _execute(self, statement: str, values: Sequence[Any]) -> PGresult:
        server = self._connection.pgconn
        name = self._names.get(statement)
        if name is None:
            name = b"hot_%d" % next(self._numbers)
            prepared = server.prepare(name, _numbered(statement))
            if prepared.status != ExecStatus.COMMAND_OK:
                return prepared
            self._names[statement] = name
        return server.exec_prepared(name, values, result_format=Format.BINARY)


@lru_cache
def _numbered(statement: str) -> bytes:
    """Write the placeholders as PostgreSQL does: $1, $2."""
    first, *others = statement.split("%s")
    numbered = "".join(f"${number}{text}" for number, text in enumerate(others, start=1))
    return (first + numbered).replace("%%", "%").encode()
