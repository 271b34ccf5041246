"""`dfs ls`, `mv`, `cp`, `rm`, `restore` and `mkdir`."""

import json
import time
from datetime import UTC, datetime

from dfsclient.cli.output import local_time


def test_ls_lists_plainly_long_and_as_json(service, dfs):
    service.file("/box/b.txt", b"12345")
    service.folder("/box/sub")

    assert dfs("ls", "/box").stdout == "b.txt\nsub/\n"
    assert dfs("ls", "-l", "/box").stdout.split()[:2] == ["5", "B"]
    assert "2/3" in dfs("ls", "-l", "/box").stdout
    entries = json.loads(dfs("ls", "/box", "--json").stdout)
    assert [(entry["path"], entry["size"], entry["modified_at"]) for entry in entries] == [
        ("/box/b.txt", 5, "2026-02-03T04:05:06Z"),
        ("/box/sub", 0, "2026-02-03T04:05:06Z"),
    ]
    assert json.loads(dfs("ls", "/box/sub", "--json").stdout) == []


def test_mv_renames_and_moves_into_folders(service, dfs):
    service.file("/a", b"a")
    service.file("/b", b"b")
    service.folder("/box")

    assert dfs("mv", "/a", "/c").returncode == 0
    assert dfs("mv", "/b", "/c", "/box").returncode == 0
    assert dfs("mv", "/box/b", "/missing/").returncode == 4
    assert dfs("mv", "/box/b").returncode == 2

    assert service.paths() == {"/box", "/box/b", "/box/c"}


def test_cp_copies_on_the_server(service, dfs):
    service.file("/a", b"a")

    assert dfs("cp", "/a", "/b").returncode == 0
    assert dfs("cp", "/a", "/b").returncode == 5

    assert service.bytes_of("/b") == b"a"


def test_rm_puts_into_the_trash_from_where_restore_brings_back(service, dfs):
    service.file("/box/a", b"a")

    assert dfs("rm", "/box").returncode == 2
    assert dfs("rm", "/").returncode == 2
    assert dfs("rm", "-r", "/box").returncode == 0
    assert dfs("ls").stdout == ""
    (trashed,) = json.loads(dfs("trash", "--json").stdout)
    assert dfs("restore", trashed["id"]).returncode == 0
    assert dfs("rm", "--permanent", "/box/a").returncode == 0

    assert service.paths() == {"/box"}
    assert json.loads(dfs("trash", "--json").stdout) == []


def test_mkdir_makes_one_or_all(service, dfs):
    assert dfs("mkdir", "/a/b").returncode == 4
    assert dfs("mkdir", "-p", "/a/b").returncode == 0
    assert dfs("mkdir", "-p", "/a/b").returncode == 0
    assert dfs("mkdir", "/a").returncode == 5

    assert service.paths() == {"/a", "/a/b"}


def test_a_time_before_all_that_this_machines_clocks_tell_is_listed_in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert local_time(datetime(1, 1, 1, tzinfo=UTC)) == f"{datetime(1, 1, 1):%Y-%m-%d} 00:00"
        assert local_time(datetime(2026, 1, 1, 12, tzinfo=UTC)) == "2026-01-01 07:00"
    finally:
        monkeypatch.undo()
        time.tzset()
