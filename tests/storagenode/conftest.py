"""A gateway that hands out keys, and real storage nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.storagenode.running_node import KeyGateway, RunningNode
from tests.storagenode.signed_client import SignedClient

StartNode = Callable[..., RunningNode]


@pytest.fixture
def gateway() -> Iterator[KeyGateway]:
    gateway = KeyGateway()
    yield gateway
    gateway.close()


@pytest.fixture
def start_node(gateway: KeyGateway, tmp_path: Path) -> Iterator[StartNode]:
    started: list[RunningNode] = []

    def start(
        data: Path | None = None, *, gateway_url: str | None = gateway.url, **environ: str
    ) -> RunningNode:
        node = RunningNode(data or tmp_path / "node-a", gateway_url=gateway_url, **environ)
        started.append(node)
        return node

    yield start
    for node in started:
        node.stop()


@pytest.fixture
def node(start_node: StartNode) -> RunningNode:
    return start_node()


@pytest.fixture
def client(node: RunningNode) -> Iterator[SignedClient]:
    client = node.ready_client()
    yield client
    client.close()
