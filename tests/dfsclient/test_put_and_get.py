"""`dfs put`, `get` and `cat`: files, folders and pipes."""

import json
import os

from tests.dfsclient.conftest import MIB, snapshot


def outcomes_of(done):
    return {item["target"]: item["outcome"] for item in json.loads(done.stdout)["results"]}


def test_a_file_goes_up_and_comes_back_by_plain_paths(service, dfs):
    (dfs.home / "sample.txt").write_text("hello")

    assert dfs("put", "sample.txt").returncode == 0
    assert dfs("put", "sample.txt", "/foo.txt").returncode == 0
    assert dfs("put", "sample.txt", "new/").returncode == 0
    assert dfs("get", "/foo.txt", "out.txt").returncode == 0
    assert dfs("get", "/new/sample.txt", "in/").returncode == 0

    assert service.paths() == {"/sample.txt", "/foo.txt", "/new", "/new/sample.txt"}
    assert (dfs.home / "out.txt").read_text() == "hello"
    assert (dfs.home / "in/sample.txt").read_text() == "hello"


def test_what_a_link_leads_to_goes_up_under_the_name_of_the_link(service, dfs):
    (dfs.home / "tree").mkdir()
    (dfs.home / "tree/report-7.txt").write_text("seven")
    (dfs.home / "latest.txt").symlink_to("tree/report-7.txt")
    (dfs.home / "album").symlink_to("tree")

    assert dfs("put", "latest.txt").returncode == 0
    assert dfs("put", "-r", "album").returncode == 0
    assert dfs("put", "-r", "tree/.", "/dot/").returncode == 0
    assert dfs("put", "-r", "album/..", "/up/", "--dry-run").returncode == 0

    paths = {"/latest.txt", "/album", "/album/report-7.txt", "/dot", "/dot/tree", "/dot/tree/report-7.txt"}
    assert service.paths() == paths
    assert service.bytes_of("/latest.txt") == b"seven"


def test_an_existing_folder_takes_a_file_as_cp_does(service, dfs):
    service.folder("/box")
    (dfs.home / "a").write_text("a")
    (dfs.home / "b").write_text("b")

    assert dfs("put", "a", "b", "/box").returncode == 0
    assert dfs("put", "a", "b", "/missing").returncode == 2
    assert dfs("put", "--into", "/other", "a", "b").returncode == 0

    assert service.paths() == {"/box", "/box/a", "/box/b", "/other", "/other/a", "/other/b"}


def test_pipes_go_both_ways(service, dfs):
    data = os.urandom(3 * MIB)
    service.file("/in", data)

    shell = f"{' '.join(dfs.words('cat', '/in'))} | {' '.join(dfs.words('put', '-', '/out'))}"
    assert dfs.run_shell(shell) == 0

    assert service.bytes_of("/out") == data


def test_a_reader_who_has_seen_enough_is_no_error_to_talk_about(service, dfs):
    service.file("/in", os.urandom(3 * MIB))
    errors_file = dfs.home / "errors"

    dfs.run_shell(f"{' '.join(dfs.words('cat', '/in'))} 2>{errors_file} | head -c 10 >/dev/null")

    assert errors_file.read_text() == ""


def test_folders_go_up_and_come_back_with_all_that_is_in_them(service, dfs):
    tree = dfs.home / "tree"
    (tree / "deep/er").mkdir(parents=True)
    (tree / "empty").mkdir()
    for number in range(12):
        (tree / f"deep/{number} ä%.txt").write_text(str(number))
    (tree / "deep/er/big.bin").write_bytes(os.urandom(2 * MIB))

    assert dfs("put", "tree", "/x").returncode == 2
    assert dfs("put", "-r", "tree", "/x/").returncode == 0
    assert dfs("get", "-r", "/x/tree", "back").returncode == 0

    assert "/x/tree/empty" in service.paths()
    assert snapshot(dfs.home / "back") == snapshot(tree)


def test_a_second_put_of_a_folder_sends_only_what_changed(service, dfs):
    tree = dfs.home / "tree"
    tree.mkdir()
    for name in ("a", "b", "c"):
        (tree / name).write_text(name)
    dfs("put", "-r", "tree")
    (tree / "b").write_text("B")
    before = len(service.asked("PUT"))

    done = dfs("put", "-r", "tree", "--json")

    assert outcomes_of(done) == {"/tree/a": "unchanged", "/tree/b": "done", "/tree/c": "unchanged"}
    assert len(service.asked("PUT")) == before + 1
    assert service.bytes_of("/tree/b") == b"B"


def test_large_files_are_known_again_before_the_service_has_hashed_them(service, dfs):
    tree = dfs.home / "tree"
    tree.mkdir()
    for name in ("kept", "changed"):
        (tree / name).write_bytes(os.urandom(2 * MIB + 5))
    dfs("put", "-r", "tree")
    for name in ("kept", "changed"):
        service.find(f"/tree/{name}").knows_sha256 = False
    times = (tree / "changed").stat()
    with (tree / "changed").open("r+b") as file:
        file.seek(2 * MIB)
        file.write(b"other")
    os.utime(tree / "changed", ns=(times.st_atime_ns, times.st_mtime_ns))

    sent = dfs("put", "-r", "tree", "--json")
    fetched = dfs("get", "-r", "/tree", "--json")

    assert outcomes_of(sent) == {"/tree/kept": "unchanged", "/tree/changed": "done"}
    assert set(outcomes_of(fetched).values()) == {"unchanged"}
    assert service.bytes_of("/tree/changed") == (tree / "changed").read_bytes()


def test_links_to_folders_and_pipes_are_left_out_and_named(service, dfs):
    tree = dfs.home / "tree"
    tree.mkdir()
    os.mkfifo(tree / "pipe")
    (tree / "loop").symlink_to(tree)
    (tree / "file").write_text("x")

    done = dfs("put", "-r", "tree")

    assert done.returncode == 0
    assert service.paths() == {"/tree", "/tree/file"}
    assert "tree/pipe" in done.stderr
    assert "tree/loop" in done.stderr


def test_partly_done_is_exit_code_7_and_says_what_failed(service, dfs):
    (dfs.home / "a").write_text("a")

    done = dfs("put", "a", "missing", "/", "--json")

    assert done.returncode == 7
    report = json.loads(done.stdout)
    assert (report["done"], report["failed"]) == (1, 1)
    failed = next(item for item in report["results"] if item["outcome"] == "failed")
    assert failed["source"] == "missing"
    assert failed["error"]["detail"] == "missing: No such file or directory; check the spelling."
    assert service.paths() == {"/a"}


def test_a_folder_is_not_replaced_by_a_file(service, dfs):
    service.file("/a", b"a")
    (dfs.home / "out/a").mkdir(parents=True)

    done = dfs("get", "/a", "out")

    assert done.returncode == 5
    assert "is a folder" in done.stderr
