"""Connections that PostgreSQL has ended fail no request; times and hot statements are what they say."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus

from dfsweb.database.base import PlanAge, make_ready

pytestmark = pytest.mark.django_db(transaction=True)

STAND_STILL = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
from django.db import OperationalError, connection, transaction
settings.DATABASES["default"]["NAME"] = sys.argv[1]
try:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(4711)")
        os.kill(os.getpid(), signal.SIGSTOP)
        cursor.execute("SELECT 1")
except OperationalError as error:
    print(error)
with connection.cursor() as cursor:
    cursor.execute("SELECT 'and goes on'")
    print(*cursor.fetchone())
"""


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end(pid: int) -> None:
    database = connection.settings_dict
    with psycopg.connect(
        host=database["HOST"] or database["OPTIONS"].get("host"),
        port=database["PORT"] or database["OPTIONS"].get("port"),
        user=database["USER"],
        password=database["PASSWORD"],
        dbname=database["NAME"],
    ) as killer:
        assert killer.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


def test_a_connection_that_the_server_has_ended_is_replaced_before_it_is_used():
    ended = backend()
    connection.close()  # idle in the pool now

    end(ended)

    assert backend() != ended
    assert settings.DATABASES["default"]["ENGINE"] == "dfsweb.database"


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-20 17:47:12+00", datetime(2026, 11, 20, 17, 47, 12, tzinfo=UTC)),
        ("2026-11-20 17:47:12.1+00", datetime(2026, 11, 20, 17, 47, 12, 100_000, tzinfo=UTC)),
        ("2026-11-20 17:47:12.000001+05:30", datetime(2026, 11, 20, 12, 17, 12, 1, tzinfo=UTC)),
    ],
)
def test_times_come_in_utc_to_the_microsecond(written: str, moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [written])
        (read,) = cursor.fetchone()
    assert (read, read.tzinfo) == (moment, UTC)


def test_plans_are_forgotten_soon_at_first_and_then_ever_more_seldom() -> None:
    clock = [0.0]
    age = PlanAge(lambda: clock[0])
    forgotten = []
    for second in range(2000):
        clock[0] = float(second)
        if age.is_due():
            forgotten.append(second)
    assert forgotten[:6] == [1, 3, 7, 15, 31, 63]
    assert forgotten[-1] - forgotten[-2] == PlanAge.LONGEST_SECONDS


def test_a_plan_made_while_a_table_was_young_does_not_outlive_its_youth() -> None:
    def planned() -> str:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN EXECUTE young (1)")
            return str(cursor.fetchall())

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE young_table (n int) WITH (autovacuum_enabled = off)")
        cursor.execute("PREPARE young (int) AS SELECT * FROM young_table WHERE n > $1")
    first = planned()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO young_table SELECT n FROM generate_series(1, 100000) n")
    seconds = [0.0]
    connection.connection.plan_age = PlanAge(lambda: seconds[0])
    make_ready(connection.connection)
    assert planned() == first, "it is not due"

    seconds[0] = PlanAge.FIRST_SECONDS
    make_ready(connection.connection)
    assert planned() != first
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE young")
        cursor.execute("DROP TABLE young_table")


VALUES: list[tuple[str, Any]] = [
    ("text", "a %s “name” \\ '"),
    ("bigint", 2**40),
    ("int", 7),
    ("boolean", False),
    ("bytea", b"\x00\xff"),
    ("uuid", UUID(int=5)),
    ("uuid[]", [UUID(int=5), UUID(int=6)]),
    ("float8", 0.1),
    ("interval", timedelta(days=1, seconds=2)),
    ("timestamptz", datetime(2026, 11, 20, 17, 47, 12, 1, tzinfo=UTC)),
    ("text", None),
]


@pytest.mark.parametrize("is_in_transaction", [False, True])
@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_a_hot_statement_gives_back_what_it_is_given(kind: str, value: Any, is_in_transaction: bool) -> None:
    def ask() -> Any:
        return connection.fetch_row(f"SELECT %s::{kind}, 5 %% 3", [value])

    if is_in_transaction:
        with transaction.atomic():
            assert ask() == (value, 2)
    assert [ask(), ask()] == [(value, 2)] * 2


def test_a_hot_statement_leaves_no_connection_open_and_uses_one_that_is() -> None:
    connection.close()
    (lent,) = connection.fetch_row("SELECT pg_backend_pid()", [])
    assert connection.connection is None

    mine = backend()
    with connection.cursor() as cursor:
        cursor.execute("SET application_name = 'mine'")
    assert connection.fetch_row("SELECT pg_backend_pid(), current_setting('application_name')", []) == (
        mine,
        "mine",
    )
    assert lent


def test_a_connection_left_within_a_transaction_commits_by_itself_when_it_is_lent_again() -> None:
    backend()
    connection.connection.autocommit = False
    connection.close()

    begun = {connection.fetch_row("SELECT pg_backend_pid(), now()", []) for _ in range(20)}
    assert len(begun) == 20, "a transaction's time stands still"


def test_a_hot_statement_without_a_row_says_so_and_its_first_row_is_taken() -> None:
    statement = "SELECT n FROM generate_series(1, %s::int) n"
    assert [connection.fetch_row(statement, [count]) for count in (0, 1, 3)] == [None, (1,), (1,)]


def test_a_hot_statement_that_fails_says_why_and_the_next_one_works() -> None:
    for _ in range(2):
        with pytest.raises(DatabaseError) as caught:
            connection.fetch_row("SELECT 1 / %s::int", [0])
        assert caught.value.__cause__.sqlstate == "22012"
        with pytest.raises(DatabaseError):
            connection.fetch_row("SELECT nothing_such", [])
        assert connection.fetch_row("SELECT 1 / %s::int", [1]) == (1,)


def test_a_hot_statement_in_a_transaction_is_part_of_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE hot (n int)")
    insert = "INSERT INTO hot VALUES (%s::int) RETURNING n"
    with transaction.atomic():
        assert connection.fetch_row(insert, [1]) == (1,)
        transaction.set_rollback(True)
    assert connection.fetch_row(insert, [2]) == (2,)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        backend()
        raise ZeroDivisionError  # psycopg forgets all prepared statements when it rolls back
    assert connection.fetch_row("SELECT 'another'", []) == ("another",)
    assert connection.fetch_row(insert, [3]) == (3,)
    assert connection.fetch_row("SELECT array_agg(n) FROM hot", []) == ([2, 3],)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE hot")


def test_a_hot_statement_on_a_connection_that_ends_meanwhile_is_an_operational_error() -> None:
    pid = backend()
    killer = threading.Timer(0.2, end, [pid])
    killer.start()
    with pytest.raises(OperationalError):
        connection.fetch_row("SELECT pg_sleep(%s::int)::text", [30])
    killer.join()
    connection.close()
    assert connection.fetch_row("SELECT pg_backend_pid()", []) != (pid,)


def test_an_answer_that_no_server_gave_is_an_operational_error_though_the_connection_seems_to_live() -> None:
    """So libpq tells that the connection broke while it was written to, or that it had no memory."""
    connection.ensure_connection()
    libpq = connection.connection.pgconn
    broken = error_from_result(libpq.make_empty_result(ExecStatus.FATAL_ERROR))
    assert type(broken) is psycopg.DatabaseError and libpq.status == ConnStatus.OK
    with pytest.raises(OperationalError), connection.wrap_database_errors:
        raise broken


def test_what_the_server_itself_refuses_is_no_lost_connection() -> None:
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'P9999'; END $$")
    assert not isinstance(caught.value, OperationalError)


def test_who_stands_still_in_a_transaction_holds_others_up_for_seconds_only_and_learns_of_it() -> None:
    script = [sys.executable, "-c", STAND_STILL, connection.settings_dict["NAME"]]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as still:
        try:
            os.waitpid(still.pid, os.WUNTRACED)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '60s'")
                cursor.execute("SELECT pg_advisory_xact_lock(4711)")
            still.send_signal(signal.SIGCONT)
            said, _ = still.communicate(timeout=60)
        finally:
            still.kill()
    assert "idle-in-transaction timeout" in said
    assert "and goes on" in said
