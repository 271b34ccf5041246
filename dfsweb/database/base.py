"""Django's backend for PostgreSQL; a connection that the server has closed is replaced before it is used.

After a restart of PostgreSQL every idle connection of a pool is dead, and each would fail one request.
Django's own check sends a statement each time; a look at the socket costs nothing: an idle connection has
nothing to say.
"""

import select
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from psycopg import Connection, DatabaseError, OperationalError
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.errors import IdleInTransactionSessionTimeout
from psycopg.pq import Format

from dfsweb.database.hot import HotStatements


class UtcLoader(Loader):
    """Reads a time as a connection in UTC writes it; psycopg's own looks the zone up anew for each result."""

    format = Format.TEXT
    timezone = UTC  # Django compares it with its own

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(bytes(data).decode())


class ErrorWrapper(DatabaseErrorWrapper):
    """Takes for a lost connection, beside what Django does, what is one by another name.

    What only libpq said, and no server: the connection broke, or there was no memory. And the server's
    farewell to who stood still in a transaction.
    """

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        is_of_libpq = kind is DatabaseError and error.sqlstate is None
        if is_of_libpq or kind is IdleInTransactionSessionTimeout:
            kind, error = OperationalError, OperationalError(*error.args)
        super().__exit__(kind, error, trace)


class DatabaseWrapper(base.DatabaseWrapper):
    """See the module."""

    _params: dict[str, Any] | None = None

    @cached_property
    def wrap_database_errors(self) -> ErrorWrapper:
        return ErrorWrapper(self)

    def get_connection_params(self) -> dict[str, Any]:
        """Say how to connect; worked out once, for it is asked whenever a pooled connection is taken."""
        if self._params is None:
            self._params = super().get_connection_params()
            self._params["context"].register_loader("timestamptz", UtcLoader)
        return dict(self._params)

    def fetch_row(self, statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
        """Run a statement that thousands of requests wait for; returns its first row."""
        rows = self.fetch_rows(statement, parameters)
        return rows[0] if rows else None

    def fetch_rows(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a statement that thousands of requests wait for; returns all its rows.

        Where no connection is open none stays so: one is lent by the pool for the statement alone.
        """
        if (
            self.in_atomic_block
            or self.queries_logged
            or self.execute_wrappers
            or not self.get_autocommit()
            or self.pool is None
        ):
            with self.cursor() as cursor:
                cursor.execute(statement, parameters)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
                return rows
        with self.wrap_database_errors:
            if self.connection is not None:
                return _hot(self.connection).fetch_rows(statement, parameters)
            pool = self.pool
            if pool.closed:
                pool.open()
            lent = pool.getconn()
            try:
                return _hot(lent).fetch_rows(statement, parameters)
            finally:
                pool.putconn(lent)

    def get_autocommit(self) -> bool:
        """Tell whether statements commit by themselves; Django's own opens a connection to tell."""
        return bool(self.settings_dict["AUTOCOMMIT"] if self.connection is None else self.autocommit)

    def _set_autocommit(self, autocommit: bool) -> None:
        """Nearly always it is so already, of a connection that comes from the pool."""
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]

    @property
    def pool(self) -> Any:
        pool = super().pool
        if pool is not None and pool._check is None:
            pool._check = make_ready
        return pool


def _hot(connection: Any) -> HotStatements:
    """Return what a connection of psycopg has prepared."""
    hot: HotStatements | None = getattr(connection, "hot", None)
    if hot is None:
        hot = connection.hot = HotStatements(connection)
    return hot


class PlanAge:
    """When the plans of a connection's prepared statements and functions are to be made anew.

    A plan made while tables are young may read all of them, and is kept until the next ANALYZE, a minute or
    an hour later. So the plans of a new connection are forgotten soon, and then ever more seldom.
    """

    FIRST_SECONDS = 1.0
    LONGEST_SECONDS = 600.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wait_seconds = self.FIRST_SECONDS
        self._due_at = clock() + self._wait_seconds

    def is_due(self) -> bool:
        """Tell whether it is time, and wait twice as long from then on."""
        now = self._clock()
        if now < self._due_at:
            return False
        self._wait_seconds = min(2 * self._wait_seconds, self.LONGEST_SECONDS)
        self._due_at = now + self._wait_seconds
        return True


def make_ready(connection: Connection[Any]) -> None:
    """Have a connection of the pool be fit for use. Raises OperationalError when it is at its end."""
    require_silent(connection)
    if not connection.autocommit:  # its last user has left it within a transaction
        connection.autocommit = True
    if not hasattr(connection, "plan_age"):
        connection.plan_age = PlanAge()  # type: ignore[attr-defined]
    elif connection.plan_age.is_due():
        connection.pgconn.exec_(b"DISCARD PLANS")


def require_silent(connection: Connection[Any]) -> None:
    """Raise OperationalError when the server has said something on an idle connection: that is its end."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        connection.close()
        raise OperationalError("the server has closed this connection")
