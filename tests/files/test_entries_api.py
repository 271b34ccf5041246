"""The REST door to metadata."""

from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.urls import resolve

from files import access, presenting, serializers, tree, urls
from files.details import describe_one
from files.models import Entry
from nodes.models import Content
from tests.files.conftest import code, make_folder, used_bytes, write_file

ENTRIES = "/api/v1/entries"
ABSENT = "00000000-0000-4000-8000-000000000000"


def url_of(entry, *parts):
    return "/".join([ENTRIES, str(entry.id), *parts])


def patch(api, entry, data, **headers):
    return api.patch(url_of(entry), data, format="json", headers=headers)


def post(api, url, data=None):
    return api.post(url, data or {}, format="json")


def test_one_is_told_who_one_is(api, owner):
    write_file(owner, "/a", size=5)

    reply = api.get("/api/v1/me")

    assert reply.json() == {
        "id": owner.id,
        "username": "owner",
        "email": "",
        "quota_bytes": 10 * 2**30,
        "used_bytes": 5,
        "reserved_bytes": 0,
        "files_bytes": 5,
        "versions_bytes": 0,
        "trash_bytes": 0,
        "root_id": str(tree.root_folder(owner).id),
    }


def test_a_new_user_has_a_root_at_once(api):
    root_id = api.get("/api/v1/me").json()["root_id"]

    assert api.get(ENTRIES).json() == {"results": [], "next": None}
    root = api.get(f"{ENTRIES}/{root_id}").json()
    assert (root["kind"], root["path"], root["parent"], root["name"]) == ("folder", "/", None, "")


def test_a_folder_is_made_by_name_or_by_path(api):
    by_name = post(api, ENTRIES, {"kind": "folder", "name": "a"})
    inner = post(api, ENTRIES, {"kind": "folder", "name": "b", "parent": by_name.json()["id"]})
    by_path = post(api, ENTRIES, {"kind": "folder", "path": "/a/c"})
    deep = post(api, ENTRIES, {"kind": "folder", "path": "/x/y/z", "parents": True})
    again = post(api, ENTRIES, {"kind": "folder", "path": "/x/y/z", "parents": True})

    assert [reply.status_code for reply in (by_name, inner, by_path, deep, again)] == [
        201,
        201,
        201,
        201,
        200,
    ]
    assert [reply.json()["path"] for reply in (inner, by_path, deep)] == ["/a/b", "/a/c", "/x/y/z"]
    assert again.json()["id"] == deep.json()["id"]
    assert by_name["ETag"] == f'"{by_name.json()["etag"]}"'
    for field in ("size", "content_type", "sha256", "content_etag", "copies"):
        assert by_name.json()[field] is None


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ({}, (422, "invalid_fields")),
        ({"kind": "file", "name": "a"}, (422, "invalid_fields")),
        ({"kind": "folder"}, (422, "invalid_fields")),
        ({"kind": "folder", "name": "a", "path": "/a"}, (422, "invalid_fields")),
        ({"kind": "folder", "path": "/a", "parent": ABSENT}, (422, "invalid_fields")),
        ({"kind": "folder", "name": "a", "parent": "root"}, (422, "invalid_fields")),
        ({"kind": "folder", "name": "a", "parent": ABSENT}, (404, "not_found")),
        ({"kind": "folder", "name": "a/b"}, (422, "invalid_name")),
        ({"kind": "folder", "name": ".."}, (422, "invalid_name")),
        ({"kind": "folder", "name": ["a"]}, (422, "invalid_fields")),
        ({"kind": "folder", "name": "taken"}, (409, "name_taken")),
        ({"kind": "folder", "path": "/taken"}, (409, "name_taken")),
        ({"kind": "folder", "path": "/"}, (409, "name_taken")),
        ({"kind": "folder", "path": "/no/where"}, (404, "parent_not_found")),
        ([1, 2], (422, "invalid_fields")),
    ],
)
def test_a_folder_that_cannot_be_is_refused(api, owner, data, answer):
    make_folder(owner, "/taken")

    assert code(api.post(ENTRIES, data, format="json")) == answer


def test_half_a_letter_is_no_name(api):
    reply = api.post(ENTRIES, rb'{"kind": "folder", "name": "\ud800"}', content_type="application/json")

    assert code(reply) == (422, "invalid_fields")


def test_a_field_at_fault_is_named(api):
    reply = post(api, ENTRIES, {"kind": "folder", "name": "a/b"})

    assert [error["field"] for error in reply.json()["errors"]] == ["name"]


def test_an_entry_is_renamed_moved_and_starred(api, owner):
    entry, folder = write_file(owner, "/a.txt"), make_folder(owner, "/b")

    reply = patch(api, entry, {"name": "c.txt", "parent": str(folder.id), "starred": True})

    assert reply.status_code == 200
    assert (reply.json()["path"], reply.json()["starred"]) == ("/b/c.txt", True)
    assert code(patch(api, folder, {"parent": str(folder.id)})) == (409, "move_into_itself")
    assert code(patch(api, make_folder(owner, "/d"), {"parent": str(entry.id)})) == (409, "not_a_folder")
    assert code(patch(api, entry, {"name": ""})) == (422, "invalid_name")
    assert code(patch(api, entry, {"parent": None})) == (422, "invalid_fields")


def test_a_lost_update_is_refused(api, owner):
    entry = write_file(owner, "/a.txt")
    seen = api.get(url_of(entry))["ETag"]
    patch(api, entry, {"starred": True})

    assert code(patch(api, entry, {"name": "b"}, **{"If-Match": seen})) == (412, "precondition_failed")
    refused = api.delete(url_of(entry), headers={"If-Match": seen})
    assert code(refused) == (412, "precondition_failed")
    now = api.get(url_of(entry))["ETag"]
    assert patch(api, entry, {"name": "b"}, **{"If-Match": now}).status_code == 200
    assert code(patch(api, entry, {"name": "c"}, **{"If-Match": '"'})) == (400, "bad_header")


def test_an_entry_goes_into_the_trash_and_comes_back(api, owner):
    entry = write_file(owner, "/a.txt", size=5)

    trashed = api.delete(url_of(entry))
    assert (trashed.status_code, trashed.json()["trashed_at"] is not None) == (200, True)
    assert api.get(url_of(entry)).json()["trashed_at"] == trashed.json()["trashed_at"]
    assert [one["id"] for one in api.get(ENTRIES, {"trashed": "true"}).json()["results"]] == [str(entry.id)]
    assert code(api.delete(url_of(entry))) == (404, "not_found")

    restored = post(api, url_of(entry, "restore"))
    assert (restored.status_code, restored.json()["path"]) == (200, "/a.txt")
    assert "trashed_at" not in restored.json()
    assert code(post(api, url_of(entry, "restore"))) == (409, "not_in_trash")

    assert api.delete(url_of(entry) + "?permanent=true").status_code == 204
    assert code(api.get(url_of(entry))) == (404, "not_found")
    assert used_bytes(owner) == 0


def test_an_entry_is_copied(api, owner):
    entry, folder = write_file(owner, "/a.txt", size=5), make_folder(owner, "/b")

    plain = post(api, url_of(entry, "copy"))
    placed = post(api, url_of(entry, "copy"), {"parent": str(folder.id), "name": "c.txt"})

    assert (plain.status_code, plain.json()["path"]) == (201, "/a (copy).txt")
    assert (placed.status_code, placed.json()["path"]) == (201, "/b/c.txt")
    taken = post(api, url_of(entry, "copy"), {"parent": str(folder.id), "name": "c.txt"})
    assert code(taken) == (409, "name_taken")


def _requests(entry):
    """Every route to an entry, by method and address, with a body that its owner could send."""
    return [
        ("get", url_of(entry), None),
        ("patch", url_of(entry), {"name": "x"}),
        ("delete", url_of(entry), None),
        ("delete", url_of(entry) + "?permanent=true", None),
        ("post", url_of(entry, "copy"), {}),
        ("post", url_of(entry, "restore"), {}),
        ("get", url_of(entry, "manifest"), None),
        ("get", f"{ENTRIES}?parent={entry.id}", None),
        ("post", ENTRIES, {"kind": "folder", "name": "x", "parent": str(entry.id)}),
        ("get", "/api/v1/paths/a.txt", None),
        ("get", f"{ENTRIES}?q=a&parent={entry.id}", None),
        ("get", url_of(entry, "archive"), None),
        ("post", url_of(entry, "verify"), {}),
        ("get", url_of(entry, "versions"), None),
        ("get", url_of(entry, "versions", "1", "content"), None),
        ("post", url_of(entry, "versions", "1", "restore"), {}),
        ("delete", url_of(entry, "versions", "1"), None),
    ]


REQUESTS = len(_requests(Entry(id=ABSENT)))


@pytest.mark.parametrize("index", range(REQUESTS))
def test_a_stranger_gets_the_answer_for_what_does_not_exist(stranger_api, stranger, owner, index):
    entry, absent = write_file(owner, "/a.txt"), write_file(stranger, "/mine.txt")
    absent.id = uuid4()
    replies = []
    for target in (entry, absent):
        method, url, data = _requests(target)[index]
        reply = getattr(stranger_api, method)(url, data, format="json")
        replies.append((code(reply), reply.json()["detail"]))

    assert replies[0] == replies[1]
    assert replies[0][0][0] == 404
    assert access.find(owner, entry.id).path == "/a.txt"


@pytest.mark.parametrize("index", range(REQUESTS))
def test_nobody_gets_in_without_a_name(anonymous, owner, index):
    entry = write_file(owner, "/a.txt")
    method, url, data = _requests(entry)[index]

    reply = getattr(anonymous, method)(url, data, format="json")

    assert code(reply) == (401, "not_signed_in")
    assert anonymous.get("/api/v1/me").status_code == 401


def test_nothing_of_a_stranger_can_be_moved_or_copied_to(api, owner, stranger):
    mine, theirs = write_file(owner, "/a.txt"), make_folder(stranger, "/theirs")

    assert code(patch(api, mine, {"parent": str(theirs.id)})) == (404, "not_found")
    assert code(post(api, url_of(mine, "copy"), {"parent": str(theirs.id)})) == (404, "not_found")
    assert access.find(owner, mine.id).path == "/a.txt"


def test_what_is_described_is_what_is_sent(owner):
    file = write_file(owner, "/a.txt")
    tree.trash(owner, file.id)

    shown = presenting.entry_out(describe_one(owner, file.id))

    assert list(shown) == list(serializers.EntryOut().fields)
    assert list(shown["copies"]) == list(serializers.CopiesOut().fields)


def test_every_route_of_the_tree_is_tried_by_a_stranger_and_by_nobody():
    """Whoever adds a route adds it to a test of who may not use it, and then here."""
    elsewhere = {"content/<path:path>", "entries/<uuid:entry_id>/content"}  # test_content_access
    elsewhere |= {"uploads", "uploads/<uuid:upload_id>"}  # test_tus_access
    elsewhere |= {"batch"}  # test_batches: an answer for each entry
    elsewhere |= {"entries/<uuid:entry_id>/shares", "shares", "shares/<uuid:share_id>"}  # test_shares_api
    elsewhere |= {"auth/tokens"}  # tests/accounts
    elsewhere |= {"me", "paths", "paths/", "trash", "changes"}  # these concern nothing but what is one's own
    requests = _requests(Entry(id=ABSENT))
    tried = {resolve(urlsplit(url).path).route.removeprefix("api/v1/") for _, url, _ in requests}

    assert {str(pattern.pattern) for pattern in urls.urlpatterns} == tried | elsewhere


@pytest.mark.parametrize("value", ["maybe", "", "ture"])
def test_a_yes_or_no_that_is_neither_changes_nothing(api, owner, value):
    file = write_file(owner, "/a.txt")

    for address in (f"/api/v1/entries/{file.id}", "/api/v1/content/a.txt"):
        refused = api.delete(f"{address}?permanent={value}")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "permanent")
    assert api.get(f"/api/v1/entries/{file.id}").json().get("trashed_at") is None


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("starred=true&trashed=true", ["trashed"]),
        ("parent={root}&starred=true&recent=true", ["recent", "starred"]),
        ("q=a&shared=true", ["shared"]),
        ("q=a&recent=true&starred=true", ["recent"]),
    ],
)
def test_what_would_be_left_out_of_account_is_refused(api, query, fields):
    root = api.get("/api/v1/me").json()["root_id"]

    reply = api.get("/api/v1/entries?" + query.format(root=root))

    assert code(reply) == (422, "invalid_fields")
    assert [error["field"] for error in reply.json()["errors"]] == fields
    assert api.get(f"/api/v1/entries?q=a&parent={root}&starred=true&trashed=true").status_code == 200


def test_who_knows_an_entry_already_is_told_that_it_is_the_same(api, owner):
    file = write_file(owner, "/a.txt")
    for address in (f"{ENTRIES}/{file.id}", "/api/v1/paths/a.txt"):
        etag = api.get(address)["ETag"]

        known = api.get(address, headers={"If-None-Match": f'"x", W/{etag}'})
        assert (known.status_code, known.content, known["ETag"]) == (304, b"", etag)
        assert api.get(address, headers={"If-None-Match": '"x"'}).json()["id"] == str(file.id)
        assert api.get(address, headers={"If-None-Match": '"open'}).json()["code"] == "bad_header"
        tree.star(owner, file.id, starred="paths" not in address)
        assert api.get(address, headers={"If-None-Match": etag}).status_code == 200


def test_who_knows_an_entry_is_told_what_changed_of_it_without_its_etag(api, owner):
    file, folder = write_file(owner, "/a/b.txt"), make_folder(owner, "/a")
    first = api.get(url_of(file))

    def ask_again(known):
        return api.get(url_of(file), headers={"If-None-Match": known["ETag"]})

    tree.rename(owner, folder.id, "c")
    moved = ask_again(first)
    Content.objects.update(sha256=bytes(32))
    hashed = ask_again(moved)

    assert (moved.json()["path"], hashed.json()["sha256"]) == ("/c/b.txt", "00" * 32)
    assert moved.json()["etag"] == first.json()["etag"]
    assert ask_again(hashed).status_code == 304
    starred = patch(api, file, {"starred": True}, **{"If-Match": first["ETag"]})
    assert starred.status_code == 200  # the entry itself is as it was seen
    assert code(patch(api, file, {"starred": False}, **{"If-Match": hashed["ETag"]})) == (
        412,
        "precondition_failed",
    )
    assert patch(api, file, {"starred": False}, **{"If-Match": starred["ETag"]}).status_code == 200
