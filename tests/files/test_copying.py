"""Copies: new rows over the same contents."""

from uuid import uuid4

import pytest

from accounts.errors import QuotaExceeded
from accounts.models import Usage
from files import access, copying, tree
from files.errors import InvalidName, NameTaken, NotFound, RootIsFixed
from files.models import Entry
from tests.files.conftest import make_folder, used_bytes, write_file


def test_a_copy_points_at_the_same_content(owner):
    source = write_file(owner, "/a.txt", size=100)

    made = copying.copy(owner, source.id)

    copy = access.find(owner, made.id)
    assert copy.path == "/a (copy).txt"
    assert copy.content_id == access.find(owner, source.id).content_id
    assert copy.version_id != access.find(owner, source.id).version_id
    assert used_bytes(owner) == 200


def test_a_second_copy_gets_another_name(owner):
    source = write_file(owner, "/a.txt")

    names = [copying.copy(owner, source.id).name for _ in range(3)]

    assert names == ["a (copy).txt", "a (copy 2).txt", "a (copy 3).txt"]


def test_a_copy_goes_where_it_is_told(owner):
    source, folder = write_file(owner, "/a.txt"), make_folder(owner, "/b")

    copying.copy(owner, source.id, parent_id=folder.id, name="c.txt")

    assert access.find_by_path(owner, "/b/c.txt").size == 0
    with pytest.raises(NameTaken):
        copying.copy(owner, source.id, parent_id=folder.id, name="c.txt")
    with pytest.raises(InvalidName):
        copying.copy(owner, source.id, name="c/d")


def test_a_folder_is_copied_with_what_lives_below_it(owner):
    write_file(owner, "/a/b/one", size=3)
    write_file(owner, "/a/two", size=4)
    tree.trash(owner, write_file(owner, "/a/b/gone", size=5).id)
    folder = make_folder(owner, "/a")

    copying.copy(owner, folder.id, name="z")

    assert access.find_by_path(owner, "/z/b/one").size == 3
    assert access.find_by_path(owner, "/z/two").size == 4
    assert Entry.objects.filter(name="gone").count() == 1
    assert used_bytes(owner) == 3 + 4 + 5 + 3 + 4


def test_a_folder_can_be_copied_into_itself(owner):
    folder = make_folder(owner, "/a")
    write_file(owner, "/a/b/one")

    copying.copy(owner, folder.id, parent_id=make_folder(owner, "/a/b").id)

    assert access.find_by_path(owner, "/a/b/a (copy)/b/one").kind == "file"
    with pytest.raises(NotFound):
        access.find_by_path(owner, "/a/b/a (copy)/b/a (copy)")


def test_a_copy_is_charged_and_refused_beyond_the_quota(owner):
    source = write_file(owner, "/a", size=60)
    Usage.objects.filter(user=owner).update(quota_bytes=100)

    with pytest.raises(QuotaExceeded):
        copying.copy(owner, source.id)

    assert used_bytes(owner) == 60
    with pytest.raises(NotFound):
        access.find_by_path(owner, "/a (copy)")


def test_what_is_not_ones_own_cannot_be_copied_or_copied_to(owner, stranger):
    source, theirs = write_file(owner, "/a"), make_folder(stranger, "/theirs")

    for user, entry_id, parent_id in (
        (stranger, source.id, None),
        (stranger, source.id, theirs.id),
        (owner, source.id, theirs.id),
        (owner, uuid4(), None),
    ):
        with pytest.raises(NotFound):
            copying.copy(user, entry_id, parent_id=parent_id)
    with pytest.raises(RootIsFixed):
        copying.copy(owner, tree.root_folder(owner).id)
