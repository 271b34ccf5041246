"""An album of the owner's, links to what lies in it, and a visitor who follows them."""

import re

import pytest
from django.test import Client

from files import links, sharing
from files.sharing import LinkTerms
from tests.files.conftest import entry_of, write_file

PASSWORD = "open sesame, please"
SENDS = pytest.mark.django_db(transaction=True)  # a reply gives its connection back before its bytes


@pytest.fixture
def album(owner):
    write_file(owner, "/private/album/a.jpg", size=0)
    write_file(owner, "/private/album/day 1/b.html", size=0)
    write_file(owner, "/private/secret.txt", size=0)
    return entry_of("album")


@pytest.fixture
def visitor():
    return Client(enforce_csrf_checks=True)


def link_to(owner, entry, role="download", **terms):
    share = sharing.make_link(owner, entry.id, role=role, terms=LinkTerms(**terms))
    return share, f"/s/{links.token_of(share.id)}"


def content_of(url, name):
    return f"{url}/content/{entry_of(name).id}"


def form_token(visitor, url):
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', visitor.get(url).text)[1]


def unlock(visitor, url, password=PASSWORD):
    return visitor.post(url, {"password": password, "csrfmiddlewaretoken": form_token(visitor, url)})


def every_address(url):
    return [
        url,
        f"{url}/folders/{entry_of('day 1').id}",
        content_of(url, "a.jpg"),
        f"{content_of(url, 'a.jpg')}?inline=1",
        f"{url}/files/",
        f"{url}/files/day%201/b.html",
        f"{url}/archive/{entry_of('album').id}",
        f"{url}/archive/{entry_of('day 1').id}",
    ]


def every_reply(visitor, url):
    """What a visitor gets at each address of a link; bytes that nobody reads would count as under way."""
    for address in every_address(url):
        reply = visitor.get(address)
        yield reply
        if reply.streaming:
            reply.close()
