"""Entries come out of the trash, one or many, under names that are free."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from files import access, activity, batches, restoring, searching, tree
from files.batches import Operation
from files.errors import NotInTrash
from files.listing import Paging
from files.models import Activity, Entry
from files.searching import Sought
from nodes.ids import uuid7
from tests.files.conftest import make_folder, used_bytes, write_file


def paths(user):
    return sorted(access.find(user, one.id).path for one in Entry.objects.owned_by(user).exclude(parent=None))


def trash_all(user, *entries):
    for entry in entries:
        tree.trash(user, entry.id)
    return [entry.id for entry in entries]


def test_restoring_undoes_the_trash(owner):
    folder = make_folder(owner, "/a")
    write_file(owner, "/a/b.txt")
    tree.trash(owner, folder.id)

    restoring.restore(owner, folder.id)

    assert paths(owner) == ["/a", "/a/b.txt"]
    with pytest.raises(NotInTrash):
        restoring.restore(owner, folder.id)


def test_an_entry_leaves_the_trash_only_in_the_state_that_was_seen(api, owner):
    url = f"/api/v1/entries/{write_file(owner, '/a.txt').id}"
    stale = {"If-Match": api.get(url)["ETag"]}
    seen = {"If-Match": api.delete(url)["ETag"]}

    refused = api.post(f"{url}/restore", headers=stale)
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert paths(owner) == []  # it lies in the trash still
    assert api.post(f"{url}/restore", headers=seen).status_code == 200
    assert paths(owner) == ["/a.txt"]


def test_restoring_onto_a_taken_name_takes_another(owner):
    for _ in range(3):
        tree.trash(owner, write_file(owner, "/a.txt").id)
    write_file(owner, "/a.txt")

    for entry in Entry.objects.in_trash_of(owner):
        restoring.restore(owner, entry.id)

    assert paths(owner) == [
        "/a (restored 2).txt",
        "/a (restored 3).txt",
        "/a (restored).txt",
        "/a.txt",
    ]


def test_restoring_from_a_folder_that_is_gone_goes_into_the_root(owner):
    folder, file = make_folder(owner, "/a"), write_file(owner, "/a/b.txt")
    tree.trash(owner, file.id)
    tree.trash(owner, folder.id)

    restoring.restore(owner, file.id)

    assert paths(owner) == ["/b.txt"]


def test_many_come_back_by_as_few_statements_as_some(owner):
    root = tree.root_folder(owner)
    made = [Entry(id=uuid7(), owner=owner, created_by=owner, parent=root, kind="folder") for _ in range(200)]
    for number, entry in enumerate(made):
        entry.give_name(f"folder {number}")
    Entry.objects.bulk_create(made)
    asked = []
    for some in (made[:3], made):
        ids = [entry.id for entry in some]
        batches.run(owner, Operation.TRASH, ids)
        with CaptureQueriesContext(connection) as queries:
            outcomes = batches.run(owner, Operation.RESTORE, ids)
        assert [outcome.entry_id for outcome in outcomes] == ids
        asked.append(len(queries))

    assert asked[0] == asked[1]
    assert Entry.objects.in_trash_of(owner).count() == 0
    assert Activity.objects.filter(deed=Activity.Deed.RESTORED).count() == 203


def test_of_many_with_one_name_the_first_keeps_it_and_the_others_take_free_ones(owner):
    ids = []
    for _ in range(4):
        ids += trash_all(owner, write_file(owner, "/b/c.txt", size=5))
    write_file(owner, "/b/c (restored 2).txt")

    assert restoring.restore_many(owner, ids) == set(ids)

    names = [access.find(owner, entry_id).name for entry_id in ids]
    assert names[0] == "c.txt"
    assert sorted(names[1:]) == ["c (restored 3).txt", "c (restored 4).txt", "c (restored).txt"]
    [found] = searching.search(owner, Sought("restored 4"), Paging()).results
    assert found.name == "c (restored 4).txt"
    assert used_bytes(owner) == 20


def test_a_folder_and_what_was_taken_from_it_before_come_back_into_each_other(owner):
    inner, folder = write_file(owner, "/a/b/c.txt"), make_folder(owner, "/a")
    ids = trash_all(owner, inner, make_folder(owner, "/a/b"), folder)

    restoring.restore_many(owner, ids)

    assert paths(owner) == ["/a", "/a/b", "/a/b/c.txt"]


def test_of_many_whose_folders_are_gone_all_go_into_the_root_under_free_names(owner):
    write_file(owner, "/d.txt")
    ids = trash_all(owner, *(write_file(owner, f"/{folder}/d.txt") for folder in "ab"))
    trash_all(owner, make_folder(owner, "/a"), make_folder(owner, "/b"))

    assert restoring.restore_many(owner, ids) == set(ids)

    assert paths(owner) == ["/d (restored 2).txt", "/d (restored).txt", "/d.txt"]


def test_what_is_not_in_the_trash_of_the_one_who_asks_stays_as_it_is(owner, stranger):
    here, theirs = write_file(owner, "/here"), write_file(stranger, "/theirs")
    ids = [here.id, *trash_all(stranger, theirs), *trash_all(owner, write_file(owner, "/there"))]

    outcomes = batches.run(owner, Operation.RESTORE, ids)

    assert [outcome.error and outcome.error.code for outcome in outcomes] == [
        "not_in_trash",
        "not_found",
        None,
    ]
    assert paths(owner) == ["/here", "/there"]
    assert paths(stranger) == []
    assert [one.deed for one in activity.of(owner, here.id, limit=5)] == [activity.MADE]
