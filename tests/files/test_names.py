"""Names: which are valid, how they sort, and what to take when one is taken."""

import itertools
import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files import names
from files.errors import InvalidName


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "/", "nul\0", "tab\t", "line\n", "\x7f", "\x85", "x" * 256, "ä" * 128, "\ud800"],
)
def test_no_entry_can_have_this_name(name):
    with pytest.raises(InvalidName):
        names.clean(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "a",
            "...",
            ".hidden",
            "trailing.",
            "trailing ",
            " leading",
            "-rf",
            "CON",
            "a\\b",
            "%2e%2e",
            "a%b_c",
        ),
        *(
            "x" * 255,
            "ä" * 127,
            "🗺️ trip",
            "\u202egnp.exe",
            "zero\u200bwidth",
            "'; DROP TABLE files_entry; --",
        ),
    ],
)
def test_an_odd_name_is_kept_as_it_is(name):
    assert names.clean(name) == name


def test_two_spellings_of_one_letter_are_one_name():
    assert names.clean("cafe\u0301") == names.clean("caf\u00e9") == "caf\u00e9"


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("", []),
        ("/", []),
        ("a", ["a"]),
        ("/a/b", ["a", "b"]),
        ("a/b/", ["a", "b"]),
    ],
)
def test_a_path_is_cut_into_names(path, parts):
    assert names.split_path(path) == parts


@pytest.mark.parametrize("path", ["a//b", "///", "../a", "a/./b", "a/..", "/".join("x" * 200)])
def test_a_path_that_leads_nowhere_is_refused(path):
    with pytest.raises(InvalidName):
        names.split_path(path)


def test_names_sort_as_people_count():
    wanted = ["File 1", "file 2", "file 10", "file 10a", "file 100", "file b", "Zebra", "äpfel"]

    assert sorted(random.Random(1).sample(wanted, len(wanted)), key=names.sort_key) == wanted


def test_leading_zeros_do_not_change_the_order():
    assert sorted(["a10", "a009", "a8"], key=names.sort_key) == ["a8", "a009", "a10"]


@pytest.mark.parametrize(
    ("name", "is_file", "word", "first", "second"),
    [
        ("photo.jpg", True, "copy", "photo (copy).jpg", "photo (copy 2).jpg"),
        ("photo.jpg", True, "restored", "photo (restored).jpg", "photo (restored 2).jpg"),
        ("photo.jpg", True, "", "photo (2).jpg", "photo (3).jpg"),
        ("backup.tar.gz", True, "copy", "backup (copy).tar.gz", "backup (copy 2).tar.gz"),
        (".profile", True, "copy", ".profile (copy)", ".profile (copy 2)"),
        ("README", True, "copy", "README (copy)", "README (copy 2)"),
        ("v1.2", False, "copy", "v1.2 (copy)", "v1.2 (copy 2)"),
        ("Mr. Big", True, "copy", "Mr. Big (copy)", "Mr. Big (copy 2)"),
    ],
)
def test_a_taken_name_gets_a_mark_before_its_extension(name, is_file, word, first, second):
    found = itertools.islice(names.alternatives(name, word=word, is_file=is_file), 2)

    assert list(found) == [first, second]


valid_names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1
).filter(lambda name: name not in (".", "..") and len(unicodedata.normalize("NFC", name).encode()) <= 255)


@given(valid_names, st.sampled_from(["", "copy", "restored"]), st.booleans())
def test_every_alternative_is_a_valid_name_of_its_own(name, word, is_file):
    name = names.clean(name)

    found = list(itertools.islice(names.alternatives(name, word=word, is_file=is_file), 12))

    assert [names.clean(other) for other in found] == found
    assert len({name, *found}) == 13


@given(valid_names)
def test_cleaning_twice_changes_nothing_more(name):
    assert names.clean(names.clean(name)) == names.clean(name)
