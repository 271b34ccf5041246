"""Following what changes in a tree: in order, nothing missed, whoever writes at the same time."""

import threading
import time

import pytest
from django.core import signing
from django.core.management import call_command
from django.db import connection, transaction

from files import access, changes, copying, purging, restoring, sharing, tree, versions
from files.errors import BadCursor, CursorExpired
from files.models import Entry, Tombstone
from tests.files.conftest import make_folder, write_file
from tests.files.test_races import PATIENCE_SECONDS, at_once

pytestmark = pytest.mark.django_db(transaction=True)
CHANGES = "/api/v1/changes"


def settle():
    """Wait until no transaction runs that began before: other tests on this server have theirs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        (mine,) = cursor.fetchone()
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::text::xid8, pg_sleep(0.01)", [mine]
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("a transaction runs for too long")


def follow(user, cursor=None, *, limit=1000, is_settled=True):
    """Return what changed since, and the new cursor."""
    if is_settled:
        settle()
    told, is_more = [], True
    while is_more:
        page = changes.page(user, cursor, limit=limit)
        told += page.results
        cursor, is_more = page.cursor, page.is_more
    return told, cursor


def names(told):
    return [change.entry.name if change.entry else None for change in told]


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_all_that_is_there_is_told_first_in_the_order_it_came(owner, limit):
    for name in ("a", "b", "c"):
        write_file(owner, f"/folder/{name}")

    told, cursor = follow(owner, limit=limit)

    assert names(told) == ["folder", "a", "b", "c"]
    assert follow(owner, cursor)[0] == []


def test_whatever_changes_an_entry_tells_it_once_and_as_it_is_now(owner):
    files = [write_file(owner, f"/{number}") for number in range(8)]
    folder = make_folder(owner, "/folder")
    _, cursor = follow(owner)

    tree.rename(owner, files[0].id, "renamed")
    tree.move(owner, files[1].id, folder.id)
    tree.star(owner, files[2].id)
    tree.trash(owner, files[3].id)
    write_file(owner, "/4", size=5)
    copying.copy(owner, files[5].id)
    versions.restore(owner, files[4].id, 1)
    tree.star(owner, files[0].id)
    told, cursor = follow(owner, cursor)

    assert names(told) == ["1", "2", "3", "5 (copy)", "4", "renamed"]
    assert told[0].entry.path == "/folder/1"
    assert told[2].entry.trashed_at is not None
    assert told[5].entry.starred
    restoring.restore(owner, files[3].id)
    assert names(follow(owner, cursor)[0]) == ["3"]


def test_what_is_gone_for_good_is_told_before_and_after_its_rows_went(owner):
    write_file(owner, "/folder/deep/file")
    folder, file = make_folder(owner, "/folder"), write_file(owner, "/file")
    _, cursor = follow(owner)

    purging.purge(owner, folder.id)
    purging.purge(owner, file.id)
    at_once_told = follow(owner, cursor)[0]
    while purging.sweep():
        pass
    later_told = follow(owner, cursor)[0]

    assert [change.entry_id for change in at_once_told] == [folder.id, file.id]
    assert names(at_once_told) == [None, None]
    assert {change.entry_id for change in later_told} == {folder.id, file.id}
    assert names(later_told) == [None, None]


def test_nothing_is_missed_while_an_earlier_transaction_still_runs(owner):
    write_file(owner, "/before")
    _, cursor = follow(owner)
    has_written, may_commit = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            tree.create_folder(owner, "slow")
            has_written.set()
            assert may_commit.wait(PATIENCE_SECONDS)

    def quick():
        assert has_written.wait(PATIENCE_SECONDS)
        try:
            write_file(owner, "/quick")
            return follow(owner, cursor, is_settled=False)
        finally:
            may_commit.set()

    _, (told_meanwhile, later) = at_once(slow, quick)

    assert told_meanwhile == []
    assert sorted(names(follow(owner, later)[0])) == ["quick", "slow"]


def test_writers_at_the_same_time_are_all_told_to_one_who_keeps_asking(owner):
    tree.root_folder(owner)
    followed, is_over = [], threading.Event()

    def write(number):
        for step in range(6):
            write_file(owner, f"/{number}-{step}")

    def ask():
        cursor = None
        while not is_over.is_set():
            told, cursor = follow(owner, cursor, limit=3, is_settled=False)
            followed.extend(told)
        followed.extend(follow(owner, cursor)[0])

    asking = threading.Thread(target=lambda: (ask(), connection.close()))
    asking.start()
    try:
        at_once(*(lambda number=number: write(number) for number in range(4)))
    finally:
        is_over.set()
        asking.join(PATIENCE_SECONDS)

    wanted = set(Entry.objects.exclude(parent=None).values_list("id", flat=True))
    assert len(wanted) == 24
    assert {change.entry_id for change in followed} == wanted
    assert len(followed) == 24


def test_others_are_told_nothing_of_it(owner, stranger):
    write_file(owner, "/a")
    _, cursor = follow(owner)

    assert follow(stranger)[0] == []
    for wrong in (cursor, "x", cursor[:-1]):
        with pytest.raises(BadCursor):
            changes.page(stranger, wrong, limit=1)


def test_a_cursor_of_long_ago_has_to_begin_anew(owner, monkeypatch):
    _, cursor = follow(owner)
    monkeypatch.setattr(changes, "CURSOR_LIFE", -changes.CURSOR_LIFE)

    with pytest.raises(CursorExpired):
        changes.page(owner, cursor, limit=1)


def test_tombstones_outlive_every_cursor_and_go_then(owner):
    purging.purge(owner, write_file(owner, "/a").id)
    while purging.sweep():
        pass

    assert changes.forget(10) == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE files_tombstone SET removed_at = removed_at - interval '32 days'")
    assert changes.forget(10) == 1
    assert not Tombstone.objects.exists()


def test_after_a_restore_everything_is_told_anew(owner):
    write_file(owner, "/a/b")
    with connection.cursor() as cursor:  # as rows are whose transactions were another database's
        cursor.execute("ALTER TABLE files_entry DISABLE TRIGGER entry_changed")
        cursor.execute("UPDATE files_entry SET changed_in = '999999999999'")
        cursor.execute("ALTER TABLE files_entry ENABLE TRIGGER entry_changed")
    assert follow(owner)[0] == []

    call_command("renumber_changes", verbosity=0)

    assert sorted(names(follow(owner)[0])) == ["a", "b"]


def test_the_api_tells_changes(api, anonymous, owner):
    for name in ("a", "b"):
        write_file(owner, f"/{name}")
    gone = write_file(owner, "/c")
    purging.purge(owner, gone.id)
    settle()

    first = api.get(f"{CHANGES}?limit=2").json()
    rest = api.get(first["next"].removeprefix("http://testserver")).json()

    assert [change["entry"]["path"] for change in first["results"]] == ["/a", "/b"]
    assert rest["results"] == [{"id": str(gone.id), "entry": None}]
    assert rest["next"] is None
    assert api.get(CHANGES, {"cursor": rest["cursor"]}).json()["results"] == []
    assert api.get(f"{CHANGES}?cursor=x").json()["code"] == "bad_cursor"
    assert anonymous.get(CHANGES).status_code == 401


def news_of(reader, folder, cursor, *, limit=1000):
    """Return what a folder tells: of each name that changed whether it is there, the count, a cursor."""
    settle()
    news = changes.folder_news(reader, access.find(reader, folder.id), cursor, limit=limit)
    named = {
        Entry.objects.get(id=entry_id).name: etag is not None for entry_id, etag in news.revisions.items()
    }
    return named, news.count, news.cursor


@pytest.fixture
def guest(owner, stranger):
    """Who may look into the owner's folder `/shared`."""
    sharing.share_with(owner, make_folder(owner, "/shared").id, role="viewer", username=stranger.username)
    return stranger


def test_whom_a_folder_is_shared_with_is_told_what_changes_in_it_and_nothing_else(owner, guest):
    gone, moved = write_file(owner, "/shared/gone"), write_file(owner, "/shared/moved")
    write_file(owner, "/shared/deep/below")
    folder = make_folder(owner, "/shared")
    settle()
    cursor = changes.now(guest)
    assert news_of(guest, folder, cursor)[:2] == ({}, None)

    secret = write_file(owner, "/secret")
    named, count, later = news_of(guest, folder, cursor)
    assert (named, count) == ({}, 3)
    assert secret.id.hex not in str(signing.loads(later, salt="files.changes"))
    write_file(owner, "/shared/deep/lower")
    assert news_of(guest, folder, later)[:2] == ({}, 3)
    write_file(owner, "/shared/new")
    tree.trash(owner, gone.id)
    named, count, cursor = news_of(guest, folder, cursor)
    assert (named, count) == ({"new": True, "gone": False}, 3)
    tree.move(owner, moved.id, tree.root_folder(owner).id)
    assert news_of(guest, folder, cursor)[:2] == ({}, 2), "it is missed by the number of entries"


def test_a_folder_is_followed_a_few_changes_at_a_time(owner, guest):
    folder = make_folder(owner, "/shared")
    settle()
    cursor, told = changes.now(guest), {}
    for number in range(5):
        write_file(owner, f"/shared/{number}")
        write_file(owner, f"/elsewhere {number}")

    settle()
    seen = access.find(guest, folder.id)
    for _ in range(4):
        news = changes.folder_news(guest, seen, cursor, limit=3)
        told |= news.revisions
        cursor = news.cursor

    assert not news.is_more
    assert len(told) == news.count == 5
