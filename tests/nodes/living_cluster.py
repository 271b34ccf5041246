"""Four real storage nodes as the engine sees them, and what tests ask of rows and disks."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from blake3 import blake3
from django.db import connection, transaction

from nodes import contents, health, membership, roster
from nodes.models import Chunk, Node, Replica
from storagenode.protocol.body import BodyCut
from storagenode.protocol.names import chunk_name
from tests.nodes.lying_node import Call, Lie, lying, refuse
from tests.storagenode.running_node import RunningNode

CHUNK_BYTES = 64 * 1024
NOBODYS_URL = "http://127.0.0.1:9"
"""A port that no program is given, as one that was free a moment ago might be."""
NAMES = ("node-a", "node-b", "node-c", "node-d")


class Bytes:
    """A source of bytes; `cut_at` ends it as a lost connection would."""

    def __init__(self, content: bytes, *, cut_at: int | None = None) -> None:
        self.content = content
        self.at = 0
        self.cut_at = cut_at

    def readinto(self, view: memoryview, /) -> int:
        end = len(self.content) if self.cut_at is None else self.cut_at
        count = min(len(view), end - self.at)
        view[:count] = self.content[self.at : self.at + count]
        self.at += count
        if self.cut_at is not None and count < len(view):
            cut = BodyCut("the peer went away")
            cut.received = count
            raise cut
        return count


@dataclass
class Cluster:
    """The nodes of a test by name."""

    running: dict[str, RunningNode]

    def join(self, name: str, *, running: RunningNode | None = None, zone: str = "") -> Node:
        """Announce a node and see how it is."""
        node = self.running[name] = running or self.running[name]
        url = f"http://127.0.0.1:{node.port}"
        told = membership.announce(
            store_id=UUID(node.store_id), url=url, zone=zone, name=name, capacity_bytes=0
        )
        return Node.objects.get(id=told.node_id)

    def node(self, name: str) -> Node:
        return Node.objects.get(name=name)

    def store(self, content: bytes) -> UUID:
        """Write a content and commit it."""
        writer = contents.begin()
        writer.append(Bytes(content))
        return seal(writer)

    def read(self, content_id: UUID, start: int = 0, stop: int | None = None) -> bytes:
        return b"".join(contents.read(content_id, start, stop))

    def holders(self, chunk: Chunk) -> set[str]:
        """Names of the nodes whose stored replica of the chunk is on their disk, whole and good."""
        found = set()
        for replica in chunk.replicas.stored().select_related("node"):
            path = self.file(replica)
            if path.exists() and blake3(path.read_bytes()).digest() == bytes(chunk.digest):
                found.add(replica.node.name)
        return found

    def file(self, replica: Replica):
        name = chunk_name(bytes(replica.chunk.digest), replica.id)
        return self.running[replica.node.name].chunk_file(name)

    def files(self, content: bytes) -> set[str]:
        """File names on all disks that hold these bytes as a chunk."""
        digest = blake3(content).hexdigest()
        return {
            path.name
            for node in self.running.values()
            for path in (node.data / "chunks" / digest[:2] / digest[2:4]).glob(f"{digest}-*")
        }

    def take_down(self, *names: str) -> None:
        """Have a node's address answer no more; rows still say that it is well."""
        Node.objects.filter(name__in=names).update(url=NOBODYS_URL)
        roster.forget()

    def bring_back(self, *names: str) -> None:
        for name in names:
            Node.objects.filter(name=name).update(url=f"http://127.0.0.1:{self.running[name].port}")
        roster.forget()

    @contextmanager
    def hung(self, name: str) -> Iterator[None]:
        """A node whose processes stand still."""
        pid = self.running[name].process.pid
        os.killpg(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(pid, signal.SIGCONT)

    @contextmanager
    def lying(self, name: str, lies: dict[tuple[str, str], Lie | refuse]) -> Iterator[None]:
        """A node whose answers are changed on their way."""
        with lying(self.running[name].port, lies) as url:
            self.update(name, url=url)
            try:
                yield
            finally:
                self.bring_back(name)

    @contextmanager
    def overheard(self) -> Iterator[list[Call]]:
        """Yields what the nodes are asked meanwhile."""
        heard: list[Call] = []
        with ExitStack() as stack:
            stack.callback(self.bring_back, *self.running)
            for name, node in self.running.items():
                self.update(name, url=stack.enter_context(lying(node.port, {}, heard)))
            yield heard

    def update(self, name: str, **fields: object) -> None:
        Node.objects.filter(name=name).update(**fields)
        roster.forget()


def seal(writer: contents.Writer) -> UUID:
    with transaction.atomic():
        content_id, _, _ = writer.seal()
    return content_id


def chunk_of(content: bytes) -> Chunk:
    return Chunk.objects.exclude(state=Chunk.State.DELETING).get(
        digest=blake3(content).digest(), size=len(content)
    )


def age(table: str, column: str, seconds: float) -> None:
    """Move a column of times into the past instead of waiting."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {column} - %s * interval '1 second'", [seconds])


def see_all() -> None:
    health.probe_all()
