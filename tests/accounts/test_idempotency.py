"""Registering and signing in by the API again under one Idempotency-Key: done once, and no secret is kept."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection
from rest_framework.test import APIClient

from accounts import invitations, tokens
from accounts.models import KeptAnswer, Token, User
from tests.accounts.conftest import PASSWORD
from tests.files.conftest import code

TOKENS, REGISTER = "/api/v1/auth/tokens", "/api/v1/auth/register"
pytestmark = pytest.mark.django_db


def ask(url, *, key="a-key", **fields):
    body = {"username": "owner", "password": PASSWORD, **fields}
    return APIClient().post(url, body, format="json", headers={"Idempotency-Key": key} if key else {})


def is_again(reply, first):
    same = (reply.status_code, reply.json()) == (first.status_code, first.json())
    return same and reply["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first


def at_once(url, **fields):
    start = threading.Barrier(3, timeout=120)

    def run(_):
        try:
            start.wait()
            return ask(url, **fields)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(run, range(3)))


def test_a_token_asked_for_again_is_the_same_one(owner):
    first, again = ask(TOKENS, name="laptop"), ask(TOKENS, name="laptop", key='"a-key"')

    assert first.status_code == 201 and is_again(again, first)
    assert Token.objects.count() == 1
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {again.json()['token']}")
    assert client.get("/api/v1/me").json()["username"] == "owner"


def test_each_key_and_each_request_without_one_makes_a_token_of_its_own(owner, stranger):
    asked = [{}, {"key": "another"}, {"key": ""}, {"key": ""}, {"username": "stranger"}]

    made = [ask(TOKENS, **fields).json()["token"] for fields in asked]

    assert len(set(made)) == Token.objects.count() == len(asked)
    assert len({len(text) for text in made}) == 1


def test_what_is_kept_tells_neither_token_nor_password(owner):
    text = ask(TOKENS).json()["token"]

    kept = KeptAnswer.objects.get()
    token = Token.objects.get()
    assert kept.body == str(token.id)
    for known in (kept.body, kept.key.hex(), bytes(kept.key).hex(), bytes(kept.fingerprint).hex()):
        assert tokens.text_of(token, known) != text
    fingerprint = bytes(kept.fingerprint)
    owner.set_password("another one, and long")
    owner.save()
    KeptAnswer.objects.all().delete()
    assert ask(TOKENS, password="another one, and long").status_code == 201
    assert bytes(KeptAnswer.objects.get().fingerprint) == fingerprint  # the password is no part of it


def test_a_token_is_told_again_to_nobody_without_the_password(owner):
    ask(TOKENS)

    assert code(ask(TOKENS, password="not this one")) == (401, "sign_in_refused")


def test_another_request_for_a_token_under_the_same_key_is_refused(owner, settings):
    ask(TOKENS, scopes=["read"])

    assert code(ask(TOKENS)) == (422, "idempotency_key_reused")
    settings.SECRET_KEY = "another key, by which another text would be told"
    assert code(ask(TOKENS, scopes=["read"])) == (422, "idempotency_key_reused")
    assert Token.objects.count() == 1


def test_a_token_that_was_revoked_does_not_come_back(owner):
    tokens.revoke(owner, ask(TOKENS).json()["id"])

    assert code(ask(TOKENS)) == (404, "not_found")


@pytest.mark.parametrize("key", [" ", '"', "a" * 256])
@pytest.mark.parametrize("url", [TOKENS, REGISTER])
def test_a_key_that_is_none_is_refused(owner, url, key):
    assert code(ask(url, username="owner" if url == TOKENS else "ada", key=key)) == (400, "bad_header")
    assert (User.objects.count(), Token.objects.count()) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_twins_that_arrive_at_the_same_moment_get_one_token(owner):
    replies = at_once(TOKENS)

    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.json()["token"] for reply in replies}) == Token.objects.count() == 1


def test_who_registers_again_under_one_key_has_one_account(settings):
    settings.CONFIRM_EMAIL = True
    fields = {"username": "ada", "email": "ada@example.org"}

    first, again = ask(REGISTER, **fields), ask(REGISTER, **fields)

    assert first.status_code == 201 and is_again(again, first)
    assert (User.objects.count(), len(mail.outbox)) == (1, 1)


@pytest.mark.parametrize(
    "other", [{"key": ""}, {"key": "another"}, {"password": PASSWORD + "2"}, {"email": "b@example.org"}]
)
def test_a_name_is_taken_for_all_but_the_request_that_took_it(other):
    ask(REGISTER, username="ada")

    assert code(ask(REGISTER, **{"username": "ada", **other})) == (409, "username_taken")
    assert User.objects.count() == 1


def test_an_invitation_is_used_up_for_all_but_the_request_that_used_it(admin, settings):
    settings.REGISTRATION = "invitation"
    made = invitations.invite(admin, site="http://testserver")
    fields = {"username": "ada", "invitation": invitations.path_of(made).partition("=")[2]}

    first, again = ask(REGISTER, **fields), ask(REGISTER, **fields)

    assert first.status_code == 201 and is_again(again, first)
    assert code(ask(REGISTER, **fields, key="another")) == (410, "invitation_refused")


def test_passwords_are_not_guessed_by_registering_again(admin, settings):
    settings.REGISTRATION = "invitation"
    settings.REGISTRATIONS_PER_HOUR = 2
    made = invitations.invite(admin, site="http://testserver")
    fields = {"username": "ada", "invitation": invitations.path_of(made).partition("=")[2]}
    ask(REGISTER, **fields)

    refused = [code(ask(REGISTER, **fields, password=PASSWORD + guess)) for guess in "12"]

    assert refused == [(410, "invitation_refused"), (429, "too_many_attempts")]


@pytest.mark.django_db(transaction=True)
def test_twins_that_register_at_the_same_moment_are_one_account():
    replies = at_once(REGISTER, username="ada")

    assert {reply.status_code for reply in replies} == {201}
    assert {reply.json()["id"] for reply in replies} == {User.objects.get().id}
