"""The path that bytes are asked for by: odd names, missing folders, a folder that was moved."""

import pytest

from files import access, tree
from tests.files.conftest import code, make_folder
from tests.files.content_requests import body, get, put

pytestmark = pytest.mark.usefixtures("cluster")


def test_a_folder_that_is_missing_is_made_only_when_asked_for(api):
    assert code(put(api, "a/b/c.txt", b"x")) == (404, "parent_not_found")
    assert put(api, "a/b/c.txt?parents=true", b"x").status_code == 201
    assert code(put(api, "a/b/c.txt/d?parents=true", b"x")) == (409, "not_a_folder")
    assert code(put(api, "a/b", b"x")) == (409, "not_a_file")
    assert code(get(api, "a/b")) == (409, "not_a_file")


def test_a_file_in_a_folder_that_was_moved_is_found_there(api, owner):
    entry = put(api, "a/b.txt?parents=true", b"x").json()
    tree.move(owner, access.find_by_path(owner, "/a").id, make_folder(owner, "/z").id)

    assert code(get(api, "a/b.txt")) == (404, "not_found")
    assert body(get(api, "z/a/b.txt")) == b"x"
    assert access.find(owner, entry["id"]).path == "/z/a/b.txt"


@pytest.mark.parametrize("name", ["%2e%2e", "..", "a%00b", "%0dX: 1", "x" * 256, "%2e", "a//b"])
def test_an_impossible_name_is_the_callers_mistake(api, name):
    assert code(put(api, name, b"x")) == (422, "invalid_name")
    assert code(get(api, name)) == (422, "invalid_name")


@pytest.mark.parametrize(
    "name", ["%252e%252e", "-rf", "caf%C3%A9", "cafe%CC%81", "%E2%80%AEgnp.exe", "a%5Cb", "%FF"]
)
def test_an_odd_name_comes_back_as_it_was_sent(api, name):
    assert put(api, name, b"x").status_code == 201
    assert body(get(api, name)) == b"x"
    disposition = get(api, name)["Content-Disposition"]
    assert disposition.isascii() and disposition.isprintable()


def test_two_spellings_of_a_name_are_one_file(api):
    put(api, "caf%C3%A9", b"one")

    assert put(api, "cafe%CC%81", b"two").status_code == 200
    assert body(get(api, "caf%C3%A9")) == b"two"
