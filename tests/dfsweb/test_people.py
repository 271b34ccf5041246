"""Programs that send a token pass the middleware for people by; a page never does."""

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(django_user_model: type[User]) -> User:
    return django_user_model.objects.create_user("someone", password="a long enough phrase")


def test_a_page_behind_a_proxy_that_adds_a_bearer_token_still_knows_who_is_signed_in(person: User) -> None:
    browser = Client()
    browser.force_login(person)

    page = browser.get("/", headers={"Authorization": "Bearer of-the-proxy"}, follow=True)

    assert page.status_code == 200
    assert page.context["user"] == person


def test_a_token_is_who_it_says_whatever_the_cookies_say(person: User) -> None:
    browser = Client()
    browser.force_login(person)
    other = User.objects.create_user("other", password="a long enough phrase")
    _, text = tokens.create(other)

    assert browser.get("/api/v1/me").json()["username"] == "someone"
    me = browser.get("/api/v1/me", headers={"Authorization": f"Token {text}"})
    assert me.json()["username"] == "other"
    assert not me.cookies
