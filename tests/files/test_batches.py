"""One thing done to many entries, with a result for each."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Usage
from files import access, activity, batches, copying, locking, purging, tree
from files.batches import Operation
from files.errors import Invalid, NotFound
from files.models import Activity, Entry
from nodes.ids import uuid7
from tests.files.conftest import make_folder, used_bytes, write_file

BATCH = "/api/v1/batch"


def codes(outcomes):
    return [outcome.error.code if outcome.error else "done" for outcome in outcomes]


@pytest.fixture
def files(owner):
    return [write_file(owner, f"/a/{number}", size=10) for number in range(3)]


def ids(*entries):
    return [entry.id for entry in entries]


@pytest.mark.parametrize("operation", list(Operation))
def test_each_item_has_its_own_result(owner, stranger, files, operation):
    if operation == Operation.RESTORE:
        for file in files:
            tree.trash(owner, file.id)
    theirs = write_file(stranger, "/theirs")
    folder = make_folder(owner, "/b")

    outcomes = batches.run(
        owner, operation, [files[0].id, uuid4(), theirs.id, files[1].id, files[0].id], parent_id=folder.id
    )

    assert [outcome.item_id for outcome in outcomes][::3] == ids(files[0], files[1])
    assert codes(outcomes) == ["done", "not_found", "not_found", "done"]
    assert access.find(stranger, theirs.id).starred is False


def test_entries_go_to_the_trash_and_come_back(owner, files):
    before = {entry.id: entry.revision for entry in Entry.objects.filter(id__in=ids(*files))}

    batches.run(owner, Operation.TRASH, ids(*files))

    assert Entry.objects.in_trash_of(owner).count() == 3
    assert {e.id: e.revision for e in Entry.objects.filter(id__in=before)} == {
        entry_id: revision + 1 for entry_id, revision in before.items()
    }
    assert codes(batches.run(owner, Operation.TRASH, ids(*files))) == ["not_found"] * 3
    batches.run(owner, Operation.RESTORE, ids(*files))
    assert sorted(access.find(owner, file.id).path for file in files) == ["/a/0", "/a/1", "/a/2"]


def test_a_folder_and_what_is_in_it_are_purged_together_and_charged_once(owner, files):
    kept = write_file(owner, "/kept", size=7)
    tree.trash(owner, files[0].id)

    outcomes = batches.run(owner, Operation.PURGE, ids(files[1], make_folder(owner, "/a"), *files))

    assert codes(outcomes) == ["done"] * 4
    assert used_bytes(owner) == 7
    while purging.sweep():
        pass
    assert Entry.objects.filter(owner=owner).exclude(parent=None).get().id == kept.id


def test_stars_copies_and_moves(owner, files):
    folder = make_folder(owner, "/b")

    batches.run(owner, Operation.STAR, ids(*files))
    batches.run(owner, Operation.UNSTAR, ids(files[2]))
    copied = batches.run(owner, Operation.COPY, ids(*files), parent_id=folder.id)
    moved = batches.run(owner, Operation.MOVE, ids(*files), parent_id=folder.id)

    assert [access.find(owner, file.id).starred for file in files] == [True, True, False]
    assert len({outcome.entry_id for outcome in copied} - set(ids(*files))) == 3
    assert codes(moved) == ["done"] * 3
    assert used_bytes(owner) == 60


def test_what_fails_for_one_is_done_for_the_others(owner, files):
    Usage.objects.filter(user=owner).update(quota_bytes=45)
    into = make_folder(owner, "/into")
    write_file(owner, "/into/1")

    copied = batches.run(owner, Operation.COPY, ids(*files))
    moved = batches.run(owner, Operation.MOVE, ids(*files, into), parent_id=into.id)
    root = tree.root_folder(owner)

    assert codes(copied) == ["done", "quota_exceeded", "quota_exceeded"]
    assert codes(moved) == ["done", "name_taken", "done", "move_into_itself"]
    for operation in (Operation.TRASH, Operation.PURGE):
        assert codes(batches.run(owner, operation, ids(root, files[0]))) == ["root_is_fixed", "done"]


def many_folders(user, count):
    root = tree.root_folder(user)
    made = [Entry(id=uuid7(), owner=user, created_by=user, parent=root, kind="folder") for _ in range(count)]
    for number, entry in enumerate(made):
        entry.give_name(f"folder {number}")
    return Entry.objects.bulk_create(made)


@pytest.mark.parametrize("operation", list(Operation))
def test_many_take_as_few_statements_as_some(owner, operation):
    folder = make_folder(owner, "/into")
    made = many_folders(owner, 203)
    if operation == Operation.RESTORE:
        batches.run(owner, Operation.TRASH, ids(*made))
    asked = []
    for some in (made[:3], made[3:]):
        with CaptureQueriesContext(connection) as queries:
            outcomes = batches.run(owner, operation, ids(*some), parent_id=folder.id)
        assert codes(outcomes) == ["done"] * len(some)
        asked.append(len(queries))

    assert asked[0] == asked[1] <= 20


def test_what_many_may_not_takes_as_few_statements_as_what_they_may(owner, stranger):
    into, made = make_folder(owner, "/into"), many_folders(owner, 200)
    for name in ("/into/folder 7", "/theirs"):
        make_folder(owner, name)
    theirs = [write_file(stranger, f"/{number}") for number in range(3)]
    Usage.objects.filter(user=owner).update(quota_bytes=5)
    files = [write_file(owner, f"/{number}", size=1) for number in range(5)]
    wanted = [into.id, tree.root_folder(owner).id, *ids(*theirs, *made, *files), uuid4()]
    refused = ["not_found"] * 3 + ["done"] * 7 + ["name_taken"] + ["done"] * 192

    with CaptureQueriesContext(connection) as queries:
        moved = batches.run(owner, Operation.MOVE, wanted, parent_id=into.id)
        copied = batches.run(owner, Operation.COPY, wanted, parent_id=into.id)

    assert codes(moved) == ["move_into_itself", "root_is_fixed", *refused, *["done"] * 5, "not_found"]
    assert codes(copied)[1:5] == ["root_is_fixed", *["not_found"] * 3]
    assert codes(copied)[-6:] == ["quota_exceeded"] * 5 + ["not_found"]
    assert len(queries) < 60


def test_of_many_with_one_name_the_first_moves_and_each_copy_gets_a_name(owner):
    into = make_folder(owner, "/into")
    there = write_file(owner, "/into/a.txt")
    files = [write_file(owner, f"/{folder}/a.txt", size=1) for folder in "xyz"]
    for name in ("b.txt", "c.txt"):
        write_file(owner, f"/x/{name}")
    others = [write_file(owner, f"/{folder}/b.txt") for folder in "xy"]

    moved = batches.run(owner, Operation.MOVE, ids(there, *files, *others), parent_id=into.id)
    copied = batches.run(owner, Operation.COPY, ids(*files, *others), parent_id=into.id)

    assert codes(moved) == ["done", *["name_taken"] * 3, "done", "name_taken"]
    assert [Entry.objects.get(id=outcome.entry_id).name for outcome in copied] == [
        "a (copy).txt",
        "a (copy 2).txt",
        "a (copy 3).txt",
        "b (copy).txt",
        "b (copy 2).txt",
    ]
    [deed] = [one for one in activity.of(owner, others[0].id, limit=9) if one.deed == Activity.Deed.MOVED]
    assert deed.detail == "x"
    assert all(one.deed != Activity.Deed.MOVED for one in activity.of(owner, there.id, limit=9))


def test_a_folder_and_what_is_in_it_are_copied_each_by_itself(owner):
    file = write_file(owner, "/a/b/c", size=5)
    folders = [make_folder(owner, path) for path in ("/a/b", "/a")]
    into = make_folder(owner, "/into")

    copied = batches.run(owner, Operation.COPY, ids(file, *folders), parent_id=into.id)

    assert codes(copied) == ["done"] * 3
    for path in ("c (copy)", "b (copy)/c", "a (copy)/b/c"):
        assert access.find_by_path(owner, f"/into/{path}").size == 5
    assert used_bytes(owner) == 20


def test_too_many_for_one_copy_are_copied_in_parts(owner, files, monkeypatch):
    monkeypatch.setattr(copying, "MAX_ENTRIES", 4)
    whole, folder = make_folder(owner, "/w"), make_folder(owner, "/a")
    for number in range(5):
        write_file(owner, f"/w/{number}")

    copied = batches.run(owner, Operation.COPY, ids(folder, *files, whole))

    assert codes(copied) == ["done"] * 4 + ["too_many_entries"]
    assert access.find_by_path(owner, "/a (copy)/2").size == 10


def test_a_folder_that_is_none_to_move_to_is_said_of_each(owner, stranger, files):
    for target, code in ((files[2], "not_a_folder"), (make_folder(stranger, "/theirs"), "not_found")):
        for operation in (Operation.MOVE, Operation.COPY):
            outcomes = batches.run(owner, operation, ids(*files[:2]), parent_id=target.id)
            assert codes(outcomes) == [code] * 2


def test_more_than_a_slice_is_done_as_a_whole(owner):
    wanted = locking.SLICE_ENTRIES * 2 + 1
    made = many_folders(owner, wanted)

    trashed = batches.run(owner, Operation.TRASH, ids(*made))
    purged = batches.run(owner, Operation.PURGE, ids(*made))

    assert codes(trashed) == codes(purged) == ["done"] * wanted
    with pytest.raises(NotFound):
        access.find_known(owner, made[-1].id)


def test_what_cannot_be_a_batch_is_refused_before_anything_is_done(owner, files):
    with pytest.raises(Invalid):
        batches.run(owner, Operation.MOVE, ids(*files))
    with pytest.raises(Invalid):
        batches.run(owner, Operation.TRASH, [uuid4()] * (batches.MAX_ITEMS + 1))


def test_the_api_tells_of_each_item(api, stranger_api, anonymous, owner, files):
    folder = make_folder(owner, "/b")
    wanted = {"ids": [str(files[0].id), str(uuid4())], "parent": str(folder.id)}

    moved = api.post(BATCH, {"operation": "move", **wanted}, format="json").json()["results"]
    theirs = stranger_api.post(BATCH, {"operation": "star", **wanted}, format="json").json()["results"]

    assert moved[0]["entry"]["path"] == "/b/0"
    assert moved[0]["error"] is None
    assert (moved[1]["entry"], moved[1]["error"]["code"]) == (None, "not_found")
    assert [one["error"]["code"] for one in theirs] == ["not_found"] * 2
    for wrong in ({"operation": "explode"}, {"operation": "move", "parent": None}, {"ids": []}):
        reply = api.post(BATCH, {"operation": "star", **wanted, **wrong}, format="json")
        assert reply.json()["code"] == "invalid_fields"
    assert anonymous.post(BATCH, wanted, format="json").status_code == 401
