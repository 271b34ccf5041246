"""What an editor does in a shared folder, and what that costs whom."""

import pytest

from accounts.errors import QuotaExceeded
from accounts.models import Usage
from files import access, copying, listing, purging, restoring, resumable, tree
from files.errors import AnotherTree, NotFound, NotInTrash, OwnerOnly, ParentGone, ReadOnly
from files.listing import Paging
from files.tus import Wanted
from tests.files.conftest import entry_of, used_bytes, write_file
from tests.files.sharing.conftest import give, write_into


def test_an_editor_writes_and_the_owner_is_charged(owner, friend, album):
    give(owner, album, "editor")

    new = write_into(friend, album, "c.jpg", size=10)
    replaced = write_into(friend, album, "a.jpg", size=20, entry=entry_of("a.jpg"))

    assert (new.path, new.role, new.owner) == ("/album/c.jpg", "editor", "owner")
    assert replaced.path == "/album/a.jpg"
    assert used_bytes(owner) == 3 + 4 + 10 + 20
    assert used_bytes(friend) == 0
    assert entry_of("c.jpg").created_by == friend
    assert entry_of("c.jpg").owner == owner


def test_the_owners_quota_stops_an_editor_before_and_after_the_bytes(owner, friend, album):
    give(owner, album, "editor")
    Usage.objects.filter(user=owner).update(quota_bytes=10)

    with pytest.raises(QuotaExceeded):
        resumable.create(friend, Wanted(filename="x", parent_id=album.id), length=5)
    with pytest.raises(QuotaExceeded) as refused:
        write_into(friend, album, "x", size=5)
    assert refused.value.facts["free_bytes"] == 3


def test_an_editor_changes_what_lies_in_the_folder(owner, friend, album):
    give(owner, album, "editor")
    day = tree.create_folder(friend, "day 2", parent_id=album.id)

    tree.move(friend, entry_of("a.jpg").id, day.id)
    tree.rename(friend, entry_of("b.jpg").id, "c.jpg")

    assert day.owner == owner
    assert access.find(owner, entry_of("a.jpg").id).path == "/private/album/day 2/a.jpg"
    assert access.find(friend, entry_of("c.jpg").id).path == "/album/day 1/c.jpg"


def test_what_an_editor_deletes_lies_in_the_owners_trash(owner, friend, album, friend_api):
    give(owner, album, "editor")
    file = entry_of("a.jpg")

    shown = friend_api.delete(f"/api/v1/entries/{file.id}").json()

    assert shown["path"] == "/album/a.jpg"
    assert shown["trashed_at"]
    assert [entry.name for entry in listing.trashed(owner, Paging()).results] == ["a.jpg"]
    assert listing.trashed(friend, Paging()).results == []
    with pytest.raises(NotFound):
        restoring.restore(friend, file.id)
    restoring.restore(owner, file.id)


def test_what_is_shared_by_itself_keeps_its_name_and_place(owner, friend, album):
    give(owner, album, "editor")
    give(owner, entry_of("b.jpg"), "viewer")

    for attempt in (
        lambda: tree.rename(friend, album.id, "x"),
        lambda: tree.trash(friend, album.id),
        lambda: tree.move(friend, album.id, tree.root_folder(friend).id),
        lambda: tree.rename(friend, entry_of("b.jpg").id, "x"),
    ):
        with pytest.raises(ReadOnly):
            attempt()


def test_an_editor_deletes_nothing_for_good_and_restores_nothing(owner, friend, album):
    give(owner, album, "editor")

    with pytest.raises(OwnerOnly):
        purging.purge(friend, entry_of("a.jpg").id)
    with pytest.raises(NotInTrash):
        restoring.restore(friend, entry_of("a.jpg").id)
    assert used_bytes(owner) == 7


def test_nothing_moves_from_one_tree_to_another(owner, friend, album):
    give(owner, album, "editor")
    mine = write_file(friend, "/mine", size=1)

    for entry_id, folder_id in ((mine.id, album.id), (entry_of("a.jpg").id, tree.root_folder(friend).id)):
        with pytest.raises(AnotherTree):
            tree.move(friend, entry_id, folder_id)
    assert (used_bytes(owner), used_bytes(friend)) == (7, 1)


def test_a_copy_is_charged_to_whose_folder_it_goes_into(owner, friend, album):
    give(owner, album, "editor")

    home = copying.copy(friend, album.id)
    there = copying.copy(friend, write_file(friend, "/mine", size=5).id, parent_id=album.id, name="mine")

    assert access.find(friend, home.id).path == "/album (copy)"
    assert (home.owner, there.owner) == (friend, owner)
    assert (used_bytes(owner), used_bytes(friend)) == (7 + 5, 7 + 5)


def test_a_file_shared_to_be_edited_takes_new_bytes_and_nothing_else(owner, friend, album):
    file = entry_of("a.jpg")
    give(owner, file, "editor")

    details = write_into(friend, album, "a.jpg", size=9, entry=file)

    assert (details.path, details.size, details.shown_parent_id) == ("/a.jpg", 9, None)
    with pytest.raises(ParentGone):
        write_into(friend, album, "a.jpg")
    with pytest.raises(ParentGone):
        write_into(friend, album, "b.jpg")
