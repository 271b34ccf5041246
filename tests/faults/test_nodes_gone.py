"""Nodes that nobody reaches, or not all, or not always: nothing is judged lost for its absence alone."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from files.models import Entry
from nodes import cluster as overview_of
from nodes import contents, health, reclaim, replication, roster
from nodes.errors import ChunkUnavailable
from nodes.models import Chunk, Node, Replica
from tests.faults import aside
from tests.faults.skew import Clock
from tests.files.conftest import person, token_client
from tests.files.tus_requests import content as content_of
from tests.nodes.living_cluster import CHUNK_BYTES, Cluster, age, chunk_of
from tests.nodes.test_reclaim import let_grace_end, release
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import RunningNode

HOUR = 3600


@pytest.fixture
def own_network() -> list[str]:
    """A command whose child has a network of its own, with nobody in it; files are the same."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        pytest.skip("a network namespace needs root and unshare")
    return ["unshare", "-n"]


def stay_away(*names: str, settings) -> None:
    """Have nodes seen failing for as long as it takes until their chunks are due for repair."""
    for _ in range(settings.SUSPECT_AFTER_FAILURES):
        health.probe_all()
    age("nodes_node", "failing_since", settings.REPAIR_AFTER_SECONDS)
    health.probe_all()
    away = Node.objects.filter(health=Node.Health.OFFLINE, absence_noted=True)
    assert set(away.values_list("name", flat=True)) == set(names)


def nothing_was_judged() -> bool:
    """No copy is called lost or bad; placements that failed are given up, and that is all."""
    return not Replica.objects.filter(state__in=(Replica.State.MISSING, Replica.State.CORRUPT)).exists()


def test_f14_a_worker_cut_off_from_the_nodes_judges_by_the_databases_time_and_removes_nothing(
    cluster, clock: Clock, settings, own_network
):
    content = some_bytes(2 * CHUNK_BYTES, seed=80)
    content_id = cluster.store(content)
    gone = cluster.store(b"released")
    replicate_all()
    release(gone)
    reclaim.reclaim()
    let_grace_end(settings)

    clock.set(HOUR)  # by its own clock the silence of a second lasts an hour
    done = aside.run(
        "[health.probe_all() for _ in range(3)]; replication.replicate_due(); reclaim.reclaim()",
        within=own_network,
        **clock.environ,
    )

    assert done.returncode == 0, done.stderr
    assert set(Node.objects.values_list("health", flat=True)) == {Node.Health.SUSPECT}
    assert not Node.objects.filter(absence_noted=True).exists()
    assert nothing_was_judged()
    assert chunk_of(b"released").state == Chunk.State.CONDEMNED
    assert cluster.read(content_id) == content, "a gateway that reaches the nodes goes on reading"
    refused_to_nobody = cluster.store(b"and writing")
    assert cluster.read(refused_to_nobody) == b"and writing"

    health.probe_all()
    assert set(Node.objects.values_list("health", flat=True)) == {Node.Health.ONLINE}
    cluster.store(b"writes go on")
    replicate_all()
    assert not Chunk.objects.under_replicated().exists()


def test_f15_a_node_that_comes_and_goes_every_moment_moves_no_bytes(cluster, monkeypatch):
    monkeypatch.setattr(roster, "PROBE_TIMEOUT_SECONDS", 0.2)
    for number in range(5):
        cluster.store(b"flap %d" % number)
    replicate_all()
    before = set(Replica.objects.values_list("id", "node_id", "state"))
    for _ in range(4):
        with cluster.hung("node-a"):
            health.probe_all()
            health.probe_all()
            assert cluster.node("node-a").health == Node.Health.SUSPECT
            replicate_all()
        health.probe_all()
        assert cluster.node("node-a").health == Node.Health.ONLINE
        replicate_all()

    assert set(Replica.objects.values_list("id", "node_id", "state")) == before


def test_f15_a_node_that_stays_away_long_again_and_again_is_copied_at_most_once(cluster, settings):
    for number in range(8):
        cluster.store(b"long flap %d" % number)
    replicate_all()
    live = Replica.objects.stored().filter(node__name="node-a").count()
    before = Replica.objects.count()
    for _ in range(4):
        cluster.take_down("node-a")
        stay_away("node-a", settings=settings)
        replicate_all()
        cluster.bring_back("node-a")
        health.probe_all()
        replicate_all()

    assert live > 0
    assert Replica.objects.count() - before == live
    assert nothing_was_judged()


@pytest.fixture
def five(cluster, key_gateway, tmp_path) -> Iterator[Cluster]:
    """One node more than there are, so that two are less than half."""
    fifth = RunningNode(tmp_path / "node-e", gateway_url=key_gateway.url)
    try:
        fifth.ready_client().close()
        cluster.join("node-e", running=fifth)
        health.probe_all()
        yield cluster
    finally:
        fifth.kill()


def store_on(cluster: Cluster, content: bytes, *names: str) -> object:
    """Store a content whose copies all lie on these nodes."""
    others = [name for name in cluster.running if name not in names]
    for name in others:
        cluster.update(name, duty=Node.Duty.DRAINING)
    content_id = cluster.store(content)
    if len(names) > 2:
        replicate_all()
    assert cluster.holders(chunk_of(content)) == set(names)
    for name in others:
        cluster.update(name, duty=Node.Duty.ACTIVE)
    return content_id


def test_f31_with_two_of_five_gone_three_copies_are_read_two_may_wait_and_the_fewest_come_first(
    five, settings
):
    lucky, complete, fresh = b"two copies elsewhere", b"three copies", b"acknowledged just now"
    stored = {complete: store_on(five, complete, "node-a", "node-b", "node-c")}
    stored[lucky] = store_on(five, lucky, "node-a", "node-c", "node-d")
    stored[fresh] = store_on(five, fresh, "node-a", "node-b")

    five.take_down("node-a", "node-b")
    assert five.read(stored[complete]) == complete
    assert five.read(stored[lucky]) == lucky
    with pytest.raises(ChunkUnavailable):
        contents.read(stored[fresh])
    stay_away("node-a", "node-b", settings=settings)
    claimed = [replication.claim(1)[0].chunk_id for _ in range(3)]
    assert claimed == [chunk_of(content).id for content in (fresh, complete, lucky)]
    age("nodes_chunk", "lease_until", replication.LEASE_SECONDS + 1)
    replicate_all()
    for content in (complete, lucky):
        assert five.holders(chunk_of(content)) >= {"node-c", "node-d", "node-e"}
    assert nothing_was_judged()
    assert chunk_of(fresh).replicas.stored().count() == 2
    assert overview_of.overview().lost == 0

    five.bring_back("node-a", "node-b")
    health.probe_all()
    replicate_all()
    for content, content_id in stored.items():
        assert five.read(content_id) == content
        assert len(five.holders(chunk_of(content))) >= 3


def test_f32_with_both_copies_of_two_gone_it_is_unavailable_and_never_lost(cluster, settings):
    settings.REPLICAS = 2
    content = b"two copies and no more"
    content_id = cluster.store(content)
    holders = cluster.holders(chunk_of(content))
    assert len(holders) == 2
    cluster.take_down(*holders)
    with pytest.raises(ChunkUnavailable) as refused:
        contents.read(content_id)
    assert refused.value.retryable
    stay_away(*holders, settings=settings)
    replicate_all()
    reclaim.reclaim()

    assert nothing_was_judged()
    assert chunk_of(content).replicas.stored().count() == 2
    assert overview_of.overview().lost == 0
    cluster.bring_back(*holders)
    health.probe_all()
    assert cluster.read(content_id) == content


def test_f33_with_every_node_down_names_are_there_bytes_wait_and_nothing_is_lost(cluster, settings):
    api = token_client(person("owner"))
    content = some_bytes(CHUNK_BYTES + 7, seed=82)
    assert api.put("/api/v1/content/a.bin", content, content_type="text/plain").status_code == 201
    replicate_all()
    cluster.take_down(*cluster.running)
    stay_away(*cluster.running, settings=settings)
    replicate_all()
    reclaim.reclaim()

    names = [entry["name"] for entry in api.get("/api/v1/entries").json()["results"]]
    assert names == ["a.bin"]
    refused = api.get("/api/v1/content/a.bin")
    assert (refused.status_code, refused.json()["code"]) == (503, "content_unavailable")
    assert int(refused["Retry-After"]) > 0
    refused = api.put("/api/v1/content/b.bin", b"new", content_type="text/plain")
    assert (refused.status_code, refused.json()["code"]) == (503, "quorum_not_reached")
    told = api.get("/api/v1/cluster").json()
    assert (told["lost"], told["health"]) == (0, "failing")
    assert nothing_was_judged()
    assert Entry.objects.filter(name="b.bin").count() == 0

    cluster.bring_back(*cluster.running)
    health.probe_all()
    assert set(Node.objects.values_list("health", flat=True)) == {Node.Health.ONLINE}
    assert content_of(api, "a.bin") == content
    replicate_all()
    assert not Chunk.objects.under_replicated().exists()
