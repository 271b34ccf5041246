import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfsclient import paths
from dfsclient.errors import LocalProblem

names = (
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=40)
    .map(lambda name: unicodedata.normalize("NFC", name))
    .filter(lambda name: name not in (".", "..") and 0 < len(name.encode()) <= 255 and "/" not in name)
)
folders = st.lists(names, max_size=5)


@given(folders)
def test_a_path_survives_the_way_through_a_url(parts):
    path = "/" + "/".join(parts)

    carried = paths.quoted(path)

    assert carried.isascii()
    assert [unquote(segment) for segment in carried.split("/")] == (parts or [""])


@given(folders, names)
def test_join_and_split_are_each_others_inverse(parts, name):
    folder = "/" + "/".join(parts)

    assert paths.split(paths.join(folder, name)) == (folder, name)


@given(st.text(max_size=60))
def test_any_typed_path_is_either_refused_or_brought_to_its_one_form(typed):
    try:
        path = paths.normalize(typed)
    except LocalProblem:
        return
    assert path == "/" or not path.endswith("/")
    assert paths.normalize(path) == path
    assert not {"", ".", ".."} & set(path.split("/")[1:]) or path == "/"


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("foo.txt", "/foo.txt"),
        ("/a//b/./c/", "/a/b/c"),
        ("", "/"),
        (".", "/"),
        ("/cafe\u0301", "/café"),
    ],
)
def test_a_typed_path_is_written_in_one_form(typed, path):
    assert paths.normalize(typed) == path


@pytest.mark.parametrize("typed", ["/a/../b", "..", "/a\0b", "/tab\there", "/" + "x" * 256, "/\udcff"])
def test_a_path_that_cannot_be_is_refused_with_a_sentence(typed):
    with pytest.raises(LocalProblem) as refused:
        paths.normalize(typed)
    assert str(refused.value).endswith(".")


def test_a_name_is_encoded_so_that_nothing_in_it_means_anything_in_a_url():
    assert paths.quoted("/a?b#c/50% off&more;x=1 +.txt") == "a%3Fb%23c/50%25%20off%26more%3Bx%3D1%20%2B.txt"


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\\b", "nul\0"])
def test_a_name_from_the_server_cannot_leave_the_local_folder(name):
    with pytest.raises(LocalProblem):
        paths.local_name(name)


@pytest.mark.parametrize(
    "name",
    ["D:evil", "a.txt:stream", "CON", "nul.txt", "Com1 .log", "lpt²", "CONIN$", "a?", "end.", "end ", "a\\b"],
)
def test_a_name_that_windows_reads_as_something_else_is_refused_there_with_the_way_out(name):
    with pytest.raises(LocalProblem, match="rename it on the server"):
        paths.local_name(name, on_windows=True)


@pytest.mark.parametrize("name", ["CONSOLE", "my CON", "com10", ".hidden", "ä b.txt"])
def test_an_ordinary_name_is_kept_on_windows(name):
    assert paths.local_name(name, on_windows=True) == name


@pytest.mark.parametrize("name", ["D:evil", "CON", "nul.txt", "a?", "end."])
def test_only_windows_refuses_what_only_windows_cannot_hold(name):
    assert paths.local_name(name, on_windows=False) == name
