"""What of a shared folder is seen: all below it, nothing above it, by those it is shared with alone."""

from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group

from files import access, browsing, listing, sharing, tree
from files.errors import NotFound, ParentGone
from files.listing import Paging
from tests.files.conftest import entry_of, make_folder, write_file
from tests.files.sharing.conftest import give, write_into


def test_a_viewer_sees_the_folder_and_all_below_it_and_nothing_above(owner, friend, album):
    give(owner, album, "viewer")

    assert access.find(friend, album.id).path == "/album"
    assert access.find(friend, entry_of("b.jpg").id).path == "/album/day 1/b.jpg"
    with pytest.raises(NotFound):
        access.find(friend, entry_of("private").id)
    with pytest.raises(NotFound):
        access.find(friend, tree.root_folder(owner).id)


def test_a_path_begins_at_what_is_shared_for_the_friend_and_at_the_root_for_the_owner(
    owner, friend, album, api, friend_api
):
    give(owner, album, "viewer")
    url = f"/api/v1/entries/{album.id}"

    theirs, own = friend_api.get(url).json(), api.get(url).json()

    assert (theirs["path"], theirs["parent"], theirs["role"]) == ("/album", None, "viewer")
    assert (own["path"], own["parent"], own["role"]) == (
        "/private/album",
        str(entry_of("private").id),
        "owner",
    )
    inner = friend_api.get("/api/v1/entries", {"parent": str(album.id)}).json()["results"]
    assert [(entry["path"], entry["parent"]) for entry in inner] == [
        ("/album/day 1", str(album.id)),
        ("/album/a.jpg", str(album.id)),
    ]
    assert {entry["role"] for entry in inner} == {"viewer"}
    assert "private" not in str(theirs) + str(inner)


def test_the_crumbs_of_a_page_begin_at_what_is_shared(owner, friend, album):
    give(owner, album, "viewer")
    day = entry_of("day 1")

    assert [crumb.name for crumb in browsing.crumbs(access.find(friend, day.id))] == ["album", "day 1"]
    assert [crumb.name for crumb in browsing.crumbs(access.find(owner, day.id))][1:] == [
        "private",
        "album",
        "day 1",
    ]


def test_what_is_shared_is_listed_each_by_itself_and_never_ones_own(owner, friend, album):
    give(owner, album, "viewer")
    give(owner, entry_of("b.jpg"), "editor")
    write_file(friend, "/mine")

    shared = listing.shared(friend, Paging()).results

    assert [(entry.path, entry.role, entry.owner) for entry in shared] == [
        ("/album", "viewer", "owner"),
        ("/album/day 1/b.jpg", "editor", "owner"),
    ]
    assert listing.shared(owner, Paging()).results == []
    assert [entry.name for entry in listing.recent(friend, Paging()).results] == ["mine"]


def test_the_list_of_what_is_shared_comes_in_pages(owner, friend, friend_api):
    for number in range(5):
        give(owner, make_folder(owner, f"/f{number}"), "viewer")

    names, url = [], "/api/v1/entries?shared=true&limit=2"
    while url:
        page = friend_api.get(url).json()
        names += [entry["name"] for entry in page["results"]]
        url = page["next"] and "?".join(urlsplit(page["next"])[2:4])

    assert names == [f"f{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("order", "files"), [("owner", ["of friend", "of owner"]), ("-owner", ["of owner", "of friend"])]
)
def test_what_is_shared_is_ordered_by_whose_it_is_page_by_page(owner, friend, stranger, order, files):
    for giver in (owner, friend):
        for name in ("folder", "other"):
            sharing.share_with(
                giver, make_folder(giver, f"/{name}").id, role="viewer", username=stranger.username
            )
        file = write_file(giver, f"/of {giver.username}")
        sharing.share_with(giver, file.id, role="viewer", username=stranger.username)

    found, cursor = [], None
    while cursor or not found:
        page = listing.shared(stranger, Paging(order=order, limit=1, cursor=cursor))
        found, cursor = [*found, *page.results], page.next_cursor

    owners = [entry.owner for entry in found if entry.is_folder]
    assert owners == sorted(owners, reverse=order == "-owner")
    assert [entry.name for entry in found[len(owners) :]] == files
    assert (len(owners), len({entry.id for entry in found})) == (4, 6)


def test_a_group_sees_what_is_shared_with_it_while_one_is_in_it(owner, friend, stranger, album):
    team = Group.objects.create(name="team")
    owner.groups.add(team)
    friend.groups.add(team)
    give(owner, album, "editor", group="team")

    assert access.find(friend, album.id).role == "editor"
    with pytest.raises(NotFound):
        access.find(stranger, album.id)
    friend.groups.remove(team)
    with pytest.raises(NotFound):
        access.find(friend, album.id)


def test_the_nearest_share_decides_and_of_two_on_one_entry_the_stronger(owner, friend, album):
    team = Group.objects.create(name="team")
    owner.groups.add(team)
    friend.groups.add(team)
    give(owner, album, "editor")
    give(owner, entry_of("day 1"), "viewer")
    give(owner, album, "viewer", group="team")

    assert access.find(friend, album.id).role == "editor"
    assert access.find(friend, entry_of("b.jpg").id).role == "viewer"
    assert access.find(friend, entry_of("b.jpg").id).path == "/album/day 1/b.jpg"


def test_nothing_is_seen_below_a_folder_in_the_trash(owner, friend, album):
    give(owner, album, "editor")
    tree.trash(owner, entry_of("private").id)

    with pytest.raises(NotFound):
        access.find(friend, entry_of("a.jpg").id)
    assert listing.shared(friend, Paging()).results == []
    with pytest.raises(ParentGone):
        write_into(friend, album, "late")


def test_search_finds_what_lies_in_a_shared_folder_and_only_there(owner, friend, album, friend_api):
    give(owner, album, "viewer")
    write_file(owner, "/private/a.txt")

    def found(**query):
        return [one["path"] for one in friend_api.get("/api/v1/entries", query).json()["results"]]

    assert found(q="a", parent=str(album.id)) == ["/album/a.jpg"]
    assert found(q="b", parent=str(entry_of("day 1").id)) == ["/album/day 1/b.jpg"]
    assert found(q="a") == []
