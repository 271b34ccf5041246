"""Who may store how much: charged exactly, never beyond, also by many at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connections, transaction

from accounts import quota
from accounts.errors import QuotaExceeded
from accounts.models import Usage, User

pytestmark = pytest.mark.django_db


def set_quota(person: User, quota_bytes: int | None) -> None:
    Usage.objects.filter(user=person).update(quota_bytes=quota_bytes)


def test_what_is_added_and_subtracted_is_what_is_used(owner):
    quota.add(owner.id, 700)
    quota.add(owner.id, 0)
    quota.subtract(owner.id, 200)

    assert quota.figures(owner.id).used_bytes == 500


def test_figures_above_four_gibibytes_are_exact(owner):
    large = 100 * 2**30 + 7
    set_quota(owner, 3 * large)

    quota.add(owner.id, large)
    quota.add(owner.id, large)
    quota.reserve(owner.id, large)
    assert quota.figures(owner.id) == quota.Figures(3 * large, used_bytes=2 * large, reserved_bytes=large)
    with pytest.raises(QuotaExceeded):
        quota.reserve(owner.id, 1)
    quota.give_back(owner.id, large)
    quota.subtract(owner.id, large)

    assert quota.figures(owner.id) == quota.Figures(3 * large, used_bytes=large)


def test_the_last_byte_fits_and_one_more_does_not(owner):
    set_quota(owner, 1000)
    quota.add(owner.id, 1000)

    with pytest.raises(QuotaExceeded) as refused:
        quota.add(owner.id, 1)

    assert refused.value.facts == {
        "needed_bytes": 1,
        "free_bytes": 0,
        "quota_bytes": 1000,
        "reserved_bytes": 0,
    }
    assert quota.figures(owner.id).used_bytes == 1000


def test_what_is_reserved_is_nobody_elses_until_it_is_given_back(owner):
    set_quota(owner, 1000)
    quota.add(owner.id, 100)
    quota.reserve(owner.id, 900)

    for take in (quota.add, quota.reserve):
        with pytest.raises(QuotaExceeded, match="900\xa0B is kept for unfinished uploads"):
            take(owner.id, 1)
    assert quota.figures(owner.id) == quota.Figures(1000, used_bytes=100, reserved_bytes=900)

    quota.give_back(owner.id, 900)
    quota.add(owner.id, 900)


def test_without_a_quota_everything_fits(owner):
    set_quota(owner, None)
    quota.add(owner.id, 2**50)
    quota.reserve(owner.id, 2**50)

    assert quota.figures(owner.id).free_bytes is None


def test_a_quota_below_what_is_used_takes_nothing_away_and_lets_bytes_go(owner):
    quota.add(owner.id, 900)
    set_quota(owner, 500)

    assert quota.figures(owner.id).free_bytes == 0
    quota.subtract(owner.id, 100)
    assert quota.figures(owner.id).used_bytes == 800


def test_a_rolled_back_transaction_charges_nothing(owner):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        quota.add(owner.id, 900)
        raise ZeroDivisionError

    assert quota.figures(owner.id).used_bytes == 0


def test_an_account_made_by_djangos_own_command_gets_its_row_when_needed():
    admin = User.objects.create_superuser("root", password="x")

    quota.add(admin.id, 5)

    assert quota.figures(admin.id) == quota.Figures(quota_bytes=10 * 2**30, used_bytes=5)


def test_giving_back_more_than_was_charged_is_recorded_and_ends_at_nothing(owner, caplog):
    quota.add(owner.id, 5)

    quota.subtract(owner.id, 9)

    assert quota.figures(owner.id).used_bytes == 0
    assert "charged fewer" in caplog.text


def test_the_database_itself_refuses_a_negative_figure(owner):
    with pytest.raises(IntegrityError), transaction.atomic():
        Usage.objects.filter(user=owner).update(used_bytes=-1)


@pytest.mark.django_db(transaction=True)
def test_f39_fifty_at_once_never_store_more_than_the_quota(owner):
    set_quota(owner, 1000)

    def store(_):
        try:
            with transaction.atomic():
                quota.add(owner.id, 100)
            return 100
        except QuotaExceeded:
            return 0
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        stored = list(pool.map(store, range(50)))

    assert sum(stored) == quota.figures(owner.id).used_bytes == 1000
