"""Where a resumable upload becomes a file, and whether there is room for it."""

import pytest

from accounts.errors import QuotaExceeded
from accounts.models import Usage
from files import tree
from files.models import Entry, Upload, Version
from tests.files.conftest import code, make_folder, used_bytes, write_file
from tests.files.test_tus_joining import finished_part, join
from tests.files.tus_requests import content, create, patch

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.mark.parametrize(
    ("on_conflict", "names", "kept"),
    [("replace", ["a.bin"], b"new"), ("rename", ["a (2).bin", "a.bin"], b"old")],
)
def test_a_taken_name_is_replaced_or_renamed(api, on_conflict, names, kept):
    api.put("/api/v1/content/a.bin", b"old", content_type="text/plain")

    assert create(api, 3, b"new", on_conflict=on_conflict)["Dfs-Entry"]

    assert sorted(Entry.objects.filter(kind="file").values_list("name", flat=True)) == names
    assert content(api) == kept


def test_a_file_that_may_be_renamed_gets_a_number_where_a_folder_has_its_name(api, owner):
    make_folder(owner, "a.bin")

    assert create(api, 3, b"new", on_conflict="rename")["Dfs-Entry"]

    assert Entry.objects.get(kind="file").name == "a (2).bin"


def test_a_taken_name_fails_before_bytes_are_sent_and_again_at_the_end(api, owner):
    url = create(api, 3)["Location"]
    api.put("/api/v1/content/a.bin", b"old", content_type="text/plain")

    assert code(create(api, 3)) == (409, "name_taken")
    assert code(patch(api, url, 0, b"new")) == (409, "name_taken")
    assert content(api) == b"old"
    assert used_bytes(owner) == 3


def test_too_little_quota_is_said_before_bytes_are_sent(api, owner):
    Usage.objects.filter(user=owner).update(quota_bytes=10)
    url = create(api, 10)["Location"]

    assert code(create(api, 1, filename="b.bin")) == (507, "quota_exceeded")
    with pytest.raises(QuotaExceeded):
        write_file(owner, "/other", size=1)
    assert patch(api, url, 0, bytes(10)).status_code == 204
    assert used_bytes(owner) == 10


@pytest.mark.parametrize("sent", ["a\0b", "image/png\0", "text/plain; a=" + 300 * "b", "größe"])
def test_a_type_that_cannot_be_one_is_guessed_from_the_name(api, sent):
    assert create(api, 3, b"new", filetype=sent, filename="a.pdf")["Dfs-Entry"]
    assert join(api, finished_part(api, b"new"), filetype=sent, filename="b.pdf")["Dfs-Entry"]

    assert set(Version.objects.values_list("content_type", flat=True)) == {"application/pdf"}


def test_an_upload_without_room_makes_no_folders(api, owner):
    Usage.objects.filter(user=owner).update(quota_bytes=10)

    refused = create(api, 11, filename="", path="/new/deep/file", parents="true")

    assert code(refused) == (507, "quota_exceeded")
    assert not Entry.objects.exclude(name="").exists()


def test_a_file_goes_where_it_is_told(api, owner):
    folder = make_folder(owner, "/a/b")

    create(api, 1, b"1", filename="by id", parent=folder.id)
    create(api, 1, b"2", filename="", path="/a/b/by path")
    create(api, 1, b"3", filename="into the folder", path="/a/b")
    create(api, 1, b"4", filename="ignored", path="/a/b/named by path")
    create(api, 1, b"5", filename="", path="/new/deep/file", parents="true")

    assert content(api, "a/b/by id") == b"1"
    assert content(api, "a/b/by path") == b"2"
    assert content(api, "a/b/into the folder") == b"3"
    assert content(api, "a/b/named by path") == b"4"
    assert content(api, "new/deep/file") == b"5"


def test_a_place_that_is_none_is_refused(api, owner, stranger):
    theirs = make_folder(stranger, "/theirs")

    assert code(create(api, 1, parent=theirs.id)) == (404, "not_found")
    assert code(create(api, 1, filename="", path="/no/where")) == (404, "parent_not_found")
    assert code(create(api, 1, filename="../a")) == (422, "invalid_name")
    assert code(create(api, 1, filename="")) == (422, "invalid_name")
    assert code(create(api, 1, parent="root")) == (400, "bad_header")
    assert code(create(api, 1, on_conflict="merge")) == (400, "bad_header")
    assert code(create(api)) == (400, "bad_header")
    assert Upload.objects.count() == 0


def test_a_folder_is_named_by_its_id_or_by_a_path(api, owner):
    folder = make_folder(owner, "/a")
    both = {"parent": folder.id, "path": "/b/file", "parents": "1"}

    for refused in (create(api, 1, b"1", **both), join(api, finished_part(api, b"1"), **both)):
        assert code(refused) == (400, "bad_header")
        assert "parent" in refused.json()["detail"] and "path" in refused.json()["detail"]
    assert list(Entry.objects.exclude(name="")) == [folder]

    assert create(api, 1, b"1", **both | {"path": ""})["Dfs-Entry"]
    assert content(api, "a/a.bin") == b"1"


def test_a_folder_trashed_meanwhile_gets_no_file(api, owner):
    folder = make_folder(owner, "/a")
    url = create(api, 5, parent=folder.id)["Location"]
    tree.trash(owner, folder.id)

    assert code(patch(api, url, 0, b"hello")) == (409, "parent_gone")
    assert used_bytes(owner) == 0
