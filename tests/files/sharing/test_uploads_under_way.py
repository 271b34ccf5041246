"""What becomes of resumable uploads into a shared folder when their sender may write there no more."""

import pytest
from django.contrib.auth.models import Group

from accounts import quota
from files import access, restoring, resumable, sharing, tasks, tree
from files.errors import UploadNotFound
from files.models import Reservation, Upload
from files.tus import Wanted
from tests.files.sharing.conftest import give
from tests.files.tus_requests import create, end, head, patch


def begin(user, folder, name="x"):
    return resumable.create(user, Wanted(filename=name, parent_id=folder.id), length=5).upload


def kept(owner):
    return quota.figures(owner.pk).reserved_bytes


@pytest.fixture
def club(owner, friend):
    group = Group.objects.create(name="club")
    owner.groups.add(group)
    friend.groups.add(group)
    return group


@pytest.mark.usefixtures("cluster", "club")
@pytest.mark.parametrize("ask", [head, lambda api, url: patch(api, url, 2, b"llo"), end])
def test_who_has_left_the_group_finds_the_upload_no_more(friend_api, owner, friend, album, ask):
    give(owner, album, "editor", group="club")
    url = create(friend_api, 5, parent=album.id)["Location"]
    patch(friend_api, url, 0, b"he")
    assert kept(owner) == 5

    friend.groups.clear()

    assert ask(friend_api, url).status_code == 404
    assert (kept(owner), Upload.objects.count(), Reservation.objects.count()) == (0, 0, 0)


def leave_the_group(owner, friend, folder):
    friend.groups.clear()


def move_away(owner, friend, folder):
    tree.move(owner, folder.id, tree.create_folder(owner, "out of reach").id)


@pytest.mark.parametrize("lose", [leave_the_group, move_away])
def test_room_of_who_lost_access_without_a_word_is_given_back_by_the_next_sweep(
    owner, friend, album, club, lose
):
    give(owner, album, "editor", group="club")
    folder = tree.create_folder(owner, "below", parent_id=album.id)
    begin(friend, folder)
    mine, theirs = begin(owner, folder, "z"), begin(friend, tree.root_folder(friend))
    tasks.end_expired_uploads()
    assert (kept(owner), kept(friend)) == (10, 5)

    lose(owner, friend, folder)
    tasks.end_expired_uploads()
    tasks.end_expired_uploads()

    assert set(Upload.objects.all()) == {mine, theirs}
    assert (kept(owner), kept(friend)) == (5, 5)


def take_back(owner, album, share):
    sharing.revoke(owner, share.id)


def take_down(owner, album, share):
    sharing.change(owner, share.id, {"role": "viewer"})


def share_again(owner, album, share):
    whom = {"username": share.user.username} if share.user else {"group": share.group.name}
    sharing.share_with(owner, album.id, role="viewer", **whom)


@pytest.mark.parametrize("whom", [{"username": "friend"}, {"group": "club"}])
@pytest.mark.parametrize("take", [take_back, take_down, share_again])
def test_the_owner_has_the_room_again_at_once(owner, friend, album, club, take, whom):
    share = give(owner, album, "editor", **whom)
    begin(friend, album)
    begin(friend, access.find(friend, tree.create_folder(friend, "below", parent_id=album.id).id), "y")
    mine, theirs = begin(owner, album, "z"), begin(friend, tree.root_folder(friend))

    take(owner, album, share)

    assert set(Upload.objects.all()) == {mine, theirs}
    assert (kept(owner), kept(friend)) == (5, 5)


def test_who_may_write_there_by_another_share_goes_on(owner, friend, album, club):
    share = give(owner, album, "editor", group="club")
    give(owner, album, "editor")
    upload = begin(friend, album)

    sharing.revoke(owner, share.id)

    assert resumable.take_over(friend, upload.id).offset == 0
    assert kept(owner) == 5


def test_an_upload_into_the_trash_waits_for_the_folder(owner, friend, album):
    share = give(owner, album, "editor")
    upload = begin(friend, album)
    tree.trash(owner, album.id)

    assert resumable.find(friend, upload.id) == upload

    restoring.restore(owner, album.id)
    assert resumable.find(friend, upload.id) == upload
    tree.trash(owner, album.id)
    sharing.revoke(owner, share.id)
    with pytest.raises(UploadNotFound):
        resumable.find(friend, upload.id)


def test_what_became_a_file_before_is_told_as_ever(cluster, friend_api, owner, album):
    share = give(owner, album, "editor")
    done = create(friend_api, 5, b"hello", parent=album.id)

    sharing.revoke(owner, share.id)

    assert head(friend_api, done["Location"])["Dfs-Entry"] == done["Dfs-Entry"]
