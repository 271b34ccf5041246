"""How accounts come to be: by the API, from two sides at once, and as the first administrator."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from accounts import quota, registration
from accounts.errors import UsernameTaken
from accounts.models import Usage, User
from tests.accounts.conftest import PASSWORD

URL = "/api/v1/auth/register"


def register(client, **fields):
    body = {"username": "ada", "email": "ada@example.org", "password": PASSWORD, **fields}
    return client.post(URL, body, format="json")


@pytest.mark.django_db
def test_a_person_registers_and_gets_room(anonymous, settings):
    settings.DEFAULT_QUOTA_BYTES = 1000

    reply = register(anonymous)

    user = User.objects.get()
    assert reply.status_code == 201
    assert reply.json() == {"id": user.id, "username": "ada", "email": "ada@example.org"}
    assert user.check_password(PASSWORD)
    assert quota.figures(user.id) == quota.Figures(quota_bytes=1000, used_bytes=0)


@pytest.mark.django_db
def test_nobody_makes_themselves_an_administrator(anonymous):
    reply = register(anonymous, is_staff=True, is_superuser=True, quota_bytes=10**15, id=7)

    user = User.objects.get()
    assert reply.status_code == 201
    assert (user.is_staff, user.is_superuser, user.usage.quota_bytes) == (False, False, 10 * 2**30)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "<script>"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"username": "a\0"}, "username"),
        ({"username": {"a": 1}}, "username"),
        ({"email": "nonsense"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"username": "adalovelace", "password": "adalovelace"}, "password"),
        ({"password": None}, "password"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(anonymous, fields, field):
    reply = register(anonymous, **fields)

    assert reply.status_code == 422
    assert field in {error["field"] for error in reply.json()["errors"]}
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("username", ["owner", "OWNER", "ｏｗｎｅｒ"])
def test_a_taken_name_is_a_conflict_in_any_disguise(anonymous, owner, username):
    reply = register(anonymous, username=username)

    assert (reply.status_code, reply.json()["code"]) == (409, "username_taken")


@pytest.mark.django_db
def test_a_closed_door_says_whom_to_ask(anonymous, settings):
    settings.REGISTRATION = "closed"

    reply = register(anonymous)

    assert (reply.status_code, reply.json()["code"]) == (403, "registration_closed")
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_one_name_at_once_one_gets_it():
    def attempt(_):
        try:
            return registration.register(username="ada", password=PASSWORD)
        except UsernameTaken as taken:
            return taken
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))

    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert User.objects.count() == Usage.objects.count() == 1


@pytest.mark.django_db
def test_the_first_administrator_is_made_once(monkeypatch, capsys):
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    call_command("ensure_admin")
    monkeypatch.setenv("ADMIN_PASSWORD", "another horse battery")
    call_command("ensure_admin", username="Admin")

    admin = User.objects.get()
    assert (admin.username, admin.is_staff, admin.is_superuser) == ("admin", True, True)
    assert admin.check_password(PASSWORD)
    assert quota.figures(admin.id).quota_bytes is None
    assert PASSWORD not in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize("password", [None, ""])
def test_an_administrator_without_a_password_is_not_made(monkeypatch, password):
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    if password is not None:
        monkeypatch.setenv("ADMIN_PASSWORD", password)

    with pytest.raises(CommandError, match="ADMIN_PASSWORD"):
        call_command("ensure_admin")


@pytest.mark.django_db
def test_passwords_are_kept_as_argon2id(owner):
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM accounts_user")
        assert cursor.fetchone()[0].startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
