"""Room is kept for uploads of a known length from their beginning, and never for longer than it is needed."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.db.models import F, Sum

from accounts import quota
from accounts.errors import QuotaExceeded
from accounts.models import Usage
from files import purging, reserving, resumable, sharing, tasks, tree, uploads
from files.models import Reservation, Upload
from files.tus import Wanted
from nodes import failpoints
from nodes.models import Content, Segment
from tests.files.conftest import code, make_folder, person, used_bytes, write_file
from tests.files.test_races import at_once
from tests.files.test_tus_checksums import checksum
from tests.files.test_tus_joining import join
from tests.files.tus_requests import create, end, expire, head, patch

pytestmark = pytest.mark.usefixtures("cluster")

MIB = 2**20


class Crash(BaseException):
    """The process dies here."""


def put(api, size, path="a.bin"):
    return api.put(f"/api/v1/content/{path}", bytes(size), content_type="application/octet-stream")


def limit(owner, quota_bytes):
    Usage.objects.filter(user=owner).update(quota_bytes=quota_bytes)


def kept(owner):
    """What is kept for an owner, told by the figure and by the rows alike."""
    figure = quota.figures(owner.pk).reserved_bytes
    assert figure == (Reservation.objects.filter(payer=owner).aggregate(sum=Sum("size_bytes"))["sum"] or 0)
    return figure


def refused(reply):
    return (reply.status_code, reply.json().get("code")) == (507, "quota_exceeded")


def test_room_is_kept_from_creation_and_becomes_what_is_used(api, owner):
    limit(owner, 10)
    url = create(api, 6)["Location"]

    assert api.get("/api/v1/me").json()["reserved_bytes"] == kept(owner) == 6
    assert refused(create(api, 5, filename="b.bin"))
    assert refused(put(api, 5))
    write_file(owner, "/four", size=4)
    assert patch(api, url, 0, b"abcdef").status_code == 204

    assert (used_bytes(owner), kept(owner)) == (10, 0)


def test_room_goes_back_when_an_upload_ends_or_expires_or_its_folder_is_purged(api, owner):
    folder = make_folder(owner, "/a")
    ended, _, _ = (create(api, 5, filename=name, parent=folder.id) for name in "abc")
    assert kept(owner) == 15

    assert end(api, ended["Location"]).status_code == 204
    assert kept(owner) == 10

    purging.purge(owner, folder.id)
    while purging.sweep():
        pass
    assert kept(owner) == 0

    create(api, 5)
    expire()
    tasks.end_expired_uploads()
    assert kept(owner) == 0


def test_bytes_that_are_refused_with_the_creation_keep_no_room(api, owner):
    limit(owner, 12)

    for _ in range(2):
        reply = create(api, 5, b"hello", headers=checksum(b"other"))
        assert code(reply) == (460, "checksum_mismatch")
        assert "Location" not in reply
    assert (kept(owner), Upload.objects.count()) == (0, 0)

    assert create(api, 12, b"hello, world").status_code == 201


def test_who_finds_an_upload_again_by_its_key_has_its_room_kept(api, owner):
    wrong = {"Idempotency-Key": "once"} | checksum(b"other")

    assert code(create(api, 5, b"hello", headers=wrong)) == (460, "checksum_mismatch")

    again = create(api, 5, b"hello", headers=wrong)
    assert (again.status_code, again["Upload-Offset"], kept(owner)) == (201, "0", 5)
    assert head(api, again["Location"]).status_code == 200


def test_a_deferred_length_keeps_room_when_it_is_told(api, owner):
    limit(owner, 10)
    url = create(api, headers={"Upload-Defer-Length": "1"})["Location"]
    assert kept(owner) == 0

    assert refused(patch(api, url, 0, b"abc", **{"Upload-Length": "11"}))
    assert kept(owner) == 0
    assert patch(api, url, 0, b"abc", **{"Upload-Length": "10"}).status_code == 204
    assert kept(owner) == 10
    assert patch(api, url, 3, b"defghij").status_code == 204
    assert (used_bytes(owner), kept(owner)) == (10, 0)


def test_parts_keep_room_until_they_are_joined(api, owner):
    limit(owner, 4)
    parts = [create(api, 2, headers={"Upload-Concat": "partial"})["Location"] for _ in range(2)]
    for url in parts:
        patch(api, url, 0, b"ab")
    assert kept(owner) == 4

    assert join(api, *parts).status_code == 201
    assert (used_bytes(owner), kept(owner)) == (4, 0)


def test_parts_that_become_a_file_in_anothers_tree_are_charged_there(api, owner):
    friend = person("friend")
    album = make_folder(friend, "/album")
    sharing.share_with(friend, album.id, role="editor", username=owner.username)
    parts = [create(api, 2, headers={"Upload-Concat": "partial"})["Location"]]
    patch(api, parts[0], 0, b"ab")

    assert join(api, *parts, parent=album.id).status_code == 201

    assert (used_bytes(owner), kept(owner)) == (0, 0)
    assert (used_bytes(friend), kept(friend)) == (2, 0)


def test_parts_whose_room_is_kept_by_several_give_each_of_them_theirs_back(api, owner):
    others = [person("first"), person("second")]
    urls = []
    for other, size in zip(others, (1, 2), strict=True):
        album = make_folder(other, "/album")
        sharing.share_with(other, album.id, role="editor", username=owner.username)
        urls.append(create(api, size, headers={"Upload-Concat": "partial"}, parent=album.id)["Location"])
        patch(api, urls[-1], 0, b"x" * size)
    urls.append(create(api, 3, b"xyz", headers={"Upload-Concat": "partial"})["Location"])
    assert [kept(one) for one in (owner, *others)] == [3, 1, 2]

    assert join(api, *urls).status_code == 201

    assert [kept(one) for one in (owner, *others)] == [0, 0, 0]
    assert [used_bytes(one) for one in (owner, *others)] == [6, 0, 0]


def test_parts_that_say_where_they_go_keep_room_there(api, owner):
    friend = person("friend", quota_bytes=4)
    album = make_folder(friend, "/album")
    sharing.share_with(friend, album.id, role="editor", username=owner.username)
    limit(owner, 1)
    partial = {"Upload-Concat": "partial"}
    parts = [create(api, 2, headers=partial, parent=album.id)["Location"] for _ in range(2)]
    for url in parts:
        patch(api, url, 0, b"ab")

    assert (kept(owner), kept(friend)) == (0, 4)
    assert code(create(api, 2, headers=partial, parent=album.id)) == (507, "quota_exceeded")
    assert join(api, *parts, parent=album.id).status_code == 201
    assert (used_bytes(friend), kept(friend)) == (4, 0)


def test_the_owner_of_the_tree_is_who_room_is_kept_with(owner):
    friend = person("friend", quota_bytes=10)
    album = make_folder(friend, "/album")
    sharing.share_with(friend, album.id, role="editor", username=owner.username)

    resumable.create(owner, Wanted(filename="a", parent_id=album.id), length=10)

    assert (kept(owner), kept(friend)) == (0, 10)
    with pytest.raises(QuotaExceeded):
        resumable.create(owner, Wanted(filename="b", parent_id=album.id), length=1)


def test_a_put_keeps_room_while_its_bytes_come(api, owner):
    limit(owner, 3 * MIB)
    seen = []

    with failpoints.armed("seal.before", lambda: seen.append(kept(owner))):
        assert put(api, 2 * MIB).status_code == 201

    assert seen == [2 * MIB]
    assert (used_bytes(owner), kept(owner)) == (2 * MIB, 0)
    assert refused(put(api, 2 * MIB))
    assert kept(owner) == 0


def test_a_put_that_fails_gives_its_room_back(api, owner):
    def fail():
        raise Crash

    with failpoints.armed("seal.before", fail), pytest.raises(Crash):
        put(api, 2 * MIB)

    assert (used_bytes(owner), kept(owner)) == (0, 0)


def test_room_of_a_put_whose_gateway_died_goes_back_when_nothing_comes_for_a_day(owner, settings):
    folder = tree.root_folder(owner)
    silent, writing, young = (Segment.objects.create() for _ in range(3))
    for segment in (silent, writing, young):
        reserving.reserve(segment.id, folder.id, 5)
    past = timedelta(seconds=settings.UPLOAD_EXPIRY_SECONDS + 1)
    Segment.objects.filter(id=silent.id).update(recorded_at=F("recorded_at") - past)
    Reservation.objects.exclude(segment_id=young.id).update(created_at=F("created_at") - past)

    tasks.end_expired_uploads()
    tasks.end_expired_uploads()

    assert kept(owner) == 10
    Segment.objects.filter(id=writing.id).delete()  # a put that never recorded anything
    assert reserving.give_back_expired(10) == 1
    assert kept(owner) == 5


def test_an_upload_whose_room_was_taken_back_is_still_judged_by_the_quota(api, owner):
    url = create(api, 6)["Location"]
    segment_id = Reservation.objects.get().segment_id
    reserving.give_back([segment_id])
    limit(owner, 5)

    assert refused(patch(api, url, 0, b"abcdef"))
    limit(owner, 6)
    assert patch(api, url, 0, b"abcdef").status_code == 204
    assert (used_bytes(owner), kept(owner)) == (6, 0)


def test_f39_uploads_begun_at_once_are_promised_no_more_than_there_is(owner):
    tree.root_folder(owner)
    limit(owner, 100)

    results = at_once(
        *(partial(resumable.create, owner, Wanted(filename=str(number)), length=30) for number in range(5)),
        *(lambda number=number: write_file(owner, f"/{number}", size=30) for number in range(5, 8)),
    )

    assert sum(isinstance(result, QuotaExceeded) for result in results) == 5
    assert used_bytes(owner) + kept(owner) == 90


def test_room_is_neither_lost_nor_doubled_when_uploads_end_and_are_committed_at_once(owner):
    """Whoever wins, the figure is what the rows say: `kept` compares them."""
    folder = tree.root_folder(owner)
    for attempt in range(8):
        begun = resumable.create(owner, Wanted(filename=str(attempt)), length=10)
        segment_id = begun.upload.segment_id

        at_once(
            partial(reserving.give_back, [segment_id]),
            partial(commit, owner, folder, segment_id, str(attempt)),
            partial(reserving.give_back, [segment_id]),
        )

        assert kept(owner) == 0
    assert used_bytes(owner) == 80


def commit(owner, folder, segment_id, name):
    with transaction.atomic():
        content = Content.objects.create(size=10)
        target = uploads.Target(folder.id, name)
        uploads.commit_content(owner, content.id, 10, target, kept_for=[segment_id])
