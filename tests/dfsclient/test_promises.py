"""What every command of `dfs` promises: exit codes, sentences, what goes where, and dry runs."""

import json
import os
import subprocess
import sys

import pytest
import typer

import dfsclient
from dfsclient.cli.app import app
from tests.dfsclient.conftest import MIB

READING = {"ls", "cat", "tree", "du", "trash", "verify", "status", "nodes", "doctor"}
CHANGING = {"put", "get", "rm", "mv", "cp", "mkdir", "share", "versions", "restore"}
CHANGING |= {"nodes drain", "nodes activate", "nodes retire"}
ORDERING = {"login", "logout", "confirm-restore", "nodes rebalance", "nodes scrub"}
"""What has nothing to say beforehand, or tells it with --progress."""


@pytest.mark.parametrize(
    ("status", "code"), [(401, 3), (403, 3), (404, 4), (409, 5), (412, 5), (503, 6), (507, 1), (422, 1)]
)
def test_each_refusal_has_its_exit_code_and_one_sentence(service, dfs, status, code):
    service.faults.add("GET", "/paths/", times=99, status=status)

    done = dfs("cat", "/a.txt")

    assert done.returncode == code
    (said,) = done.stderr.strip().splitlines()
    assert said.startswith("dfs: /a.txt: Too few storage nodes answer")
    assert "(request req-1)" in said


def test_with_json_an_error_is_one_line_of_json_on_standard_error(dfs):
    done = dfs("ls", "/missing", "--json")

    assert (done.returncode, done.stdout) == (4, "")
    error = json.loads(done.stderr)["error"]
    assert (error["code"], error["request_id"], error["exit_code"]) == ("not_found", "req-1", 4)


def test_a_server_that_is_not_there_is_a_sentence(dfs):
    done = dfs("ls", DFS_URL="http://127.0.0.1:1")

    assert done.returncode == 1
    assert "does not answer (connection refused)" in done.stderr
    assert "Traceback" not in done.stderr


def test_quiet_says_nothing_and_progress_is_for_terminals_only(service, dfs):
    (dfs.home / "a").write_bytes(os.urandom(2 * MIB))

    done = dfs("put", "a", "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "\x1b" not in dfs("put", "a").stderr


def test_quiet_leaves_what_was_asked_for_and_hides_what_is_said_about_it(service, dfs):
    service.file("/box/a.txt", b"12345")
    service.file("/gone", b"x")
    dfs("rm", "/gone")
    dfs("share", "/box", "--user", "bob")

    for words in (
        ("ls", "-l", "/box"),
        ("trash",),
        ("tree", "/box"),
        ("du", "/box"),
        ("cat", "/box/a.txt"),
        ("share", "/box"),
        ("versions", "/box/a.txt"),
        ("nodes",),
        ("nodes", "scrub", "node-a", "--progress"),
        ("ls", "/box", "--json"),
    ):
        quiet = dfs(*words, "--quiet")
        assert (quiet.returncode, quiet.stderr) == (0, ""), words
        assert quiet.stdout and quiet.stdout == dfs(*words).stdout, words
    assert "There is nothing" in dfs("ls", "/missing", "--quiet").stderr


def test_a_name_cannot_steer_the_terminal(service, dfs):
    (dfs.home / "a\x9b31mred").write_text("x")

    done = dfs("put", "a\x9b31mred", "/b")

    assert "\x9b" not in done.stderr


def test_a_file_whose_name_is_no_utf_8_is_named_and_the_others_go_up(service, dfs):
    for name in (b"tree/broken-\xff.txt", b"tree/good.txt", b"alone-\xff.txt"):
        file = os.path.join(os.fsencode(dfs.home), name)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as out:
            out.write(b"x")

    done = dfs("put", "-r", "--json", "tree", "/new")
    alone = dfs("put", os.fsdecode(b"alone-\xff.txt"))

    outcomes = {item["source"]: item["outcome"] for item in json.loads(done.stdout)["results"]}
    assert outcomes == {"tree/broken-\udcff.txt": "failed", "tree/good.txt": "done"}
    assert (done.returncode, alone.returncode) == (7, 2)
    assert "is not valid UTF-8; rename it first" in alone.stderr
    assert service.paths() == {"/new", "/new/good.txt"}


def test_a_folder_whose_name_is_no_utf_8_is_sent_under_another(service, dfs):
    folder = os.path.join(os.fsencode(dfs.home), b"tree-\xff")
    os.mkdir(folder)
    with open(os.path.join(folder, b"a"), "wb") as out:
        out.write(b"x")

    done = dfs("put", "-r", os.fsdecode(b"tree-\xff"), "/new")

    assert (done.returncode, service.paths()) == (0, {"/new", "/new/a"})


def test_what_standard_output_has_no_character_for_is_escaped(service, dfs):
    service.file("/übung.txt", b"x")

    listed = dfs("ls", PYTHONIOENCODING="ascii")
    told = dfs("ls", "--json", PYTHONIOENCODING="ascii")

    assert (listed.returncode, told.returncode) == (0, 0)
    assert "\\xfcbung.txt" in listed.stdout
    assert json.loads(told.stdout)[0]["name"] == "übung.txt"


def test_every_command_is_there_with_the_options_that_all_share():
    commands = dict(typer.main.get_command(app).commands)
    commands |= {f"nodes {name}": one for name, one in commands["nodes"].commands.items()}
    options = {
        name: {flag for one in command.params for flag in one.opts} for name, command in commands.items()
    }

    assert set(commands) == READING | CHANGING | ORDERING
    assert {name for name, flags in options.items() if "--json" not in flags} == {"cat"}  # it gives bytes
    assert {name for name, flags in options.items() if "--quiet" not in flags} == set()
    assert {name for name, flags in options.items() if "--dry-run" in flags} == CHANGING
    assert {name for name, flags in options.items() if "-r" in flags} == {"put", "get", "rm", "verify"}


def test_wrong_use_is_exit_code_2(dfs):
    for words in (("frobnicate",), ("put",), ("ls", "--wrong"), ("ls", "/a/../b"), ("put", "-", "/a/")):
        assert dfs(*words).returncode == 2


def test_the_version_is_the_package_s(dfs):
    assert dfs("--version").stdout == f"dfs {dfsclient.__version__}\n"


def test_a_dry_run_changes_nothing(service, dfs):
    service.file("/a", b"a")
    (dfs.home / "b").write_text("b")
    before = service.paths()

    for words in (
        ("put", "b", "-n"),
        ("put", "-r", ".", "/x/", "-n"),
        ("get", "/a", "-n"),
        ("get", "/a", "-", "-n"),
        ("rm", "/a", "-n"),
        ("mv", "/a", "/c", "-n"),
    ):
        done = dfs(*words)
        assert (done.returncode, done.stdout, "would" in done.stderr) == (0, "", True)

    assert service.paths() == before
    assert not (dfs.home / "a").exists()
    assert {method for method, _, _ in service.seen} == {"GET"}


def test_a_mistake_in_the_program_is_one_sentence_and_a_traceback_only_on_request(dfs):
    broken = (
        "from dfsclient.cli.app import app, main\n"
        "@app.command()\n"
        "def broken() -> None:\n"
        "    raise RuntimeError('two\\nlines')\n"
        "main()\n"
    )

    def run(**more):
        words = [sys.executable, "-c", broken, "broken"]
        env = {**dfs.env, **more}
        return subprocess.run(words, capture_output=True, env=env, cwd=dfs.home, text=True, timeout=60)

    told, traced = run(), run(DFS_DEBUG="1")

    assert (told.returncode, told.stdout) == (1, "")
    (said,) = told.stderr.splitlines()
    assert said.startswith("dfs: a mistake in this program: RuntimeError: two lines")
    assert "DFS_DEBUG=1" in said
    assert traced.returncode == 1
    assert "Traceback" in traced.stderr
