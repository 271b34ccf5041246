"""The nodes and clusters of other folders, for faults that cross them; disks and clocks that may go wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disks import LoopDisk, loop_disk
from tests.faults.skew import Clock
from tests.nodes.conftest import cluster, cluster_settings, key_gateway, nodes_in, pool
from tests.storagenode.conftest import gateway, start_node
from tests.storagenode.running_node import KeyGateway, RunningNode

__all__ = ["cluster", "cluster_settings", "gateway", "key_gateway", "pool", "start_node"]


@pytest.fixture(scope="session")
def running_nodes(
    tmp_path_factory: pytest.TempPathFactory, key_gateway: KeyGateway
) -> Iterator[dict[str, RunningNode]]:
    folder = tmp_path_factory.mktemp("stores")
    # Killed: nobody waits for their idle connections to end.
    with nodes_in(folder, key_gateway, end=RunningNode.kill) as nodes:
        yield nodes


@pytest.fixture
def disk() -> Iterator[LoopDisk]:
    with loop_disk(64 * 2**20) as disk:
        yield disk


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    clock = Clock(tmp_path / "skew")
    clock.set(0)
    return clock
