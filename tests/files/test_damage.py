"""Who learns which files are damaged: owners of their own, administrators of all, nobody else of any."""

import ipaddress
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from files import damage, tree
from files.damage import DamagedFile
from files.models import Entry
from nodes import health, replication
from nodes.models import Chunk, Node, Replica
from tests.files.conftest import person, token_client
from tests.storagenode.running_node import RunningNode

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def lose(running_nodes: list[RunningNode]) -> Callable[[], None]:
    """Remove every chunk file there is, and let workers find it out, as after a reader's doubt."""

    def lose_all() -> None:
        health.probe_all()
        Chunk.objects.make_due()
        while replication.replicate_due():
            pass
        for node in running_nodes:
            for file in Path(node.data / "chunks").glob("??/??/*"):
                file.unlink()
        Replica.objects.doubt(list(Replica.objects.values_list("id", flat=True)))
        Chunk.objects.all().make_due()
        while replication.replicate_due():
            pass

    return lose_all


@pytest.fixture
def admin(db: None) -> User:
    user = person("admin")
    user.is_staff = user.is_superuser = True
    user.save()
    return user


def put(api, path: str, content: bytes) -> None:
    reply = api.put(f"/api/v1/content{path}", content, content_type="application/octet-stream")
    assert reply.status_code in (200, 201), reply.content


def named(files: list[DamagedFile]) -> list[tuple[str, str, int, bool]]:
    return [(file.owner, file.path, file.version, file.is_current) for file in files]


def told(api) -> list[tuple[str, str]]:
    """Names in the problem LOST_CHUNK as this account reads it."""
    reply = api.get("/api/v1/cluster")
    assert reply.status_code == 200
    lost = [problem for problem in reply.json()["problems"] if problem["code"] == "LOST_CHUNK"]
    return [(file["owner"], file["path"]) for problem in lost for file in problem["files"]]


def test_without_a_loss_nothing_is_damaged(api, owner):
    put(api, "/whole.txt", b"whole")

    assert damage.damaged_files(None) == []
    assert told(api) == []


def test_everybody_learns_of_their_own_and_administrators_of_all(api, stranger_api, admin, lose):
    put(api, "/mine.txt", b"one of mine")
    put(stranger_api, "/theirs.txt", b"one of theirs")
    lose()

    assert told(api) == [("owner", "/mine.txt")]
    assert told(stranger_api) == [("stranger", "/theirs.txt")]
    assert told(token_client(admin, scopes=["read", "admin"])) == [
        ("owner", "/mine.txt"),
        ("stranger", "/theirs.txt"),
    ]
    assert told(token_client(admin, scopes=["read"])) == [], (
        "a token without the scope is nobody's administrator"
    )


def test_older_versions_and_the_trash_are_named_and_what_was_purged_is_not(api, owner, lose):
    put(api, "/versions.txt", b"first")
    put(api, "/versions.txt", b"second")
    put(api, "/trashed.txt", b"in the trash")
    put(api, "/purged.txt", b"gone for good")
    tree.trash(owner, Entry.objects.get(name="trashed.txt").id)
    purged = Entry.objects.get(name="purged.txt").id
    assert api.delete(f"/api/v1/entries/{purged}?permanent=true").status_code == 204
    lose()

    assert named(damage.damaged_files(owner)) == [
        ("owner", "/trashed.txt", 1, True),
        ("owner", "/versions.txt", 1, False),
        ("owner", "/versions.txt", 2, True),
    ]


def test_storing_the_same_bytes_again_mends_every_file_that_needs_them(api, stranger_api, lose):
    put(api, "/mine.txt", b"the same in both")
    put(stranger_api, "/theirs.txt", b"the same in both")
    lose()
    assert told(api) == [("owner", "/mine.txt")]

    put(stranger_api, "/again.txt", b"the same in both")

    assert told(api) == told(stranger_api) == []
    assert api.get("/api/v1/content/mine.txt").content == b"the same in both"


def test_an_administrator_elsewhere_learns_of_their_own_files_alone(api, admin, lose, settings):
    put(api, "/theirs.txt", b"lost")
    lose()
    browser = Client()
    browser.force_login(admin)
    assert told(browser) == [("owner", "/theirs.txt")]

    settings.ADMIN_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]

    assert told(browser) == []


def test_staff_see_the_damaged_files_in_the_admin_and_others_no_page_at_all(api, owner, admin, lose):
    put(api, "/mine & yours.txt", b"lost")
    lose()
    browser = Client()
    assert browser.get("/admin/doctor").status_code == 302
    browser.force_login(owner)
    assert browser.get("/admin/doctor").status_code == 302

    browser.force_login(admin)
    page = browser.get("/admin/doctor").content.decode()
    first_page = browser.get("/admin/").content.decode()

    assert "LOST_CHUNK" in page
    assert "owner: /mine &amp; yours.txt, version 1 (current)" in page
    assert "docs/problems/LOST_CHUNK.md" in page
    assert "LOST_CHUNK" in first_page


def test_staff_who_may_not_see_nodes_see_no_banner(owner):
    owner.is_staff = True
    owner.save()
    browser = Client()
    browser.force_login(owner)
    assert "/admin/doctor" not in browser.get("/admin/").content.decode()

    owner.user_permissions.add(Permission.objects.get(codename="view_node"))
    Node.objects.update(health=Node.Health.OFFLINE)
    assert "NODE_DOWN" in browser.get("/admin/").content.decode()
