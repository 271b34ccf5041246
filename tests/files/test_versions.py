"""The states a file has had: looked at, brought back, deleted, and ended when their time is over."""

import pytest
from django.db import connection

from accounts.models import Usage
from files import access, copying, purging, tree, usage, versions
from files.errors import NotAFile, NotFound, VersionIsCurrent, VersionNotFound
from files.models import Version
from nodes.models import Content
from tests.files.conftest import make_folder, used_bytes, write_file
from tests.files.test_races import at_once

ENTRIES = "/api/v1/entries"
ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def file(owner):
    """A file of three versions with 1, 2 and 3 bytes."""
    for size in (1, 2, 3):
        entry = write_file(owner, "/a/notes.txt", size=size)
    return entry


def numbers(user, entry):
    return [one.number for one in versions.page(user, entry.id, limit=100).results]


def age_replaced(days, **which):
    with connection.cursor() as cursor:
        ids = list(Version.objects.filter(replaced_at__isnull=False, **which).values_list("id", flat=True))
        cursor.execute(
            "UPDATE files_version SET replaced_at = replaced_at - %s * interval '1 day'"
            " WHERE id = ANY(%s::uuid[])",
            [days, ids],
        )


def is_charged_exactly(user):
    """What is charged is what all versions have that are not purged."""
    kept = Version.objects.filter(entry__owner=user)
    return used_bytes(user) == sum(version.size for version in kept)


def test_versions_are_listed_the_newest_first(owner, file):
    page = versions.page(owner, file.id, limit=2)
    rest = versions.page(owner, file.id, limit=2, cursor=page.next_cursor)

    assert [(one.number, one.size, one.is_current) for one in page.results] == [(3, 3, True), (2, 2, False)]
    assert [one.number for one in rest.results] == [1]
    assert rest.next_cursor is None
    assert {one.created_by for one in page.results} == {"owner"}


def test_a_restored_version_is_a_new_one_with_the_old_content(owner, file):
    old = versions.find(owner, file.id, 1)

    restored = versions.restore(owner, file.id, 1)

    assert (restored.size, restored.content_id) == (1, old.content_id)
    assert restored.content_etag != old.content_etag
    assert numbers(owner, file) == [4, 3, 2, 1]
    assert access.find(owner, file.id).content_etag == restored.content_etag
    assert used_bytes(owner) == 1 + 2 + 3 + 1


def test_restoring_the_current_version_changes_nothing(owner, file):
    before = access.find(owner, file.id)

    assert versions.restore(owner, file.id, 3).content_etag == before.content_etag
    assert numbers(owner, file) == [3, 2, 1]


def test_a_restore_beyond_the_quota_is_refused(owner, file):
    Usage.objects.filter(user=owner).update(quota_bytes=6)

    with pytest.raises(Exception, match="quota"):
        versions.restore(owner, file.id, 1)
    assert numbers(owner, file) == [3, 2, 1]


def test_a_deleted_version_gives_its_bytes_and_its_content_back(owner, file):
    content_id = versions.find(owner, file.id, 2).content_id

    versions.delete(owner, file.id, 2)

    assert numbers(owner, file) == [3, 1]
    assert used_bytes(owner) == 1 + 3
    assert Content.objects.get(id=content_id).released_at is not None
    with pytest.raises(VersionNotFound):
        versions.delete(owner, file.id, 2)


def test_a_content_that_another_version_has_stays(owner, file):
    versions.restore(owner, file.id, 1)

    versions.delete(owner, file.id, 1)

    assert Content.objects.get(id=access.find(owner, file.id).content_id).released_at is None


def test_the_current_version_is_deleted_only_with_its_file(owner, file):
    with pytest.raises(VersionIsCurrent):
        versions.delete(owner, file.id, 3)
    assert numbers(owner, file) == [3, 2, 1]


def test_strangers_and_folders_have_no_versions(owner, stranger, file):
    for look in (
        lambda user, entry_id: versions.page(user, entry_id, limit=1),
        lambda user, entry_id: versions.find(user, entry_id, 1),
        lambda user, entry_id: versions.restore(user, entry_id, 1),
        lambda user, entry_id: versions.delete(user, entry_id, 1),
    ):
        with pytest.raises(NotFound):
            look(stranger, file.id)
        with pytest.raises(NotAFile):
            look(owner, make_folder(owner, "/a").id)
    assert numbers(owner, file) == [3, 2, 1]


def test_versions_end_so_long_after_they_were_replaced(owner, file, settings):
    settings.VERSION_RETENTION_SECONDS = 30 * 86_400
    age_replaced(31, number=1)
    age_replaced(29, number=2)

    assert versions.prune(100) == 1

    assert numbers(owner, file) == [3, 2]
    assert is_charged_exactly(owner)
    assert versions.prune(100) == 0


def test_a_file_keeps_so_many_versions(owner, settings):
    settings.VERSIONS_KEPT = 3
    for size in range(1, 6):
        often = write_file(owner, "/often", size=size)
    seldom = write_file(owner, "/seldom", size=7)
    write_file(owner, "/seldom", size=8)

    versions.prune(100)

    assert numbers(owner, often) == [5, 4, 3]
    assert numbers(owner, seldom) == [2, 1]
    assert is_charged_exactly(owner)


def test_what_was_purged_is_not_given_back_a_second_time(owner, file, settings):
    settings.VERSION_RETENTION_SECONDS = 0
    kept = write_file(owner, "/kept", size=10)
    purging.purge(owner, make_folder(owner, "/a").id)

    versions.prune(100)
    while purging.sweep():
        pass
    versions.prune(100)

    assert used_bytes(owner) == 10
    assert numbers(owner, kept) == [1]


@pytest.mark.django_db(transaction=True)
def test_bytes_are_right_when_versions_come_and_go_at_once(owner, settings):
    settings.VERSIONS_KEPT = 2
    for size in range(1, 9):
        file = write_file(owner, "/a/b", size=size)

    at_once(
        *(lambda number=number: versions.delete(owner, file.id, number) for number in (1, 2, 2, 3)),
        lambda: versions.restore(owner, file.id, 4),
        lambda: write_file(owner, "/a/b", size=100),
        lambda: copying.copy(owner, file.id),
        lambda: versions.prune(10),
        lambda: versions.prune(10),
        lambda: purging.sweep(),
    )

    assert is_charged_exactly(owner)
    needed = Version.objects.values("content")
    assert not Content.objects.filter(released_at=None).exclude(id__in=needed).exists()
    assert not Content.objects.exclude(released_at=None).filter(id__in=needed).exists()


def test_a_person_is_told_what_the_bytes_are(owner, file):
    write_file(owner, "/b", size=10)
    for size in (20, 30):
        in_trash = write_file(owner, "/c/d", size=size)
    tree.trash(owner, in_trash.id)
    tree.trash(owner, make_folder(owner, "/c").id)
    purging.purge(owner, write_file(owner, "/gone", size=1000).id)

    parts = usage.parts(owner)

    assert (parts.files_bytes, parts.versions_bytes, parts.trash_bytes) == (3 + 10, 1 + 2, 20 + 30)
    assert parts.used_bytes == 66


def test_the_trash_is_purged_when_its_time_is_over(owner, file, settings):
    old, young = write_file(owner, "/old", size=5), write_file(owner, "/young", size=6)
    for entry in (old, young):
        tree.trash(owner, entry.id)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE files_entry SET trashed_at = trashed_at - interval '31 days' WHERE id = %s", [old.id]
        )
    settings.TRASH_RETENTION_SECONDS = 30 * 86_400

    assert purging.purge_expired(100) == 1
    assert purging.purge_expired(100) == 0

    assert used_bytes(owner) == 6 + 6
    with pytest.raises(NotFound):
        access.find_known(owner, old.id)
    assert access.find_known(owner, young.id)


@pytest.mark.usefixtures("cluster")
def test_the_bytes_of_a_version_are_read_like_those_of_a_file(api, owner):
    for body in (b"one", b"two, longer"):
        api.put("/api/v1/content/a.txt", body, content_type="text/plain")
    file = access.find_by_path(owner, "/a.txt")
    url = f"{ENTRIES}/{file.id}/versions"

    listed = api.get(url).json()["results"]
    first = api.get(f"{url}/1/content")
    part = api.get(f"{url}/1/content", headers={"Range": "bytes=1-"})
    head = api.head(f"{url}/2/content")

    assert first.content == b"one"
    assert first["ETag"] == f'"{listed[1]["content_etag"]}"'
    assert first["Content-Disposition"] == 'attachment; filename="a.txt"'
    assert (part.status_code, part.content) == (206, b"ne")
    assert head["Content-Length"] == "11"
    assert api.post(f"{url}/1/restore").json()["size"] == 3
    assert api.get("/api/v1/content/a.txt").content == b"one"
    assert api.delete(f"{url}/2").status_code == 204
    assert [one["number"] for one in api.get(url).json()["results"]] == [3, 1]


def test_what_is_wrong_with_a_request_is_said(api, stranger_api, anonymous, file):
    url = f"{ENTRIES}/{file.id}/versions"

    assert api.delete(f"{url}/3").json()["code"] == "version_is_current"
    assert api.get(f"{url}/9/content").status_code == 404
    assert api.get(f"{url}/99999999999999999999/content").status_code == 404
    assert api.put(f"{url}/1/content").status_code == 405
    assert api.get(f"{url}?cursor=x").json()["code"] == "bad_cursor"
    assert api.get(f"{url}?limit=0").status_code == 422
    assert api.get(f"{ENTRIES}/{ABSENT}/versions").status_code == 404
    for method, address in (("get", url), ("get", f"{url}/1/content"), ("post", f"{url}/1/restore")):
        assert getattr(stranger_api, method)(address).status_code == 404
        assert getattr(anonymous, method)(address).status_code == 401


def test_a_cursor_belongs_to_the_versions_of_one_file(api, owner, file):
    other = write_file(owner, "/other.txt")
    following = api.get(f"{ENTRIES}/{file.id}/versions?limit=1").json()["next"]

    assert [one["number"] for one in api.get(following).json()["results"]] == [2]
    refused = api.get(following.replace(str(file.id), str(other.id)))
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_cursor")


def test_a_version_is_restored_or_deleted_only_in_the_state_that_was_seen(api, owner, file):
    url = f"{ENTRIES}/{file.id}"
    stale = {"If-Match": api.get(url)["ETag"]}
    write_file(owner, "/a/notes.txt", size=4)

    for refused in (
        api.post(f"{url}/versions/1/restore", headers=stale),
        api.delete(f"{url}/versions/1", headers=stale),
    ):
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert numbers(owner, file) == [4, 3, 2, 1]

    restored = api.post(f"{url}/versions/1/restore", headers={"If-Match": api.get(url)["ETag"]})
    deleted = api.delete(f"{url}/versions/2", headers={"If-Match": restored["ETag"]})
    assert (restored.status_code, deleted.status_code) == (200, 204)
    assert numbers(owner, file) == [5, 4, 3, 1]


def test_the_trash_is_emptied_by_one_request(api, stranger_api, owner, file):
    tree.trash(owner, file.id)
    tree.trash(owner, make_folder(owner, "/a").id)

    assert stranger_api.delete("/api/v1/trash").json() == {"purged": 0}
    assert api.delete("/api/v1/trash").json() == {"purged": 2}

    assert api.get(f"{ENTRIES}?trashed=true").json()["results"] == []
    assert api.get("/api/v1/me").json()["used_bytes"] == 0
