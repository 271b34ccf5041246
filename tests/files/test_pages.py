"""The pages and their parts: whose they are, what they show."""

import re
import uuid
from html import unescape

import pytest
from django.test import Client

from files import sharing, tree
from files.models import Entry
from tests.files.conftest import make_folder, write_file


@pytest.fixture
def browser(owner) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def strangers_browser(stranger) -> Client:
    client = Client()
    client.force_login(stranger)
    return client


def text(reply) -> str:
    return reply.content.decode()


def pages_of(entry: Entry) -> list[str]:
    return [f"/files/{entry.id}", f"/files/{entry.id}/details"]


def test_home_is_the_root_folder(browser, owner):
    reply = browser.get("/")

    assert reply.status_code == 302
    assert reply.url == f"/files/{tree.root_folder(owner).id}"


def test_who_is_not_signed_in_is_sent_to_the_sign_in_page_and_back(client, owner):
    for address in ["/", "/trash", "/room", *pages_of(make_folder(owner, "/a"))]:
        reply = client.get(address)
        assert reply.status_code == 302
        assert reply.url == f"/sign-in?next={address}"


def test_a_stranger_finds_nothing(strangers_browser, owner):
    for address in pages_of(make_folder(owner, "/a")):
        assert strangers_browser.get(address).status_code == 404
    assert (
        strangers_browser.post(
            f"/files/{tree.root_folder(owner).id}/taken", {"names": ["a"]}, content_type="application/json"
        ).status_code
        == 404
    )


def test_a_folder_shows_its_way_its_rows_and_its_totals(browser, owner):
    write_file(owner, "/Family/Summer/film.mp4", size=411_000_000)
    folder = make_folder(owner, "/Family/Summer")

    page = text(browser.get(f"/files/{folder.id}"))

    assert f'href="/files/{folder.parent_id}">Family</a>' in page
    assert 'data-name="film.mp4"' in page
    assert "1 item, 411\u00a0MB" in page


def test_names_are_text_and_never_markup(browser, owner):
    folder = make_folder(owner, "/<script>alert(1)<&#47;script>")

    for address in (f"/files/{folder.parent_id}", f"/files/{folder.id}", f"/files/{folder.id}/details"):
        page = text(browser.get(address))
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_a_page_has_no_inline_script_or_style(browser, owner):
    write_file(owner, "/film.mp4", size=5)

    for address in ("/trash", *pages_of(Entry.objects.get(name="film.mp4").parent)):
        page = text(browser.get(address))
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<style" not in page


def names_in(page: str) -> list[str]:
    return re.findall(r'data-name="([^"]+)"', page.split('id="list"')[-1])


def more(page: str) -> str | None:
    found = re.search(r'class="more" href="([^"]+)"', page)
    return found and unescape(found[1])


def test_a_long_folder_comes_in_parts_by_cursor(browser, owner, monkeypatch):
    monkeypatch.setattr("files.browsing.ROWS_AT_FIRST", 1)
    monkeypatch.setattr("files.browsing.ROWS_A_PAGE", 2)
    for name in "abcd":
        make_folder(owner, f"/{name}")
    address = f"/files/{tree.root_folder(owner).id}"

    first = text(browser.get(address))
    page, rows = (text(browser.get(address + more(first) + part)) for part in ("", "&part=rows"))

    assert (names_in(first), names_in(page), names_in(rows)) == (["a"], ["b", "c"], ["b", "c"])
    assert names_in(text(browser.get(address + more(rows)))) == ["d"]
    assert "<html" in page
    assert "<html" not in rows


@pytest.mark.parametrize("part", ["", "&part=rows"])
@pytest.mark.parametrize(
    "address",
    [
        "/search?q=a+b%26c",
        "/search?q=a&order=name",
        "/search?q=a&type=pdf&owner=me&modified=day&size=small&starred=1&order=size",
        "/recent?order=name",
        "/starred?order=-name",
        "/trash?order=name",
    ],
)
def test_a_list_goes_on_as_it_began(browser, owner, monkeypatch, address, part):
    """Narrowed and ordered as it was asked for, on every page to the end."""
    for number in (3, 1, 5, 4, 2):
        name = f"a b&c {number}"
        tree.star(owner, write_file(owner, f"/{name}.pdf").id)
        write_file(owner, f"/{name}.txt")
        tree.trash(owner, write_file(owner, f"/gone {name}").id)
    whole = names_in(text(browser.get(address)))
    monkeypatch.setattr("files.browsing.ROWS_AT_FIRST", 1)
    monkeypatch.setattr("files.browsing.ROWS_A_PAGE", 2)

    page = text(browser.get(address))
    seen = names_in(page)
    while going_on := more(page):
        reply = browser.get(address.partition("?")[0] + going_on + part)
        assert reply.status_code == 200
        page = text(reply)
        seen += names_in(page)

    assert len(whole) >= 5
    assert seen == whole


def test_who_jumps_in_a_long_folder_is_told_how_long_it_is_and_given_its_end(browser, owner):
    make_folder(owner, "/a")
    for name in ("b", "c", "d"):
        write_file(owner, f"/{name}")
    address = f"/files/{tree.root_folder(owner).id}"

    whole, end = text(browser.get(address)), text(browser.get(f"{address}?part=rows&skip=2"))

    assert 'data-count="4" data-folders="1"' in whole
    assert [name for name in "abcd" if f'data-name="{name}"' in end] == ["c", "d"]
    for wrong in ("-1", "x", "1" * 10, "٣"):
        assert browser.get(f"{address}?part=rows&skip={wrong}").status_code == 422


@pytest.mark.parametrize("place", ["", "starred", "recent", "search", "trash"])
def test_what_deeds_need_to_know_of_a_list_comes_without_its_rows(browser, owner, place):
    kept, gone = make_folder(owner, "/a"), make_folder(owner, "/gone")
    tree.star(owner, kept.id)
    tree.trash(owner, gone.id)
    file = write_file(owner, "/a.txt", size=3)
    found = {"starred": kept, "recent": file, "trash": gone}.get(place, kept)

    reply = browser.get(f"/{place or f'files/{kept.parent_id}'}?q=a&part=facts").json()

    facts = {one["id"]: one for one in reply["results"]}
    assert facts[str(found.id)] == {
        "id": str(found.id),
        "kind": found.kind,
        "name": found.name,
        "size": 3 if found is file else None,
        "may": "own",
        "parent": str(found.parent_id),
        "starred": found is kept,
    }
    assert reply["next"] is None


def test_lines_are_asked_for_by_id_and_what_is_not_there_is_left_out(browser, owner, stranger):
    mine, gone, theirs = make_folder(owner, "/a"), make_folder(owner, "/b"), make_folder(stranger, "/c")
    tree.trash(owner, gone.id)
    ids = [str(mine.id), str(gone.id), str(theirs.id), str(uuid.uuid4())]

    lines = text(browser.post("/files/rows", {"ids": ids}, content_type="application/json"))

    assert lines.count("data-id=") == 1
    assert f'data-id="{mine.id}"' in lines


@pytest.mark.parametrize("ids", [["nonsense"], [str(uuid.uuid4())] * 201, "a", [1]])
def test_lines_asked_for_in_another_shape_are_refused(browser, ids):
    reply = browser.post("/files/rows", {"ids": ids}, content_type="application/json")

    assert 400 <= reply.status_code < 500


def test_a_cursor_of_another_list_is_refused_and_no_fault(browser, owner):
    assert browser.get(f"/files/{tree.root_folder(owner).id}?cursor=nonsense").status_code == 400


def test_the_trash_says_where_things_were_and_how_long_they_stay(browser, owner):
    folder = make_folder(owner, "/Family/Old plans")
    tree.trash(owner, folder.id)

    page = text(browser.get("/trash"))

    assert 'data-name="Old plans"' in page
    assert "Family" in page
    assert "30 days more" in page


def test_taken_names_are_told_before_anything_is_sent(browser, owner):
    write_file(owner, "/Café.txt", size=3)
    root = tree.root_folder(owner)

    reply = browser.post(
        f"/files/{root.id}/taken", {"names": ["Cafe\u0301.txt", "new.pdf"]}, content_type="application/json"
    )

    assert reply.status_code == 200
    assert [one["name"] for one in reply.json()["taken"]] == ["Café.txt"]
    assert reply.json()["looks"]["new.pdf"] == ["file-text", "type-pdf"]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"names": 1}', '{"names": [1]}', '{"names": ["a/b"]}'])
def test_names_asked_for_in_another_shape_are_refused(browser, owner, body):
    reply = browser.post(f"/files/{tree.root_folder(owner).id}/taken", body, content_type="application/json")

    assert 400 <= reply.status_code < 500


def test_what_is_not_there_is_a_page_in_words(browser):
    reply = browser.get(f"/files/{uuid.uuid4()}")

    assert reply.status_code == 404
    assert "Back to my files" in text(reply)


def test_what_has_a_star_is_ordered_as_folders_are_and_what_is_recent_by_time_until_asked(browser, owner):
    for name, size in (("a", 9), ("b", 5), ("c", 7)):
        tree.star(owner, write_file(owner, f"/{name}", size=size).id)

    def names(address):
        return re.findall('data-name="([abc])"', text(browser.get(address)))

    assert names("/starred?order=-size") == names("/starred") == ["a", "c", "b"]
    assert names("/recent") == ["c", "b", "a"]
    assert names("/recent?order=-size") == ["a", "c", "b"]


def test_what_others_share_is_told_with_its_owner(browser, owner, stranger):
    sharing.share_with(stranger, make_folder(stranger, "/album").id, role="viewer", username=owner.username)

    page = text(browser.get("/shared"))

    owners = re.findall('class="c-owner" role="gridcell">(.*?)</span></span>', page)
    assert len(owners) == 1 and owners[0].endswith("stranger")
