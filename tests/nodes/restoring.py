"""Dumps the tests' database and brings the dump back over it, as docs/operations.md tells operators to."""

import os
import subprocess
from pathlib import Path

import pytest
from django.db import connection

from dfsweb.launcher import postgresql
from nodes import roster


def dump(to: Path) -> None:
    """Write all there is to a file."""
    _run("pg_dump", "--format=custom", "--file", str(to))


def restore(dumped: Path) -> None:
    """Put everything back as it was; nobody may be using the database."""
    connection.close()
    connection.close_pool()  # what they have prepared is of tables that go
    _run("pg_restore", "--clean", "--if-exists", "--single-transaction", "--exit-on-error", str(dumped))
    roster.forget()


def _run(program: str, *arguments: str) -> None:
    with connection.cursor():
        told = connection.connection.info
        major, where = told.server_version // 10000, told.dsn
        password = {"PGPASSWORD": told.password} if told.password else {}
    connection.close()
    binary = postgresql.installations().get(major, Path()) / "bin" / program
    if not binary.exists():
        pytest.skip(f"{program} of PostgreSQL {major} is not here")
    done = subprocess.run(
        [str(binary), "--dbname", where, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **password},
    )
    assert done.returncode == 0, done.stderr
