"""The pages to register, sign in and sign out, and the admin's door."""

import re

import pytest
from django.test import Client

from accounts import quota
from accounts.errors import QuotaExceeded
from accounts.models import Token, User
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def start_page(settings):
    settings.LOGIN_REDIRECT_URL = "/start"


@pytest.fixture
def browser():
    return Client(enforce_csrf_checks=True)


def submit(browser, address, fields, query=""):
    browser.get(address)
    secret = browser.cookies["csrftoken"].value
    return browser.post(address + query, {"csrfmiddlewaretoken": secret, **fields})


def test_a_person_registers_and_is_signed_in(browser):
    reply = submit(browser, "/register", {"username": "ada", "password": PASSWORD, "email": ""})

    assert reply.status_code == 302
    assert browser.session["_auth_user_id"] == str(User.objects.get().id)


@pytest.mark.parametrize(
    "fields", [{"username": "owner"}, {"password": "short"}, {"email": "x"}, {"username": ""}]
)
def test_what_is_wrong_is_shown_beside_the_form(browser, owner, fields):
    reply = submit(browser, "/register", {"username": "ada", "password": PASSWORD, **fields})

    assert reply.status_code == 200
    assert reply.context["form"].errors.keys() == fields.keys()
    assert User.objects.count() == 1
    assert PASSWORD not in reply.text


def test_a_closed_door_makes_no_account(browser, settings):
    browser.get("/register")
    secret = browser.cookies["csrftoken"].value
    settings.REGISTRATION = "closed"

    fields = {"csrfmiddlewaretoken": secret, "username": "ada", "password": PASSWORD}
    reply = browser.post("/register", fields)

    assert reply.status_code == 200
    assert reply.context["form"].non_field_errors()
    assert not User.objects.exists()


def test_sign_in_gives_a_new_session_and_sign_out_ends_it(browser, owner):
    reply = submit(browser, "/sign-in", {"username": "Owner", "password": PASSWORD})
    assert (reply.status_code, browser.session["_auth_user_id"]) == (302, str(owner.id))
    cookie = reply.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")

    secret = browser.cookies["csrftoken"].value
    assert browser.post("/sign-out", {"csrfmiddlewaretoken": secret}).status_code == 302

    assert "_auth_user_id" not in browser.session


def test_a_link_cannot_sign_anybody_out(browser, owner):
    browser.force_login(owner)

    assert browser.get("/sign-out").status_code == 405
    assert browser.post("/sign-out").status_code == 403
    assert browser.session["_auth_user_id"] == str(owner.id)


def test_a_wrong_password_signs_nobody_in_and_is_counted(browser, owner, settings):
    settings.SIGN_IN_ATTEMPTS = 2
    for _ in range(2):
        submit(browser, "/sign-in", {"username": "owner", "password": "wrong"})

    reply = submit(browser, "/sign-in", {"username": "owner", "password": PASSWORD})

    assert reply.status_code == 200
    assert "Too many attempts" in reply.text


@pytest.mark.parametrize("address", ["/sign-in", "/register"])
@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "http:evil"],
)
def test_next_never_leads_to_another_site(browser, owner, address, target):
    """CVE-2023-28874: the page to sign in led on to any other site."""
    username = "owner" if address == "/sign-in" else "ada"

    reply = submit(browser, address, {"username": username, "password": PASSWORD, "next": target})

    assert reply.status_code == 302
    assert reply["Location"] == "/start"


@pytest.mark.parametrize("address", ["/sign-in", "/register"])
def test_next_leads_back_to_where_a_person_came_from(browser, owner, address):
    username = "owner" if address == "/sign-in" else "ada"

    reply = submit(browser, address, {"username": username, "password": PASSWORD}, "?next=/folders/7")

    assert reply["Location"] == "/folders/7"


@pytest.mark.parametrize("address", ["/sign-in", "/register", "/admin/login/"])
def test_a_page_runs_nothing_that_is_not_ours_and_is_not_kept(browser, address):
    reply = browser.get(address)

    assert reply.status_code == 200
    assert "default-src 'self'" in reply["Content-Security-Policy"]
    assert "unsafe" not in reply["Content-Security-Policy"]
    assert reply["X-Frame-Options"] == "DENY"
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert reply["Referrer-Policy"] == "same-origin"
    assert "no-store" in reply["Cache-Control"]
    assert "<script>" not in reply.text


def test_the_admin_is_for_staff(browser, owner, admin):
    fields = {"password": PASSWORD, "next": "/admin/"}

    refused = submit(browser, "/admin/login/", {"username": "owner", **fields})
    granted = submit(browser, "/admin/login/", {"username": "admin", **fields})

    assert (refused.status_code, granted.status_code) == (200, 302)
    assert browser.get("/admin/").status_code == 200


def test_the_admin_shows_quotas_and_never_a_tokens_digest(client, admin, owner, anonymous):
    anonymous.post("/api/v1/auth/tokens", {"username": "owner", "password": PASSWORD}, format="json")
    client.force_login(admin)

    people = client.get("/admin/accounts/user/")
    person = client.get(f"/admin/accounts/user/{owner.id}/change/")
    tokens = client.get("/admin/accounts/token/")

    assert "10.7\xa0GB" in people.text  # decimal, as on all other pages
    assert "usage-0-quota_bytes" in person.text
    assert Token.objects.get().digest not in tokens.text


def test_a_quota_changed_in_the_admin_holds(client, admin, owner):
    client.force_login(admin)
    quota.add(owner.id, 600)
    page = f"/admin/accounts/user/{owner.id}/change/"

    def change(quota_bytes: str) -> None:
        """Send the form back as a browser does, with an other quota."""
        given = re.findall(r'<input [^>]*name="([^"]+)" value="([^"]*)"', client.get(page).text)
        fields = dict(given) | {"is_active": "on", "usage-0-quota_bytes": quota_bytes}
        assert client.post(page, fields).status_code == 302

    change("1000")
    assert quota.figures(owner.id) == quota.Figures(1000, used_bytes=600)
    with pytest.raises(QuotaExceeded):
        quota.add(owner.id, 401)

    change("")
    quota.add(owner.id, 2**50)


def test_an_administrator_revokes_a_token_in_the_admin(client, admin, owner, anonymous):
    anonymous.post("/api/v1/auth/tokens", {"username": "owner", "password": PASSWORD}, format="json")
    client.force_login(admin)

    client.post("/admin/accounts/token/", {"action": "revoke", "_selected_action": Token.objects.get().pk})

    assert not Token.objects.exists()


@pytest.mark.parametrize(("stay", "ends_with_the_browser"), [({"stay": "on"}, False), ({}, True)])
def test_a_browser_stays_signed_in_when_it_is_told_to(browser, owner, stay, ends_with_the_browser):
    submit(browser, "/sign-in", {"username": "owner", "password": PASSWORD, **stay})

    assert browser.session.get_expire_at_browser_close() is ends_with_the_browser
