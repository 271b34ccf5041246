"""What ends a link: its owner, its time, the trash."""

from datetime import timedelta

import pytest
from django.utils import timezone

from files import links, sharing, tree
from files.errors import LinkExpired
from files.models import Share
from tests.files.conftest import entry_of
from tests.files.links.conftest import every_reply, link_to


def test_a_revoked_link_opens_nothing_from_then_on(owner, album, visitor):
    share, url = link_to(owner, album)
    assert visitor.get(url).status_code == 200

    sharing.revoke(owner, share.id)

    assert {reply.status_code for reply in every_reply(visitor, url)} == {404}


def test_a_link_that_has_ended_says_so(owner, album, visitor):
    share, url = link_to(owner, album, expires_at=timezone.now() + timedelta(hours=1))
    assert visitor.get(url).status_code == 200

    Share.objects.filter(id=share.id).update(expires_at=timezone.now() - timedelta(seconds=1))

    assert {reply.status_code for reply in every_reply(visitor, url)} == {410}
    with pytest.raises(LinkExpired):
        links.open_link(url.removeprefix("/s/"))


def test_a_link_to_what_lies_in_the_trash_opens_nothing(owner, album, visitor):
    _, url = link_to(owner, album)

    tree.trash(owner, entry_of("private").id)

    assert {reply.status_code for reply in every_reply(visitor, url)} == {404}


def test_the_links_of_an_account_that_is_switched_off_open_nothing(owner, album, visitor):
    """CVE-2026-35604: links outlived the right of who had made them."""
    _, url = link_to(owner, album)
    owner.is_active = False
    owner.save()

    assert {reply.status_code for reply in every_reply(visitor, url)} == {404}
