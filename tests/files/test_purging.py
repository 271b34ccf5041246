"""Deleting for good: hidden at once, the quota back at once, the rows in slices."""

import pytest

from files import access, copying, purging, restoring, tree
from files.errors import NotFound, PreconditionFailed, RootIsFixed
from files.models import Entry, Upload, Version
from nodes import contents
from nodes.models import Content, Segment
from tests.files.conftest import make_folder, used_bytes, write_file


def sweep_all():
    slices = 0
    while purging.sweep(limit=2):
        slices += 1
    return slices


def released():
    return set(Content.objects.exclude(released_at=None).values_list("id", flat=True))


def test_a_purged_file_is_hidden_and_gives_its_bytes_back_at_once(owner):
    file = write_file(owner, "/a", size=10)
    write_file(owner, "/a", size=5)

    purging.purge(owner, file.id)

    assert used_bytes(owner) == 0
    for look in (access.find, access.find_known, restoring.restore, purging.purge):
        with pytest.raises(NotFound):
            look(owner, file.id)
    write_file(owner, "/a")


def test_rows_go_in_slices_and_contents_are_released(owner):
    for path in ("/a/b/1", "/a/b/2", "/a/3", "/a/c/d/e/4", "/a/c/5"):
        write_file(owner, path, size=7)
    kept = write_file(owner, "/kept", size=7)
    purging.purge(owner, make_folder(owner, "/a").id)
    assert used_bytes(owner) == 7

    assert sweep_all() > 3

    assert set(Entry.objects.values_list("id", flat=True)) == {tree.root_folder(owner).id, kept.id}
    assert Version.objects.count() == 1
    assert len(released()) == 5
    assert used_bytes(owner) == 7
    assert purging.sweep() is False


def test_a_content_that_a_copy_needs_stays(owner):
    file = write_file(owner, "/a", size=7)
    copy = copying.copy(owner, file.id)
    content_id = access.find(owner, copy.id).content_id

    purging.purge(owner, file.id)
    sweep_all()
    assert released() == set()

    purging.purge(owner, copy.id)
    sweep_all()
    assert released() == {content_id}


def test_bytes_are_given_back_once_however_a_tree_is_purged(owner):
    inner, outer = write_file(owner, "/a/b/1", size=7), make_folder(owner, "/a")
    write_file(owner, "/a/2", size=5)
    tree.trash(owner, inner.id)

    purging.purge(owner, inner.id)
    tree.trash(owner, outer.id)
    purging.purge(owner, outer.id)
    sweep_all()

    assert used_bytes(owner) == 0
    assert Entry.objects.count() == 1


def test_the_trash_is_emptied_and_nothing_else(owner, stranger):
    write_file(owner, "/kept")
    tree.trash(stranger, write_file(stranger, "/theirs").id)
    tree.trash(owner, write_file(owner, "/a/b").id)
    tree.trash(owner, make_folder(owner, "/a").id)

    assert purging.empty_trash(owner) == 2
    sweep_all()

    assert access.find_by_path(owner, "/kept")
    assert Entry.objects.in_trash_of(owner).count() == 0
    assert Entry.objects.in_trash_of(stranger).count() == 1


def test_uploads_into_a_purged_folder_end(owner):
    folder, file = make_folder(owner, "/a"), write_file(owner, "/b")
    begun = Upload.objects.create(
        owner=owner, parent=folder, name="x", segment_id=contents.create_segment().id, length=5
    )
    finished = Upload.objects.create(
        owner=owner, parent=file.parent, name="b", committed_at=file.created_at, committed_entry=file
    )
    purging.purge(owner, folder.id)
    purging.purge(owner, file.id)

    sweep_all()

    assert not Upload.objects.filter(id=begun.id).exists()
    assert Segment.objects.get(id=begun.segment_id).sealed
    finished.refresh_from_db()
    assert finished.committed_entry is None


def test_only_the_state_seen_is_purged_and_never_the_root(owner, stranger):
    file = write_file(owner, "/a")

    with pytest.raises(PreconditionFailed):
        purging.purge(owner, file.id, if_match=["other"])
    with pytest.raises(NotFound):
        purging.purge(stranger, file.id)
    with pytest.raises(RootIsFixed):
        purging.purge(owner, tree.root_folder(owner).id)
    assert access.find(owner, file.id)
