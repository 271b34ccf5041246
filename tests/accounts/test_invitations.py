"""Who may register: everybody, who is invited, or nobody; and that an e-mail address is confirmed."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.db import connections

from accounts import confirmation, invitations, letters, registration, sign_in
from accounts.errors import EmailUnconfirmed, InvitationRefused, TooManyAttempts
from accounts.models import Invitation, User
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
SITE = "http://testserver"


def outbox():
    letters.flush()
    return mail.outbox


@pytest.fixture
def by_invitation(settings):
    settings.REGISTRATION = "invitation"


def token_of(invitation):
    return parse_qs(urlsplit(invitations.path_of(invitation)).query)["invitation"][0]


def register(token="", username="ada", **fields):
    return registration.register(username=username, password=PASSWORD, invitation=token, site=SITE, **fields)


def test_an_invitation_is_good_once(by_invitation, admin):
    token = token_of(invitations.invite(admin))

    ada = register(token)

    assert Invitation.objects.get().used_by == ada
    with pytest.raises(InvitationRefused):
        register(token, "bob")
    assert not User.objects.filter(username="bob").exists()


@pytest.mark.parametrize("token", ["", "x", "made:up"])
def test_without_a_good_invitation_nobody_registers(by_invitation, anonymous, token):
    reply = anonymous.post(
        "/api/v1/auth/register",
        {"username": "ada", "password": PASSWORD, "invitation": token},
        format="json",
    )

    assert (reply.status_code, reply.json()["code"]) == (410, "invitation_refused")
    assert not User.objects.exists()


def test_an_invitation_ends_and_can_be_taken_back(by_invitation, admin):
    old, taken_back = invitations.invite(admin), invitations.invite(admin)
    Invitation.objects.filter(id=old.id).update(expires_at=old.created_at - timedelta(days=1))
    invitations.take_back(taken_back.id)

    for invitation in (old, taken_back):
        with pytest.raises(InvitationRefused):
            register(token_of(invitation))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_invitation_at_once_one_wins(by_invitation, admin):
    token = token_of(invitations.invite(admin))

    def attempt(name):
        try:
            return register(token, name)
        except InvitationRefused:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        made = [user for user in pool.map(attempt, ["a1", "b2", "c3", "d4"]) if user]

    assert len(made) == 1
    assert set(User.objects.values_list("username", flat=True)) == {"admin", made[0].username}


def test_an_admin_invites_by_the_api_and_a_letter_leads_to_the_form(by_invitation, admin, client_of, client):
    api = client_of(admin)

    made = api.post("/api/v1/auth/invitations", {"email": "ada@example.org"}, format="json")

    (letter,) = outbox()
    url = re.search(rf"{SITE}(/register\S+)", letter.body)[1]
    assert made.status_code == 201
    assert made.json()["url"] == SITE + url
    assert [one["id"] for one in api.get("/api/v1/auth/invitations").json()["results"]] == [made.json()["id"]]
    page = client.get(url)
    assert 'type="hidden" name="invitation"' in page.text
    fields = {
        "username": "ada",
        "password": PASSWORD,
        "invitation": parse_qs(urlsplit(url).query)["invitation"],
    }
    assert client.post(url, fields).status_code == 302
    assert User.objects.filter(username="ada").exists()
    assert "invited, by the admin" in client.get("/register").text
    assert api.get("/api/v1/auth/invitations").json()["results"] == []
    assert api.delete(f"/api/v1/auth/invitations/{made.json()['id']}").status_code == 404


def test_an_invitation_asked_for_again_under_one_key_is_one(admin, client_of, monkeypatch):
    api = client_of(admin)

    def invite(email="ada@example.org"):
        headers = {"Idempotency-Key": "a-key"}
        return api.post("/api/v1/auth/invitations", {"email": email}, format="json", headers=headers)

    first = invite()
    a_minute_later = time.time() + 60
    monkeypatch.setattr("django.core.signing.time.time", lambda: a_minute_later)
    again = invite()

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first
    assert Invitation.objects.count() == len(outbox()) == 1
    assert invite("bob@example.org").status_code == 422
    api.delete(f"/api/v1/auth/invitations/{first.json()['id']}")
    assert invite().status_code == 404


def test_too_many_accounts_from_one_address_have_to_wait(settings, db):
    settings.REGISTRATIONS_PER_HOUR = 2
    register(username="a1", address="192.0.2.1")
    register(username="b2", address="192.0.2.1")

    with pytest.raises(TooManyAttempts):
        register(username="c3", address="192.0.2.1")
    register(username="d4", address="192.0.2.2")


def test_an_address_must_be_confirmed_where_that_is_asked_for(settings, client, anonymous):
    settings.CONFIRM_EMAIL = True
    fields = {"username": "ada", "password": PASSWORD, "email": "ada@example.org"}

    assert "ada@example.org" in client.post("/register", fields).text
    assert "_auth_user_id" not in client.session
    (letter,) = outbox()
    link = re.search(rf"{SITE}(/confirm-email/\S+)", letter.body)[1]
    refused = anonymous.post("/api/v1/auth/tokens", fields, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "email_unconfirmed")
    with pytest.raises(EmailUnconfirmed):
        sign_in.verify(username="ada", password=PASSWORD, address="192.0.2.1")

    client.get(link)  # what a program that looks at letters does
    assert User.objects.get().email_confirmed_at is None
    assert "is confirmed" in client.post(link).text
    assert client.post("/sign-in", {"username": "ada", "password": PASSWORD}).status_code == 302


def test_an_account_without_an_address_is_refused_where_it_must_be_confirmed(settings, anonymous):
    settings.CONFIRM_EMAIL = True

    reply = anonymous.post("/api/v1/auth/register", {"username": "ada", "password": PASSWORD}, format="json")

    assert reply.status_code == 422
    assert not User.objects.exists()


def test_an_account_whose_letter_is_one_too_many_is_not_made(anonymous):
    def ask(name):
        fields = {"username": name, "password": PASSWORD, "email": "ada@example.org"}
        return anonymous.post("/api/v1/auth/register", fields, format="json")

    for number in range(confirmation.LETTERS.tries):
        assert ask(f"ada{number}").status_code == 201

    refused = ask("adalast")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert not User.objects.filter(username="adalast").exists()
    assert len(outbox()) == confirmation.LETTERS.tries


def test_a_confirmation_is_for_the_address_it_was_sent_to(owner, client):
    confirmation.send(owner, site=SITE)
    link = re.search(rf"{SITE}(/confirm-email/\S+)", outbox()[0].body)[1]
    User.objects.filter(pk=owner.pk).update(email="another@example.org")

    assert "not good any more" in client.post(link).text
    assert "not good any more" in client.post("/confirm-email/made-up").text
    assert User.objects.get().email_confirmed_at is None
