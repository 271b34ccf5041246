"""What people are charged for is added up anew every day."""

import threading

import pytest
from django.db import connection, transaction

from accounts import quota
from accounts.models import Usage
from files import purging, recounting
from files.tasks import recount_usage
from nodes import figures
from nodes.figures import Figure
from tests.files.conftest import person, used_bytes, write_file
from tests.nodes.living_cluster import age


def spoil(user, **fields):
    Usage.objects.filter(user=user).update(**fields)


def day_passes():
    age("accounts_usage", "recounted_at", recounting.INTERVAL.total_seconds())


def test_a_charge_that_is_right_stays(owner):
    write_file(owner, "a.bin", size=70)
    write_file(owner, "a.bin", size=30)
    write_file(owner, "gone.bin", size=5)
    purging.purge(owner, write_file(owner, "purged.bin", size=900).id)

    assert recounting.recount() == 0
    assert used_bytes(owner) == 105


def test_r14_a_wrong_charge_is_found_once_a_day_and_corrected(owner, stranger, caplog):
    write_file(owner, "a.bin", size=70)
    spoil(owner, used_bytes=1_000_000, reserved_bytes=12)
    spoil(stranger, used_bytes=3)

    recount_usage()

    assert (used_bytes(owner), used_bytes(stranger)) == (70, 0)
    assert quota.figures(owner.id).reserved_bytes == 0
    assert figures.read()[Figure.USAGES_RECOUNTED_WRONG].value == 2
    assert "was charged for 1000000 bytes (12 reserved) and has 70 (0)" in caplog.text
    spoil(owner, used_bytes=1)
    assert recounting.recount() == 0, "today's is over"
    day_passes()
    assert recounting.recount() == 1
    assert used_bytes(owner) == 70


def test_a_call_looks_at_so_many_and_the_next_at_the_others(db, monkeypatch):
    monkeypatch.setattr(recounting, "PEOPLE", 2)
    for number in range(5):
        spoil(person(f"person-{number}"), used_bytes=9)

    assert [recounting.recount() for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_what_is_stored_while_it_is_added_up_is_charged_once():
    owner = person("owner")
    write_file(owner, "a.bin", size=70)
    spoil(owner, used_bytes=5)
    counted: list[int] = []

    def recount() -> None:
        counted.append(recounting.recount())
        connection.close()

    with transaction.atomic():
        write_file(owner, "b.bin", size=30)  # charged, not committed
        thread = threading.Thread(target=recount)
        thread.start()
        thread.join(timeout=0.5)  # it waits for the row, or has not come to it: both must end well
    thread.join()

    assert counted == [1]
    assert used_bytes(owner) == 100
