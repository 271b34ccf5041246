"""What defences did is counted, so that whoever watches sees them act."""

from nodes import breaker, figures
from nodes.figures import Figure
from nodes.measures import REGISTRY
from nodes.models import Replica
from tests.nodes.living_cluster import CHUNK_BYTES, chunk_of
from tests.nodes.slow_line import ask_first, line_to
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_copy_asked_of_another_node_is_counted(cluster):
    content = some_bytes(CHUNK_BYTES, seed=80)
    cluster.take_down("node-a")
    ask_first(cluster, "node-a")
    before = counted("dfs_handed_off_copies_total")

    cluster.store(content)

    assert counted("dfs_handed_off_copies_total") == before + 1
    assert "node-a" not in cluster.holders(chunk_of(content))


def test_a_copy_a_reader_found_bad_is_counted_and_so_are_the_bytes_of_its_repair(cluster):
    content = some_bytes(3000, seed=81)
    content_id = cluster.store(content)
    replicate_all()
    assert figures.read()[Figure.REPAIRED_BYTES].value == 0, (
        "the third copy of a fresh upload repairs nothing"
    )
    bad = chunk_of(content).replicas.select_related("node", "chunk").first()
    cluster.file(bad).write_bytes(bytes(3000))
    ask_first(cluster, bad.node.name)
    before = counted("dfs_doubted_copies_total")

    assert cluster.read(content_id) == content
    replicate_all()

    assert counted("dfs_doubted_copies_total") == before + 1
    assert Replica.objects.get(id=bad.id).state == Replica.State.CORRUPT
    assert figures.read()[Figure.REPAIRED_BYTES].value == 3000


def test_each_opening_of_a_breaker_is_counted_for_its_node(cluster):
    content = some_bytes(3000, seed=82)
    cluster.update("node-d", duty="draining")
    content_id = cluster.store(content)
    replicate_all()
    before = counted("dfs_breaker_openings_total", node="node-a")
    with line_to(cluster, "node-a") as line:
        line.refuse = True
        for _ in range(breaker.OPEN_AT_ERRORS + 3):
            ask_first(cluster, "node-a")
            assert cluster.read(content_id) == content

    assert counted("dfs_breaker_openings_total", node="node-a") == before + 1
