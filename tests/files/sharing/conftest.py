"""An album of the owner's, a friend it is shared with, and what these do in it."""

import pytest
from django.db import transaction

from files import sharing, uploads
from files.uploads import Target
from nodes.models import Content
from tests.files.conftest import entry_of, person, token_client, write_file


@pytest.fixture
def friend(db):
    return person("friend")


@pytest.fixture
def friend_api(friend):
    return token_client(friend)


@pytest.fixture
def album(owner):
    """A folder below another one, with a file in it and one in a folder below."""
    write_file(owner, "/private/album/a.jpg", size=3)
    write_file(owner, "/private/album/day 1/b.jpg", size=4)
    return entry_of("album")


def give(owner, entry, role, **whom):
    return sharing.share_with(owner, entry.id, role=role, **(whom or {"username": "friend"}))[0]


def write_into(user, folder, name, *, size=0, entry=None):
    target = Target(folder.id, name, entry_id=entry and entry.id)
    with transaction.atomic():
        content = Content.objects.create(size=size)
        return uploads.commit_content(user, content.id, size, target).details
