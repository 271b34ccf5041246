"""Lists of entries by the API: a page at a time, of a folder by id or path, and across folders."""

from urllib.parse import quote

import pytest

from tests.files.conftest import code, make_folder, write_file
from tests.files.test_entries_api import ABSENT, ENTRIES, patch


def test_a_long_list_is_read_page_by_page(api, owner):
    for number in range(7):
        write_file(owner, f"/file {number}")
    url, names = ENTRIES + "?limit=3&order=-name", []
    while url:
        page = api.get(url).json()
        names.append([entry["name"] for entry in page["results"]])
        url = page["next"]

    assert names == [["file 6", "file 5", "file 4"], ["file 3", "file 2", "file 1"], ["file 0"]]


@pytest.mark.parametrize("name", ["what?", "a#b", "100%41", "50%", "é ü", "a&b=c;d+e"])
def test_the_next_page_of_a_folder_is_found_whatever_its_name(api, owner, name):
    for number in range(2):
        write_file(owner, f"/{name}/file {number}")

    first = api.get(f"/api/v1/paths/{quote(name)}?children=true&limit=1").json()
    following = api.get(first["next"].removeprefix("http://testserver")).json()

    shown = [entry["name"] for page in (first, following) for entry in page["results"]]
    assert (shown, following["next"]) == (["file 0", "file 1"], None)


def test_a_folder_is_listed_by_id_and_by_path(api, owner):
    write_file(owner, "/a/one.txt")
    folder = make_folder(owner, "/a")

    by_id = api.get(ENTRIES, {"parent": str(folder.id)}).json()
    by_path = api.get("/api/v1/paths/a?children=true").json()

    assert by_id == by_path
    assert [entry["path"] for entry in by_id["results"]] == ["/a/one.txt"]
    assert api.get("/api/v1/paths/a").json()["id"] == str(folder.id)
    assert api.get("/api/v1/paths/").json()["path"] == "/"
    assert len(api.get("/api/v1/paths/?children=true").json()["results"]) == 1
    assert code(api.get("/api/v1/paths/a/one.txt?children=true")) == (409, "not_a_folder")
    assert code(api.get("/api/v1/paths/a/two.txt")) == (404, "not_found")


def test_lists_across_folders(api, owner):
    entry = write_file(owner, "/a/one.txt")
    patch(api, entry, {"starred": True})

    for filters in ({"starred": "true"}, {"recent": "true"}, {"starred": "1", "kind": "file"}):
        results = api.get(ENTRIES, filters).json()["results"]
        assert [found["path"] for found in results] == ["/a/one.txt"]
    assert api.get(ENTRIES, {"starred": "true", "kind": "folder"}).json()["results"] == []


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("limit=0", (422, "invalid_fields")),
        ("limit=1001", (422, "invalid_fields")),
        ("limit=many", (422, "invalid_fields")),
        ("order=owner__password", (422, "invalid_fields")),
        ("order=trashed_at", (422, "invalid")),
        ("kind=link", (422, "invalid_fields")),
        ("parent=1", (422, "invalid_fields")),
        ("cursor=x", (400, "bad_cursor")),
        ("cursor=%00", (422, "invalid_fields")),
        (f"parent={ABSENT}", (404, "not_found")),
    ],
)
def test_a_list_that_cannot_be_is_refused(api, query, answer):
    assert code(api.get(f"{ENTRIES}?{query}")) == answer


@pytest.mark.parametrize("address", ["/api/v1/paths", "/api/v1/paths/"])
def test_the_topmost_folder_is_found_by_its_path_with_a_slash_and_without(api, owner, address):
    make_folder(owner, "/a")

    assert api.get(address).json()["id"] == api.get("/api/v1/me").json()["root_id"]
    assert [one["name"] for one in api.get(f"{address}?children=true").json()["results"]] == ["a"]
