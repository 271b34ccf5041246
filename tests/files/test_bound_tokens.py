"""A token that is bound to a folder: that folder is the topmost one, and nothing is beyond it."""

import pytest
from django.db import transaction

from accounts.models import Token
from files import access, resumable, sharing, tree, uploads
from files.errors import NotFound, ParentGone
from files.models import Entry, Upload
from files.sharing import LinkTerms
from files.tus import Wanted
from nodes.models import Content
from tests.files.conftest import code, make_folder, person, token_client, used_bytes, write_file
from tests.files.tus_requests import create, patch

pytestmark = pytest.mark.usefixtures("cluster")

ENTRIES = "/api/v1/entries"
CONTENT = "/api/v1/content/"


@pytest.fixture
def folder(owner):
    write_file(owner, "/outside/secret.txt", size=3)
    write_file(owner, "/work/in/a.txt", size=5)
    return make_folder(owner, "/work")


@pytest.fixture
def bound(owner, folder):
    return token_client(owner, folder_id=folder.id)


def entry(name):
    return Entry.objects.get(name=name)


def names(reply):
    return [one["path"] for one in reply.json()["results"]]


def sign_in(anonymous, owner, **fields):
    owner.set_password("long enough 7")
    owner.save()
    body = {"username": owner.username, "password": "long enough 7"} | fields
    return anonymous.post("/api/v1/auth/tokens", body, format="json")


def test_it_is_made_with_its_folder_and_tells_it(anonymous, owner, folder):
    made = sign_in(anonymous, owner, folder=str(folder.id))

    assert made.status_code == 201
    assert made.json()["folder"] == str(folder.id)
    anonymous.credentials(HTTP_AUTHORIZATION=f"Token {made.json()['token']}")
    assert anonymous.get("/api/v1/me").json()["root_id"] == str(folder.id)
    assert names(anonymous.get(ENTRIES)) == ["/in"]


def test_only_to_a_folder_of_ones_own_and_without_the_scope_admin(anonymous, owner, folder):
    theirs = make_folder(person("friend"), "/theirs")
    sharing.share_with(theirs.owner, theirs.id, role="editor", username=owner.username)
    owner.is_staff = True

    for folder_id in (theirs.id, entry("a.txt").id, "0" * 32):
        assert code(sign_in(anonymous, owner, folder=str(folder_id))) == (422, "invalid")
    refused = sign_in(anonymous, owner, folder=str(folder.id), scopes=["read", "admin"])
    assert refused.status_code in (403, 422)
    sign_in(anonymous, owner, folder=str(folder.id))
    assert Token.objects.get(folder_id=folder.id).scopes == ["read", "write"]


def test_paths_begin_at_its_folder(bound, folder):
    shown = bound.get(f"{ENTRIES}/{entry('a.txt').id}").json()
    top = bound.get("/api/v1/paths/").json()

    assert shown["path"] == "/in/a.txt"
    assert (top["id"], top["path"], top["parent"]) == (str(folder.id), "/", None)
    assert bound.get("/api/v1/paths/in/a.txt").json()["id"] == shown["id"]
    assert names(bound.get("/api/v1/paths/in?children=true")) == ["/in/a.txt"]
    assert bound.get("/api/v1/paths/work").status_code == 404
    assert bound.get("/api/v1/paths/../outside").status_code == 422


def test_what_it_writes_lies_in_its_folder(bound, owner, folder):
    made = bound.put(f"{CONTENT}new/b.txt?parents=true", b"hello", content_type="text/plain")
    url = create(bound, 3, filename="c.bin")["Location"]
    sent = patch(bound, url, 0, b"abc")

    assert made.json()["path"] == "/new/b.txt"
    assert bound.get(f"{ENTRIES}/{sent['Dfs-Entry']}").json()["path"] == "/c.bin"
    assert access.find(owner, entry("b.txt").id).path == "/work/new/b.txt"
    assert access.find(owner, entry("c.bin").id).path == "/work/c.bin"
    assert used_bytes(owner) == 3 + 5 + 5 + 3


def test_lists_and_search_know_nothing_of_the_rest(bound, api, owner):
    for name in ("secret.txt", "a.txt"):
        tree.star(owner, entry(name).id)
    for query in ("?starred=true", "?recent=true", "?q=txt", "?q=a", "?q=secret"):
        assert set(names(bound.get(ENTRIES + query))) <= {"/in/a.txt"}
    for query in ("?starred=true", "?q=txt"):
        assert names(bound.get(ENTRIES + query)) == ["/in/a.txt"]
    friend = person("friend")
    write_file(friend, "/theirs/x", size=1)
    sharing.share_with(friend, entry("theirs").id, role="editor", username=owner.username)
    assert names(bound.get(f"{ENTRIES}?shared=true")) == []
    assert bound.get(f"{ENTRIES}/{entry('x').id}").status_code == 404
    assert api.get(f"{ENTRIES}/{entry('x').id}").status_code == 200


def test_its_folder_stays_where_it_is(bound, folder, owner):
    address = f"{ENTRIES}/{folder.id}"

    for reply in (
        bound.delete(address),
        bound.patch(address, {"name": "x"}, format="json"),
        bound.patch(address, {"starred": True}, format="json"),
        bound.post(f"{address}/copy", {}, format="json"),
        bound.post(f"{address}/shares", {"role": "view"}, format="json"),
    ):
        assert code(reply) == (409, "root_is_fixed")
    assert bound.delete(f"{address}?permanent=true").status_code == 404
    batch = {"operation": "trash", "ids": [str(folder.id)]}
    for operation in ("trash", "star", "purge"):
        reply = bound.post("/api/v1/batch", batch | {"operation": operation}, format="json").json()
        assert reply["results"][0]["error"]
    assert access.find(owner, folder.id).starred is False


def test_nothing_moves_out_and_nothing_in(bound, owner):
    inside, outside = entry("in"), entry("outside")

    moved_out = bound.patch(f"{ENTRIES}/{inside.id}", {"parent": str(outside.id)}, format="json")
    moved_in = bound.patch(f"{ENTRIES}/{outside.id}", {"parent": str(inside.id)}, format="json")
    copied_out = bound.post(f"{ENTRIES}/{inside.id}/copy", {"parent": str(outside.id)}, format="json")
    copied_in = bound.post(f"{ENTRIES}/{outside.id}/copy", {"parent": str(inside.id)}, format="json")

    assert {code(one) for one in (moved_out, moved_in, copied_out, copied_in)} == {(404, "not_found")}
    assert access.find(owner, inside.id).path == "/work/in"


def test_its_trash_is_that_of_its_folder(bound, owner):
    for name in ("secret.txt", "a.txt"):
        tree.trash(owner, entry(name).id)

    assert names(bound.get(f"{ENTRIES}?trashed=true")) == ["/in/a.txt"]
    assert bound.get(f"{ENTRIES}/{entry('secret.txt').id}").status_code == 404
    assert bound.post(f"{ENTRIES}/{entry('secret.txt').id}/restore").status_code == 404
    assert bound.post(f"{ENTRIES}/{entry('a.txt').id}/restore").json()["path"] == "/in/a.txt"
    tree.trash(owner, entry("a.txt").id)
    tree.trash(owner, entry("in").id)
    assert bound.delete("/api/v1/trash").json() == {"purged": 2}
    assert entry("secret.txt").purged_at is None


def test_what_is_restored_without_its_folder_goes_to_the_top_of_its_own(bound, owner):
    tree.trash(owner, entry("a.txt").id)
    tree.trash(owner, entry("in").id)

    assert bound.post(f"{ENTRIES}/{entry('a.txt').id}/restore").json()["path"] == "/a.txt"
    assert access.find(owner, entry("a.txt").id).path == "/work/a.txt"


def test_shares_are_those_of_what_lies_in_its_folder(bound, owner):
    shares = {
        name: sharing.make_link(owner, entry(name).id, role="view", terms=LinkTerms())
        for name in ("secret.txt", "a.txt", "work")
    }
    made = bound.post(f"{ENTRIES}/{entry('in').id}/shares", {"role": "view"}, format="json")

    listed = {one["entry"]["path"] for one in bound.get("/api/v1/shares").json()["results"]}
    assert made.status_code == 201
    assert listed == {"/in/a.txt", "/in"}
    for name in ("secret.txt", "work"):
        assert bound.get(f"/api/v1/shares/{shares[name].id}").status_code == 404
        assert bound.delete(f"/api/v1/shares/{shares[name].id}").status_code == 404
    assert bound.delete(f"/api/v1/shares/{shares['a.txt'].id}").status_code == 204


def test_uploads_are_those_into_its_folder(bound, owner, folder):
    theirs = resumable.create(owner, Wanted(filename="x", path="/outside/"), length=3).upload
    mine = resumable.create(owner, Wanted(filename="x", parent_id=folder.id), length=3).upload

    assert [one["id"] for one in bound.get("/api/v1/uploads").json()["results"]] == [str(mine.id)]
    assert patch(bound, f"/api/v1/uploads/{theirs.id}", 0, b"abc").status_code == 404
    assert create(bound, 3, parent=entry("outside").id).status_code == 404
    assert Upload.objects.count() == 2


def test_a_folder_that_leaves_while_bytes_are_on_their_way_does_not_take_them_along(owner, folder):
    inside = entry("in")
    owner.confined_to = folder.id
    target = uploads.target_in(owner, inside.id, "b.txt", on_conflict="fail")
    free = type(owner).objects.get(id=owner.id)
    tree.move(free, inside.id, tree.root_folder(free).id)

    with pytest.raises(ParentGone):
        write_to(owner, target)
    assert not Entry.objects.filter(name="b.txt").exists()


def write_to(user, target):
    with transaction.atomic():
        content = Content.objects.create(size=1)
        uploads.commit_content(user, content.id, 1, target)


@pytest.mark.parametrize("end", [tree.trash, lambda owner, folder_id: tree.trash(owner, entry("above").id)])
def test_when_its_folder_is_in_the_trash_it_finds_nothing(owner, end):
    write_file(owner, "/above/work/a.txt", size=1)
    folder = entry("work")
    bound = token_client(owner, folder_id=folder.id)
    tree.trash(owner, entry("a.txt").id)
    end(owner, folder.id)

    for path in ("/api/v1/me", ENTRIES, f"{ENTRIES}?trashed=true", f"{ENTRIES}?q=a", f"{CONTENT}a.txt"):
        assert bound.get(path).status_code == 404
    assert bound.get(f"{ENTRIES}/{entry('a.txt').id}").status_code == 404
    assert bound.delete("/api/v1/trash").status_code == 404
    assert bound.put(f"{CONTENT}b.txt", b"x", content_type="text/plain").status_code == 404
    with pytest.raises(NotFound):
        owner.confined_to = folder.id
        access.root_folder(owner)


def test_account_changes_and_cluster_are_beyond_it(bound):
    for path in ("auth/tokens", "auth/sessions", "changes", "cluster"):
        assert code(bound.get(f"/api/v1/{path}")) == (403, "beyond_folder")


def test_it_is_told_nothing_that_another_token_was_answered(api, bound):
    key = {"Idempotency-Key": "same"}
    first = api.post(ENTRIES, {"kind": "folder", "name": "x"}, format="json", headers=key)
    second = bound.post(ENTRIES, {"kind": "folder", "name": "x"}, format="json", headers=key)

    assert (first.json()["path"], second.json()["path"]) == ("/x", "/x")
    assert first.json()["id"] != second.json()["id"]
