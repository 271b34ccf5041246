"""Four real storage nodes for the session; for each test a cluster of them, small chunks, fresh rows."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db import connection

from nodes import contents, roster, writing
from nodes.buffers import BufferPool
from tests.nodes.living_cluster import CHUNK_BYTES, NAMES, Cluster, see_all
from tests.storagenode.running_node import JOIN_TOKEN, SECRET, KeyGateway, RunningNode

POOL_BUFFERS = 30


@pytest.fixture(scope="session")
def key_gateway() -> Iterator[KeyGateway]:
    gateway = KeyGateway()
    yield gateway
    gateway.close()


@contextmanager
def nodes_in(
    folder: Path, key_gateway: KeyGateway, *, end: Callable[[RunningNode], None]
) -> Iterator[dict[str, RunningNode]]:
    """Run a node for each name, with its store in the folder, and end them after the block."""
    nodes = {name: RunningNode(folder / name, gateway_url=key_gateway.url) for name in NAMES}
    try:
        for node in nodes.values():
            node.ready_client().close()
        yield nodes
    finally:
        for node in nodes.values():
            end(node)


@pytest.fixture(scope="session")
def running_nodes(
    tmp_path_factory: pytest.TempPathFactory, key_gateway: KeyGateway
) -> Iterator[dict[str, RunningNode]]:
    with nodes_in(tmp_path_factory.mktemp("stores"), key_gateway, end=RunningNode.stop) as nodes:
        yield nodes


@pytest.fixture(autouse=True)
def cluster_settings(settings) -> None:
    settings.CLUSTER_SECRET = SECRET.hex()
    settings.JOIN_TOKEN = JOIN_TOKEN
    settings.AUTO_ACTIVATE = True
    settings.CHUNK_SIZE = CHUNK_BYTES
    settings.PUSH_AFTER_SECONDS = 0
    settings.PROBE_INTERVAL_SECONDS = 3600  # what a test saw of a node stays fresh
    settings.REPLICAS = 3
    settings.WRITE_QUORUM = 2
    roster.forget()


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that does not end is not waited for: it is a zombie from the first."""
    monkeypatch.setattr(contents, "TAKE_OVER_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(contents, "SILENCE_SECONDS", 0)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> BufferPool:
    """Buffers of this test's own, so that chunks are small and leaks are seen."""
    pool = BufferPool(size=CHUNK_BYTES, limit=POOL_BUFFERS)
    monkeypatch.setattr(writing, "pool", pool)
    return pool


@pytest.fixture
def cluster(transactional_db, running_nodes: dict[str, RunningNode], pool: BufferPool) -> Cluster:
    cluster = Cluster(dict(running_nodes))
    for node in running_nodes.values():
        for left_over in (node.data / "chunks").glob("??/??/*"):
            left_over.unlink(missing_ok=True)  # its deletion may be under way
        with closing(node.ready_client()) as client:
            for aside in {path.name.partition(".")[0] for path in (node.data / "quarantine").glob("*-*.*")}:
                assert client.ask("DELETE", f"/v1/chunks/{aside}").status == 204
        (node.data / "watermark").unlink(missing_ok=True)  # told by the database of another test
    for name in NAMES:
        cluster.join(name)
    see_all()
    return cluster


@pytest.fixture
def connections_in_use(cluster) -> Callable[[], int]:
    """Count connections taken from the pool by this story; a thread of an earlier one may have kept some."""

    def count() -> int:
        stats = connection.pool.get_stats()
        return int(stats["pool_size"] - stats["pool_available"])

    connection.close()
    kept_by_others = count()
    return lambda: count() - kept_by_others
