"""S16: how long an answer takes does not tell whether there is such an account, token or file; nightly."""

import statistics
import time
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts import passwords
from accounts.attempts import Limit
from accounts.models import Usage, User
from files import links, sharing
from files.sharing import LinkTerms
from tests import nightly
from tests.files.conftest import write_file

SAMPLES = 200
WITHIN_SECONDS, WITHIN_SHARE = 0.005, 0.1

pytestmark = pytest.mark.skipif(
    not nightly.IS_NIGHTLY, reason="medians of 200 want a quiet night: make nightly"
)


def medians(*deeds):
    """Time the deeds by turns, so that what else the machine does falls on all of them."""
    taken = [[] for _ in deeds]
    for _ in range(SAMPLES):
        for deed, times in zip(deeds, taken, strict=True):
            began = time.perf_counter()
            deed()
            times.append(time.perf_counter() - began)
    return [statistics.median(times) for times in taken]


@pytest.mark.django_db
def test_s16_known_and_unknown_take_the_same_time(api, owner, stranger, settings, monkeypatch):
    """CVE-2026-23849: an unknown name was refused faster than a wrong password."""
    settings.SIGN_IN_ATTEMPTS = 0
    for module, name in ((passwords, "RESETS"), (links, "TRIES"), (links, "TRIES_IN_ALL")):
        monkeypatch.setattr(module, name, Limit(0, seconds=1))
    known = User.objects.create_user("known", email="known@example.org", password="a long enough phrase")
    Usage.objects.create(user=known)
    secret = write_file(stranger, "/secret.txt")
    terms = LinkTerms(password="a long enough phrase")
    link = links.token_of(sharing.make_link(stranger, secret.id, role="view", terms=terms).id)
    client = APIClient()

    def reset(email):
        return client.post("/api/v1/auth/password-reset", {"email": email}, format="json")

    def unlock(password):
        return client.post(f"/s/{link}", {"password": password})

    def sign_in(name):
        return client.post("/api/v1/auth/tokens", {"username": name, "password": "wrong"}, format="json")

    pairs = {
        "sign-in": (lambda: sign_in("known"), lambda: sign_in("nobody")),
        "reset": (lambda: reset("known@example.org"), lambda: reset("nobody@example.org")),
        "password of a link": (lambda: unlock("a long enough phrasf"), lambda: unlock("x")),
        "file": (
            lambda: api.get(f"/api/v1/entries/{secret.id}"),
            lambda: api.get(f"/api/v1/entries/{uuid4()}"),
        ),
        "token": (
            lambda: client.get("/api/v1/me", headers={"Authorization": "Token dfs_a"}),
            lambda: client.get("/api/v1/me", headers={"Authorization": "Token " + "x" * 80}),
        ),
    }
    for what, deeds in pairs.items():
        one, other = medians(*deeds)
        assert abs(one - other) < max(WITHIN_SECONDS, WITHIN_SHARE * max(one, other)), (what, one, other)
