"""Who may have the bytes of a file, and that they never run in our origin."""

import pytest
from django.test import Client

from accounts.models import Token
from tests.files.conftest import code, token_client
from tests.files.content_requests import CONTENT, body, get, put

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.mark.parametrize(
    ("name", "content_type", "inline"),
    [
        ("a.html", "text/html", False),
        ("a.html", "text/html", True),
        ("a.svg", "image/svg+xml", True),
        ("a.png", "image/png", True),
        ("a.pdf", "application/pdf", True),
        ("noise", "application/octet-stream", True),
    ],
)
def test_no_file_ever_runs_in_our_origin(api, name, content_type, inline):
    put(api, name, b"<script>alert(1)</script>", content_type)

    reply = get(api, name + ("?inline=1" if inline else ""))

    assert reply["X-Content-Type-Options"] == "nosniff"
    assert reply["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert reply["Cross-Origin-Resource-Policy"] == "same-origin"
    assert reply["Cache-Control"] == "private, no-store"
    if not reply["Content-Disposition"].startswith("attachment"):
        assert reply["Content-Type"] in {"text/plain; charset=utf-8", "image/png", "application/pdf"}


def test_nobody_reads_or_writes_without_a_name(anonymous, api):
    entry = put(api, "a.txt", b"x").json()
    for url in (CONTENT + "a.txt", f"/api/v1/entries/{entry['id']}/content"):
        for method in (anonymous.get, anonymous.head, anonymous.put, anonymous.delete):
            reply = method(url)
            assert reply.status_code == 401
            assert "WWW-Authenticate" in reply


def test_a_stranger_learns_nothing(api, stranger_api):
    entry = put(api, "a.txt", b"secret").json()
    by_id = f"/api/v1/entries/{entry['id']}/content"
    absent = f"/api/v1/entries/{'0' * 8}-0000-7000-8000-{'0' * 12}/content"

    for url in (by_id, absent, CONTENT + "a.txt"):
        assert code(stranger_api.get(url)) == (404, "not_found")
    assert code(stranger_api.put(by_id, b"x", content_type="text/plain")) == (404, "not_found")
    assert code(stranger_api.delete(CONTENT + "a.txt")) == (404, "not_found")
    assert stranger_api.get(by_id).json()["detail"] == stranger_api.get(absent).json()["detail"]
    assert body(get(api, "a.txt")) == b"secret"


def test_a_token_that_may_only_read_only_reads(owner, api):
    put(api, "a.txt", b"x")
    reader = token_client(owner, scopes=[Token.Scope.READ])

    assert body(get(reader, "a.txt")) == b"x"
    assert code(put(reader, "a.txt", b"y")) == (403, "scope_missing")
    assert code(reader.delete(CONTENT + "a.txt")) == (403, "scope_missing")


def test_a_browser_writes_only_with_its_csrf_token(owner, api):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    put(api, "a.txt", b"x")

    assert body(browser.get(CONTENT + "a.txt")) == b"x"
    refused = browser.put(CONTENT + "a.txt", b"y", content_type="text/plain")
    assert code(refused) == (403, "csrf_refused")
    assert body(get(api, "a.txt")) == b"x"
