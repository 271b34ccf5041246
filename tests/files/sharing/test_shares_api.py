"""Shares by HTTP: made, listed, changed, revoked, and refused."""

from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.files.conftest import code, entry_of, make_folder
from tests.files.sharing.conftest import give


def test_shares_are_made_listed_changed_and_revoked_by_the_api(api, friend_api, friend, album):
    url = f"/api/v1/entries/{album.id}"
    made = api.post(f"{url}/shares", {"user": "friend", "role": "viewer"}, format="json")
    again = api.post(f"{url}/shares", {"user": "friend", "role": "viewer"}, format="json")
    one = f"/api/v1/shares/{made.json()['id']}"

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == {
        "id": made.json()["id"],
        "entry": {"id": str(album.id), "kind": "folder", "name": "album", "path": "/private/album"},
        "role": "viewer",
        "user": "friend",
        "group": None,
        "link": None,
        "created_at": made.json()["created_at"],
    }
    assert api.get(f"{url}/shares").json()["results"] == [made.json()]
    assert api.get(one).json() == made.json()
    assert friend_api.get(url).status_code == 200
    assert api.patch(one, {"role": "editor"}, format="json").json()["role"] == "editor"
    assert friend_api.get(url).json()["role"] == "editor"
    assert api.delete(one).status_code == 204
    assert code(friend_api.get(url)) == (404, "not_found")
    assert code(api.delete(one)) == (404, "not_found")


def test_ones_shares_come_in_pages_the_newest_first(owner, friend, api, friend_api):
    for number in range(5):
        give(owner, make_folder(owner, f"/f{number}"), "viewer")

    names, url = [], "/api/v1/shares?limit=2"
    while url:
        page = api.get(url).json()
        names += [share["entry"]["name"] for share in page["results"]]
        url = page["next"] and "?".join(urlsplit(page["next"])[2:4])

    assert names == [f"f{number}" for number in reversed(range(5))]
    assert friend_api.get("/api/v1/shares").json()["results"] == []
    assert code(api.get("/api/v1/shares?cursor=x")) == (400, "bad_cursor")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": "king"},
        {"role": "viewer"},
        {"user": "friend"},
        {"user": "friend", "group": "team", "role": "viewer"},
        {"user": "friend", "role": "viewer", "password": "x"},
        {"user": "friend\u0000", "role": "viewer"},
        {"role": "download", "expires_at": "2001-01-01T00:00:00Z"},
        {"role": "download", "max_downloads": 0},
    ],
)
def test_a_share_that_makes_no_sense_is_a_problem_of_its_fields(api, friend, album, body):
    reply = api.post(f"/api/v1/entries/{album.id}/shares", body, format="json")

    assert reply.status_code == 422, reply.content
    assert reply.json()["errors"]


def test_a_viewer_is_forbidden_and_a_stranger_finds_nothing(owner, friend_api, stranger_api, friend, album):
    share = give(owner, album, "viewer")
    url, file = f"/api/v1/entries/{album.id}", f"/api/v1/entries/{entry_of('a.jpg').id}"

    assert code(friend_api.patch(file, {"name": "x"}, format="json")) == (403, "read_only")
    assert code(friend_api.delete(file)) == (403, "read_only")
    assert code(friend_api.delete(f"{file}?permanent=true")) == (403, "owner_only")
    assert code(friend_api.put(f"{file}/content", b"x", content_type="text/plain")) == (403, "read_only")
    assert code(friend_api.get(f"{url}/shares")) == (403, "owner_only")
    assert code(friend_api.patch(f"/api/v1/shares/{share.id}", {"role": "editor"}, format="json"))[0] == 404
    for reply in (
        stranger_api.get(url),
        stranger_api.get(f"{file}/content"),
        stranger_api.get(f"{url}/shares"),
        stranger_api.post(f"{url}/shares", {"user": "stranger", "role": "editor"}, format="json"),
        stranger_api.delete(f"/api/v1/shares/{share.id}"),
    ):
        assert code(reply) == (404, "not_found")
    assert code(stranger_api.get(f"/api/v1/entries/{uuid4()}")) == (404, "not_found")
