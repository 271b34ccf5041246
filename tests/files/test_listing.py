"""Pages of entries."""

import dataclasses

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from files import access, listing, tree
from files.errors import BadCursor, Invalid, NotFound
from files.listing import Paging
from tests.files.conftest import make_folder, write_file


def walk(list_page, **paging):
    """Follow the cursors to the end; returns every page's names."""
    pages, current = [], Paging(**paging)
    while True:
        page = list_page(current)
        pages.append([entry.name for entry in page.results])
        if page.next_cursor is None:
            return pages
        current = dataclasses.replace(current, cursor=page.next_cursor)


def flat(pages):
    return [name for page in pages for name in page]


@pytest.fixture
def filled(owner):
    for path in ("/b 10", "/b 9", "/Alpha"):
        make_folder(owner, path)
    for path, size in (("/file 10", 5), ("/file 9", 7), ("/Any", 5), ("/zero", 0)):
        write_file(owner, path, size=size)
    return owner


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name", ["Alpha", "b 9", "b 10", "Any", "file 9", "file 10", "zero"]),
        ("-name", ["b 10", "b 9", "Alpha", "zero", "file 10", "file 9", "Any"]),
        ("size", ["Alpha", "b 9", "b 10", "zero", "file 10", "Any", "file 9"]),
        ("-size", ["Alpha", "b 9", "b 10", "file 9", "Any", "file 10", "zero"]),
        ("modified_at", ["b 10", "b 9", "Alpha", "file 10", "file 9", "Any", "zero"]),
        ("-modified_at", ["Alpha", "b 9", "b 10", "zero", "Any", "file 9", "file 10"]),
    ],
)
@pytest.mark.django_db(transaction=True)  # each entry has its own moment
def test_pages_of_any_size_make_one_order_folders_first(filled, order, names, limit):
    pages = walk(lambda paging: listing.children(filled, None, paging), order=order, limit=limit)

    assert flat(pages) == names
    assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("order", ["name", "-size"])
def test_a_page_begins_after_any_number_of_entries_and_goes_on_by_cursor(filled, order):
    names = flat(walk(lambda paging: listing.children(filled, None, paging), order=order))

    for skip in range(len(names) + 2):
        for limit in (1, 3, 100):
            page = listing.children(filled, None, Paging(order=order, limit=limit, skip=skip))
            assert [entry.name for entry in page.results] == names[skip : skip + limit]
            rest = Paging(order=order, cursor=page.next_cursor)
            later = listing.children(filled, None, rest).results if page.next_cursor else []
            assert [entry.name for entry in later] == names[skip + limit :]


@pytest.mark.parametrize("order", ["name", "-name", "-size"])
def test_the_first_entry_whose_name_begins_so_is_found_by_its_place(filled, order):
    for path in ("/100 % sure", "/a_b", "/axb", "/back\\slash", "/Übung"):
        write_file(filled, path)
    folder = access.find_folder(filled, None)
    there = flat(walk(lambda paging: listing.children(filled, None, paging), order=order))

    for typed in (
        "",
        "b",
        "B 1",
        "b 9",
        "fil",
        "file 1",
        "file 10",
        "FILE 9",
        "10",
        "100 %",
        "a_",
        "back\\",
        "üb",
    ):
        begins = [place for place, name in enumerate(there) if name.casefold().startswith(typed.casefold())]
        assert listing.place_of(folder, typed, order) == begins[0], typed
    for typed in ("file 11", "x", "file 1x", "b%", "_", "\0"):
        assert listing.place_of(folder, typed, order) is None


def test_one_kind_can_be_listed(filled):
    files = walk(lambda paging: listing.children(filled, None, paging), kind="file", limit=3)
    folders = walk(lambda paging: listing.children(filled, None, paging), kind="folder", limit=3)

    assert files == [["Any", "file 9", "file 10"], ["zero"]]
    assert folders == [["Alpha", "b 9", "b 10"]]


def test_a_cursor_stays_right_while_others_change_the_folder(filled):
    first = listing.children(filled, None, Paging(limit=4))
    write_file(filled, "/Aaa")
    tree.trash(filled, first.results[-1].id)

    second = listing.children(filled, None, Paging(limit=4, cursor=first.next_cursor))

    assert [entry.name for entry in second.results] == ["file 9", "file 10", "zero"]


def test_a_cursor_works_for_its_own_list_alone(filled):
    other = make_folder(filled, "/b 9")
    cursor = listing.children(filled, None, Paging(limit=1)).next_cursor

    for attempt in (
        lambda: listing.children(filled, other.id, Paging(cursor=cursor)),
        lambda: listing.children(filled, None, Paging(cursor=cursor, order="size")),
        lambda: listing.children(filled, None, Paging(cursor=cursor, kind="file")),
        lambda: listing.starred(filled, Paging(cursor=cursor)),
        lambda: listing.children(filled, None, Paging(cursor=cursor + "x")),
        lambda: listing.children(filled, None, Paging(cursor="12")),
    ):
        with pytest.raises(BadCursor):
            attempt()


def test_only_known_orders_are_sorted_by(filled):
    for order in ("owner__password", "owner", "trashed_at", "", "name;--"):
        with pytest.raises(Invalid):
            listing.children(filled, None, Paging(order=order))


def test_the_starred_are_listed_wherever_they_lie(owner):
    for path in ("/a/deep/one.txt", "/two.txt", "/gone/three.txt", "/four.txt"):
        entry = write_file(owner, path)
        if not path.startswith("/four"):
            tree.star(owner, entry.id)
    tree.trash(owner, make_folder(owner, "/gone").id)

    page = listing.starred(owner, Paging())

    assert [entry.path for entry in page.results] == ["/a/deep/one.txt", "/two.txt"]


@pytest.mark.django_db(transaction=True)
def test_the_recent_are_files_the_latest_first(owner):
    for path in ("/a/1", "/2", "/gone/3", "/4"):
        write_file(owner, path)
    tree.trash(owner, make_folder(owner, "/gone").id)

    pages = walk(lambda paging: listing.recent(owner, paging), order="-modified_at", limit=2)

    assert pages == [["4", "2"], ["1"]]


def test_the_trash_lists_what_was_put_there_with_its_old_place(owner):
    write_file(owner, "/a/b/deep.txt")
    tree.trash(owner, write_file(owner, "/a/b/c.txt").id)
    tree.trash(owner, make_folder(owner, "/a/b").id)

    page = listing.trashed(owner, Paging(order="-trashed_at"))

    assert [entry.path for entry in page.results] == ["/a/b", "/a/b/c.txt"]
    assert listing.children(owner, make_folder(owner, "/a").id, Paging()).results == []


def test_a_stranger_lists_nothing_of_it(filled, stranger):
    folder = make_folder(filled, "/Alpha")
    tree.star(filled, folder.id)
    tree.trash(filled, write_file(filled, "/gone").id)

    with pytest.raises(NotFound):
        listing.children(stranger, folder.id, Paging())
    for found in (
        listing.children(stranger, None, Paging()),
        listing.starred(stranger, Paging()),
        listing.recent(stranger, Paging()),
        listing.trashed(stranger, Paging()),
    ):
        assert found.results == []


def test_a_longer_page_asks_no_more_questions(owner):
    tree.root_folder(owner)

    def count_queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            listing.children(owner, None, Paging())
        return len(captured)

    write_file(owner, "/first")
    few = count_queries()
    for number in range(30):
        write_file(owner, f"/file {number}")

    assert count_queries() == few


def test_a_page_asks_two_questions_its_sender_and_its_entries_and_one_for_a_folder_without_an_id(api, filled):
    first = api.get("/api/v1/entries?limit=4")  # notes that the token was used
    following = first.json()["next"].removeprefix("http://testserver")
    full = make_folder(filled, "/full")
    write_file(filled, "/full/file")

    for target, questions in (
        ("/api/v1/entries", 3),
        (f"/api/v1/entries?parent={full.id}", 2),
        (following, 3),
    ):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert api.get(target).json()["results"]
        assert len(asked) == questions, asked.captured_queries
