"""What narrows a search: the type of a file, when it was modified, and whose it is."""

import dataclasses
import uuid
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from files import candidates, file_types, kinds, places, searching, sharing, tree
from files.errors import BadCursor
from files.file_types import FileType
from files.listing import Paging
from files.models import Entry
from files.searching import Sought, Whose
from tests.files.conftest import make_folder, person, token_client, write_file
from tests.files.test_listing import flat, walk

FREQUENT = pytest.mark.parametrize(
    ("frequent", "place_looked_at"), [(20_000, 10_000), (0, 10_000), (0, 1)], ids=["index", "place", "tree"]
)
"""The ways to what is found: by the index of words, through a place, along the tree."""


@pytest.fixture
def way(monkeypatch, frequent, place_looked_at):
    monkeypatch.setattr(candidates, "FREQUENT_MATCHES", frequent)
    monkeypatch.setattr(places, "PLACE_LOOKED_AT", place_looked_at)


def found(user, text, *, order="name", kind=None, **further):
    pages = walk(
        lambda paging: searching.search(
            user, Sought(text, **further), dataclasses.replace(paging, kind=kind)
        ),
        order=order,
        limit=2,
    )
    return flat(pages)


def age(name: str, **ago: float) -> None:
    Entry.objects.filter(name=name).update(modified_at=timezone.now() - timedelta(**ago))


def test_an_icon_and_a_type_say_the_same():
    families = {"image": FileType.PICTURE, "file-play": FileType.VIDEO, "music": FileType.AUDIO}
    for kind, endings in file_types.ENDINGS.items():
        for ending in endings:
            icon = kinds.of_file(f"a.{ending}").icon
            assert families.get(icon, kind) == kind, ending


@FREQUENT
@pytest.mark.parametrize("order", ["name", "-name", "size", "-modified_at"])
def test_files_of_a_type_are_found(owner, way, order):
    of_types = {
        FileType.PICTURE: ["lake 1.jpg", "lake 2.PNG"],
        FileType.VIDEO: ["lake 10.mp4"],
        FileType.AUDIO: ["lake.mp3"],
        FileType.PDF: ["lake bill.pdf"],
        FileType.DOCUMENT: ["lake jpg.txt", "lakes.xlsx", "lakes.ts"],
        FileType.ARCHIVE: ["lakes.tar.gz"],
    }
    untyped = ["lake jpg", "lake.jpg.part", "lake.", "lake.odd"]
    for name in sum(of_types.values(), untyped):
        write_file(owner, f"/{name}", size=len(name))
    make_folder(owner, "/lake.jpg")
    make_folder(owner, "/lake")

    for kind in FileType:
        assert set(found(owner, "lake", type=kind, order=order)) == set(of_types[kind])
    assert found(owner, "", type=FileType.PICTURE) == ["lake 1.jpg", "lake 2.PNG"]
    assert found(owner, "lake 10", type=FileType.PICTURE) == []


@FREQUENT
@pytest.mark.parametrize("order", ["name", "size", "-modified_at", "modified_at"])
def test_what_was_modified_lately_is_found(owner, way, order):
    for number in range(1, 7):
        write_file(owner, f"/box/lake {number}", size=number)
        age(f"lake {number}", days=number)
    box = Entry.objects.get(name="box")
    since = timezone.now() - timedelta(days=3.5)

    expected = ["lake 1", "lake 2", "lake 3"]
    in_order = expected[::-1] if order == "modified_at" else expected
    assert found(owner, "lake", since=since, order=order) == in_order
    assert found(owner, "lake", since=since, order=order, folder_id=box.id) == in_order
    assert found(owner, "lake", since=timezone.now() + timedelta(1), order=order) == []


@FREQUENT
@pytest.mark.parametrize("order", ["name", "-name", "size", "-modified_at"])
def test_files_of_some_sizes_are_found(owner, stranger, way, order):
    for size in (0, 4, 5, 7, 8, 2**32):
        write_file(owner, f"/box/lake {size}", size=size)
        write_file(stranger, f"/lake {size}", size=size)
    folder = make_folder(owner, "/box/lake")
    tree.trash(owner, write_file(owner, "/lake 6", size=6).id)

    def seen(sizes, text="lake", **further):
        return set(found(owner, text, sizes=sizes, order=order, **further))

    assert seen(range(5, 8)) == seen(range(5, 8), "", whatever=True) == {"lake 5", "lake 7"}
    assert seen(range(5, 8), folder_id=folder.parent_id) == {"lake 5", "lake 7"}
    assert seen(range(1)) == {"lake 0"}
    assert seen(range(8, 2**63)) == {"lake 8", f"lake {2**32}"}
    assert seen(range(5, 8), kind="folder") == set()
    assert seen(range(5, 8), trashed=True) == {"lake 6"}


@FREQUENT
@pytest.mark.parametrize("order", ["name", "-name", "size", "-modified_at"])
@pytest.mark.django_db(transaction=True)  # each entry has its own moment
def test_what_others_share_is_found_beside_ones_own(owner, stranger, way, order):
    third = person("third")
    write_file(owner, "/lake 3", size=3)
    for path, size in {"/album/lake 1": 1, "/album/deep/lake 10": 10, "/secret/lake 0": 0}.items():
        write_file(stranger, path, size=size)
    write_file(third, "/lake 2", size=2)
    write_file(third, "/lake 4", size=4)
    for name, user in {"album": stranger, "deep": stranger, "lake 2": third}.items():
        entry = Entry.objects.get(name=name)
        sharing.share_with(user, entry.id, role="viewer", username=owner.username)

    def seen(whose):
        return found(owner, "lake", whose=whose, order=order)

    sizes = {Whose.ME: [3], Whose.OTHERS: [1, 2, 10], Whose.ANYONE: [1, 2, 3, 10]}
    if order == "-modified_at":
        for whose, of_whom in sizes.items():
            assert seen(whose) == [f"lake {size}" for size in (2, 10, 1, 3) if size in of_whom]
    else:
        for whose, of_whom in sizes.items():
            of_whom = of_whom[::-1] if order == "-name" else of_whom
            assert seen(whose) == [f"lake {size}" for size in of_whom]
    assert found(third, "lake", whose=Whose.OTHERS) == []


def test_the_topmost_folder_of_what_is_shared_is_found_itself(owner, stranger):
    album = make_folder(stranger, "/lake album")
    sharing.share_with(stranger, album.id, role="viewer", username=owner.username)

    assert found(owner, "album", whose=Whose.OTHERS) == ["lake album"]
    assert found(owner, "album", whose=Whose.OTHERS, kind="folder") == ["lake album"]
    tree.trash(stranger, album.id)
    assert found(owner, "album", whose=Whose.OTHERS) == []


def test_who_is_kept_in_a_folder_finds_nothing_of_others(owner, stranger):
    box = make_folder(owner, "/box")
    sharing.share_with(stranger, write_file(stranger, "/lake 1").id, role="viewer", username=owner.username)
    write_file(owner, "/box/lake 2")
    write_file(owner, "/lake 3")
    bound = token_client(owner, folder_id=box.id)

    reply = bound.get("/api/v1/entries?q=lake&owner=anyone")

    assert [one["name"] for one in reply.json()["results"]] == ["lake 2"]


def test_a_cursor_belongs_to_its_filters_but_for_the_moment(owner):
    for number in (1, 2, 3):
        write_file(owner, f"/lake {number}.jpg")
    sought = Sought("lake", type=FileType.PICTURE, since=timezone.now() - timedelta(1))
    page = searching.search(owner, sought, Paging(order="name", limit=1))
    again = Paging(order="name", limit=1, cursor=page.next_cursor)

    later = dataclasses.replace(sought, since=timezone.now() - timedelta(hours=12))
    assert [one.name for one in searching.search(owner, later, again).results] == ["lake 2.jpg"]
    for other in ({"type": FileType.PDF}, {"sizes": range(9)}, {"whose": Whose.ANYONE}):
        with pytest.raises(BadCursor):
            searching.search(owner, dataclasses.replace(sought, **other), again)


def test_the_api_narrows(api, owner, stranger):
    for name in ("lake.jpg", "lake.pdf", "old lake.jpg"):
        write_file(owner, f"/{name}")
    age("old lake.jpg", days=9)
    theirs = write_file(stranger, "/their lake.jpg")
    sharing.share_with(stranger, theirs.id, role="viewer", username=owner.username)
    yesterday = (timezone.now() - timedelta(1)).isoformat()

    def names(**query):
        reply = api.get("/api/v1/entries", {"q": "lake", "order": "name", **query})
        assert reply.status_code == 200, reply.content
        return [one["name"] for one in reply.json()["results"]]

    assert names(type="picture") == ["lake.jpg", "old lake.jpg"]
    assert names(type="picture", q="") == ["lake.jpg", "old lake.jpg"]
    assert names(type="picture", modified_after=yesterday) == ["lake.jpg"]
    assert names(owner="others") == ["their lake.jpg"]
    assert names(owner="anyone", type="picture") == ["lake.jpg", "old lake.jpg", "their lake.jpg"]
    assert names() == ["lake.jpg", "lake.pdf", "old lake.jpg"]


def test_the_api_narrows_by_size(api, owner):
    for size in (0, 4, 5, 2**32):
        write_file(owner, f"/lake {size}", size=size)
    make_folder(owner, "/lake")

    def sizes(query):
        reply = api.get(f"/api/v1/entries?order=size&{query}")
        assert reply.status_code == 200, reply.content
        return [one["size"] for one in reply.json()["results"]]

    assert sizes("q=lake&min_size=4&max_size=5") == sizes("q=&min_size=4&max_size=5") == [4, 5]
    assert sizes("q=lake&min_size=5") == [5, 2**32]
    assert sizes("q=lake&max_size=0") == [0]
    assert sizes(f"q=lake&max_size={2**63 - 1}") == sizes("q=lake&min_size=0") == [0, 4, 5, 2**32]
    assert sizes("q=lake&min_size=4&max_size=4&kind=folder") == []
    assert api.get("/api/v1/entries?q=lake&min_size=0&kind=folder").json()["results"] == []
    tree.trash(owner, Entry.objects.get(name="lake 4").id)
    assert sizes("q=&trashed=true&min_size=1") == [4]
    first = api.get("/api/v1/entries?q=lake&min_size=0&limit=1").json()
    assert api.get(f"{first['next']}&max_size=9").json()["code"] == "bad_cursor"


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("q=a&min_size=-1", ["min_size"]),
        ("q=a&max_size=-1", ["max_size"]),
        ("q=a&min_size=1.5", ["min_size"]),
        ("q=a&max_size=1MB", ["max_size"]),
        (f"q=a&max_size={2**63}", ["max_size"]),
        ("q=a&min_size=2&max_size=1", ["max_size"]),
        ("min_size=0", ["min_size"]),
        ("recent=true&min_size=0&max_size=1", ["max_size", "min_size"]),
    ],
)
def test_sizes_that_say_nothing_are_refused(api, query, fields):
    reply = api.get(f"/api/v1/entries?{query}")

    assert reply.status_code == 422
    assert sorted(error["field"] for error in reply.json()["errors"]) == fields


@pytest.mark.parametrize(
    "query",
    [
        "q=a&type=song",
        "q=a&owner=nobody",
        "q=a&modified_after=yesterday",
        "type=picture",
        "owner=others",
        "q=a&owner=others&starred=true",
        "q=a&owner=others&trashed=true",
        "recent=true&modified_after=2026-01-01T00:00:00Z",
    ],
)
def test_filters_that_say_nothing_are_refused(api, query):
    assert api.get(f"/api/v1/entries?{query}").status_code == 422


def test_an_owner_does_not_go_with_a_folder(api):
    assert api.get(f"/api/v1/entries?q=a&owner=others&parent={uuid.uuid4()}").status_code == 422


@pytest.mark.parametrize("order", ["name", "-name", "size", "-size", "created_at", "-modified_at"])
@pytest.mark.parametrize("frequent", [20_000, 0])
def test_recent_files_are_sorted_as_asked(owner, api, monkeypatch, frequent, order):
    monkeypatch.setattr(candidates, "FREQUENT_MATCHES", frequent)
    for size in (2, 10, 1):
        write_file(owner, f"/box/Lake {size}", size=size)
    tree.trash(owner, write_file(owner, "/gone").id)

    reply = api.get(f"/api/v1/entries?recent=true&order={order}").json()["results"]

    assert len(reply) == 3
    if order.removeprefix("-") in ("name", "size"):
        sizes = [2, 10, 1]
        sizes.sort(reverse=order.startswith("-"))
        assert [one["name"] for one in reply] == [f"Lake {size}" for size in sizes]
    folders = api.get(f"/api/v1/entries?recent=true&order={order}&kind=folder").json()["results"]
    assert folders == []


class TestPage:
    @pytest.fixture
    def browser(self, owner) -> Client:
        client = Client()
        client.force_login(owner)
        return client

    @pytest.fixture
    def shown(self, browser):
        """Return a way to ask for a page, and to have the names in its list."""

        def names(address: str) -> list[str]:
            reply = browser.get(address)
            assert reply.status_code == 200
            return [row.entry.name for row in reply.context["page"].rows]

        return names

    def test_each_filter_narrows_what_the_page_shows(self, owner, stranger, shown):
        for name in ("lake.jpg", "lake.pdf", "old lake.jpg"):
            write_file(owner, f"/{name}")
        tree.star(owner, make_folder(owner, "/lakes").id)
        age("old lake.jpg", days=40)
        theirs = write_file(stranger, "/their lake.jpg")
        sharing.share_with(stranger, theirs.id, role="viewer", username=owner.username)

        everything = {"lake.jpg", "lake.pdf", "lakes", "old lake.jpg", "their lake.jpg"}
        assert set(shown("/search?q=lake")) == everything
        assert set(shown("/search?q=lake&type=nonsense&owner=x&modified=y")) == everything
        assert shown("/search?q=lake&type=picture&owner=me&order=name") == ["lake.jpg", "old lake.jpg"]
        assert shown("/search?q=lake&type=folder") == ["lakes"]
        assert shown("/search?q=&starred=1") == ["lakes"]
        assert shown("/search?q=&owner=others") == ["their lake.jpg"]
        write_file(owner, "/lake film.mp4", size=2 * 10**9)
        assert shown("/search?q=lake&size=huge") == shown("/search?q=&size=huge") == ["lake film.mp4"]
        assert shown("/search?q=lake&size=small&type=pdf") == ["lake.pdf"]
        assert shown("/search?q=lake&type=picture&modified=month&order=-name&owner=me") == ["lake.jpg"]
        assert shown("/search") == shown("/search?q=") == []

    def test_links_keep_what_else_is_asked(self, browser, owner):
        write_file(owner, "/lake.jpg")

        context = browser.get("/search?q=lake&type=picture&order=-size").context

        for filtered in context["filters"]:
            for choice in filtered.choices:
                said = parse_qs(urlsplit(f"?{choice.query}").query)
                assert said["q"] == ["lake"] and said["order"] == ["-size"]
                assert filtered.name == "type" or said["type"] == ["picture"]
        [on] = [choice for choice in context["filters"][0].choices if choice.is_on]
        assert on.words == "Pictures"
        assert context["view"].keeps == "q=lake&type=picture"

    def test_heads_sort_by_natural_names_and_are_not_remembered(self, browser, owner, shown):
        for size in (2, 10, 1):
            write_file(owner, f"/Lake {size}.jpg", size=size)
            gone = write_file(owner, f"/Gone {size}.jpg", size=size)
            tree.trash(owner, gone.id)
        natural = ["Lake 1.jpg", "Lake 2.jpg", "Lake 10.jpg"]

        assert shown("/search?q=lake&order=name") == natural
        assert shown("/recent?order=name") == natural
        assert shown("/recent?order=-size") == natural[::-1]
        assert shown("/trash?order=name") == ["Gone 1.jpg", "Gone 2.jpg", "Gone 10.jpg"]
        assert "order" not in browser.cookies
        assert 'order=-name" data-order="-name" data-said' in browser.get("/trash?order=name").text
