"""Finding entries by words of their names, wherever they lie."""

import dataclasses
from datetime import UTC, datetime

import pytest
from django.db import connection

from files import (
    access,
    candidates,
    copying,
    names,
    orders,
    places,
    purging,
    restoring,
    sampling,
    searching,
    tree,
    walks,
    wanting,
)
from files.errors import BadCursor, Invalid, NotFound
from files.listing import Paging
from files.models import Entry
from files.searching import Sought
from tests.files.conftest import make_folder, write_file
from tests.files.test_listing import flat, walk

LATEST = "-modified_at"


def wanted(user, *words, order="name"):
    return wanting.Wanted(user.pk, words, order, None, starred=False, trashed=False)


def found(user, text, *, order="name", **further):
    paging = {key: further.pop(key) for key in ("kind", "limit", "cursor") if key in further}
    page = searching.search(user, Sought(text, **further), Paging(order=order, **paging))
    return [entry.path for entry in page.results]


@pytest.fixture
def filled(owner):
    for path in (
        "/Holiday 2024/IMG_2034.jpg",
        "/Holiday 2024/Zürich am See.JPG",
        "/work/offer (final).pdf",
        "/work/2024-05 report.ods",
    ):
        write_file(owner, path, size=len(path))
    return owner


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("img", ["/Holiday 2024/IMG_2034.jpg"]),
        ("203", ["/Holiday 2024/IMG_2034.jpg"]),
        ("034", []),
        ("zur", ["/Holiday 2024/Zürich am See.JPG"]),
        ("ZÜR", ["/Holiday 2024/Zürich am See.JPG"]),
        ("2024", ["/work/2024-05 report.ods", "/Holiday 2024"]),
        ("rep 2024", ["/work/2024-05 report.ods"]),
        ("jpg see", ["/Holiday 2024/Zürich am See.JPG"]),
        ("(final)", ["/work/offer (final).pdf"]),
        ("img & !x | ':*", []),
        ("img'", ["/Holiday 2024/IMG_2034.jpg"]),
        ("%", []),
        ("", []),
        ("@1", []),
    ],
)
def test_names_are_found_by_the_beginnings_of_their_words(filled, text, paths):
    assert found(filled, text) == paths


def test_a_name_is_found_by_its_words_of_now(owner):
    file = write_file(owner, "/first.txt")
    folder = make_folder(owner, "/place")
    tree.rename(owner, file.id, "second.txt")
    copying.copy(owner, file.id)
    tree.trash(owner, file.id)
    write_file(owner, "/second.txt")
    restoring.restore(owner, file.id)
    tree.rename(owner, folder.id, "second place")

    assert found(owner, "first") == []
    assert found(owner, "place") == ["/second place"]
    assert found(owner, "second") == [
        "/second (copy).txt",
        "/second (restored).txt",
        "/second place",
        "/second.txt",
    ]


def test_nothing_in_the_trash_or_of_others_is_found(filled, stranger):
    write_file(stranger, "/IMG_1.jpg")
    tree.trash(filled, make_folder(filled, "/Holiday 2024").id)

    assert found(filled, "img") == found(filled, "img", order=LATEST) == []
    assert found(stranger, "img") == ["/IMG_1.jpg"]


def test_the_trash_is_searched_when_asked(filled):
    tree.trash(filled, make_folder(filled, "/Holiday 2024").id)
    purging.purge(filled, write_file(filled, "/Holidays").id)

    assert found(filled, "holi", trashed=True) == ["/Holiday 2024"]
    assert found(filled, "offer", trashed=True) == []


def test_a_search_is_narrowed(filled):
    holiday = make_folder(filled, "/Holiday 2024")
    tree.star(filled, write_file(filled, "/a/jpg one").id)

    assert found(filled, "2024", kind="folder") == ["/Holiday 2024"]
    assert found(filled, "2024", kind="file", order=LATEST) == ["/work/2024-05 report.ods"]
    assert found(filled, "jpg", starred=True) == found(filled, "jpg", starred=True, order=LATEST)
    assert found(filled, "jpg", starred=True) == ["/a/jpg one"]
    assert found(filled, "jpg", folder_id=holiday.id) == [
        "/Holiday 2024/IMG_2034.jpg",
        "/Holiday 2024/Zürich am See.JPG",
    ]
    assert found(filled, "holiday", folder_id=holiday.id) == []


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("frequent", "looked_at", "held"), [(0, 3, 200), (0, 10_000, 200), (10_000, 0, 200), (10_000, 0, 2)]
)
@pytest.mark.parametrize("order", ["name", "-name", "size", "-size", LATEST, "modified_at", "created_at"])
@pytest.mark.django_db(transaction=True)  # each entry has its own moment
def test_pages_of_any_size_make_one_order(owner, monkeypatch, order, limit, frequent, looked_at, held):
    monkeypatch.setattr(wanting, "SLICE", held)
    monkeypatch.setattr(walks, "LOOKED_AT", looked_at)
    monkeypatch.setattr(walks, "SIZES_LOOKED_AT", looked_at)
    monkeypatch.setattr(candidates, "FREQUENT_MATCHES", frequent)
    write_file(owner, "/3/photo 3", size=9)  # its first version
    for number in (3, 1, 2, 5, 4):
        write_file(owner, f"/{number}/photo {number}", size=number)
    tree.trash(owner, make_folder(owner, "/2").id)
    sizes = {"name": "1345", "-name": "5431", "size": "1345", "-size": "5431"}

    pages = walk(lambda paging: searching.search(owner, Sought("photo"), paging), order=order, limit=limit)

    expected = sizes.get(order, "4513" if order == LATEST else "3154")
    assert flat(pages) == [f"photo {number}" for number in expected]
    assert all(len(page) == limit for page in pages[:-1])


def test_more_that_may_not_be_shown_than_a_slice_holds_hides_nothing(owner, monkeypatch):
    monkeypatch.setattr(wanting, "SLICE", 2)
    for number in range(7):
        write_file(owner, f"/gone/photo {number}")
    write_file(owner, "/photo 9")
    tree.trash(owner, make_folder(owner, "/gone").id)

    assert found(owner, "photo") == ["/photo 9"]


def test_no_more_is_read_than_a_page_needs(owner, monkeypatch):
    monkeypatch.setattr(searching, "FEWEST_READ", 2)
    for number in range(7):
        write_file(owner, f"/photo {number}")
    read, find_all = [], access.find_all
    monkeypatch.setattr(access, "find_all", lambda user, ids: read.append(len(ids)) or find_all(user, ids))

    assert found(owner, "photo", limit=2) == ["/photo 0", "/photo 1"]
    assert read == [3], "a page, and one more that tells whether another follows"


def test_a_cursor_works_for_its_own_search_alone(filled):
    page = searching.search(filled, Sought("2024"), Paging(order="name", limit=1))

    assert page.next_cursor
    again = Paging(order="name", limit=1, cursor=page.next_cursor)
    assert searching.search(filled, Sought("2024"), again).results
    for sought, paging in (
        (Sought("202"), again),
        (Sought("2024", starred=True), again),
        (Sought("2024"), dataclasses.replace(again, order="-name")),
        (Sought("2024"), dataclasses.replace(again, cursor="x")),
    ):
        with pytest.raises(BadCursor):
            searching.search(filled, sought, paging)


def test_what_cannot_be_searched_is_said(filled, stranger):
    with pytest.raises(Invalid):
        found(filled, "img", order="trashed_at")
    with pytest.raises(NotFound):
        found(stranger, "img", folder_id=make_folder(filled, "/work").id)


def test_a_word_of_any_length_and_script_can_be_stored_and_found(owner):
    for name in ("ﷺ" * 85, "a" * 255, "日本語の写真.jpg", "’\\\\ :*&|!()<>", "ǅ İ ß"):
        write_file(owner, f"/{name}")

    assert found(owner, "日本語") == ["/日本語の写真.jpg"]
    assert found(owner, "ss") == ["/ǅ İ ß"]
    assert len(found(owner, "a" * 200)) == 1
    assert all(len(word) <= names.MAX_WORD_LETTERS for word in names.words("a" * 255 + "ﷺ" * 85))


def test_the_index_of_words_is_used(owner):
    write_file(owner, "/a")
    asked = wanted(owner, "a")
    statement = candidates._BY_WORDS.format(
        state=orders.LIVING, first="true", **wanting.narrowed(asked), **wanting.order_of(asked)
    )
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement, {"query": "'a':*", "rare": "'a':*", "limit": 1})
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "entry_words" in plan


def test_the_api_searches(api, stranger_api, filled):
    reply = api.get("/api/v1/entries?q=jpg&limit=1")
    following = api.get(reply.json()["next"].removeprefix("http://testserver"))

    names_found = [entry["name"] for page in (reply, following) for entry in page.json()["results"]]
    assert sorted(names_found) == ["IMG_2034.jpg", "Zürich am See.JPG"]
    assert following.json()["next"] is None
    assert stranger_api.get("/api/v1/entries?q=jpg").json() == {"results": [], "next": None}
    assert api.get("/api/v1/entries?q=a&order=trashed_at").status_code == 422
    assert api.get("/api/v1/entries", {"q": "x" * 256}).status_code == 422
    assert api.get("/api/v1/entries", {"q": "\x00"}).status_code == 422
    assert Entry.objects.count()


@pytest.mark.parametrize(("place_looked_at", "folders_looked_at"), [(100, 100), (100, 1), (2, 100), (2, 1)])
@pytest.mark.parametrize("order", ["name", "-name", "size", LATEST, "created_at"])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_a_place_is_looked_through_as_the_index_would_be(
    owner, monkeypatch, place_looked_at, folders_looked_at, order, limit
):
    for number in range(1, 7):
        write_file(owner, f"/box/{number % 2}/photo {number}", size=number)
    make_folder(owner, "/box/photos")
    make_folder(owner, "/photos elsewhere/photo")
    for name in ("photo 1", "photo 4", "photos"):
        tree.star(owner, Entry.objects.get(name=name).id)
    for name in ("photo 3", "photo 6"):
        tree.trash(owner, Entry.objects.get(name=name).id)
    box = Entry.objects.get(name="box").id
    asked = [
        (Sought("photo", folder_id=box), {}),
        (Sought("photo", starred=True), {}),
        (Sought("photo", starred=True, folder_id=box), {"kind": "file"}),
        (Sought("photo", trashed=True), {}),
        (Sought("photo", trashed=True, folder_id=box), {}),
        (Sought("photo"), {"kind": "folder"}),
        (Sought("photo", folder_id=box), {"kind": "folder"}),
        (Sought("photo", folder_id=box, sizes=range(2, 7)), {}),
    ]

    def all_of(sought, further):
        return flat(
            walk(
                lambda paging: searching.search(owner, sought, dataclasses.replace(paging, **further)),
                order=order,
                limit=limit,
            )
        )

    by_index = [all_of(*one) for one in asked]
    monkeypatch.setattr(candidates, "FREQUENT_MATCHES", 0)
    monkeypatch.setattr(places, "PLACE_LOOKED_AT", place_looked_at)
    monkeypatch.setattr(walks, "FOLDERS_LOOKED_AT", folders_looked_at)

    assert [all_of(*one) for one in asked] == by_index
    if order != "size":
        assert [len(found) for found in by_index] == [5, 3, 2, 2, 2, 3, 1, 3]


def test_how_many_match_is_told_by_a_few_pages(owner, monkeypatch):
    for number in range(40):
        write_file(owner, f"/dsc{number} {'raw' if number % 4 else 'jpg'}")

    def sample(*words):
        return sampling.look_at_some(wanted(owner, *words))

    monkeypatch.setattr(sampling, "SAMPLED_PAGES", 10**6)  # what other stories left may fill many
    asked = (["dsc"], ["ds", "jpg"], ["jpg", "raw"], ["no"])
    assert [sample(*words).expected for words in asked] == [40, 10, 0, 0]
    assert sample("dsc", "jpg").of_terms == [40, 40, 10]
    for number in range(200):
        Entry.objects.filter(owner=owner).update(starred=number % 2)  # the table grows
    monkeypatch.setattr(sampling, "SAMPLED_PAGES", 10)
    assert sample("dsc").scale > 5


def test_the_index_is_asked_for_rare_words_alone_where_there_are_any():
    def rare(*counts, matches=0):
        return "".join(sampling.Sample(400, matches, 0, counts, []).rare("@abc"[: len(counts)]))

    assert rare(1000, 1000) == "@a"
    assert rare(1000, 900, 200) == "@ab"
    assert rare(1000, 900, 50) == "b"
    assert rare(1000, 900, 0, 0) == "bc"
    assert rare(3, 900, 500) == "@"
    assert rare(1000, 900, 200, matches=100) == "@ab"
    assert rare(1000, 900, 200, matches=101) == "b"
    assert rare(200, 200, matches=200) == "@"


@pytest.mark.parametrize("likely", [1, 2, 4])
@pytest.mark.parametrize("order", ["name", "-name", LATEST, "modified_at", "created_at", "-created_at"])
def test_no_bound_leaves_out_what_matches(owner, monkeypatch, likely, order):
    """Whether a slice comes before it or not: where one bound ends, the next goes on."""
    for number in range(7):
        write_file(owner, f"/{'photo' if number % 2 else 'other'} {number}.jpg")
    monkeypatch.setattr(sampling, "SAMPLED_PAGES", 10**6)
    monkeypatch.setattr(sampling, "LIKELY", likely)
    monkeypatch.setattr(wanting, "SLICE", 2)
    way = "-" * order.startswith("-")
    in_order = Entry.objects.filter(owner=owner).order_by(order.replace("name", "sort_key"), f"{way}id")

    for word, bounds in {"photo": 2 if likely < 4 else 1, "jpg": 2}.items():
        asked = wanted(owner, word, order=order)
        found = [entry_id for one in candidates.find(asked, 2) for entry_id in one]

        assert len(sampling.look_at_some(asked).bounds) == bounds
        assert found == list(in_order.filter(name__contains=word).values_list("id", flat=True))


@pytest.mark.parametrize("order", [LATEST, "modified_at", "created_at", "-created_at"])
def test_by_a_time_pages_of_the_table_are_left_out(owner, order):
    is_first = wanting.up_to_bound(wanted(owner, "a", order=order))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"EXPLAIN SELECT e.id FROM files_entry e WHERE {is_first}", {"bound": datetime.now(UTC)}
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "entry_times" in plan
