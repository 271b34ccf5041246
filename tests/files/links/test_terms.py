"""The terms of a link: how they are set, and how often it is downloaded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from files import links
from files.errors import LinkExhausted
from files.models import Share
from tests.files.conftest import entry_of
from tests.files.links.conftest import PASSWORD, SENDS, content_of, link_to


def test_a_link_is_made_and_changed_by_the_api(api, album, visitor):
    made = api.post(
        f"/api/v1/entries/{album.id}/shares",
        {"role": "download", "password": PASSWORD, "max_downloads": 5},
        format="json",
    )
    link = made.json()["link"]
    one = f"/api/v1/shares/{made.json()['id']}"

    assert made.status_code == 201
    assert (made.json()["user"], made.json()["group"]) == (None, None)
    assert link == {
        "url": link["url"],
        "has_password": True,
        "expires_at": None,
        "max_downloads": 5,
        "downloads": 0,
    }
    assert PASSWORD not in made.text
    assert visitor.get(link["url"].removeprefix("http://testserver")).status_code == 403
    changed = api.patch(one, {"password": "", "max_downloads": None, "role": "view"}, format="json").json()
    assert (changed["link"]["has_password"], changed["link"]["max_downloads"], changed["role"]) == (
        False,
        None,
        "view",
    )
    assert visitor.get(link["url"].removeprefix("http://testserver")).status_code == 200


@SENDS
def test_a_link_is_downloaded_as_often_as_it_may_be(owner, album, visitor):
    share, url = link_to(owner, entry_of("a.jpg"), max_downloads=2)
    address = content_of(url, "a.jpg")

    assert visitor.head(address).status_code == 200
    assert [visitor.get(address).status_code for _ in range(3)] == [200, 200, 410]
    assert visitor.get(url).status_code == 410
    assert Share.objects.get(id=share.id).downloads == 2


@SENDS
def test_pieces_of_a_file_are_no_way_around_the_count(owner, album, visitor):
    _, url = link_to(owner, entry_of("a.jpg"), max_downloads=1)

    reply = visitor.get(content_of(url, "a.jpg"), headers={"Range": "bytes=0-0"})

    assert reply.status_code == 200
    assert "Content-Range" not in reply
    assert visitor.get(content_of(url, "a.jpg")).status_code == 410


@pytest.mark.django_db(transaction=True)
def test_of_many_downloads_at_once_exactly_as_many_pass_as_may(owner, album):
    share, url = link_to(owner, entry_of("a.jpg"), max_downloads=3)
    link = links.open_link(url.removeprefix("/s/"))

    def download(_):
        try:
            links.count_download(link)
        except LinkExhausted:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(download, range(8))) == 3
    assert Share.objects.get(id=share.id).downloads == 3


@SENDS
def test_a_limit_below_what_was_downloaded_already_is_refused(owner, api, album, visitor):
    share, url = link_to(owner, entry_of("a.jpg"), max_downloads=3)
    visitor.get(content_of(url, "a.jpg"))
    visitor.get(content_of(url, "a.jpg"))

    assert api.patch(f"/api/v1/shares/{share.id}", {"max_downloads": 1}, format="json").status_code == 422
    assert api.patch(f"/api/v1/shares/{share.id}", {"max_downloads": 2}, format="json").status_code == 200
    assert visitor.get(url).status_code == 410


def test_a_page_says_how_many_downloads_are_left_and_until_when(owner, album, visitor):
    end = timezone.now() + timedelta(days=2)
    _share, url = link_to(owner, entry_of("a.jpg"), max_downloads=3, expires_at=end)

    page = visitor.get(url).text

    assert "3 downloads left" in page and f"until {end:%-d %b %Y}" in page
