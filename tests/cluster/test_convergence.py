"""Nodes come and go for good: in the end every chunk has three good copies on the nodes that are there."""

import os
from collections.abc import Iterator

import pytest

from tests.cluster import audit
from tests.cluster.client import Client
from tests.cluster.conftest import MIB, running_system, sign_in
from tests.system import System

pytestmark = pytest.mark.cluster

NOT_STORED = (
    "SELECT r.state, n.name FROM nodes_replica r JOIN nodes_node n ON n.id = r.node_id"
    " WHERE r.state <> 'stored'"
)


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with running_system({"REPAIR_AFTER_SECONDS": "4"}) as system:
        yield system


@pytest.fixture
def client(system: System) -> Iterator[Client]:
    with sign_in(system) as client:
        yield client


def test_a_node_joins_another_stays_away_and_every_chunk_is_back_at_three_copies(
    system: System, client: Client
) -> None:
    files = {f"file-{number}.bin": os.urandom(size) for number, size in enumerate((30 * MIB, 5 * MIB, 77))}
    before = {name: client.store(name, content)["id"] for name, content in files.items()}
    audit.wait_until_complete(system)

    joined = system.add_node()
    system.wait_for(lambda: joined in system.online_nodes(), what="the fourth node to be online")
    files["later.bin"] = os.urandom(10 * MIB)
    before["later.bin"] = client.store("later.bin", files["later.bin"])["id"]
    system.stop_node("node-2")
    files["away.bin"] = os.urandom(10 * MIB)
    before["away.bin"] = client.store("away.bin", files["away.bin"])["id"]

    audit.wait_until_complete(system)
    there = {"node-1", "node-3", joined}
    count = 0
    for name, entry_id in before.items():
        for offset, stored in audit.stored_copies(system, entry_id).items():
            good = [copy for copy in stored if copy.node in there and copy.is_good]
            assert {copy.node for copy in good} == there, (name, offset)
            assert len(good) == 3, (name, offset)
            count += len(good)
    assert count == 3 * (8 + 2 + 1 + 3 + 3)
    system.wait_for(
        lambda: set(audit.query(system, NOT_STORED)) <= {("deleting", "node-2")},
        what="nothing to be left but a write that node-2 may have taken",
    )
    for name, content in files.items():
        assert client.read(name) == content

    system.start_node("node-2")
    system.wait_for(lambda: len(system.online_nodes()) == 4, what="the absent node to be back")
    audit.wait_until_complete(system)
    system.wait_for(lambda: not audit.query(system, NOT_STORED), what="what it may have taken to go")
    assert audit.bad_copies(system) == []
    for name, content in files.items():
        assert client.read(name) == content
