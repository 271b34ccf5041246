"""Folders in folders in folders: no more of them than a path may have."""

import pytest

from files import access, archives, copying, moving, restoring, tree
from files.errors import InvalidName, TooDeep
from files.models import Entry
from files.names import MAX_DEPTH
from tests.files.conftest import code, token_client, write_file

ENTRIES = "/api/v1/entries"


def nest(owner, count, name="x"):
    """Make folders each in the one before, however many; returns them, the topmost first."""
    parent, made = tree.root_folder(owner), []
    for _ in range(count):
        parent = Entry(owner=owner, created_by=owner, parent=parent, kind="folder")
        parent.give_name(name)
        made.append(parent)
    return Entry.objects.bulk_create(made)


def test_all_that_the_deepest_folder_holds_is_found_by_its_path(owner, api):
    deepest = nest(owner, MAX_DEPTH)[-1]
    file = write_file(owner, "/" + "x/" * MAX_DEPTH + "file")

    path = access.find(owner, file.id).path

    assert file.parent_id == deepest.id
    assert api.get(f"/api/v1/paths{path}").json()["id"] == str(file.id)
    assert code(api.get(f"/api/v1/paths{path}/y")) == (422, "invalid_name")


def test_no_folder_is_made_in_the_deepest(owner, api):
    deepest = nest(owner, MAX_DEPTH)[-1]
    body = {"kind": "folder", "name": "y", "parent": str(deepest.id)}

    assert code(api.post(ENTRIES, body, format="json")) == (409, "too_deep")
    with pytest.raises(TooDeep):
        tree.create_folder_at(owner, "x/" * MAX_DEPTH + "y")
    with pytest.raises(InvalidName):
        tree.create_folder_at(owner, "x/" * MAX_DEPTH + "y/z", parents=True)


@pytest.mark.usefixtures("cluster")
def test_of_a_path_that_becomes_too_deep_no_folder_is_made(owner):
    top = nest(owner, MAX_DEPTH - 1)[-1]
    bound = token_client(owner, folder_id=top.id)

    def put(path):
        return bound.put(f"/api/v1/content/{path}?parents=true", b"", content_type="text/plain")

    assert code(put("y/z/file")) == (409, "too_deep")
    assert not Entry.objects.filter(parent=top).exists()
    assert put("y/file").status_code == 201


def test_a_folder_goes_only_where_those_below_it_may_lie(owner, api):
    *_, fitting, too_deep = nest(owner, MAX_DEPTH - 1)
    moved, inner = nest(owner, 2, "moved")
    file = write_file(owner, "/file")
    tree.trash(owner, inner.id)  # it counts: restored, it lies where it lay

    refused = api.patch(f"{ENTRIES}/{moved.id}", {"parent": str(too_deep.id)}, format="json")
    became = moving.move_many(owner, [moved.id, file.id], too_deep.id)

    assert code(refused) == (409, "too_deep")
    assert isinstance(became[moved.id], TooDeep)
    assert became[file.id] == file.id
    tree.move(owner, moved.id, fitting.id)
    restoring.restore(owner, inner.id)
    assert access.find(owner, inner.id).path == "/" + "x/" * (MAX_DEPTH - 2) + "moved/moved"


def test_a_folder_is_copied_only_where_those_below_it_may_lie(owner, api):
    *_, fitting, too_deep = nest(owner, MAX_DEPTH - 1)
    source, _ = nest(owner, 2, "source")
    file = write_file(owner, "/file")

    def copy(entry, folder):
        return api.post(f"{ENTRIES}/{entry.id}/copy", {"parent": str(folder.id)}, format="json")

    assert code(copy(source, too_deep)) == (409, "too_deep")
    became = copying.copy_many(owner, [source.id, file.id], parent_id=too_deep.id)
    assert isinstance(became[source.id], TooDeep)
    assert became[file.id].parent_id == too_deep.id
    assert copy(source, fitting).status_code == 201


def test_the_way_out_of_a_tree_that_was_made_too_deep_is_open(owner):
    folders = nest(owner, MAX_DEPTH + 70)

    tree.change(owner, folders[100].id, name="moved", parent_id=folders[50].id)
    with pytest.raises(TooDeep):
        tree.move(owner, folders[100].id, folders[60].id)
    tree.move(owner, folders[100].id, folders[0].id)

    assert access.find(owner, folders[-1].id).path.count("/") == 1 + MAX_DEPTH + 70 - 100


def test_an_archive_of_paths_too_long_for_it_is_refused_before_its_first_byte(owner, api):
    folders = nest(owner, 260, "x" * 255)

    assert code(api.get(f"{ENTRIES}/{folders[0].id}/archive")) == (409, "too_deep")
    archives.open_archive(owner, folders[10].id)[1].close()
