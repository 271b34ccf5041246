"""Changing a password, and setting another one by a letter."""

import re

import pytest
from django.core import mail
from django.test import Client

from accounts import letters, passwords, sessions, tokens
from accounts.errors import FieldsRefused, TooManyAttempts
from accounts.models import Session, Token, User
from dfsweb.request_ids import RequestIdFilter
from tests.accounts.conftest import PASSWORD, person

pytestmark = pytest.mark.django_db
NEW = "another staple, please"
SITE, HOME = "http://testserver", "192.0.2.1"


def outbox():
    letters.flush()
    return mail.outbox


def browser_of(user):
    browser = Client()
    browser.force_login(user)
    return browser


def is_in(browser):
    return browser.get("/api/v1/auth/sessions").status_code == 200


def test_a_new_password_ends_other_browsers_and_all_tokens(owner, stranger, client_of):
    here, there, program = browser_of(owner), browser_of(owner), client_of(owner)
    theirs = client_of(stranger)

    reply = here.post(
        "/api/v1/auth/password",
        {"current_password": PASSWORD, "new_password": NEW},
        content_type="application/json",
    )

    assert reply.status_code == 204
    assert (is_in(here), is_in(there)) == (True, False)
    assert program.get("/api/v1/auth/tokens").status_code == 401
    assert theirs.get("/api/v1/auth/tokens").status_code == 200
    assert User.objects.get(pk=owner.pk).check_password(NEW)


def test_tokens_stay_when_that_is_asked_for(owner):
    tokens.create(owner)

    passwords.change(owner, current=PASSWORD, new=NEW, keep_tokens=True)

    assert Token.objects.filter(user=owner).count() == 1


def test_the_old_password_is_asked_for_and_guessing_at_it_is_slowed_down(owner):
    for _ in range(passwords.CHANGES.tries):
        with pytest.raises(FieldsRefused):
            passwords.change(owner, current="wrong", new=NEW)
    with pytest.raises(TooManyAttempts):
        passwords.change(owner, current=PASSWORD, new=NEW)

    assert User.objects.get(pk=owner.pk).check_password(PASSWORD)


def test_a_weak_password_is_refused_by_its_field(owner, client_of):
    reply = client_of(owner).post(
        "/api/v1/auth/password", {"current_password": PASSWORD, "new_password": "owner"}, format="json"
    )

    assert reply.status_code == 422
    assert {error["field"] for error in reply.json()["errors"]} == {"new_password"}


def test_a_letter_leads_to_another_password_once(owner, client):
    session, token = browser_of(owner), tokens.create(owner)[1]
    client.post("/password-reset", {"email": "Owner@example.org"})
    (letter,) = outbox()
    assert letter.to == ["owner@example.org"] and "Another password" in letter.subject
    link = re.search(rf"{SITE}(/password-reset/\S+)", letter.body)[1]

    form = client.get(link, follow=True)
    assert form.redirect_chain[-1][0].endswith("/set-password")
    assert re.findall(r'name="(\w+)"[^>]* autofocus', form.text) == ["new_password1"]
    fields = {"new_password1": NEW, "new_password2": NEW}
    done = client.post(form.redirect_chain[-1][0], fields)

    assert (done.status_code, done["Location"]) == (302, "/sign-in")
    account = User.objects.get(pk=owner.pk)
    assert account.check_password(NEW)
    assert account.email_confirmed_at is not None
    assert not is_in(session)
    assert not Token.objects.filter(user=owner).exists(), token
    assert "used already" in Client().get(link, follow=True).text


def test_nobody_learns_whether_there_is_an_account(owner, client):
    known = client.post("/password-reset", {"email": "owner@example.org"})
    unknown = client.post("/password-reset", {"email": "nobody@example.org"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(outbox()) == 1


def test_an_account_that_is_switched_off_gets_no_letter(owner):
    User.objects.filter(pk=owner.pk).update(is_active=False)

    passwords.send_reset("owner@example.org", site=SITE, address=HOME)

    assert not outbox()


def test_nobodys_mailbox_is_filled(owner, client, anonymous):
    for _ in range(passwords.RESETS.tries):
        assert client.post("/password-reset", {"email": "owner@example.org"}).status_code == 302

    assert "Too many" in client.post("/password-reset", {"email": "owner@example.org"}).text
    reply = anonymous.post("/api/v1/auth/password-reset", {"email": "owner@example.org"}, format="json")
    assert reply.status_code == 429 and int(reply["Retry-After"]) > 0
    assert len(outbox()) == passwords.RESETS.tries


def test_a_letter_that_cannot_be_sent_is_written_down_and_breaks_nothing(owner, client, settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    caplog.handler.addFilter(RequestIdFilter())

    reply = client.post("/password-reset", {"email": "owner@example.org"})
    assert reply.status_code == 302
    letters.flush()
    (line,) = [record for record in caplog.records if "was not sent" in record.getMessage()]
    assert line.request_id == reply["X-Request-Id"]


# --- the list of sessions ----------------------------------------------------------------------------


def test_a_person_sees_the_browsers_they_are_signed_in_with_and_ends_one(owner, stranger):
    here, there = Client(), Client(headers={"User-Agent": "Phone 1.0"})
    for browser in (here, there):
        browser.post("/sign-in", {"username": "owner", "password": PASSWORD})
    browser_of(stranger)

    listed = here.get("/api/v1/auth/sessions").json()["results"]
    assert sorted((one["agent"], one["is_this"]) for one in listed) == [("", True), ("Phone 1.0", False)]
    assert {one["address"] for one in listed} == {"127.0.0.1"}
    assert not [row for row in Session.objects.all() if row.session_key in str(listed)]
    phone = next(one["id"] for one in listed if one["agent"])
    assert here.delete(f"/api/v1/auth/sessions/{phone}").status_code == 204

    assert (is_in(here), is_in(there)) == (True, False)
    assert here.delete(f"/api/v1/auth/sessions/{phone}").status_code == 404


def test_nobody_ends_the_session_of_somebody_else(owner, stranger):
    theirs = browser_of(stranger)
    (session,) = sessions.of(stranger)

    assert browser_of(owner).delete(f"/api/v1/auth/sessions/{session.id}").status_code == 404
    assert is_in(theirs)


def test_the_rows_of_ended_sessions_are_removed(owner):
    browser_of(owner)
    Session.objects.update(expire_date="2001-01-01T00:00:00Z")
    browser_of(owner)

    sessions.forget_expired()

    assert Session.objects.count() == 1


def test_a_password_that_an_admin_sets_ends_all_that_the_old_one_opened(owner, admin, client):
    browser, token = browser_of(owner), tokens.create(owner)[0]
    client.force_login(admin)

    reply = client.post(
        f"/admin/accounts/user/{owner.pk}/password/",
        {"password1": NEW, "password2": NEW, "usable_password": "true"},
    )

    assert reply.status_code == 302
    assert User.objects.get(pk=owner.pk).check_password(NEW)
    assert not is_in(browser)
    assert not Token.objects.filter(id=token.id).exists()


def test_the_admin_has_no_way_of_its_own_to_change_ones_password(admin, client):
    """Django's would keep the tokens, and let who has found a browser signed in guess at the old one."""
    client.force_login(admin)
    token = tokens.create(admin)[0]

    asked = client.post(
        "/admin/password_change/", {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    )

    assert (asked.status_code, asked["Location"]) == (302, "/account/security")
    assert User.objects.get(pk=admin.pk).check_password(PASSWORD)
    assert Token.objects.filter(id=token.id).exists()


def test_a_second_person_is_not_signed_out_by_the_first(owner):
    other = person("other")
    browser = browser_of(other)

    passwords.change(owner, current=PASSWORD, new=NEW)

    assert is_in(browser)
