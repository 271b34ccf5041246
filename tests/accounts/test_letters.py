"""Nobody writes into the head of a letter: addresses and names with a line in them are refused everywhere."""

import pytest
from django.core import mail

from accounts import letters
from accounts.models import Invitation, User
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LINES = ("\r\n", "\n", "\r", "%0d%0aBcc: ", "\u2028", "\x85")
ADDRESSES = [
    address
    for line in LINES
    for address in (
        f"owner@example.org{line}Bcc: eve@example.org",
        f"owner{line}@example.org",
        f'"owner{line}"@example.org',
        f"{line}Bcc: eve@example.org,owner@example.org",
    )
]


def outbox():
    letters.flush()
    return mail.outbox


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
def test_an_address_with_a_line_in_it_is_refused(anonymous, client, client_of, admin, owner, address):
    fields = {"username": "ada", "password": PASSWORD, "email": address}

    for path in ("register", "password-reset"):
        assert anonymous.post(f"/api/v1/auth/{path}", fields, format="json").status_code == 422
    invited = client_of(admin).post("/api/v1/auth/invitations", {"email": address}, format="json")
    assert invited.status_code == 422
    for page in ("/register", "/password-reset"):
        assert client.post(page, fields).status_code == 200
    client.force_login(owner)
    changed = {"deed": "email", "email": address, "current_password": PASSWORD}
    assert client.post("/account", changed).status_code == 200

    assert not User.objects.filter(username="ada").exists()
    assert not Invitation.objects.exists()
    assert User.objects.get(pk=owner.pk).email == "owner@example.org"
    assert not outbox()


@pytest.mark.parametrize("line", LINES, ids=ascii)
def test_a_name_with_a_line_in_it_is_refused(anonymous, line):
    fields = {"username": f"ada{line}Bcc", "password": PASSWORD, "email": "ada@example.org"}

    assert anonymous.post("/api/v1/auth/register", fields, format="json").status_code == 422
    assert not outbox()
