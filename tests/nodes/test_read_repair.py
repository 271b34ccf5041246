"""A copy that cannot be read is read around, noted at once, and replaced; what merely died is not blamed."""

import pytest

from nodes import contents, reading, wake
from nodes.models import Chunk, Replica
from tests.nodes.living_cluster import chunk_of
from tests.nodes.slow_line import ask_first, line_to
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes


@pytest.fixture
def stored(cluster):
    """A content whose three copies are on node-a and two others, and its copy on node-a."""
    content = some_bytes(20_000, seed=70)
    cluster.update("node-d", duty="draining")
    content_id = cluster.store(content)
    replicate_all()
    cluster.update("node-d", duty="active")
    ask_first(cluster, "node-a")
    chunk = chunk_of(content)
    return content, content_id, chunk.replicas.select_related("node", "chunk").get(node__name="node-a")


@pytest.fixture
def woken(monkeypatch) -> list[str]:
    """Who was woken; nothing is sent."""
    calls: list[str] = []
    monkeypatch.setattr(wake, "replication", lambda: calls.append("replication"))
    return calls


def is_due(replica: Replica) -> bool:
    return Chunk.objects.get(id=replica.chunk_id).copies_due_at is not None


def is_doubted(replica: Replica) -> bool:
    replica.refresh_from_db()
    return replica.doubted_at is not None


def test_f05_a_copy_whose_node_says_that_it_cannot_read_it_is_due_at_once(cluster, stored, woken):
    content, content_id, copy = stored
    path = cluster.file(copy)
    path.unlink()
    path.mkdir()  # what lies there cannot be read: the node answers 500

    assert b"".join(contents.read(content_id)) == content

    assert is_doubted(copy)
    assert is_due(copy)
    assert woken == ["replication"]
    replicate_all()
    assert cluster.holders(chunk_of(content)) == {"node-b", "node-c", "node-d"}


def test_f05_a_node_that_breaks_off_in_the_middle_of_a_copy_is_asked_to_look_again(cluster, stored, woken):
    """As a node does that meets a bad sector: its answer's head is out by then."""
    content, content_id, copy = stored
    with line_to(cluster, "node-a") as line:
        line.to_client.cut_after_bytes = 10_000
        assert b"".join(contents.read(content_id)) == content
        assert line.to_client.cuts == 1
    assert is_doubted(copy)
    assert is_due(copy)
    assert woken == ["replication"]

    replicate_all()

    assert not is_doubted(copy)  # the second look found it good: it was the line
    assert copy.state == Replica.State.STORED
    assert not is_due(copy)


def test_a_node_that_is_gone_or_silent_is_read_around_and_not_blamed(cluster, stored, woken):
    content, content_id, copy = stored
    with line_to(cluster, "node-a") as line:
        line.refuse = True
        assert b"".join(contents.read(content_id)) == content
        line.refuse = False
        line.black_hole = True
        assert b"".join(contents.read(content_id)) == content
        assert line.refusals
        assert line.to_target.bytes_held
    assert not is_doubted(copy)
    assert not is_due(copy)
    assert woken == []


def test_a_doubted_copy_is_asked_last_and_wakes_nobody_again(cluster, stored, woken):
    content, content_id, copy = stored
    cluster.file(copy).unlink()
    for _ in range(3):
        assert b"".join(contents.read(content_id)) == content
    assert woken == ["replication"]
    with line_to(cluster, "node-a") as line:
        assert b"".join(contents.read(content_id)) == content
        assert line.connections == 0


def test_a_doubted_copy_is_still_better_than_none(cluster, stored):
    content, content_id, copy = stored
    reading.note_doubts(copy.chunk_id, [copy.id])
    cluster.take_down("node-b", "node-c")

    assert b"".join(contents.read(content_id)) == content
