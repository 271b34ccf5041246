"""Folders, names, places, stars and the trash."""

from uuid import uuid4

import pytest

from files import access, restoring, tree
from files.errors import (
    InvalidName,
    MoveIntoItself,
    NameTaken,
    NotAFolder,
    NotFound,
    ParentNotFound,
    PreconditionFailed,
    RootIsFixed,
)
from files.models import Entry
from tests.files.conftest import make_folder, write_file


def paths(user):
    visible = Entry.objects.visible_to(user).exclude(parent=None)
    return sorted(access.find(user, entry.id).path for entry in visible)


def test_everybody_has_one_root_folder(owner, stranger):
    assert tree.root_folder(owner) == tree.root_folder(owner)
    assert tree.root_folder(owner) != tree.root_folder(stranger)


def test_a_folder_lies_where_it_was_made(owner):
    holiday = tree.create_folder(owner, "holiday")
    tree.create_folder(owner, "day 1", parent_id=holiday.id)

    assert paths(owner) == ["/holiday", "/holiday/day 1"]


def test_a_name_is_there_once_in_a_folder(owner):
    tree.create_folder(owner, "caf\u00e9")

    with pytest.raises(NameTaken):
        tree.create_folder(owner, "cafe\u0301")
    assert paths(owner) == ["/caf\u00e9"]


def test_a_folder_can_be_made_only_in_a_folder_of_ones_own(owner, stranger):
    file = write_file(owner, "/a.txt")
    theirs = tree.create_folder(stranger, "private")

    with pytest.raises(NotAFolder):
        tree.create_folder(owner, "b", parent_id=file.id)
    for parent_id in (theirs.id, uuid4()):
        with pytest.raises(NotFound):
            tree.create_folder(owner, "b", parent_id=parent_id)
    with pytest.raises(InvalidName):
        tree.create_folder(owner, "..")


def test_missing_folders_are_made_when_asked_for(owner):
    with pytest.raises(ParentNotFound):
        tree.create_folder_at(owner, "/a/b/c")
    folder_id, is_new = tree.create_folder_at(owner, "/a/b/c", parents=True)
    again, is_new_again = tree.create_folder_at(owner, "/a/b/c", parents=True)

    assert (is_new, is_new_again) == (True, False)
    assert folder_id == again
    assert paths(owner) == ["/a", "/a/b", "/a/b/c"]
    with pytest.raises(NameTaken):
        tree.create_folder_at(owner, "/a/b/c")


def test_a_file_is_no_folder_on_the_way(owner):
    write_file(owner, "/a/b")

    for make_parents in (True, False):
        with pytest.raises(NotAFolder):
            tree.create_folder_at(owner, "/a/b/c", parents=make_parents)
    with pytest.raises(NotAFolder):
        tree.create_folder_at(owner, "/a/b", parents=True)


def test_a_change_is_whole_or_not_at_all(owner):
    a, _ = make_folder(owner, "/a"), make_folder(owner, "/b/taken")
    b = access.find_by_path(owner, "/b")

    with pytest.raises(NameTaken):
        tree.change(owner, a.id, name="taken", parent_id=b.id, starred=True)
    assert access.find(owner, a.id).starred is False

    tree.change(owner, a.id, name="free", parent_id=b.id, starred=True)

    moved = access.find(owner, a.id)
    assert (moved.path, moved.starred) == ("/b/free", True)


def test_renaming_moves_the_entry_in_the_natural_order(owner):
    entry = write_file(owner, "/file 10")

    tree.rename(owner, entry.id, "File 9")

    assert Entry.objects.get(id=entry.id).sort_key == "file 0019"


def test_a_folder_cannot_move_into_itself_or_below(owner):
    a, c = make_folder(owner, "/a"), make_folder(owner, "/a/b/c")

    for target in (a, c):
        with pytest.raises(MoveIntoItself):
            tree.move(owner, a.id, target.id)
    assert paths(owner) == ["/a", "/a/b", "/a/b/c"]


def test_the_root_stays_where_it_is(owner):
    root, a = tree.root_folder(owner), make_folder(owner, "/a")

    for change in (
        lambda: tree.rename(owner, root.id, "x"),
        lambda: tree.move(owner, root.id, a.id),
        lambda: tree.trash(owner, root.id),
    ):
        with pytest.raises(RootIsFixed):
            change()
    assert tree.star(owner, root.id).starred


def test_every_change_raises_the_revision(owner):
    entry = write_file(owner, "/a.txt")
    seen = [access.find(owner, entry.id).etag]
    for change in (
        lambda: tree.rename(owner, entry.id, "b.txt"),
        lambda: tree.star(owner, entry.id),
        lambda: write_file(owner, "/b.txt"),
        lambda: tree.trash(owner, entry.id),
        lambda: restoring.restore(owner, entry.id),
    ):
        change()
        seen.append(access.find_known(owner, entry.id).etag)

    assert len(set(seen)) == len(seen)


def test_a_change_of_another_state_than_the_one_seen_is_refused(owner):
    entry = write_file(owner, "/a.txt")
    seen = access.find(owner, entry.id).etag
    tree.star(owner, entry.id)

    with pytest.raises(PreconditionFailed):
        tree.change(owner, entry.id, name="b.txt", if_match=[seen])
    with pytest.raises(PreconditionFailed):
        tree.trash(owner, entry.id, if_match=[seen])
    tree.change(owner, entry.id, name="b.txt", if_match=["other", access.find(owner, entry.id).etag])
    assert paths(owner) == ["/b.txt"]


def test_what_is_in_the_trash_is_gone_with_all_below_it(owner):
    folder, file = make_folder(owner, "/a"), write_file(owner, "/a/b/c.txt")

    tree.trash(owner, folder.id)

    assert paths(owner) == []
    for lookup in (
        lambda: access.find(owner, file.id),
        lambda: access.find(owner, folder.id),
        lambda: access.find_by_path(owner, "/a"),
        lambda: tree.rename(owner, file.id, "x"),
        lambda: tree.trash(owner, file.id),
        lambda: tree.create_folder(owner, "new", parent_id=folder.id),
    ):
        with pytest.raises(NotFound):
            lookup()
    assert access.find_known(owner, folder.id).trashed_at is not None


def test_a_trashed_name_is_free_again(owner):
    tree.trash(owner, write_file(owner, "/a.txt").id)

    again = write_file(owner, "/a.txt")

    assert access.find_by_path(owner, "/a.txt").id == again.id


def test_a_stranger_finds_nothing_to_change(owner, stranger):
    folder, file = make_folder(owner, "/a"), write_file(owner, "/a/b.txt")
    own = make_folder(stranger, "/own")

    for attempt in (
        lambda: access.find(stranger, file.id),
        lambda: access.find_known(stranger, file.id),
        lambda: access.find_by_path(stranger, "/a/b.txt"),
        lambda: tree.rename(stranger, file.id, "x"),
        lambda: tree.move(stranger, file.id, own.id),
        lambda: tree.move(stranger, own.id, folder.id),
        lambda: tree.star(stranger, file.id),
        lambda: tree.trash(stranger, file.id),
        lambda: tree.create_folder(stranger, "x", parent_id=folder.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    tree.trash(owner, file.id)
    with pytest.raises(NotFound):
        restoring.restore(stranger, file.id)
