"""The paths of entries in an archive: none leads elsewhere, and none is there twice."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files import member_paths
from files.member_paths import MemberPaths

NAMES = st.text("a_\\ (2).", min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=3), st.booleans()), max_size=30)


def given_for(entries: dict[str, bool]) -> dict[str, str]:
    """Ask in the order that is promised; `entries` are folders or not."""
    paths = MemberPaths()
    asked = sorted((path + "/" * is_folder for path, is_folder in entries.items()))
    return {path: paths.give(path) for path in sorted(asked, key=lambda path: "\\" in path)}


@pytest.mark.parametrize("slots", [2**10, 2**23])
@given(drawn=PATHS)
def test_no_path_is_given_twice_and_all_lie_in_the_folders_they_lay_in(drawn, slots):
    entries: dict[str, bool] = {}
    for names, is_folder in drawn:
        entries.setdefault("/".join(names), is_folder)
        entries |= {"/".join(names[:depth]): True for depth in range(1, len(names))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(member_paths, "SLOTS", slots)

        found = given_for(entries)

    assert len({path.removesuffix("/") for path in found.values()}) == len(entries)
    for path, is_given in found.items():
        assert "\\" not in is_given and is_given.endswith("/") == path.endswith("/")
        folder = posixpath.dirname(path.removesuffix("/"))
        assert posixpath.dirname(is_given.removesuffix("/")) == found.get(folder + "/", "").removesuffix("/")
        assert is_given == path or "\\" in path


def test_what_had_a_backslash_gives_way_and_keeps_its_ending():
    entries = dict.fromkeys(["a_b.txt", "a\\b.txt", "a_b (2).txt", "c\\d", "\\_", "_\\"], False)

    assert given_for(entries) == {
        "a_b.txt": "a_b.txt",
        "a_b (2).txt": "a_b (2).txt",
        "a\\b.txt": "a_b (3).txt",
        "c\\d": "c_d",
        "\\_": "__",
        "_\\": "__ (2)",
    }


def test_a_long_name_stays_one_that_systems_take():
    long = "x" * 250 + "_.txt"

    found = given_for({long: False, long.replace("_", "\\"): False})

    assert [len(path) for path in found.values()] == [255, 255]
    assert len(set(found.values())) == 2
