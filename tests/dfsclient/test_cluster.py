"""`dfs status`, `doctor`, `nodes` and `confirm-restore`."""

import json

import pytest


def test_status_tells_a_sound_cluster_and_a_degraded_one_apart(service, dfs):
    assert dfs("status").returncode == 0
    service.cluster.update(
        health="degraded",
        under_replicated=4,
        problems=[{"code": "node_offline", "detail": "node-b has not answered for 12 minutes."}],
    )

    done = dfs("status")

    assert done.returncode == 6
    assert "3 of 3 nodes online" in done.stdout
    assert "4 chunks short of copies" in done.stdout
    assert "node-b has not answered for 12 minutes." in done.stdout
    (problem,) = json.loads(dfs("status", "--json").stdout)["problems"]
    assert (problem["code"], problem["facts"]) == ("node_offline", {})


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"bytes_per_second": 50_000_000.0, "seconds_left": 180.0}, "about 3 min at 50.0 MB/s."),
        ({}, "how long that takes is not known yet."),
        ({"is_waiting": True}, "they wait for nodes with room."),
    ],
)
def test_status_tells_what_is_to_be_copied_and_how_long_that_takes(service, dfs, known, words):
    repair = {"chunks_left": 3, "bytes_left": 9_000_000_000, "bytes_per_second": None, "seconds_left": None}
    service.cluster.update(out_of_reach=4, repair=repair | {"is_waiting": False} | known)

    done = dfs("status")

    assert f"Copies of 3 chunks to make, 9.0 GB: {words}" in done.stdout
    assert "up to 4 chunks with a copy on a node that is away" in done.stdout
    assert json.loads(dfs("status", "--json").stdout)["repair"]["chunks_left"] == 3


LOST = {
    "code": "LOST_CHUNK",
    "severity": "critical",
    "detail": "2 pieces of files have no good copy left on any node.",
    "advice": "Bring back every node.",
    "outlook": "It is waited for.",
    "cause": "Connection refused",
    "node": None,
    "count": 2,
    "files": [
        {"entry_id": "e1", "owner": "owner", "path": "/a.txt", "version": 2, "is_current": True},
        {"entry_id": "e1", "owner": "owner", "path": "/a.txt", "version": 1, "is_current": False},
    ],
}


SHARED = {
    "code": "SHARED_DISK",
    "severity": "notice",
    "detail": "node-a and node-b keep their copies on the same disk.",
    "advice": "Give each node a disk of its own.",
    "node": None,
    "count": 2,
}


def test_the_doctor_names_each_problem_what_to_do_and_the_damaged_files(service, dfs):
    service.cluster.update(health="failing", problems=[LOST, SHARED])

    done = dfs("doctor")

    assert done.returncode == 6
    assert done.stdout.splitlines() == [
        "The cluster is failing: 1 problem, 1 notice.",
        "",
        "LOST_CHUNK (critical)",
        "  2 pieces of files have no good copy left on any node.",
        "  Next: It is waited for.",
        "  To do: Bring back every node.",
        "  Met: Connection refused",
        "  Damaged: owner:/a.txt (version 2)",
        "  Damaged: owner:/a.txt (version 1, an older version)",
        "",
        "SHARED_DISK (notice)",
        "  node-a and node-b keep their copies on the same disk.",
        "  To do: Give each node a disk of its own.",
    ]
    told = json.loads(dfs("doctor", "--json").stdout)
    assert told["health"] == "failing"
    assert [problem["code"] for problem in told["problems"]] == ["LOST_CHUNK", "SHARED_DISK"]
    assert told["problems"][0]["files"] == LOST["files"]
    assert told["problems"][0]["facts"] == {"count": 2}


def test_the_doctor_is_content_with_notices_alone(service, dfs):
    service.cluster.update(health="healthy", problems=[SHARED])
    done = dfs("doctor")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "The cluster is healthy: no problem, 1 notice."

    service.cluster.update(problems=[])
    done = dfs("doctor")
    assert (done.returncode, done.stdout) == (0, "The cluster is healthy: no problem.\n")
    assert dfs("doctor", "--quiet").stdout == ""


def test_nodes_are_shown_as_a_table(dfs):
    done = dfs("nodes")

    assert done.returncode == 0
    assert done.stdout.split()[:5] == ["NAME", "HEALTH", "DUTY", "ZONE", "USED"]
    assert "75 %" in done.stdout
    assert json.loads(dfs("nodes", "--json").stdout)[0]["name"] == "node-a"


def test_a_node_is_drained_and_retired_by_its_name_and_told_how_far_it_is(service, dfs):
    drained = dfs("nodes", "drain", "node-a", "--yes")
    assert drained.returncode == 0
    assert "node-a is draining: 12 copies (48.0 MB) left." in drained.stderr

    service.storage_node["drain"] = {"copies_left": 1, "bytes_left": 4_000_000, "seconds_left": 200.5}
    assert "draining: 1 copy (4.0 MB) left, about 3 min" in dfs("nodes").stdout
    assert json.loads(dfs("nodes", "--json").stdout)[0]["drain"] == service.storage_node["drain"]

    refused = dfs("nodes", "retire", "node-a", "--yes")
    assert refused.returncode == 5
    assert "12 pieces are still on node-a" in refused.stderr
    service.storage_node["drain"] = {"copies_left": 0, "bytes_left": 0, "seconds_left": 0}
    assert "empty, can be retired" in dfs("nodes").stdout
    retired = dfs("nodes", "retire", "node-a", "--yes", "--json")
    assert json.loads(retired.stdout)["duty"] == "retired"


def test_a_drain_is_called_off(service, dfs):
    dfs("nodes", "drain", "node-a", "-y", "-q")
    assert service.storage_node["duty"] == "draining"

    assert dfs("nodes", "activate", "node-a").returncode == 0

    assert service.storage_node["duty"] == "active"


def test_a_rebalance_tells_what_is_to_move(dfs):
    assert "The used shares differ by 25%; 2.0 GB are to move." in dfs("nodes", "rebalance").stderr
    assert json.loads(dfs("nodes", "rebalance", "--json").stdout)["bytes_left"] == 2_000_000_000


def test_the_progress_of_a_rebalance_is_told_and_nothing_is_ordered(service, dfs):
    service.rebalance |= {"moved_bytes": 1_000_000_000, "bytes_per_second": 200_000, "seconds_left": 10_000.0}
    told = dfs("nodes", "rebalance", "--progress").stdout
    assert told == (
        "The used shares differ by 25%; 1.0 GB are moved, 2.0 GB are to move, at most about 2 h.\n"
    )
    service.rebalance["waits_for"] = "a node is away"
    assert "Nothing moves now: a node is away." in dfs("nodes", "rebalance", "--progress").stdout
    told = json.loads(dfs("nodes", "rebalance", "--progress", "--json").stdout)
    assert told == service.rebalance

    assert not service.asked("POST", "/nodes/rebalance")


def test_a_scrub_is_ordered_and_its_progress_told(service, dfs):
    assert "nothing is ordered; 7 of 12 copies" in dfs("nodes", "scrub", "node-a", "--progress").stdout
    assert "12 copies (48.0 MB) are still to be read" in dfs("nodes", "scrub", "node-a", "--yes").stderr
    told = json.loads(dfs("nodes", "scrub", "node-a", "--progress", "--json").stdout)
    assert (told["copies_left"], told["bytes_left"]) == (12, 48_000_000)
    service.scrub["copies_left"] = 0
    assert "all were read" in dfs("nodes", "scrub", "node-a", "--progress").stdout
    assert dfs("nodes", "scrub", "node-x", "--yes").returncode != 0


def test_a_restore_is_confirmed_but_not_unasked(service, dfs):
    assert dfs("confirm-restore").returncode != 0
    assert service.is_restore_open
    assert "Removing goes on." in dfs("confirm-restore", "--yes").stderr
    assert json.loads(dfs("confirm-restore", "--yes", "--json").stdout) == {"was_open": False}
    assert "nothing to confirm" in dfs("confirm-restore", "-y").stderr


@pytest.mark.parametrize("verb", ["drain", "activate", "retire"])
def test_what_would_be_wanted_of_a_node_is_told_without_asking_or_doing(service, dfs, verb):
    told = dfs("nodes", verb, "node-a", "--dry-run")

    assert (told.returncode, told.stdout, told.stderr) == (0, "", f"would {verb} node-a\n")
    assert json.loads(dfs("nodes", verb, "node-a", "-n", "--json").stdout)["duty"] == "active"
    assert dfs("nodes", verb, "node-z", "-n").returncode == 4
    assert not service.asked("POST", "/nodes")


@pytest.mark.parametrize("verb", ["drain", "retire", "scrub"])
def test_without_a_terminal_nothing_is_done_unasked(service, dfs, verb):
    done = dfs("nodes", verb, "node-a")

    assert done.returncode == 2
    assert "add --yes" in done.stderr
    assert service.storage_node["duty"] == "active"


def test_a_node_that_is_not_there_is_told(dfs):
    done = dfs("nodes", "drain", "node-z", "--yes")

    assert done.returncode == 4
    assert "dfs: node-z: There is no such node; `dfs nodes` lists them." in done.stderr
