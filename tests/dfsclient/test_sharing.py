"""`dfs share`, `versions`, `tree` and `du`."""

import json
from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def album(service):
    folder = service.folder("/album/day 1")
    service.commit(service.find("/album").id, "a.txt", b"12345", "fail")
    service.commit(folder.id, "b.txt", b"123", "fail")
    return service.find("/album")


def test_a_folder_is_shared_listed_and_taken_back(service, dfs, album):
    made = dfs("share", "/album", "--user", "bob", "--role", "editor")
    (share_id,) = service.shares

    assert made.stdout == f"{share_id}  editor    bob\n"
    assert dfs("share", "/album").stdout == made.stdout
    assert dfs("share", "/album", "--revoke", share_id).returncode == 0
    assert dfs("share", "/album", "--json").stdout == "[]\n"
    assert dfs("share", "/album", "--revoke", share_id).returncode == 4


def test_a_link_has_its_terms_and_its_password_comes_by_standard_input(service, dfs, album):
    words = ("share", "/album", "--link", "--password-stdin", "--expires", "7d", "--max-downloads", "3")
    (made,) = json.loads(dfs(*words, "--json", stdin=b"open sesame\n").stdout)

    assert made["url"] == f"{service.url}/s/{made['id']}"
    assert (made["role"], made["has_password"], made["max_downloads"]) == ("download", True, 3)
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert service.passwords == ["open sesame"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("--user", "bob", "--link"),
        ("--user", "bob", "--expires", "7d"),
        ("--link", "--expires", "soon"),
    ],
)
def test_what_does_not_fit_together_is_a_usage_error(dfs, album, service, wrong):
    assert dfs("share", "/album", *wrong).returncode == 2
    assert not service.shares


def test_versions_are_listed_and_brought_back(service, dfs, album):
    service.find("/album/a.txt").version = 3

    found = json.loads(dfs("versions", "/album/a.txt", "--json").stdout)
    assert [(one["number"], one["is_current"]) for one in found] == [(3, True), (2, False), (1, False)]
    assert "current" in dfs("versions", "/album/a.txt").stdout.splitlines()[0]
    assert dfs("versions", "/album/a.txt", "--restore", "1").returncode == 0
    assert service.find("/album/a.txt").version == 4
    assert dfs("versions", "/album/a.txt", "--restore", "9").returncode == 4


def test_a_dry_run_shares_takes_back_and_restores_nothing(service, dfs, album):
    dfs("share", "/album", "--user", "bob")
    service.find("/album/a.txt").version = 3
    (share_id,) = service.shares
    before = len(service.seen)

    for words, said in {
        ("share", "/album", "--user", "eve"): "would share /album with eve as viewer",
        ("share", "/album", "--link"): "would share /album by a link to download",
        ("share", "/album", "--revoke", share_id): "would no longer share /album so",
        ("versions", "/album/a.txt", "--restore", "1"): "would make /album/a.txt what it was in version 1",
    }.items():
        done = dfs(*words, "--dry-run")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", said + "\n")
    (planned,) = json.loads(dfs("share", "/album", "--link", "--role", "view", "-n", "--json").stdout)
    assert (planned["id"], planned["role"], planned["url"]) == (None, "view", None)
    assert json.loads(dfs("share", "/album", "--revoke", share_id, "-n", "--json").stdout) == []

    assert {method for method, _, _ in service.seen[before:]} == {"GET"}
    assert (list(service.shares), service.find("/album/a.txt").version) == ([share_id], 3)


@pytest.mark.parametrize(
    "words",
    [
        ("share", "/missing", "--link"),
        ("share", "/album", "--revoke", "share-of-another"),
        ("versions", "/album/a.txt", "--restore", "9"),
    ],
)
def test_a_dry_run_finds_what_is_not_there(dfs, album, words):
    assert dfs(*words, "--dry-run").returncode == 4


def test_a_tree_is_drawn_and_added_up(dfs, album):
    assert dfs("tree", "/").stdout.splitlines() == [
        "/",
        "└── album/",
        "    ├── a.txt",
        "    └── day 1/",
        "        └── b.txt",
    ]
    assert [one["path"] for one in json.loads(dfs("tree", "/album", "--json").stdout)] == [
        "/album/a.txt",
        "/album/day 1",
        "/album/day 1/b.txt",
    ]
    assert json.loads(dfs("du", "/album", "--json").stdout) == {
        "path": "/album",
        "size_bytes": 8,
        "files": 2,
        "entries": [
            {"path": "/album/a.txt", "size_bytes": 5, "files": 1},
            {"path": "/album/day 1", "size_bytes": 3, "files": 1},
        ],
    }
    assert dfs("du", "/album").stdout.splitlines()[-1].split() == ["8", "B", "/album"]
