"""Guessing at a password is slowed down, without locking anybody else out."""

import ipaddress
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import RequestFactory

from accounts import sign_in
from accounts.errors import SignInRefused, TooManyAttempts
from accounts.models import Attempt, User
from tests.accounts.conftest import PASSWORD, person

pytestmark = pytest.mark.django_db
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def three_attempts(settings):
    settings.SIGN_IN_ATTEMPTS = 3


def guess(times, username="owner", address=HOME):
    for _ in range(times):
        with pytest.raises(SignInRefused):
            sign_in.verify(username=username, password="wrong", address=address)


def test_after_three_wrong_guesses_even_the_right_password_has_to_wait(owner):
    guess(3)

    with pytest.raises(TooManyAttempts) as refused:
        sign_in.verify(username="Owner", password=PASSWORD, address=HOME)

    assert 0 < refused.value.retry_after_seconds <= sign_in.WINDOW_SECONDS


def test_an_unknown_name_is_counted_like_a_known_one(db):
    guess(3, username="nobody")

    with pytest.raises(TooManyAttempts):
        sign_in.verify(username="nobody", password="wrong", address=HOME)


@pytest.mark.parametrize("spelling", ["KIM", "kım", "KİM"])
def test_another_spelling_is_no_way_around_the_count(db, spelling):
    person("kim")
    guess(3, username="kim")

    with pytest.raises((TooManyAttempts, SignInRefused)) as refused:
        sign_in.verify(username=spelling, password=PASSWORD, address=HOME)
    known = User.objects.filter(username__iexact=spelling).exists()

    assert refused.type is (TooManyAttempts if known else SignInRefused)


def test_others_are_not_locked_out(owner, stranger):
    guess(3)

    assert sign_in.verify(username="owner", password=PASSWORD, address=ELSEWHERE) == owner
    assert sign_in.verify(username="stranger", password=PASSWORD, address=HOME) == stranger


def test_a_right_password_starts_the_count_again(owner):
    for _ in range(3):
        guess(2)
        sign_in.verify(username="owner", password=PASSWORD, address=HOME)

    assert not Attempt.objects.exists()


def test_the_window_ends(owner):
    guess(3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_attempt SET ends_at = ends_at - interval '301 s'")

    assert sign_in.verify(username="owner", password=PASSWORD, address=HOME) == owner


def test_old_counts_do_not_pile_up(owner):
    guess(1, username="first")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_attempt SET ends_at = ends_at - interval '301 s'")

    guess(1, username="second")

    assert Attempt.objects.count() == 1


def test_zero_means_no_limit(owner, settings):
    settings.SIGN_IN_ATTEMPTS = 0

    guess(5)


def test_the_api_says_how_long_to_wait(anonymous, owner):
    body = {"username": "owner", "password": "wrong"}
    replies = [anonymous.post("/api/v1/auth/tokens", body, format="json") for _ in range(4)]

    assert [reply.status_code for reply in replies] == [401, 401, 401, 429]
    assert 0 < int(replies[3]["Retry-After"]) <= 300
    assert replies[3].json()["retryable"] is True


@pytest.mark.django_db(transaction=True)
def test_guesses_sent_at_once_are_all_counted(owner):
    def attempt(_):
        try:
            sign_in.verify(username="owner", password="wrong", address=HOME)
        except (SignInRefused, TooManyAttempts) as refused:
            return type(refused)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))

    assert outcomes.count(SignInRefused) == 3
    assert outcomes.count(TooManyAttempts) == 5


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (None, "127.0.0.1"),
        ("203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),  # what the client claims itself is not believed
        ("203.0.113.9, 127.0.0.1", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),  # some proxies tell the port, too
        ("203.0.113.9, nonsense", "127.0.0.1"),  # no address: all that is known is the proxy's
    ],
)
def test_behind_a_trusted_proxy_the_client_is_the_one_it_names(settings, forwarded, address):
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.0/8")]
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

    assert sign_in.address_of(RequestFactory().get("/", headers=headers)) == address


def test_nobody_chooses_their_own_address_without_a_trusted_proxy():
    request = RequestFactory().get("/", headers={"X-Forwarded-For": ELSEWHERE})

    assert sign_in.address_of(request) == "127.0.0.1"


def test_names_with_line_breaks_do_not_break_log_lines(anonymous, db, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="django.request")

    anonymous.get("/api/v1/auth/tokens%0aFAKE line\x1b[31m")

    assert "\nFAKE" not in caplog.text
