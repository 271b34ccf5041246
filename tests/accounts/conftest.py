"""The cast: an owner, a stranger and an administrator, each with a client that sends their token."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import Usage, User

PASSWORD = "correct horse battery"


def person(username: str, **fields: object) -> User:
    user = User.objects.create_user(username=username, password=PASSWORD, **fields)
    Usage.objects.create(user=user)
    return user


@pytest.fixture
def owner(db: None) -> User:
    return person("owner", email="owner@example.org")


@pytest.fixture
def stranger(db: None) -> User:
    return person("stranger")


@pytest.fixture
def admin(db: None) -> User:
    return person("admin", is_staff=True, is_superuser=True)


@pytest.fixture
def client_of() -> Callable[..., APIClient]:
    def client(user: User, **token: object) -> APIClient:
        made = APIClient()
        made.credentials(HTTP_AUTHORIZATION=f"Token {tokens.create(user, **token)[1]}")
        return made

    return client


@pytest.fixture
def anonymous() -> APIClient:
    return APIClient(enforce_csrf_checks=True)
