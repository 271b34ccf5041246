"""What the API lists in one order comes in pages, whatever is made or removed while they are read."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Permission
from django.core import signing
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import invitations, sessions, tokens
from accounts.models import Invitation, Session
from files import resumable, sharing
from files.models import Upload
from files.sharing import LinkTerms
from files.tus import Wanted
from nodes.models import Node
from tests.files.conftest import code, make_folder, person

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def world(db):
    owner = person("owner")
    owner.is_staff = True
    owner.save()
    owner.user_permissions.add(Permission.objects.get(codename="add_user"))  # who may list invitations
    client = APIClient(headers=TUS)
    client.force_authenticate(owner)  # neither a token nor a session: both are listed
    return SimpleNamespace(owner=owner, album=make_folder(owner, "/album"), api=client)


def make_token(world, number):
    return tokens.create(world.owner, name=str(number))[0].id


def make_session(world, number):
    browser = sessions.SessionStore()
    browser[SESSION_KEY] = str(world.owner.pk)
    browser.save()
    return sessions.of(world.owner)[0].id


def make_invitation(world, number):
    made = invitations.invite(world.owner)
    Invitation.objects.filter(id=made.id).update(created_at=timezone.now() + timedelta(seconds=number))
    return made.id


def make_upload(world, number):
    made = resumable.create(world.owner, Wanted(filename=str(number)), length=9).upload
    Upload.objects.filter(id=made.id).update(created_at=timezone.now() + timedelta(seconds=number))
    return made.id


def make_link(world, number):
    return sharing.make_link(world.owner, world.album.id, role="download", terms=LinkTerms()).id


def make_node(world, number):
    name = f"node-{number}"
    return Node.objects.create(name=name, store_id=uuid4(), url=f"http://{name}", zone="a").id


class Listed(NamedTuple):
    address: str
    make: Callable
    removed_at: str | None
    is_newest_first: bool = True


LISTS = [
    Listed("auth/tokens", make_token, "auth/tokens"),
    Listed("auth/sessions", make_session, "auth/sessions"),
    Listed("auth/invitations", make_invitation, "auth/invitations"),
    Listed("uploads", make_upload, "uploads"),
    Listed("shares", make_link, "shares"),
    Listed("entries/{album}/shares", make_link, "shares", is_newest_first=False),
    Listed("nodes", make_node, None, is_newest_first=False),
]
every_list = pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.address)


def address_of(world, listed):
    return "/api/v1/" + listed.address.format(album=world.album.id)


def remove(world, listed, row_id):
    if listed.removed_at is None:
        Node.objects.filter(id=row_id).delete()
    else:
        assert world.api.delete(f"/api/v1/{listed.removed_at}/{row_id}").status_code == 204


def ids_of(page):
    return [UUID(one["id"]) if isinstance(one["id"], str) else one["id"] for one in page["results"]]


@every_list
def test_pages_tell_a_list_once_and_in_order_while_rows_come_and_go(world, listed):
    made = [listed.make(world, number) for number in range(5)]
    order = made[::-1] if listed.is_newest_first else made
    page = world.api.get(f"{address_of(world, listed)}?limit=2").json()
    told = ids_of(page)

    remove(world, listed, order[0])
    remove(world, listed, order[3])
    new = listed.make(world, 5)
    while page["next"]:
        page = world.api.get(page["next"]).json()
        assert len(page["results"]) <= 2
        told += ids_of(page)

    assert told == [*order[:3], order[4], *([] if listed.is_newest_first else [new])]


@every_list
def test_a_list_comes_whole_when_it_fits_a_page(world, listed):
    made = {listed.make(world, number) for number in range(2)}

    page = world.api.get(f"{address_of(world, listed)}?limit=2").json()

    assert (set(ids_of(page)), page["next"]) == (made, None)


@every_list
def test_another_lists_cursor_and_limits_out_of_bounds_are_refused(world, listed):
    other = LISTS[LISTS.index(listed) - 1]
    for number in range(2):
        other.make(world, number)
    page = world.api.get(f"{address_of(world, other)}?limit=1").json()
    (foreign,) = parse_qs(urlsplit(page["next"]).query)["cursor"]

    for address in (address_of(world, listed), "/api/v1/entries"):
        for cursor in ("x", foreign):
            assert code(world.api.get(address, {"cursor": cursor})) == (400, "bad_cursor")
        for query in ({"limit": 0}, {"limit": 1001}, {"limit": "many"}, {"cursor": ""}):
            assert code(world.api.get(address, query)) == (422, "invalid_fields")


def test_what_was_made_in_one_moment_is_told_once(world):
    made = {invitations.invite(world.owner).id for _ in range(4)}
    Invitation.objects.update(created_at=timezone.now())

    told, following = [], "/api/v1/auth/invitations?limit=1"
    while following:
        page = world.api.get(following).json()
        told += ids_of(page)
        following = page["next"]

    assert (len(told), set(told)) == (4, made)


def test_a_cursor_of_sessions_opens_none(world):
    for number in range(2):
        make_session(world, number)

    page = world.api.get("/api/v1/auth/sessions?limit=1").json()

    (cursor,) = parse_qs(urlsplit(page["next"]).query)["cursor"]
    place = signing.b64_decode(cursor.partition(":")[0].encode()).decode()
    assert page["results"][0]["id"] in place
    assert not [key for key in Session.objects.values_list("session_key", flat=True) if key in place]
