"""Who sends a request, and what they may do with it: the REST classes and the plain-view door alike."""

import logging
from datetime import timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import tokens
from accounts.authentication import authenticated
from accounts.models import Token
from dfsweb import urls
from tests.accounts.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
ADDRESSES = ["/api/v1/plain", "/api/v1/rest"]


@authenticated
def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.username)


class RestView(APIView):
    def get(self, request: Request) -> Response:
        return Response(request.user.username)

    post = put = delete = get


class StaffView(RestView):
    required_scope = "admin"


urlpatterns = [
    path("api/v1/plain", plain),
    path("api/v1/rest", RestView.as_view()),
    path("api/v1/staff", StaffView.as_view()),
    *urls.urlpatterns,
]
handler404 = urls.handler404


@pytest.fixture(params=ADDRESSES)
def address(request):
    return request.param


@pytest.fixture
def browser():
    return Client(enforce_csrf_checks=True)


def sent(browser, method, address, token=None, **headers):
    if token is not None:
        headers["Authorization"] = token
    return browser.generic(method, address, headers=headers, content_type="application/octet-stream")


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token", "BEARER"])
def test_a_token_says_who_reads_and_writes(browser, address, owner, scheme):
    _, text = tokens.create(owner)

    for method in ("GET", "PUT", "POST", "DELETE"):
        reply = sent(browser, method, address, f"{scheme} {text}")
        assert (reply.status_code, b"owner" in reply.content) == (200, True)


@pytest.mark.parametrize(
    "header",
    ["Token", "Token ", "Bearer nonsense", "Token dfs_" + "0" * 64, "Token a b", "Token " + "x" * 5000],
)
def test_a_wrong_token_is_refused_with_a_challenge(browser, address, owner, header):
    reply = sent(browser, "GET", address, header)

    assert (reply.status_code, reply.json()["code"]) == (401, "token_refused")
    assert reply["WWW-Authenticate"].startswith("Token")


@pytest.mark.parametrize("header", [None, "Basic b3duZXI6eA==", "Digest x"])
def test_nobody_is_asked_to_sign_in(browser, address, header):
    reply = sent(browser, "GET", address, header)

    assert (reply.status_code, reply.json()["code"]) == (401, "not_signed_in")
    assert "WWW-Authenticate" in reply


def test_a_token_in_the_address_counts_for_nothing(browser, address, owner):
    _, text = tokens.create(owner)

    assert browser.get(f"{address}?token={text}&access_token={text}").status_code == 401


def test_a_revoked_token_acts_no_longer(browser, address, owner):
    token, text = tokens.create(owner)
    assert sent(browser, "GET", address, f"Token {text}").status_code == 200

    tokens.revoke(owner, token.id)

    assert sent(browser, "GET", address, f"Token {text}").json()["code"] == "token_refused"


def test_an_expired_token_says_so(browser, address, owner):
    _, text = tokens.create(owner)
    Token.objects.update(expiry=timezone.now() - timedelta(seconds=1))

    reply = sent(browser, "GET", address, f"Token {text}")

    assert (reply.status_code, reply.json()["code"]) == (401, "token_expired")


def test_an_account_that_is_switched_off_is_shut_out_at_once(browser, address, owner):
    _, text = tokens.create(owner)
    browser.force_login(owner)
    owner.is_active = False
    owner.save()

    assert sent(browser, "GET", address, f"Token {text}").status_code == 401
    assert sent(browser, "GET", address).status_code == 401


@pytest.mark.parametrize(
    ("scopes", "method", "status"),
    [
        (["read"], "GET", 200),
        (["read"], "PUT", 403),
        (["read"], "DELETE", 403),
        (["write"], "PUT", 200),
        (["write"], "GET", 403),
        (["read", "write"], "POST", 200),
    ],
)
def test_a_token_acts_within_its_scopes(browser, address, owner, scopes, method, status):
    _, text = tokens.create(owner, scopes=scopes)

    reply = sent(browser, method, address, f"Token {text}")

    assert reply.status_code == status
    if status == 403:
        assert reply.json()["code"] == "scope_missing"
        assert reply.json()["scope"] in ("read", "write")


@pytest.mark.parametrize(
    ("who", "scopes", "code"),
    [
        ("owner", ["read", "write"], "staff_only"),
        ("admin", ["read", "write"], "scope_missing"),
        ("admin", ["admin"], None),
    ],
)
def test_a_staff_address_needs_staff_and_the_admin_scope(browser, request, who, scopes, code):
    _, text = tokens.create(request.getfixturevalue(who), scopes=scopes)

    reply = sent(browser, "GET", "/api/v1/staff", f"Token {text}")

    assert reply.status_code == (403 if code else 200)
    assert code is None or reply.json()["code"] == code


def test_staff_that_lost_its_rank_loses_the_admin_scope(browser, admin):
    _, text = tokens.create(admin, scopes=["admin"])
    admin.is_staff = False
    admin.save()

    assert sent(browser, "GET", "/api/v1/staff", f"Token {text}").json()["code"] == "staff_only"


def test_a_session_reads(browser, address, owner):
    browser.force_login(owner)

    assert sent(browser, "GET", address).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_session_writes_only_with_its_csrf_token(browser, address, owner, method):
    browser.get("/sign-in")
    secret = browser.cookies["csrftoken"].value
    browser.force_login(owner)

    without = sent(browser, method, address)
    wrong = sent(browser, method, address, **{"X-CSRFToken": "x" * 32})
    foreign = sent(browser, method, address, **{"X-CSRFToken": secret, "Origin": "https://evil.example"})
    null = sent(browser, method, address, **{"X-CSRFToken": secret, "Origin": "null"})
    right = sent(browser, method, address, **{"X-CSRFToken": secret})

    assert {reply.status_code for reply in (without, wrong, foreign, null)} == {403}
    assert {reply.json()["code"] for reply in (without, wrong, foreign, null)} == {"csrf_refused"}
    assert without["Content-Type"] == "application/problem+json"
    assert right.status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_of_another_site_cannot_post_with_a_session(browser, address, owner, content_type):
    browser.get("/sign-in")
    secret = browser.cookies["csrftoken"].value
    browser.force_login(owner)

    reply = browser.generic("POST", address, f"csrfmiddlewaretoken={secret}", content_type=content_type)

    assert reply.status_code == 403  # the API takes the header alone, which no form can send


def test_a_token_ignores_cookies(browser, address, owner, stranger):
    _, text = tokens.create(stranger)
    browser.force_login(owner)

    assert b"stranger" in sent(browser, "GET", address, f"Token {text}").content
    assert sent(browser, "GET", address, "Token nonsense").status_code == 401


def test_a_session_ends_with_sign_out_and_with_a_new_password(browser, address, owner):
    browser.force_login(owner)
    owner.set_password("another horse battery")
    owner.save()
    assert sent(browser, "GET", address).status_code == 401

    browser.force_login(owner)
    session = browser.cookies["sessionid"].value
    browser.get("/sign-in")
    browser.post("/sign-out", {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value})
    browser.cookies["sessionid"] = session
    assert sent(browser, "GET", address).status_code == 401


def test_last_use_is_noted_at_most_once_a_minute(browser, address, owner):
    _, text = tokens.create(owner)
    sent(browser, "GET", address, f"Token {text}")
    first = Token.objects.get().last_used_at
    sent(browser, "GET", address, f"Token {text}")
    assert Token.objects.get().last_used_at == first

    Token.objects.update(last_used_at=first - timedelta(seconds=61))
    sent(browser, "GET", address, f"Token {text}")

    assert Token.objects.get().last_used_at >= first


def test_a_request_with_a_token_costs_one_query(browser, address, owner, django_assert_num_queries):
    _, text = tokens.create(owner)
    sent(browser, "GET", address, f"Token {text}")

    with django_assert_num_queries(1):
        sent(browser, "GET", address, f"Token {text}")


def test_no_secret_is_logged(browser, address, owner, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="django.request")
    _, text = tokens.create(owner)
    wrong = "dfs_canary0123456789"

    sent(browser, "GET", address, f"Token {text}")
    sent(browser, "GET", address, f"Token {wrong}")
    browser.post("/api/v1/auth/tokens", {"username": "owner", "password": PASSWORD}, "application/json")
    browser.post("/api/v1/auth/tokens", {"username": "owner", "password": "canary-pass"}, "application/json")
    browser.post("/api/v1/auth/register", {"username": "new", "password": "canary-pass"}, "application/json")

    logged = caplog.text + "".join(capfd.readouterr())
    assert "Unauthorized" in logged
    for secret in (text, wrong, PASSWORD, "canary-pass"):
        assert secret not in logged
