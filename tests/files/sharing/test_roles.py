"""What a viewer and a stranger are refused, and that batches and versions ask the same rule."""

import pytest

from files import access, copying, resumable, sharing, tree, uploads
from files.errors import NotFound, ParentGone, ReadOnly
from files.models import Entry
from files.tus import Wanted
from tests.files.conftest import code, entry_of, person, token_client, write_file
from tests.files.sharing.conftest import give, write_into

VIEWERS_ATTEMPTS = {
    "rename": lambda user, album, file: tree.rename(user, file.id, "x"),
    "trash": lambda user, album, file: tree.trash(user, file.id),
    "make a folder": lambda user, album, file: tree.create_folder(user, "x", parent_id=album.id),
    "move in": lambda user, album, file: tree.move(user, write_file(user, "/m").id, album.id),
    "copy in": lambda user, album, file: copying.copy(user, file.id, parent_id=album.id),
    "replace": lambda user, album, file: write_into(user, album, "a.jpg"),
    "replace by id": lambda user, album, file: write_into(user, album, "a.jpg", entry=file),
    "aim at a file": lambda user, album, file: uploads.target_of(access.find(user, file.id)),
    "begin an upload": lambda user, album, file: resumable.create(
        user, Wanted(filename="x", parent_id=album.id), length=5
    ),
    "star": lambda user, album, file: tree.star(user, file.id),
}


@pytest.mark.parametrize("attempt", VIEWERS_ATTEMPTS.values(), ids=VIEWERS_ATTEMPTS)
def test_a_viewer_is_told_that_it_is_to_be_read_only_and_nothing_changes(owner, friend, album, attempt):
    give(owner, album, "viewer")
    before = sorted(Entry.objects.filter(owner=owner).values_list("id", "name", "revision", "trashed_at"))

    with pytest.raises(ReadOnly):
        attempt(friend, album, entry_of("a.jpg"))

    after = sorted(Entry.objects.filter(owner=owner).values_list("id", "name", "revision", "trashed_at"))
    assert after == before


@pytest.mark.parametrize("attempt", VIEWERS_ATTEMPTS.values(), ids=VIEWERS_ATTEMPTS)
def test_a_stranger_is_told_that_there_is_nothing(owner, stranger, friend, album, attempt):
    give(owner, album, "editor")

    with pytest.raises((NotFound, ParentGone)):
        attempt(stranger, album, entry_of("a.jpg"))


def test_a_file_that_is_to_be_read_only_is_not_replaced_by_its_name(owner, friend, album):
    give(owner, album, "editor")
    give(owner, entry_of("a.jpg"), "viewer")

    with pytest.raises(ReadOnly):
        write_into(friend, album, "a.jpg", size=9)


@pytest.mark.parametrize(
    ("operation", "code_of_viewer", "code_of_editor"),
    [
        ("trash", "read_only", None),
        ("star", "read_only", "owner_only"),
        ("purge", "owner_only", "owner_only"),
        ("move", "read_only", None),
        ("restore", "not_in_trash", "not_in_trash"),
    ],
)
def test_a_batch_asks_the_same_rule(
    owner, friend, album, friend_api, operation, code_of_viewer, code_of_editor
):
    file, day = entry_of("a.jpg"), entry_of("day 1")
    body = {"operation": operation, "ids": [str(file.id)], "parent": str(day.id)}

    for role, expected in (("viewer", code_of_viewer), ("editor", code_of_editor)):
        give(owner, album, role)
        (result,) = friend_api.post("/api/v1/batch", body, format="json").json()["results"]
        assert (result["error"] and result["error"]["code"]) == expected
        if expected is None:
            assert result["entry"]["path"].startswith("/album/")
            assert result["entry"]["role"] == "editor"
    (result,) = token_client(person("x")).post("/api/v1/batch", body, format="json").json()["results"]
    assert result["error"]["code"] in ("not_found", "not_in_trash") and result["entry"] is None


def test_versions_are_brought_back_by_an_editor_and_deleted_by_the_owner_alone(
    owner, friend, album, friend_api
):
    write_file(owner, "/private/album/a.jpg", size=5)
    url = f"/api/v1/entries/{entry_of('a.jpg').id}/versions"
    share = give(owner, album, "viewer")

    assert [one["number"] for one in friend_api.get(url).json()["results"]] == [2, 1]
    assert code(friend_api.post(f"{url}/1/restore")) == (403, "read_only")
    sharing.change(owner, share.id, {"role": "editor"})
    assert friend_api.post(f"{url}/1/restore").json()["path"] == "/album/a.jpg"
    assert code(friend_api.delete(f"{url}/1")) == (403, "owner_only")
