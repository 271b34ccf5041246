"""What happens when two people, or one with two devices, do things at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction

from accounts.errors import QuotaExceeded
from accounts.models import Usage
from files import access, copying, moving, purging, restoring, tree, uploads
from files.conditions import Preconditions
from files.errors import FilesError, MoveIntoItself, NameTaken, PreconditionFailed
from files.models import Entry, Version
from nodes.models import Content
from tests.files.conftest import make_folder, token_client, used_bytes, write_file

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 120


def at_once(*actions: Callable[[], object]) -> list[object]:
    """Run the actions at the same moment, each on a connection of its own; returns results or errors."""
    start = threading.Barrier(len(actions), timeout=PATIENCE_SECONDS)

    def run(action):
        try:
            start.wait()
            return action()
        except (FilesError, QuotaExceeded) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def living_paths(user):
    visible = Entry.objects.visible_to(user).exclude(parent=None)
    return sorted(access.find(user, entry.id).path for entry in visible)


def test_two_folders_cannot_be_moved_into_each_other(owner):
    for attempt in range(10):
        a, b = make_folder(owner, f"/{attempt}/a"), make_folder(owner, f"/{attempt}/b")

        results = at_once(partial(tree.move, owner, a.id, b.id), partial(tree.move, owner, b.id, a.id))

        refused = [result for result in results if isinstance(result, MoveIntoItself)]
        assert len(refused) == 1
        assert Entry.objects.visible_to(owner).filter(id__in=[a.id, b.id]).count() == 2


def test_f26_a_ring_of_moves_never_closes(owner):
    folders = [make_folder(owner, f"/{name}") for name in "abcd"]

    at_once(
        *(
            lambda folder=folder, target=target: tree.move(owner, folder.id, target.id)
            for folder, target in zip(folders, folders[1:] + folders[:1], strict=True)
        )
    )

    assert Entry.objects.visible_to(owner).filter(id__in=[folder.id for folder in folders]).count() == 4


def test_one_name_is_made_once(owner):
    tree.root_folder(owner)

    results = at_once(*(lambda: tree.create_folder(owner, "same") for _ in range(8)))

    assert sum(isinstance(result, NameTaken) for result in results) == 7
    assert living_paths(owner) == ["/same"]


def test_one_path_is_made_once_by_all_who_need_it(owner):
    results = at_once(*(lambda: tree.create_folder_at(owner, "/a/b/c", parents=True) for _ in range(8)))

    assert len({folder_id for folder_id, _ in results}) == 1
    assert living_paths(owner) == ["/a", "/a/b", "/a/b/c"]


def test_renames_to_one_name_leave_both_entries(owner):
    a, b = write_file(owner, "/a"), write_file(owner, "/b")

    results = at_once(lambda: tree.rename(owner, a.id, "c"), lambda: tree.rename(owner, b.id, "c"))

    assert sum(isinstance(result, NameTaken) for result in results) == 1
    assert len(living_paths(owner)) == 2


def test_writers_to_one_path_become_versions_of_one_file(owner):
    tree.root_folder(owner)

    results = at_once(*(lambda size=size: write_file(owner, "/same", size=size) for size in range(1, 9)))

    assert len({result.id for result in results}) == 1
    versions = list(Version.objects.order_by("number").values_list("number", "size"))
    assert [number for number, _ in versions] == list(range(1, 9))
    assert sorted(size for _, size in versions) == list(range(1, 9))
    current = access.find_by_path(owner, "/same")
    assert current.size == versions[-1][1]
    assert used_bytes(owner) == sum(range(1, 9))


def test_writers_that_want_their_own_file_each_get_a_name(owner):
    tree.root_folder(owner)

    at_once(*(lambda: write_file(owner, "/a.txt", on_conflict="rename") for _ in range(4)))

    assert living_paths(owner) == ["/a (2).txt", "/a (3).txt", "/a (4).txt", "/a.txt"]


def test_those_who_restore_to_one_name_each_get_a_free_one(owner):
    ids = []
    for _ in range(4):
        file = write_file(owner, "/a.txt")
        tree.trash(owner, file.id)
        ids.append(file.id)

    at_once(
        lambda: write_file(owner, "/a.txt", on_conflict="rename"),
        *(lambda some=some: restoring.restore_many(owner, some) for some in (ids[:2], ids[2:])),
    )

    assert not Entry.objects.in_trash_of(owner).exists()
    assert len(living_paths(owner)) == 5


def test_many_copied_by_all_at_once_each_get_a_name(owner):
    files = [write_file(owner, f"/{number}.txt", size=1) for number in range(3)]
    into = make_folder(owner, "/into")

    at_once(
        *[partial(copying.copy_many, owner, [file.id for file in files], parent_id=into.id)] * 4,
        *[partial(copying.copy, owner, files[0].id, parent_id=into.id)] * 4,
    )

    made = Entry.objects.living().filter(parent=into)
    assert made.filter(name__startswith="0 (copy").count() == 8
    assert made.count() == 16
    assert used_bytes(owner) == 3 + 16


def test_folders_moved_by_many_into_each_other_never_close_a_ring(owner):
    a, b = [make_folder(owner, f"/{name}") for name in "ab"]
    others = [make_folder(owner, f"/other {number}") for number in range(3)]

    at_once(
        *(
            partial(moving.move_many, owner, [folder.id, *(one.id for one in others)], target.id)
            for folder, target in ((a, b), (b, a))
        )
    )

    every = [a.id, b.id, *(one.id for one in others)]
    assert Entry.objects.visible_to(owner).filter(id__in=every).count() == 5


def test_the_quota_is_never_passed_by_any_number_of_writers(owner):
    tree.root_folder(owner)
    Usage.objects.filter(user=owner).update(quota_bytes=100)

    results = at_once(
        *(lambda number=number: write_file(owner, f"/{number}", size=30) for number in range(8)),
    )

    assert sum(isinstance(result, QuotaExceeded) for result in results) == 5
    assert used_bytes(owner) == 90
    assert len(living_paths(owner)) == 3


def test_bytes_are_right_when_files_come_and_go_at_once(owner):
    folder = make_folder(owner, "/a")
    files = [write_file(owner, f"/a/{number}", size=10) for number in range(4)]

    at_once(
        lambda: purging.purge(owner, folder.id),
        *(lambda file=file: purging.purge(owner, file.id) for file in files),
        lambda: write_file(owner, "/a/0", size=7),
        lambda: write_file(owner, "/a/new", size=9),
        lambda: copying.copy(owner, files[1].id),
    )
    while purging.sweep():
        pass

    # Whatever the order was: what is charged is what is there.
    living = sum(version.size for version in Version.objects.all())
    assert used_bytes(owner) == living
    assert (
        not Content.objects.filter(released_at=None)
        .exclude(id__in=Version.objects.values("content"))
        .exists()
    )


def test_a_content_being_copied_is_not_released(owner):
    file = write_file(owner, "/a", size=10)
    content_id = access.find(owner, file.id).content_id
    is_copied, may_commit = threading.Event(), threading.Event()

    def copy():
        with transaction.atomic():
            made = copying.copy(owner, file.id)
            is_copied.set()
            assert may_commit.wait(PATIENCE_SECONDS)
        return made

    def purge():
        assert is_copied.wait(PATIENCE_SECONDS)
        threading.Timer(0.2, may_commit.set).start()  # purging waits for the copy's lock until then
        purging.purge(owner, file.id)
        while purging.sweep():
            pass

    made, _ = at_once(copy, purge)

    assert access.find(owner, made.id).content_id == content_id
    assert Content.objects.get(id=content_id).released_at is None


def test_f25_a_file_trashed_while_its_new_bytes_come_is_not_brought_back(owner):
    file = write_file(owner, "/a", size=1)
    target = uploads.target_of(access.find(owner, file.id))
    tree.trash(owner, file.id)

    with pytest.raises(FilesError) as refused, transaction.atomic():
        content = Content.objects.create(size=5)
        uploads.commit_content(owner, content.id, 5, target)

    assert refused.value.code == "parent_gone"
    assert living_paths(owner) == []
    assert used_bytes(owner) == 1


def test_f26_a_file_renamed_while_its_new_bytes_come_keeps_its_new_name(owner):
    file = write_file(owner, "/a", size=1)
    target = uploads.target_of(access.find(owner, file.id))
    tree.rename(owner, file.id, "b")

    with transaction.atomic():
        content = Content.objects.create(size=5)
        uploads.commit_content(owner, content.id, 5, target)

    assert living_paths(owner) == ["/b"]
    assert access.find(owner, file.id).size == 5


def test_a_file_that_came_to_a_place_meanwhile_is_not_replaced_by_who_named_its_etag(owner):
    file = write_file(owner, "/a", size=1)
    its_tag = access.find(owner, file.id).content_etag
    target = uploads.target_at(owner, "/b", terms=Preconditions(if_none_match=[its_tag]))
    tree.rename(owner, file.id, "b")

    with pytest.raises(PreconditionFailed), transaction.atomic():
        content = Content.objects.create(size=5)
        uploads.commit_content(owner, content.id, 5, target)

    assert access.find(owner, file.id).size == 1


def test_sweeps_at_the_same_time_do_the_work_once(owner):
    for number in range(20):
        write_file(owner, f"/a/{number % 3}/{number}", size=1)
    purging.purge(owner, make_folder(owner, "/a").id)

    def sweep():
        while purging.sweep(limit=3):
            pass

    at_once(sweep, sweep, sweep)
    sweep()

    assert Entry.objects.count() == 1
    assert Content.objects.exclude(released_at=None).count() == 20


@pytest.mark.usefixtures("cluster")
def test_writers_that_need_the_same_new_folders_make_them_once(owner):
    clients = [token_client(owner) for _ in range(8)]

    replies = at_once(
        *(
            lambda api=api, name=name: api.put(
                f"/api/v1/content/new/dir/{name}?parents=true", b"x", content_type="text/plain"
            )
            for name, api in enumerate(clients)
        )
    )

    assert [reply.status_code for reply in replies] == [201] * 8
    assert living_paths(owner) == ["/new", "/new/dir", *(f"/new/dir/{name}" for name in range(8))]


@pytest.mark.usefixtures("cluster")
def test_parallel_writers_never_mix_their_bytes(owner):
    clients = [token_client(owner) for _ in range(8)]
    bodies = [bytes([65 + number]) * 300_000 for number in range(8)]

    replies = at_once(
        *(
            lambda api=api, body=body: api.put("/api/v1/content/same", body, content_type="text/plain")
            for api, body in zip(clients, bodies, strict=True)
        )
    )

    assert sorted(reply.status_code for reply in replies) == [200] * 7 + [201]
    stored = clients[0].get("/api/v1/content/same")
    assert stored.content in bodies
    newest = access.find_by_path(owner, "/same")
    assert stored["ETag"] == f'"{newest.content_etag}"'
    assert used_bytes(owner) == 8 * 300_000
