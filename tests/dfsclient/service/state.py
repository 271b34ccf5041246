"""What the service in memory keeps, and the switches that tests turn."""

import hashlib
import itertools
import threading
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from tests.dfsclient.faults import Faults

MOMENT = "2026-02-03T04:05:06Z"


class Problem(Exception):
    def __init__(self, status: int, code: str, detail: str = "It does not work.") -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


@dataclass
class Node:
    id: str
    kind: str
    name: str
    parent: str | None
    data: bytes = b""
    content_type: str | None = None
    version: int = 1
    knows_sha256: bool = True
    trashed: bool = False


@dataclass
class Upload:
    length: int
    metadata: dict[str, str]
    data: bytearray = field(default_factory=bytearray)
    entry: str | None = None
    concat: str = ""


class State:
    """Accounts, the tree, uploads, shares and the cluster, as tests set them up and look at them."""

    url: str

    def __init__(self) -> None:
        self.faults = Faults()
        self.lock = threading.RLock()
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.tokens = {"dfs_ada": "token-0"}
        self.nodes: dict[str, Node] = {"root": Node("root", "folder", "", None)}
        self.uploads: dict[str, Upload] = {}
        self.shares: dict[str, dict[str, Any]] = {}
        self.passwords: list[str | None] = []
        self.ids = itertools.count(1)
        self.page_limit = 1000
        self.replies_by_key: dict[str, str] = {}
        self.answers_by_key: dict[str, tuple[int, Any]] = {}
        self.send_digest = True
        self.chunk_bytes = 1024 * 1024
        self.kept_copies: dict[str, int] = {}
        """By path: good copies of each of its chunks, where they are not three."""
        self.silent_copies = 0
        self.cluster: dict[str, Any] = {
            "health": "healthy",
            "nodes": 3,
            "nodes_online": 3,
            "chunks": 12,
            "under_replicated": 0,
            "lost": 0,
            "capacity_bytes": 3_000_000_000,
            "free_bytes": 1_000_000_000,
            "problems": [],
        }
        self.is_restore_open = True
        self.scrub: dict[str, Any] = {
            "copies": 12,
            "verified_copies": 7,
            "copies_left": 0,
            "bytes_left": 0,
            "ordered_at": None,
        }
        self.rebalance: dict[str, Any] = {
            "difference": 0.25,
            "threshold": 0.1,
            "moved_bytes": 0,
            "bytes_left": 2_000_000_000,
            "bytes_per_second": None,
            "seconds_left": None,
            "waits_for": "",
        }
        self.storage_node: dict[str, Any] = {
            "id": 1,
            "name": "node-a",
            "url": "http://127.0.0.1:1",
            "zone": "a",
            "health": "online",
            "duty": "active",
            "capacity_bytes": 1000,
            "free_bytes": 250,
            "replicas": 12,
            "last_seen_at": MOMENT,
        }
        self.drain: dict[str, Any] = {"copies_left": 12, "bytes_left": 48_000_000, "seconds_left": None}

    def asked(self, method: str, path: str = "") -> list[dict[str, str]]:
        """The headers of the requests of this kind, in order."""
        return [headers for m, p, headers in self.seen if m == method and p.startswith(path)]

    def path_of(self, node: Node) -> str:
        parts = []
        while node.parent is not None:
            parts.append(node.name)
            node = self.nodes[node.parent]
        return "/" + "/".join(reversed(parts))

    def child(self, parent: str, name: str) -> Node | None:
        return next(
            (n for n in self.nodes.values() if n.parent == parent and n.name == name and not n.trashed), None
        )

    def find(self, path: str) -> Node:
        node = self.nodes["root"]
        for name in filter(None, path.split("/")):
            found = self.child(node.id, name)
            if found is None:
                raise Problem(404, "not_found", f"There is nothing at {path}.")
            node = found
        return node

    def living(self, entry_id: str) -> Node:
        node = self.nodes.get(entry_id)
        if node is None or node.trashed:
            raise Problem(404, "not_found", "There is nothing here.")
        return node

    def folder(self, path: str, *, parents: bool = True) -> Node:
        node = self.nodes["root"]
        names = [name for name in path.split("/") if name]
        for depth, name in enumerate(names):
            found = self.child(node.id, name)
            if found is None:
                if not parents and depth < len(names) - 1:
                    raise Problem(404, "parent_not_found", "The folder it should lie in does not exist.")
                found = self.add("folder", name, node.id)
            node = found
        if node.kind != "folder":
            raise Problem(409, "not_a_folder", "This is a file.")
        return node

    def add(self, kind: str, name: str, parent: str) -> Node:
        node = Node(f"entry-{next(self.ids)}", kind, name, parent)
        self.nodes[node.id] = node
        return node

    def file(self, path: str, data: bytes, *, on_conflict: str = "replace") -> Node:
        folder, _, name = path.rpartition("/")
        return self.commit(self.folder(folder).id, unicodedata.normalize("NFC", name), data, on_conflict)

    def commit(self, parent: str, name: str, data: bytes, on_conflict: str) -> Node:
        node = self.child(parent, name)
        if node and on_conflict == "rename":
            return self.commit(parent, f"{name} (2)", data, on_conflict)
        if node and (on_conflict == "fail" or node.kind == "folder"):
            raise Problem(
                409, "name_taken", "Something with this name is already there. Choose another name."
            )
        if node:
            node.version += 1
        else:
            node = self.add("file", name, parent)
        node.data = data
        return node

    def bytes_of(self, path: str) -> bytes:
        return self.find(path).data

    def paths(self) -> set[str]:
        return {self.path_of(n) for n in self.nodes.values() if n.parent and not n.trashed}

    def etag(self, node: Node) -> str:
        return f"{node.id}-v{node.version}"

    def shown(self, node: Node) -> dict[str, Any]:
        is_file = node.kind == "file"
        known = is_file and node.knows_sha256
        return {
            "id": node.id,
            "kind": node.kind,
            "name": node.name,
            "path": self.path_of(node),
            "parent": node.parent,
            "owner": "ada",
            "size": len(node.data) if is_file else None,
            "content_type": node.content_type,
            "sha256": hashlib.sha256(node.data).hexdigest() if known else None,
            "etag": f"r-{node.id}",
            "content_etag": self.etag(node) if is_file else None,
            "copies": {"wanted": 3, "fewest": 2, "is_complete": False} if is_file else None,
            "starred": False,
            "created_at": MOMENT,
            "modified_at": MOMENT,
            "trashed_at": MOMENT if node.trashed else None,
        }
