"""The servers unit tests run against."""

import os
from pathlib import Path

import psycopg
import pytest
import redis
from django.db import connection

from dfsweb.launcher import account


def test_libpq_and_redis_understand_the_addresses() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        assert database.info.server_version >= 160000
    with redis.from_url(os.environ["REDIS_URL"]) as client:
        assert client.ping()


@pytest.mark.django_db
def test_django_understands_the_address_and_words_beyond_ascii_are_lowered() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower('ÜBER'), to_tsvector('simple', 'Straßen ÜBER')::text, current_user")
        assert cursor.fetchone() == ("über", "'straßen':1 'über':2", "dfsweb")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root chooses another account")
def test_an_account_keeps_a_capability_only_below_closed_folders(tmp_path: Path) -> None:
    open_folder, closed_folder = Path("/var/tmp/new"), tmp_path / "closed/new"
    closed_folder.parent.mkdir(mode=0o700)

    free = account.choose(open_folder, must_reach=[open_folder])
    confined = account.choose(closed_folder, must_reach=[closed_folder])

    assert free is not None and free.capability is None
    assert confined is not None and confined.capability is not None
