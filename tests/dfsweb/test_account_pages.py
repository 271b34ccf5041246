"""The pages of one's own account, as a browser without scripts uses them."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import letters, sessions, tokens
from accounts.models import Token, User
from files.models import Entry
from tests.accounts.conftest import PASSWORD, person
from tests.files.conftest import make_folder

pytestmark = pytest.mark.django_db
PAGES = ("", "/security", "/tokens", "/room", "/look")


@pytest.fixture
def marie():
    return person("marie", email="marie@example.org")


@pytest.fixture
def browser(marie):
    client = Client(enforce_csrf_checks=True)
    client.force_login(marie)
    return client


def send(browser, address, **fields):
    """Fill a form in and send it with its token, and go where the reply leads."""
    page = browser.get(re.sub("/[^/]+/(end|revoke)$", "", address).replace("sessions", "security"))
    secret = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    return browser.post(address, {"csrfmiddlewaretoken": secret, **fields}, follow=True)


def said(reply):
    return [str(message) for message in reply.context["messages"]]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_without_scripts_and_runs_nothing_foreign(browser, page):
    reply = browser.get(f"/account{page}")

    assert reply.status_code == 200
    assert 'aria-current="page"' in reply.text
    assert "unsafe" not in reply["Content-Security-Policy"]
    assert "no-store" in reply["Cache-Control"]
    assert "style=" not in reply.text and "<script>" not in reply.text


def test_another_name_is_what_others_see_and_none_is_the_username(browser, marie):
    reply = send(browser, "/account", deed="name", name="  Marie   Keller ")

    assert said(reply) == ["Your name is saved."]
    assert User.objects.get().display_name == "Marie Keller"
    assert send(browser, "/account", deed="name", name="a\u202eb").context["forms"]["name"].errors
    send(browser, "/account", deed="name", name="")
    assert User.objects.get().display_name == "marie"


def test_another_address_needs_the_password_and_both_addresses_are_written_to(browser, marie):
    refused = send(browser, "/account", deed="email", email="new@example.org", current_password="wrong")
    assert refused.context["forms"]["email"].errors.keys() == {"current_password"}
    assert User.objects.get().email == "marie@example.org"

    send(browser, "/account", deed="email", email="new@example.org", current_password=PASSWORD)

    letters.flush()
    assert User.objects.get().email == "new@example.org"
    assert {letter.to[0]: letter.subject for letter in mail.outbox} == {
        "new@example.org": "Confirm your e-mail address",
        "marie@example.org": "Another e-mail address for marie",
    }


def test_the_letter_that_confirms_is_sent_again_but_not_without_end(browser, marie):
    for _ in range(5):
        send(browser, "/account", deed="letter")
    refused = send(browser, "/account", deed="letter")

    letters.flush()
    assert len(mail.outbox) == 5
    assert "Too many attempts" in refused.text


def test_another_password_ends_all_that_the_old_one_opened_but_this_browser(browser, marie):
    other = Client()
    other.force_login(marie)
    tokens.create(marie)

    reply = send(
        browser, "/account/security", deed="password", current_password=PASSWORD, new_password="a stove, lit"
    )

    assert said(reply) == ["Your new password is set. Every other browser is signed out."]
    assert browser.get("/account").status_code == 200
    assert other.get("/account").status_code == 302
    assert User.objects.get().check_password("a stove, lit")
    assert not Token.objects.exists()


def test_a_bad_new_password_is_said_beside_its_field(browser, marie):
    reply = send(
        browser, "/account/security", deed="password", current_password=PASSWORD, new_password="short"
    )

    assert reply.context["forms"]["password"].errors.keys() == {"new_password"}
    assert 'aria-invalid="true"' in reply.text and "id_new_password_error" in reply.text
    assert "short" not in reply.text.partition('name="new_password"')[2][:60]


def test_one_browser_is_signed_out_or_all_others(browser, marie):
    others = [Client(), Client(), Client()]
    for other in others:
        other.force_login(marie)
    this = browser.session.session_key
    gone = next(one for one in sessions.of(marie, current_key=this) if not one.is_this)

    send(browser, f"/account/sessions/{gone.id}/end")
    assert sorted(other.get("/account").status_code for other in others) == [200, 200, 302]

    send(browser, "/account/security", deed="others")
    assert {other.get("/account").status_code for other in others} == {302}
    assert browser.get("/account").status_code == 200


def test_a_token_is_made_for_the_password_shown_once_and_revoked(browser, marie):
    wanted = {"name": "laptop", "scopes": ["read"], "expires_in_days": "30"}
    refused = send(browser, "/account/tokens", **wanted, current_password="wrong")
    assert refused.context["form"].errors.keys() == {"current_password"}
    assert not Token.objects.exists()

    made = send(browser, "/account/tokens", **wanted, current_password=PASSWORD)

    text = re.search(r"dfs_\w+", made.text)[0]
    assert Client().get("/api/v1/me", headers={"Authorization": f"Token {text}"}).status_code == 200
    assert text not in browser.get("/account/tokens").text
    token = Token.objects.get()
    assert (token.name, token.scopes) == ("laptop", ["read"])
    assert abs(token.expiry - token.created - timedelta(days=30)) < timedelta(minutes=1)

    send(browser, f"/account/tokens/{token.id}/revoke")
    assert Client().get("/api/v1/me", headers={"Authorization": f"Token {text}"}).status_code == 401


def test_a_token_may_be_bound_to_a_folder_and_says_so(browser, marie):
    album, other = make_folder(marie, "/album"), make_folder(person("jonas"), "/other")
    wanted = {"name": "frame", "scopes": ["read"], "expires_in_days": "30", "current_password": PASSWORD}

    refused = send(browser, "/account/tokens", **wanted, folder=str(other.id))
    assert refused.context["form"].errors.keys() == {"folder"}

    assert "Only in “album”." in send(browser, "/account/tokens", **wanted, folder=str(album.id)).text
    assert Token.objects.get().folder_id == album.id
    Entry.objects.filter(id=album.id).update(trashed_at=timezone.now())
    assert "Its folder is gone" in browser.get("/account/tokens").text


def test_a_token_that_may_nothing_or_too_much_is_not_made(browser, marie):
    wanted = {"name": "laptop", "expires_in_days": "30", "current_password": PASSWORD}

    assert send(browser, "/account/tokens", **wanted).context["form"].errors.keys() == {"scopes"}
    assert "Admin" not in browser.get("/account/tokens").text
    assert "Only an administrator" in send(browser, "/account/tokens", **wanted, scopes=["admin"]).text
    assert not Token.objects.exists()


def test_light_or_dark_and_keys_are_kept_in_cookies_of_this_browser(browser):
    reply = send(browser, "/account/look", deed="look", theme="dark")

    assert 'data-theme="dark"' in reply.text
    assert (browser.cookies["theme"].value, browser.cookies["keys"].value) == ("dark", "off")
    reply = send(browser, "/account/look", deed="look", theme="system", keys="on")
    assert "data-theme" not in reply.text
    assert (browser.cookies["theme"].value, browser.cookies["keys"].value) == ("", "")
