"""The token of a link: it is made of the share's id and cannot be guessed from it."""

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files import links, sharing
from files.errors import NotFound
from tests.files.conftest import person
from tests.files.links.conftest import link_to


def test_a_token_cannot_be_guessed_from_an_id_or_changed(owner, album, visitor):
    share, url = link_to(owner, album)
    token = url.removeprefix("/s/")
    raw = base64.urlsafe_b64decode(token + "=")
    forged = [
        base64.urlsafe_b64encode(share.id.bytes + bytes(16)),
        base64.urlsafe_b64encode(share.id.bytes),
        base64.urlsafe_b64encode(raw[:-1] + bytes([raw[-1] ^ 1])),
        base64.urlsafe_b64encode(raw + b"x"),
    ]

    for wrong in [text.rstrip(b"=").decode() for text in forged] + ["x", "%00", "ü", token + "AAAA"]:
        assert visitor.get(f"/s/{wrong}").status_code == 404, wrong


@given(st.text(max_size=80) | st.binary(max_size=40).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_but_a_token_is_taken_for_one(text):
    with pytest.raises(NotFound):
        links._share_id(text)


@given(st.uuids())
def test_every_id_comes_back_from_its_token(share_id):
    assert links._share_id(links.token_of(share_id)) == share_id


def test_the_id_of_a_token_is_the_shares(owner, album):
    share, url = link_to(owner, album)

    assert UUID(bytes=base64.urlsafe_b64decode(url.removeprefix("/s/") + "=")[:16]) == share.id


def test_a_share_of_people_is_no_link(owner, album, visitor):
    person("friend")
    share, _ = sharing.share_with(owner, album.id, role="viewer", username="friend")

    assert visitor.get(f"/s/{links.token_of(share.id)}").status_code == 404


def test_an_older_key_still_opens_a_link_while_it_is_kept(owner, album, visitor, settings):
    _, url = link_to(owner, album)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key for a new year"
    assert visitor.get(url).status_code == 200

    settings.SECRET_KEY_FALLBACKS = []
    assert visitor.get(url).status_code == 404
