"""Every command of `dfs` against the whole system, with real files: its JSON and its exit codes."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import requests

from dfsclient.cli.app import COMMANDS
from dfsclient.cli.exits import Exit
from tests.cluster.client import Client
from tests.cluster.conftest import MIB, wait_until_healed
from tests.dfsclient.conftest import Command, snapshot
from tests.system import PROJECT, System

pytestmark = pytest.mark.cluster

PASSWORD = "a long pass phrase"
LARGE = os.urandom(9 * MIB + 321)


class Walk:
    """`dfs` as a person runs it; remembers which commands were used."""

    def __init__(self, home: Path, **env: str) -> None:
        home.mkdir()
        own = {"HOME": str(home), "XDG_CONFIG_HOME": f"{home}/.config", "XDG_STATE_HOME": f"{home}/.state"}
        fixed = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "LANG": "C.UTF-8"}
        self.home = home
        self.command = Command(home, own | fixed | env)
        self.used: set[str] = set()

    def text(self, *words: object, exit_code: Exit = Exit.OK, stdin: str = "") -> str:
        """Run a command that must end so; returns what it printed, or the sentence that it refused with."""
        self.used.add(str(words[0]))
        done = self.command(*words, stdin=stdin.encode())
        assert done.returncode == exit_code, (words, done.returncode, done.stdout, done.stderr)
        if exit_code in (Exit.OK, Exit.DEGRADED, Exit.PARTLY):
            return done.stdout
        assert done.stderr.strip() and "Traceback" not in done.stderr, (words, done.stderr)
        return done.stderr

    def json(self, *words: object, exit_code: Exit = Exit.OK, stdin: str = "") -> Any:
        """Run a command that must end so with --json; returns its document."""
        self.used.add(str(words[0]))
        done = self.command(*words, "--json", stdin=stdin.encode())
        assert done.returncode == exit_code, (words, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def outcomes(self, *words: object, exit_code: Exit = Exit.OK) -> list[str]:
        told = self.json(*words, exit_code=exit_code)
        assert told["done"] + told["failed"] == len(told["results"])
        return sorted(one["outcome"] for one in told["results"])


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    return Walk(tmp_path / "home")


@pytest.mark.timeout(1800)  # a process for each of its many commands
def test_every_command_of_dfs_does_on_the_whole_system_what_it_says(
    system: System, client: Client, walk: Walk
) -> None:
    person = {"username": "dora", "password": PASSWORD}
    assert requests.post(f"{client.base}/auth/register", json=person, timeout=60).status_code == 201
    make_files(walk.home)

    sign_in(system, walk, "dora", PASSWORD)
    send_and_look(walk)
    fetch(walk)
    arrange(walk)
    go_back(walk)
    give(walk)
    be_refused_the_cluster(walk)
    assert walk.json("logout") == {"url": system.url, "revoked": True}
    walk.text("ls", exit_code=Exit.SIGN_IN)

    wait_until_healed(system)
    sign_in(system, walk, "admin", system.admin_password, "--admin")
    look_after_the_cluster(walk, [f"node-{number}" for number in range(1, system.nodes + 1)])
    walk.text("logout")

    names = {one.__name__.replace("_", "-") for one in COMMANDS} | {"nodes"}
    assert walk.used == names


def make_files(home: Path) -> None:
    (home / "album/deep").mkdir(parents=True)
    (home / "album/ü 1.txt").write_text("grüße")
    (home / "album/deep/large.bin").write_bytes(LARGE)
    (home / "album/empty").touch()
    (home / "note.txt").write_text("first")


def sign_in(system: System, walk: Walk, name: str, password: str, *more: str) -> None:
    words = ("login", system.url, "--username", name, "--password-stdin", *more)
    walk.text(*words, exit_code=Exit.SIGN_IN, stdin="not the password\n")
    walk.text("ls", exit_code=Exit.SIGN_IN)
    told = walk.json(*words, stdin=f"{password}\n")
    assert (told["url"], told["username"]) == (system.url, name) and "token" not in told


def send_and_look(walk: Walk) -> None:
    assert walk.outcomes("mkdir", "-p", "/trip/days") == ["done"]
    assert walk.outcomes("mkdir", "/trip", exit_code=Exit.CONFLICT) == ["failed"]
    assert walk.outcomes("put", "-r", "album", "/trip/") == ["done"] * 3
    again = walk.json("put", "-r", "album", "/trip/")["results"]
    outcomes = {Path(one["source"]).name: one["outcome"] for one in again}
    assert outcomes == dict.fromkeys(("empty", "large.bin", "ü 1.txt"), "unchanged")
    assert walk.outcomes("put", "note.txt", "gone.txt", "/trip/", exit_code=Exit.PARTLY) == ["done", "failed"]
    assert walk.outcomes("put", "album", "/trip/", exit_code=Exit.USAGE) == ["failed"]
    walk.text("put", "-", "/trip/piped.txt", stdin="through a pipe")

    listed = walk.json("ls", "/trip")
    assert [one["name"] for one in listed] == ["album", "days", "note.txt", "piped.txt"]
    assert [one["kind"] for one in listed] == ["folder"] * 2 + ["file"] * 2
    assert walk.text("ls", "/trip").split() == ["album/", "days/", "note.txt", "piped.txt"]
    walk.text("ls", "/nowhere", exit_code=Exit.NOT_FOUND)
    drawn = [one["path"] for one in walk.json("tree", "/trip/album")]
    assert drawn == [f"/trip/album/{name}" for name in ("deep", "deep/large.bin", "empty", "ü 1.txt")]
    walk.text("tree", "/nowhere", exit_code=Exit.NOT_FOUND)
    summed = walk.json("du", "/trip")
    assert (summed["files"], summed["size_bytes"]) == (5, len(LARGE) + 7 + 5 + 14)
    walk.text("du", "/nowhere", exit_code=Exit.NOT_FOUND)


def fetch(walk: Walk) -> None:
    assert walk.outcomes("get", "-r", "/trip/album", "back") == ["done"] * 3
    assert snapshot(walk.home / "back") == snapshot(walk.home / "album")
    assert walk.outcomes("get", "/trip/none", "/trip/note.txt", "back/", exit_code=Exit.PARTLY) == [
        *("done", "failed"),
    ]
    assert walk.outcomes("get", "/trip/none", exit_code=Exit.NOT_FOUND) == ["failed"]
    assert walk.text("cat", "/trip/note.txt", "/trip/piped.txt") == "firstthrough a pipe"
    walk.text("cat", "/trip/none", exit_code=Exit.NOT_FOUND)
    assert [one["is_sound"] for one in walk.json("verify", "-r", "/trip/album")["results"]] == [True] * 3
    walk.text("verify", "/trip/none", exit_code=Exit.NOT_FOUND)


def arrange(walk: Walk) -> None:
    assert walk.outcomes("mv", "/trip/piped.txt", "/trip/days/") == ["done"]
    assert walk.outcomes("mv", "/trip/piped.txt", "/trip/days/", exit_code=Exit.NOT_FOUND) == ["failed"]
    assert walk.outcomes("cp", "/trip/album", "/trip/twin") == ["done"]
    assert walk.outcomes("cp", "/trip/none", "/trip/twin", exit_code=Exit.NOT_FOUND) == ["failed"]
    assert walk.text("cat", "/trip/twin/ü 1.txt") == "grüße"
    assert walk.outcomes("rm", "/trip/twin", exit_code=Exit.USAGE) == ["failed"]
    assert walk.outcomes("rm", "-r", "/trip/twin", "/trip/none", exit_code=Exit.PARTLY) == ["done", "failed"]
    walk.text("ls", "/trip/twin", exit_code=Exit.NOT_FOUND)
    (trashed,) = walk.json("trash")
    assert trashed["path"] == "/trip/twin"
    assert walk.outcomes("restore", trashed["id"]) == ["done"]
    assert walk.outcomes("restore", trashed["id"], exit_code=Exit.CONFLICT) == ["failed"]
    assert walk.outcomes("rm", "-r", "--permanent", "/trip/twin") == ["done"]
    assert walk.json("trash") == []


def go_back(walk: Walk) -> None:
    (walk.home / "note.txt").write_text("second")
    walk.text("put", "note.txt", "/trip/")
    assert [(one["number"], one["is_current"]) for one in walk.json("versions", "/trip/note.txt")] == [
        *((2, True), (1, False)),
    ]
    walk.text("versions", "/trip/note.txt", "--restore", 1)
    assert walk.text("cat", "/trip/note.txt") == "first"
    walk.text("versions", "/trip/note.txt", "--restore", 9, exit_code=Exit.NOT_FOUND)
    walk.text("versions", "/trip/days", exit_code=Exit.CONFLICT)


def give(walk: Walk) -> None:
    (shared,) = walk.json("share", "/trip", "--user", "admin", "--role", "editor")
    assert (shared["user"], shared["role"]) == ("admin", "editor")
    (link,) = walk.json("share", "/trip/note.txt", "--link", "--expires", "7d")
    assert (link["role"], link["has_password"]) == ("download", False) and link["expires_at"]
    with urllib.request.urlopen(link["url"], timeout=60) as page:
        assert "note.txt" in page.read().decode()
    assert walk.json("share", "/trip/note.txt", "--revoke", link["id"]) == []
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(link["url"], timeout=60)
    assert [one["id"] for one in walk.json("share", "/trip")] == [shared["id"]]
    walk.text("share", "/trip", "--user", "nobody-there", exit_code=Exit.FAILED)
    walk.text("share", "/nowhere", exit_code=Exit.NOT_FOUND)


def be_refused_the_cluster(walk: Walk) -> None:
    for words in (("nodes",), ("nodes", "rebalance"), ("confirm-restore", "--yes")):
        walk.text(*words, exit_code=Exit.SIGN_IN)


def look_after_the_cluster(walk: Walk, names: list[str]) -> None:
    assert sorted(node["name"] for node in walk.json("nodes")) == names
    health = walk.json("status")["health"]
    assert health == walk.json("doctor")["health"] == "healthy"
    assert "healthy" in walk.text("status") and "healthy" in walk.text("doctor")
    assert walk.json("confirm-restore", "--yes") == {"was_open": False}
    walk.text("confirm-restore", exit_code=Exit.USAGE)
    assert walk.json("nodes", "scrub", names[0], "--yes")["ordered_at"]
    assert walk.json("nodes", "scrub", names[0], "--progress")["copies"] >= 0
    assert walk.json("nodes", "rebalance", "--progress")["threshold"] > 0
    assert walk.json("nodes", "drain", names[0], "--yes")["duty"] == "draining"
    walk.text("nodes", "retire", names[0], "--yes", exit_code=Exit.CONFLICT)
    assert walk.json("nodes", "activate", names[0])["duty"] == "active"
    walk.text("nodes", "drain", names[0], exit_code=Exit.USAGE)
    walk.text("nodes", "drain", "node-x", "--yes", exit_code=Exit.NOT_FOUND)
