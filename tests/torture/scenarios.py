"""Short directed scenarios, one a defence: each returns what it found wrong, nothing in an honest system."""

import json
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import requests
from blake3 import blake3

from tests.cluster import audit
from tests.cluster.conftest import is_ready
from tests.storagenode.signed_client import SignedClient, name_for
from tests.torture import atlas, disks
from tests.torture.ground import CHUNK_BYTES, Ground

QUORUM = 2


def wait_until_healed(ground: Ground) -> None:
    """Wait until everything runs and every chunk has its copies."""
    system = ground.system
    system.wait_for(lambda: is_ready(system), what="the gateway and the queue")
    system.wait_for(lambda: len(ground.online()) == len(ground.nodes), what="every node")
    audit.wait_until_complete(system)


def fresh_name(ground: Ground) -> str:
    return f"s-{time.monotonic_ns()}.bin"


def stores_holding(ground: Ground, entry_id: str) -> list[int]:
    """How many disks truly hold each chunk of a file."""
    copies = audit.stored_copies(ground.system, entry_id)
    return [len({copy.node for copy in stored if copy.is_good}) for _, stored in sorted(copies.items())]


def rows_of(ground: Ground, entry_id: str) -> list[int]:
    """How many copies of each chunk of a file the database knows."""
    return [len(stored) for _, stored in sorted(audit.stored_copies(ground.system, entry_id).items())]


def acknowledged_means_two_stores(ground: Ground) -> list[str]:
    """What is acknowledged lies on two disks at once; the worker stands still, so that nobody adds to it."""
    found = []
    with ground.system.frozen_worker():
        for _ in range(4):
            name = fresh_name(ground)
            entry = ground.admin.store(name, os.urandom(2 * CHUNK_BYTES))
            if min(held := stores_holding(ground, entry["id"])) < QUORUM:
                found.append(f"acknowledged with copies on {held} disks")
            ground.admin.purge(name)  # a sabotaged one could not be mended
    return found


def thin_chunks_get_new_copies(ground: Ground) -> list[str]:
    """The same bytes sent again when one copy is left are acknowledged on two disks again."""
    body = os.urandom(CHUNK_BYTES)
    names = fresh_name(ground), fresh_name(ground)
    wait_until_healed(ground)
    with ground.system.frozen_worker():
        first = ground.admin.store(names[0], body)
        (stored,) = audit.stored_copies(ground.system, first["id"]).values()
        for copy in stored[1:]:
            copy.file.unlink()
            ground.query("UPDATE nodes_replica SET state = 'missing' WHERE id = %s", (copy.replica_id,))
        second = ground.admin.store(names[1], body)
        held = stores_holding(ground, second["id"])
    for name in names:
        ground.admin.purge(name)
    return [] if min(held) >= QUORUM else [f"acknowledged with copies on {held} disks"]


def no_bad_byte_is_served(ground: Ground) -> list[str]:
    """With every copy of a chunk rotten, a reader gets an error and not one of these bytes."""
    body = os.urandom(CHUNK_BYTES)
    name = fresh_name(ground)
    with ground.system.frozen_worker():
        entry = ground.admin.store(name, body)
        for copy in next(iter(audit.stored_copies(ground.system, entry["id"]).values())):
            atlas.zero(copy.file, random.Random(1))
        try:
            reply = ground.admin.get(name)
            served = reply.content if reply.status_code == 200 else b""
        except requests.RequestException:
            served = b""
    ground.admin.purge(name)
    return [] if body.startswith(served) else [f"{len(served)} wrong bytes served"]


def a_second_put_replaces_a_bad_file(ground: Ground) -> list[str]:
    """A node is sent the same replica twice, its file having rotted in between: the second must mend it."""
    folder = ground.folder("node-1")
    body = os.urandom(CHUNK_BYTES)
    name = name_for(body)
    file = folder / "chunks" / name[:2] / name[2:4] / name
    with signed_client(ground, "node-1") as client:
        for _ in range(2):
            answer = client.put(name, body)
            assert answer.status in (200, 201), answer
            if blake3(file.read_bytes()).hexdigest() != name[:64]:
                return [f"answered {answer.status} for a file that is not what its name says"]
            atlas.zero(file, random.Random(1))
        client.ask("DELETE", f"/v1/chunks/{name}")
    return []


@contextmanager
def signed_client(ground: Ground, node: str) -> Iterator[SignedClient]:
    """Speak to a node as a gateway does, past its proxy."""
    kept = json.loads((ground.folder(node) / "keys.json").read_text())
    client = SignedClient(ground.ports[node], key=bytes.fromhex(kept["keys"][0]), store_id=kept["store_id"])
    try:
        yield client
    finally:
        client.close()


def a_late_delete_takes_only_its_own_file(ground: Ground) -> list[str]:
    """A DELETE that waited for a node comes after the same bytes were stored there again."""
    body, system = os.urandom(CHUNK_BYTES), ground.system
    name, again = fresh_name(ground), fresh_name(ground)
    entry = ground.admin.store(name, body)
    # Of this file alone: without names of their own, copies of others are missed sooner or later.
    system.wait_for(lambda: rows_of(ground, entry["id"]) == [3], what="a copy on each node")
    system.stop_node("node-3", signal.SIGKILL)
    ground.admin.purge(name)
    waiting = (
        "SELECT r.id FROM nodes_replica r JOIN nodes_chunk c ON c.id = r.chunk_id"
        " WHERE c.digest = %s AND c.state = 'deleting'"
    )
    digest = (audit.digest_of(body),)
    system.wait_for(lambda: len(ground.query(waiting, digest)) == 1, what="one DELETE to wait for node-3")
    try:
        with system.frozen_worker():
            before = files_held(ground, "node-3", body)
            system.start_node("node-3")
            system.stop_node("node-2", signal.SIGKILL)
            system.wait_for(
                lambda: ground.admin.put(again, body).status_code in (200, 201),
                what="node-1 and node-3 to take the same bytes",
            )
            after = files_held(ground, "node-3", body)
            assert after, "node-3 holds a copy again"
            new = (after - before) or after  # without a name of its own the new one is the old one
    finally:
        system.start_node("node-2")
    system.wait_for(lambda: not ground.query(waiting, digest), what="the DELETE to come")
    is_untouched = new <= files_held(ground, "node-3", body)  # one made anew meanwhile is another file
    ground.admin.purge(again)
    return [] if is_untouched else ["the late DELETE took the new copy"]


def files_held(ground: Ground, node: str, body: bytes) -> set[tuple[str, int, int]]:
    """Return which good files of these bytes lie on a node's disk: name, inode and time of each."""
    name = blake3(body).hexdigest()
    files = list((ground.folder(node) / "chunks" / name[:2] / name[2:4]).glob(f"{name}-*"))
    good = [file for file in files if blake3(file.read_bytes()).hexdigest() == name]
    return {(file.name, file.stat().st_ino, file.stat().st_mtime_ns) for file in good}


def confirmed_copies_survive_a_power_cut(ground: Ground) -> list[str]:
    """What a node confirmed is on its disk after the power went; needs disks of their own."""
    node = "node-1"
    subprocess.run(["sync", "-f", str(ground.folder(node))], check=True)  # what other scenarios left
    ground.admin.store(fresh_name(ground), os.urandom(20 * CHUNK_BYTES))
    confirmed = {placed.replica_id for placed in ground.placed_on(node) if placed.is_good()}
    assert confirmed, "the node confirmed some"
    ground.system.stop_node(node, signal.SIGKILL)
    disks.cut_and_return(ground.folder(node), ground.image(node))
    due = [placed for placed in ground.placed_on(node) if placed.replica_id in confirmed]  # not let go since
    lost = [placed for placed in due if not placed.is_good()]
    ground.system.start_node(node)
    return [f"{len(lost)} of {len(confirmed)} confirmed copies are gone"] if lost else []


_CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed)")


def a_fresh_file_is_no_orphan(ground: Ground) -> list[str]:
    """What a node has confirmed and no row knows yet, as in the middle of any upload, stays where it is."""
    body = os.urandom(CHUNK_BYTES)
    with signed_client(ground, "node-1") as client:
        assert client.put(name_for(body), body).status == 201
    compare_listing(ground, "node-1")
    compare_listing(ground, "node-1")
    return [] if files_held(ground, "node-1", body) else ["the file of an upload under way was put aside"]


def a_listing_error_is_no_absence(ground: Ground) -> list[str]:
    """While a node's listing fails, though it does answer, no copy on it is taken for missing."""
    body = os.urandom(CHUNK_BYTES)
    name = fresh_name(ground)
    ground.admin.store(name, body)
    wait_until_healed(ground)
    before = {placed.replica_id: placed.chunk_id for placed in ground.placed() if placed.is_good()}
    chunks = ground.folder("node-1") / "chunks"
    prefix = next(f"{n:02x}" for n in range(256) if not (chunks / f"{n:02x}").exists())
    (chunks / prefix).touch()  # no folder: the node cannot tell what is below
    compare_listing(ground, "node-1")
    (chunks / prefix).unlink()
    there = {placed.replica_id for placed in ground.placed()}
    wanted = {row[0] for row in ground.query("SELECT id FROM nodes_chunk WHERE state = 'live'")}
    gone = [replica for replica, chunk in before.items() if replica not in there and chunk in wanted]
    ground.admin.purge(name)
    return [f"{len(gone)} copies are taken for missing"] if gone else []


def compare_listing(ground: Ground, node: str) -> None:
    """Have a node's listing compared now, and wait until that pass has ended, well or not."""
    store = next(store for store, holder in ground.stores().items() if holder == node)
    mine = "node_id = (SELECT id FROM nodes_node WHERE store_id = %s)"
    ask = f"SELECT greatest(pass_next_at - now(), interval '0') FROM nodes_upkeep WHERE {mine}"
    ground.system.wait_for(lambda: ground.query(ask, (store,)), what="the node to have a pass")
    (began,) = ground.query("SELECT clock_timestamp()")
    ground.query(f"UPDATE nodes_upkeep SET pass_next_at = now(), is_pass_open = false WHERE {mine}", (store,))
    ended = (
        f"SELECT 1 FROM nodes_upkeep WHERE {mine} AND pass_began_at > %s AND NOT is_pass_open"
        " AND (pass_ended_at > %s OR pass_problem <> '')"
    )
    ground.system.wait_for(
        lambda: ground.query(ended, (store, began[0], began[0])), what="the listing to be compared"
    )
    time.sleep(1)  # what follows a pass in the same task is done


def syncs_come_before_and_after_the_name(ground: Ground) -> list[str]:
    """By strace: the file is synced, then renamed, then its folder is synced, then the node answers.

    The worker stands still, so that no copy of its is half done when the tracing ends.
    """
    with ground.system.frozen_worker(), traced(ground, "node-1") as calls:
        for _ in range(6):
            ground.admin.store(fresh_name(ground), os.urandom(CHUNK_BYTES))
        time.sleep(0.2)
    found, renames = [], 0
    by_thread: dict[str, list[str]] = {}
    for thread, call in calls:
        before = by_thread.setdefault(thread, [])
        if call.startswith("rename"):
            renames += 1
            if not before or not before[-1].startswith("fdatasync"):
                found.append(f"renamed without a sync of the file: {before[-3:]}")
        if before and before[-1].startswith("rename") and not call.startswith("fsync"):
            found.append(f"no sync of the folder after the rename but {call}")
        before.append(call)
    for thread, made in by_thread.items():
        if made and made[-1].startswith("rename"):
            found.append(f"thread {thread} ended with a rename that was never synced")
    assert renames, "the node stored something"
    return found


@contextmanager
def traced(ground: Ground, node: str) -> Iterator[list[tuple[str, str]]]:
    """Record the syncs and renames of a node, thread by thread; the list is filled when the block ends."""
    output = ground.system.data.parent / "strace.txt"
    (pid,) = ground.system.pids(node)
    command = ["strace", "-f", "-p", str(pid), "-o", str(output)]
    command += ["-e", "trace=fsync,fdatasync,rename,renameat,renameat2"]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    if "attached" not in said:
        tracer.wait(10)
        raise CannotTrace(said.strip())
    calls: list[tuple[str, str]] = []
    try:
        yield calls
    finally:
        tracer.send_signal(signal.SIGINT)
        psutil.wait_procs([psutil.Process(tracer.pid)], timeout=10)
        tracer.communicate(timeout=10)
    for line in output.read_text().splitlines():
        if (match := _CALL.match(line)) and "resumed" not in line:
            calls.append((match[1], match[2]))


class CannotTrace(Exception):
    """This machine does not let one process trace another."""
