"""The end of a run: waits until all is healed, then looks at everything, through the API and behind it."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from blake3 import blake3

from tests.cluster.conftest import is_ready
from tests.system import SystemFailed
from tests.torture.nemesis import Nemesis
from tests.torture.workload import FOLDERS, Worker, World

READERS = 8
SETTLE_SECONDS = 60
"""Nodes and workers go on by themselves, rebalancing and trimming: what is wrong only for a moment is not."""
BRAKES = {"RECLAIM_STOPPED": "reclaim", "TRIM_STOPPED": "trim"}
"""So much is to go, after faults that held it up, that a person has to confirm it."""
_STATE = {
    "a claim past its end that nobody takes up": "SELECT id FROM nodes_chunk"
    " WHERE lease_until < now() AND copies_due_at < now()",
    "a live chunk that nothing needs": "SELECT id FROM nodes_chunk c WHERE state = 'live'"
    " AND NOT EXISTS (SELECT 1 FROM nodes_extent e WHERE e.chunk_id = c.id)",
    "a chunk in use that is not live": "SELECT id FROM nodes_chunk c WHERE state <> 'live'"
    " AND EXISTS (SELECT 1 FROM nodes_extent e WHERE e.chunk_id = c.id)",
    "two copies on one node": "SELECT chunk_id FROM nodes_replica WHERE state = 'stored'"
    " GROUP BY chunk_id, node_id HAVING count(*) > 1",
    "a quota that is not the sum of the versions": """
        SELECT u.user_id FROM accounts_usage u WHERE u.used_bytes <> (
            SELECT coalesce(sum(v.size), 0) FROM files_version v JOIN files_entry e ON e.id = v.entry_id
            WHERE e.owner_id = u.user_id AND e.purged_at IS NULL)""",
    "room kept for no upload, or an upload without its room": """
        SELECT u.user_id FROM accounts_usage u WHERE u.reserved_bytes <> (
            SELECT coalesce(sum(r.size_bytes), 0) FROM files_reservation r WHERE r.payer_id = u.user_id)""",
    "an upload past its expiry": "SELECT id FROM files_upload WHERE committed_at IS NULL"
    " AND created_at < now() - interval '10 min'",
    "an extent that leads nowhere": "SELECT segment_id FROM nodes_extent e"
    " WHERE NOT EXISTS (SELECT 1 FROM nodes_chunk c WHERE c.id = e.chunk_id)",
}

Finding = tuple[str, object]


@dataclass
class Audit:
    """What the end of a run found."""

    convergence_seconds: float = 0.0
    files_read: int = 0
    copies_read: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def find(self, kind: str, facts: object) -> None:
        self.findings[kind] += 1
        if self.findings[kind] <= 5:
            self.examples.append(f"{kind}: {facts}")


def converge(
    world: World, nemesis: Nemesis, *, timeout_seconds: float, tell: Callable[[float], None]
) -> float:
    """Heal what is left and wait until nothing is to be done any more; returns the seconds it took."""
    ground, began = nemesis.ground, world.history.now()
    for proxy in ground.proxies.values():
        proxy.heal()
    wait = ground.system.wait_for
    wait(lambda: is_ready(ground.system), what="the gateway and the queue", timeout_seconds=timeout_seconds)

    for (node_id,) in ground.query("SELECT id FROM nodes_node WHERE duty <> 'retired'"):
        world.client.call("POST", f"/nodes/{node_id}/scrub")  # sooner than by itself

    def is_done() -> bool:
        nemesis.retire_lost_stores()
        tell(world.history.now() - began)
        active = {name for (name,) in ground.query("SELECT name FROM nodes_node WHERE duty <> 'retired'")}
        if len(active) != len(ground.nodes) or not active <= ground.online():
            return False
        told = {problem["code"] for problem in ground.admin.call("GET", "/cluster").json()["problems"]}
        for code in BRAKES.keys() & told:
            try:
                ground.system.manage(BRAKES[code], "--confirm")
            except SystemFailed:  # refused while it doubts that the nodes are there: asked again
                return False
        return not ground.unfinished() and not nemesis.atlas.unmended()

    wait(is_done, what="every chunk to have its copies", timeout_seconds=timeout_seconds)
    return world.history.now() - began


def audit(world: World, nemesis: Nemesis, result: Audit) -> None:
    """Read everything back and look at every copy, row and folder."""
    _read_all_back(world, result)
    for replica_id in nemesis.atlas.not_durable:
        result.find("confirmed by a node and gone after a power cut", replica_id)
    placed = nemesis.ground.placed()
    result.copies_read = len(placed)
    deadline = time.monotonic() + SETTLE_SECONDS
    bad = {copy.replica_id for copy in placed if not copy.is_good()}
    while found := [*_bad_copies(nemesis, bad), *_wrong_rows(nemesis), *_wrong_files(nemesis)]:
        if time.monotonic() > deadline:
            for kind, facts in found:
                result.find(kind, facts)
            return
        time.sleep(1)


def _bad_copies(nemesis: Nemesis, suspected: Collection[UUID]) -> Iterator[Finding]:
    for placed in nemesis.ground.placed("r.id = ANY(%s)", (list(suspected),)):
        if not placed.is_good():
            yield "a bad copy left", (placed, nemesis.atlas.injured.get(placed.replica_id))


def _wrong_rows(nemesis: Nemesis) -> Iterator[Finding]:
    for what, statement in _STATE.items():
        for row in nemesis.ground.query(statement):
            yield what, row


def _wrong_files(nemesis: Nemesis) -> Iterator[Finding]:
    ground = nemesis.ground
    # A good file that no row knows is an orphan: what a killed gateway had placed and not recorded. One that
    # was spoilt was put aside as bad, and a power cut may have undone the spoiling, which nobody had synced.
    known = {row[0] for row in ground.query("SELECT id FROM nodes_replica")} - nemesis.atlas.injured.keys()
    for node in ground.nodes:
        for file in (ground.folder(node) / "tmp").iterdir():
            yield "a temporary file left", file.name
        for file in (ground.folder(node) / "quarantine").iterdir():
            if file.suffix == ".jsonl" or not file.is_file():
                continue
            is_known = UUID(hex=file.name[65:97]) in known
            if is_known and blake3(file.read_bytes()).hexdigest() == file.name[:64]:
                yield "a good copy in quarantine", (node, file.name)


def _read_all_back(world: World, result: Audit) -> None:
    """Read every file that was ever written, by new connections; the oracle judges what comes."""
    paths: queue.SimpleQueue[str] = queue.SimpleQueue()
    for path in {op.register for op in world.history.operations if "/" in op.register}:
        paths.put(path)
        result.files_read += 1

    def read_on(worker: Worker) -> None:
        with worker.client:
            while True:
                try:
                    path = paths.get_nowait()
                except queue.Empty:
                    return
                if not worker.read(path, "final"):
                    result.find("unreadable at the end", path)

    workers = [Worker(world, 900 + number) for number in range(READERS)]
    threads = [threading.Thread(target=read_on, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = Worker(world, 999)
    for folder in [f"hot-{number}" for number in range(FOLDERS)]:
        if not last.list_hot(folder):
            result.find("unlistable at the end", folder)
    if not last.list_shuttles():
        result.find("unlistable at the end", "shuttles")
