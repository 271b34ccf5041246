"""Sharing and taking it back: by whom, with whom, and from when on."""

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from files import access, purging, resumable, sharing, tree, uploads
from files.errors import Invalid, NotFound, OwnerOnly, ParentGone, ReadOnly, RootIsFixed, ShareNotFound
from files.models import Entry, Share
from files.tus import Wanted
from nodes.models import Content
from tests.files.conftest import entry_of, person
from tests.files.sharing.conftest import give, write_into


def test_taking_a_share_back_works_at_once_for_an_upload_under_way_too(owner, friend, album):
    share = give(owner, album, "editor")
    target = uploads.target_in(friend, album.id, "late", on_conflict="fail")
    upload = resumable.create(friend, Wanted(filename="too late", parent_id=album.id), length=5).upload

    sharing.revoke(owner, share.id)

    with pytest.raises(NotFound):
        access.find(friend, album.id)
    with transaction.atomic(), pytest.raises(ParentGone):
        uploads.commit_content(friend, Content.objects.create(size=0).id, 0, target)
    with pytest.raises(ParentGone):
        write_into(friend, album, upload.name)


def test_a_role_taken_down_to_viewer_refuses_the_commit(owner, friend, album):
    share = give(owner, album, "editor")
    target = uploads.target_in(friend, album.id, "late", on_conflict="fail")

    sharing.change(owner, share.id, {"role": "viewer"})

    with transaction.atomic(), pytest.raises(ReadOnly):
        uploads.commit_content(friend, Content.objects.create(size=0).id, 0, target)


def test_sharing_again_changes_the_role(owner, friend, album):
    share, is_new = sharing.share_with(owner, album.id, role="viewer", username="Friend")
    again, is_new_again = sharing.share_with(owner, album.id, role="editor", username="friend")

    assert (is_new, is_new_again) == (True, False)
    assert share.id == again.id
    assert access.find(friend, album.id).role == "editor"


def test_only_the_owner_shares_and_not_the_topmost_folder(owner, friend, stranger, album):
    give(owner, album, "editor")

    with pytest.raises(OwnerOnly):
        give(friend, album, "viewer", username="stranger")
    with pytest.raises(OwnerOnly):
        sharing.of_entry(friend, album.id)
    with pytest.raises(NotFound):
        give(stranger, album, "viewer")
    with pytest.raises(RootIsFixed):
        give(owner, tree.root_folder(owner), "viewer")


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "owner", "role": "viewer"},
        {"username": "nobody", "role": "viewer"},
        {"username": "switched off", "role": "viewer"},
        {"group": "others", "role": "viewer"},
        {"username": "friend", "role": "download"},
    ],
)
def test_what_cannot_be_shared_is_refused(owner, friend, album, wrong):
    person("switched off")
    type(owner).objects.filter(username="switched off").update(is_active=False)
    Group.objects.create(name="others")

    with pytest.raises(Invalid):
        sharing.share_with(owner, album.id, **wrong)
    assert not Share.objects.exists()


def test_whom_something_is_shared_with_can_give_it_up_and_strangers_cannot(owner, friend, stranger, album):
    share = give(owner, album, "viewer")

    with pytest.raises(ShareNotFound):
        sharing.revoke(stranger, share.id)
    sharing.revoke(friend, share.id)

    assert not Share.objects.exists()
    with pytest.raises(ShareNotFound):
        sharing.change(owner, share.id, {"role": "editor"})


def test_what_is_purged_is_shared_no_more_and_its_rows_go(owner, friend, album):
    give(owner, album, "viewer")
    give(owner, entry_of("b.jpg"), "viewer")

    purging.purge(owner, album.id)
    while purging.sweep():
        pass

    assert not Share.objects.exists()
    assert not Entry.objects.filter(name__in=["album", "b.jpg"]).exists()
