"""Both kinds of node, each empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.chunk_node import ChunkNode
from tests.contract.http_node import HttpNode
from tests.contract.memory_node import MemoryNode
from tests.storagenode.running_node import KeyGateway, RunningNode


@pytest.fixture(scope="module")
def running_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    gateway = KeyGateway()
    node = RunningNode(tmp_path_factory.mktemp("contract") / "node", gateway_url=gateway.url)
    face = HttpNode(node)
    yield face
    face.close()
    node.stop()
    gateway.close()


@pytest.fixture(params=["memory", "http"])
def node(request: pytest.FixtureRequest) -> ChunkNode:
    if request.param == "memory":
        return MemoryNode()
    face: HttpNode = request.getfixturevalue("running_node")
    for name in face.list(limit=10_000)["names"]:
        face.delete(name)
    return face
