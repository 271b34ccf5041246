"""S25: a token of a letter or a link that was made up or changed opens nothing and changes nothing."""

from types import SimpleNamespace
from urllib.parse import quote

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from hypothesis import strategies as st

from accounts import confirmation, invitations
from accounts.models import Invitation, User
from files import links, sharing
from files.models import Entry, Share
from files.sharing import LinkTerms
from tests import nightly
from tests.files.conftest import person, write_file
from tests.security.fuzzing import changed, fuzzed, made_of

pytestmark = pytest.mark.usefixtures("cluster")
PASSWORD = "correct horse battery"
RUNS = nightly.count(40, 5_000)
PIECES = made_of(
    *(":", ".", "-", "_", "=", "/", "%", "%00", "\x00", "\n", "é", "eyJ", "A" * 22, "MQ", ";", '"'),
    *("set-password", signing.dumps("a"), signing.dumps([1, "a"], salt="another"), "9" * 40, "A" * 4000),
)


@pytest.fixture
def tokens(settings):
    """One good token of each kind, none of which is used."""
    settings.REGISTRATION = "invitation"
    settings.REGISTRATIONS_PER_HOUR = settings.SIGN_IN_ATTEMPTS = 10**6
    admin, owner = person("admin"), person("owner")
    User.objects.filter(pk=owner.pk).update(email="owner@example.org")
    owner.refresh_from_db()
    file = write_file(owner, "/a.txt")
    terms = LinkTerms(password="secret", max_downloads=9)
    link = sharing.make_link(owner, file.id, role="download", terms=terms)
    opened = links.open_link(links.token_of(link.id))
    return SimpleNamespace(
        invitation=invitations.path_of(invitations.invite(admin)).partition("=")[2],
        confirmation=signing.dumps([owner.pk, owner.email], salt=confirmation._SALT),
        reset=default_token_generator.make_token(owner),
        user=urlsafe_base64_encode(force_bytes(owner.pk)),
        link=links.token_of(link.id),
        unlocked=links.unlock(opened, "secret", address="192.0.2.1"),
        entry=file.id,
    )


def state() -> list[list[dict]]:
    """Everything that a token could change."""
    kinds = (User, Invitation, Share, Entry)
    return [list(kind.objects.order_by("pk").values()) for kind in kinds]


def asked(tokens: SimpleNamespace, bad: dict[str, str]) -> dict[str, int]:
    """Come with each of these in the place of the good ones; return what was answered."""
    coded = {name: quote(text.encode(errors="replace"), safe="") for name, text in bad.items()}
    words = SimpleNamespace(**coded)
    client = Client(raise_request_exception=False)
    new = {"new_password1": "another horse battery", "new_password2": "another horse battery"}
    told = {"username": "eve", "password": PASSWORD, "password1": PASSWORD, "invitation": bad["invitation"]}
    cookie = {"HTTP_COOKIE": f"dfs_link={bad['unlocked']}".encode(errors="replace").decode("latin-1")}
    reset = f"/password-reset/{tokens.user}/{words.reset}"
    replies = {
        "register": client.post("/api/v1/auth/register", told, content_type="application/json"),
        "page": client.get(f"/register?invitation={words.invitation}"),
        "form": client.post("/register", told),
        "look": client.get(f"/confirm-email/{words.confirmation}"),
        "confirm": client.post(f"/confirm-email/{words.confirmation}"),
        "reset": client.get(reset),
        "set": client.post(reset, new),
        "of nobody": client.post(f"/password-reset/{words.user}/{tokens.reset}", new),
        "link": client.get(f"/s/{words.link}"),
        "unlock": client.post(f"/s/{words.link}", {"password": "secret"}),
        "file": client.get(f"/s/{words.link}/content/{tokens.entry}"),
        "locked": client.get(f"/s/{tokens.link}", **cookie),
        "locked file": client.get(f"/s/{tokens.link}/content/{tokens.entry}", **cookie),
    }
    return {what: reply.status_code for what, reply in replies.items()}


@fuzzed(where=st.integers(0, 2**63), left_out=st.integers(0, 2**63), piece=PIECES, runs=RUNS)
def test_s25_a_token_that_was_made_up_or_changed_opens_nothing_and_never_fails(
    tokens: SimpleNamespace, where: int, left_out: int, piece: str
):
    before = state()
    good = {name: text for name, text in vars(tokens).items() if name != "entry"}
    nearly = {name: changed(text, where, left_out, piece) for name, text in good.items()}
    for tried in (dict.fromkeys(good, piece), nearly):
        bad = {name: text if text != good[name] else "x" for name, text in tried.items()}
        statuses = asked(tokens, bad)
        assert all(status < 500 for status in statuses.values()), statuses
        for what in ("register", "link", "unlock", "file", "locked", "locked file"):
            assert statuses[what] >= 400, what
        assert state() == before


def test_the_tokens_that_are_changed_there_are_good(tokens: SimpleNamespace):
    good = {name: text for name, text in vars(tokens).items() if name != "entry"}
    statuses = asked(tokens, good)
    assert (statuses["register"], statuses["confirm"], statuses["locked"]) == (201, 200, 200)
    assert (statuses["reset"], statuses["unlock"], statuses["locked file"]) == (302, 302, 200)
    owner = User.objects.get(username="owner")
    assert owner.email_confirmed_at and Invitation.objects.get().used_by.username == "eve"
