import json

import pytest

from dfsclient import verification


def test_sound_files_are_said_to_be_and_the_exit_code_is_0(service, dfs):
    service.file("/box/a.txt", b"hello")
    service.file("/box/in/b.txt", b"hello")

    done = dfs("verify", "-r", "/box", "--json")

    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert (told["sound"], told["degraded"], told["failed"]) == (2, 0, 0)
    assert told["results"][0] == {
        "path": "/box/a.txt",
        "is_sound": True,
        "size": 5,
        "chunks": 2,
        "copies": 6,
        "good_copies": 6,
        "short": 0,
        "lost": 0,
        "error": None,
    }


@pytest.mark.parametrize(
    ("kept", "words"), [(2, "2 chunks with too few copies"), (0, "2 chunks without any copy")]
)
def test_a_file_that_lacks_copies_is_exit_code_6(service, dfs, kept, words):
    service.file("/a.txt", b"hello")
    service.file("/b.txt", b"hello")
    service.kept_copies["/b.txt"] = kept

    done = dfs("verify", "/a.txt", "/b.txt")

    assert done.returncode == 6
    assert "sound /a.txt: 6 copies verified" in done.stderr
    assert f"/b.txt: {words} of 2 chunks" in done.stderr


def test_a_node_that_does_not_answer_leaves_a_file_unproven(service, dfs):
    service.file("/a.txt", b"hello")
    service.silent_copies = 1

    done = dfs("verify", "/a.txt", "--quiet")

    assert done.returncode == 6
    assert "no answer about 1 copy" in done.stderr


def test_folders_need_r_and_what_is_not_there_is_told(service, dfs):
    service.file("/box/a.txt", b"hello")

    assert dfs("verify", "/box").returncode == 2
    assert dfs("verify", "/no").returncode == 4
    assert dfs("verify", "/no", "/box/a.txt").returncode == 7


def test_a_long_file_is_verified_in_parts_and_each_is_told(service, client, monkeypatch):
    monkeypatch.setattr(verification, "PART_BYTES", 2)
    service.file("/a.txt", b"hello")
    told = []

    found = client.verify("/a.txt", progress=lambda done, total: told.append((done, total)))

    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]
    assert (found.chunks, found.copies, found.good_copies, found.is_sound) == (6, 18, 18, True)


def test_an_empty_file_is_sound_and_nobody_is_asked(service, client):
    service.file("/a.txt", b"")

    assert client.verify("/a.txt").is_sound
    assert service.asked("POST", "/entries") == []


def test_making_and_restoring_can_be_tried_first(service, dfs):
    service.file("/a.txt", b"hello")
    dfs("rm", "/a.txt")
    (entry_id,) = [one.id for one in service.nodes.values() if one.trashed]

    made = dfs("mkdir", "--dry-run", "/box")
    restored = dfs("restore", "--dry-run", entry_id)

    assert (made.returncode, restored.returncode) == (0, 0)
    assert "would make /box" in made.stderr
    assert f"would restore {entry_id} → /a.txt" in restored.stderr
    assert service.paths() == set()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("/b", ["/box/"]), ("/box/", ["/box/a.txt", "/box/b.txt"]), ("/box/a", ["/box/a.txt"]), ("/no/", [])],
)
@pytest.mark.parametrize("command", ["cat", "get"])
def test_the_shell_completes_remote_paths(service, dfs, command, typed, expected):
    service.file("/box/a.txt", b"hello")
    service.file("/box/b.txt", b"hello")
    dfs.env |= {"_DFS_COMPLETE": "complete_bash", "COMP_WORDS": f"dfs {command} {typed}", "COMP_CWORD": "2"}

    done = dfs()

    assert done.stdout.split() == expected


def test_without_a_sign_in_nothing_is_completed_and_nothing_is_said(service, dfs):
    del dfs.env["DFS_URL"], dfs.env["DFS_TOKEN"]
    dfs.env |= {"_DFS_COMPLETE": "complete_bash", "COMP_WORDS": "dfs cat /b", "COMP_CWORD": "2"}

    done = dfs()

    assert (done.stdout.strip(), done.stderr) == ("", "")
