"""What was killed, stopped or cut off goes on with the same command."""

import os
import random
import signal

from dfsclient import parts
from tests.dfsclient.conftest import MIB, snapshot
from tests.storagenode.running_node import wait_until


def test_a_killed_put_goes_on_with_the_same_command(service, dfs):
    data = os.urandom(5 * MIB)
    (dfs.home / "big").write_bytes(data)
    fault = service.faults.add("PATCH", "/uploads/", cut_after=2 * MIB, hold=True)
    process = dfs.start("put", "big")
    assert fault.held.wait(120)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    done = dfs("put", "big")

    assert done.returncode == 0
    assert service.bytes_of("/big") == data
    assert len(service.asked("POST", "/uploads")) == 1
    assert [headers["upload-offset"] for headers in service.asked("PATCH")] == ["0", str(2 * MIB)]
    assert list((dfs.home / ".state/dfs/uploads").iterdir()) == []


def test_a_put_killed_in_the_middle_of_its_parts_goes_on_with_each(service, dfs):
    data = random.Random(11).randbytes(parts.PARTS_FROM_BYTES)
    (dfs.home / "large").write_bytes(data)
    held = [
        service.faults.add("PATCH", "/uploads/", cut_after=number * MIB, hold=True)
        for number in range(1, parts.AT_ONCE + 1)
    ]
    process = dfs.start("put", "large")
    assert all(fault.held.wait(120) for fault in held)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert service.paths() == set()

    done = dfs("put", "large")

    assert done.returncode == 0
    assert service.bytes_of("/large") == data
    offsets = [int(headers["upload-offset"]) for headers in service.asked("PATCH")]
    assert sorted(offsets) == [0] * parts.AT_ONCE + [MIB, 2 * MIB, 3 * MIB, 4 * MIB]
    assert len(service.asked("POST", "/uploads")) == parts.AT_ONCE + 1
    assert list((dfs.home / ".state/dfs/uploads").iterdir()) == []


def test_several_files_go_side_by_side_and_each_as_one(service, dfs):
    for name in ("a", "b"):
        with open(dfs.home / name, "wb") as file:
            file.truncate(parts.PARTS_FROM_BYTES)

    assert dfs("put", "a", "b", "/box/").returncode == 0

    assert [headers.get("upload-concat") for headers in service.asked("POST", "/uploads")] == [None] * 2


def test_a_killed_get_goes_on_with_the_same_command(service, dfs):
    data = os.urandom(5 * MIB)
    service.file("/big", data)
    fault = service.faults.add("GET", "/entries/entry-1/content", cut_after=3 * MIB, hold=True)
    process = dfs.start("get", "/big")
    assert fault.held.wait(120)
    wait_until(
        lambda: sum(part.stat().st_size for part in dfs.home.glob(".big.part-*")) >= 2 * MIB,
        "half of the file",
    )
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (dfs.home / "big").exists()

    done = dfs("get", "/big")

    assert done.returncode == 0
    assert (dfs.home / "big").read_bytes() == data
    resumed_at = service.asked("GET", "/entries/entry-1/content")[-1]["range"]
    assert int(resumed_at.removeprefix("bytes=").rstrip("-")) >= 2 * MIB
    assert list(dfs.home.glob(".big.part-*")) == []


def test_a_killed_copy_of_a_folder_goes_on_under_the_name_it_was_given(service, dfs):
    tree = dfs.home / "tree"
    tree.mkdir()
    for name in ("a", "b"):
        (tree / name).write_bytes(os.urandom(2 * MIB))
    for words in (("put", "-r", "tree", "/album"), ("get", "-r", "/album", "back")):
        fault = service.faults.add(
            *(("PATCH", "/uploads/") if words[0] == "put" else ("GET", "/entries/entry-")),
            cut_after=MIB,
            hold=True,
        )
        process = dfs.start(*words)
        assert fault.held.wait(120)
        process.send_signal(signal.SIGKILL)
        process.communicate()

        assert dfs(*words).returncode == 0

    assert service.paths() == {"/album", "/album/a", "/album/b"}
    assert snapshot(dfs.home / "back") == snapshot(tree)
    assert dfs("put", "-r", "tree", "/album").returncode == 0  # a new command, into what exists
    assert "/album/tree/a" in service.paths()


def test_an_interrupted_transfer_ends_at_once_and_says_how_to_go_on(service, dfs):
    service.file("/big", os.urandom(5 * MIB))
    fault = service.faults.add("GET", "/entries/entry-1/content", cut_after=3 * MIB, hold=True)
    process = dfs.start("get", "/big")
    assert fault.held.wait(120)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)  # it is held for longer

    assert process.returncode == 130
    assert said.decode().strip() == "dfs: Stopped; the same command goes on where this one ended."


def test_a_broken_connection_is_not_noticed(service, dfs):
    data = os.urandom(3 * MIB)
    (dfs.home / "big").write_bytes(data)
    service.faults.add("PATCH", "/uploads/", cut_after=MIB)
    service.faults.add("GET", "/entries/", cut_after=MIB)

    assert dfs("put", "big").returncode == 0
    assert dfs.run_shell(f"{' '.join(dfs.words('cat', '/big'))} > back") == 0

    assert (dfs.home / "back").read_bytes() == data
