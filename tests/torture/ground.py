"""The system that is tortured: the whole launcher, a fault proxy before every node, and its disks.

The product knows nothing of it: by PYTHONPATH, `sabotage/sitecustomize.py` has nodes advertise their proxies.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from uuid import UUID

import psycopg
import requests
from blake3 import blake3

from dfsweb.launcher.options import free_port
from tests.cluster import audit
from tests.cluster.client import Client
from tests.cluster.conftest import sign_in
from tests.fault_proxy import FaultProxy
from tests.system import System
from tests.torture import disks

HERE = Path(__file__).resolve().parent
MEMORY = Path("/dev/shm")
DATABASE_SECONDS = 300
"""How long the database may be away, on a machine that is busy with others."""
READY_SECONDS = 5
ROOM_NEEDED_BYTES = 8 * 2**30
CHUNK_BYTES = 64 * 1024
"""Small, so that a content of many chunks is soon written."""
SETTINGS = {
    "CHUNK_SIZE": str(CHUNK_BYTES),
    "PROBE_INTERVAL_SECONDS": "1",
    "OFFLINE_AFTER_SECONDS": "4",
    "REPAIR_AFTER_SECONDS": "8",
    "SWEEP_INTERVAL_SECONDS": "1",
    "RECLAIM_INTERVAL_SECONDS": "2",
    "UPLOAD_EXPIRY_SECONDS": "20",
    "GRACE_SECONDS": "25",
    "DEFAULT_QUOTA_BYTES": str(2**40),
    "RESERVE": "0",
    "SCRUB_PERIOD_SECONDS": "60",
    "SCRUB_BYTES_PER_SECOND": "50000000",
    "RECONCILE_INTERVAL_SECONDS": "15",
    "ORPHAN_GRACE_SECONDS": "70",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A replica row that claims to be stored, and where its file must lie: None for a lost store."""

    replica_id: UUID
    chunk_id: int
    digest: bytes
    size: int
    node: str | None
    file: Path | None

    def is_good(self) -> bool:
        """Read and hash the file now."""
        if self.file is None:
            return False
        try:
            content = self.file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return len(content) == self.size and blake3(content).digest() == self.digest


@dataclass
class Ground:
    """A running system, the proxies by node, and the admin's client."""

    system: System
    proxies: dict[str, FaultProxy]
    switch: Path
    """A file that names the sabotages in force; empty in an honest run."""
    starter: ThreadPoolExecutor
    """Its one thread starts the launcher again, which ends with the thread that is its parent."""
    admin: Client = field(init=False)

    @cached_property
    def database_url(self) -> str:
        """Kept: the file it stands in may be away with its disk."""
        return self.system.database_url

    @cached_property
    def metrics_token(self) -> str:
        return self.system.environment["METRICS_TOKEN"]

    @cached_property
    def ports(self) -> dict[str, int]:
        """Where each node listens, behind its proxy."""
        ports: dict[str, int] = json.loads((self.system.data / "nodes/ports.json").read_text())
        return ports

    @property
    def nodes(self) -> list[str]:
        return sorted(self.proxies)

    def folder(self, node: str) -> Path:
        return self.system.data / "nodes" / node

    def stores(self) -> dict[UUID, str]:
        """Which node of the launcher holds which store now, by the markers on their disks."""
        found = {}
        for node in self.nodes:
            try:
                found[UUID(json.loads((self.folder(node) / "store.json").read_text())["store_id"])] = node
            except (OSError, json.JSONDecodeError):  # wiped, unmounted, or without power just now
                continue
        return found

    def query(self, statement: str, parameters: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """Ask the database, again while it is away: it is one of those that are hurt."""
        deadline = time.monotonic() + DATABASE_SECONDS
        while True:
            try:
                with psycopg.connect(self.database_url, connect_timeout=10) as connection:
                    cursor = connection.execute(statement, parameters)
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def online(self) -> set[object]:
        """The names of the nodes that the product takes to be online."""
        return {row[0] for row in self.query("SELECT name FROM nodes_node WHERE health = 'online'")}

    def image(self, name: str) -> Path:
        """The file in which the disk of a node, or of `data`, lies when there are loop disks."""
        return self.switch.parent / f"{name}.img"

    def placed_on(self, node: str) -> list[Placed]:
        """Every stored replica on the disk that a node has now."""
        store = next((store for store, holder in self.stores().items() if holder == node), None)
        return self.placed("n.store_id = %s", (store,))

    def serves(self, node: str) -> bool:
        """Whether a node would answer for its files now, asked past its proxy."""
        try:
            reply = requests.get(f"http://127.0.0.1:{self.ports[node]}/readyz", timeout=READY_SECONDS)
        except requests.RequestException:
            return False
        return reply.status_code == 200 or "not_reached" in reply.text

    def is_missed(self, node: str) -> bool:
        """Whether the product has seen that a node does not answer."""
        store = next((store for store, holder in self.stores().items() if holder == node), None)
        asked = "SELECT 1 FROM nodes_node WHERE store_id = %s AND health IN ('suspect', 'offline')"
        return bool(self.query(asked, (store,)))

    def placed(self, where: str = "true", parameters: tuple[object, ...] = ()) -> list[Placed]:
        """Every stored replica of live chunks, or those that a condition on c, r and n selects."""
        stores = self.stores()
        rows = self.query(
            "SELECT r.id, c.id, c.digest, c.size, n.store_id FROM nodes_replica r"
            " JOIN nodes_chunk c ON c.id = r.chunk_id JOIN nodes_node n ON n.id = r.node_id"
            f" WHERE r.state = 'stored' AND c.state = 'live' AND {where} ORDER BY r.id",
            parameters,
        )
        return [self._placed(stores.get(store_id), *row) for *row, store_id in rows]

    def _placed(self, node: str | None, replica_id: UUID, chunk_id: int, digest: bytes, size: int) -> Placed:
        name = f"{digest.hex()}-{replica_id.hex}"
        file = None if node is None else self.folder(node) / "chunks" / name[:2] / name[2:4] / name
        return Placed(replica_id, chunk_id, digest, size, node, file)

    def sabotage(self, *names: str) -> None:
        """Put sabotages in force from now on, in every process; none ends all."""
        self.switch.write_text("\n".join(names))

    def unfinished(self) -> list[str]:
        return audit.unfinished(self.system)


@contextmanager
def running(*, nodes: int, env: Mapping[str, str] | None = None, loops: bool = False) -> Iterator[Ground]:
    """Start a system whose nodes stand behind proxies; with `loops`, on a file system each (root only)."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_NEEDED_BYTES
    with ExitStack() as stack:
        top = Path(tempfile.mkdtemp(prefix="dfsweb-torture-", dir=MEMORY if roomy else None))
        stack.callback(shutil.rmtree, top, ignore_errors=True)
        top.chmod(0o711)  # PostgreSQL's own account passes through it when root runs this
        data = top / "data"
        if loops:
            stack.enter_context(disks.loop_disk(data, top / "data.img"))
        ports, proxies = {}, {}
        for name in (f"node-{number}" for number in range(1, nodes + 1)):
            ports[name] = free_port("127.0.0.1")
            proxies[name] = stack.enter_context(FaultProxy(ports[name]))
        (data / "nodes").mkdir(parents=True)
        data.chmod(0o711)
        (data / "nodes/ports.json").write_text(json.dumps(ports))
        os.sync()  # a power cut must not take it
        (switch := top / "sabotages").touch()
        given = {
            "TORTURE_NODE_URLS": json.dumps({name: proxy.url for name, proxy in proxies.items()}),
            "TORTURE_SABOTAGES": str(switch),
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(HERE / "sabotage"), os.environ.get("PYTHONPATH")])
            ),
        }
        if loops:
            for name in proxies:
                stack.enter_context(disks.loop_disk(data / "nodes" / name, top / f"{name}.img"))
        starter = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="starter"))
        system = System(data, nodes=nodes, env=SETTINGS | given | dict(env or {}))
        ground = Ground(stack.enter_context(system), proxies, switch, starter)
        ground.admin = stack.enter_context(sign_in(system))
        yield ground
