"""Who may begin a resumable upload, look at it and go on with it."""

import pytest
from django.test import Client

from accounts.models import Token
from tests.files.conftest import code, token_client
from tests.files.tus_requests import UPLOADS, create, end, head, patch

pytestmark = pytest.mark.usefixtures("cluster")


def test_a_stranger_or_nobody_finds_no_upload(api, stranger_api, anonymous):
    url = create(api, 5)["Location"]

    for client, status in ((stranger_api, 404), (anonymous, 401)):
        for reply in (head(client, url), patch(client, url, 0, b"hello"), end(client, url)):
            assert reply.status_code == status
    assert create(anonymous, 5).status_code == 401
    assert anonymous.get(UPLOADS).status_code == 401
    assert head(api, url)["Upload-Offset"] == "0"


def test_uploading_needs_a_token_that_may_write(api, owner):
    reader = token_client(owner, scopes=[Token.Scope.READ])
    url = create(api, 5)["Location"]

    assert code(create(reader, 5)) == (403, "scope_missing")
    assert code(patch(reader, url, 0, b"hello")) == (403, "scope_missing")
    assert head(reader, url).status_code == 403


def test_a_token_that_may_only_read_lists_what_is_unfinished(api, owner):
    reader = token_client(owner, scopes=[Token.Scope.READ])
    url = create(api, 5)["Location"]

    assert [upload["url"] for upload in reader.get(UPLOADS).json()["results"]] == [url]


def test_a_browser_uploads_only_with_its_csrf_token(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)

    assert code(create(browser, 5)) == (403, "csrf_refused")
