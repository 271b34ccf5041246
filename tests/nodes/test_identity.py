"""A disk that comes back empty, older, twice or from elsewhere is noticed, and no copy on it is believed."""

import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.db.models.functions import Now

from nodes import contents, health, membership, reclaim, replication, roster
from nodes.errors import StoreCloned, StoreForeign
from nodes.models import Chunk, Node, Replica
from tests.nodes.living_cluster import Cluster, age, chunk_of
from tests.nodes.test_membership import announce, announcement
from tests.nodes.test_replication import replicate_all
from tests.storagenode.running_node import KeyGateway, RunningNode


class Machine:
    """A node of this test's own, which can be stopped, changed and started at the same address."""

    def __init__(self, cluster: Cluster, gateway: KeyGateway, folder: Path) -> None:
        self._cluster = cluster
        self._gateway = gateway
        self.data = folder / "node-e"
        self.running = RunningNode(self.data, gateway_url=gateway.url)
        self._port = self.running.port
        self.join()

    def join(self) -> Node:
        self.running.ready_client().close()
        joined = self._cluster.join("node-e", running=self.running)
        health.probe_all()
        joined.refresh_from_db()
        return joined

    def start(self) -> None:
        address = {"NODE_BIND": f"127.0.0.1:{self._port}"}
        self.running = RunningNode(self.data, gateway_url=self._gateway.url, **address)

    def be_away_until_offline(self, settings) -> None:
        self.running.kill()
        health.probe_all()
        health.probe_all()
        age("nodes_node", "failing_since", settings.OFFLINE_AFTER_SECONDS)
        health.probe_all()
        assert Node.objects.get(store_id=self.running.store_id).health == Node.Health.OFFLINE


@pytest.fixture
def machine(cluster: Cluster, key_gateway: KeyGateway, tmp_path: Path) -> Iterator[Machine]:
    """Beside two of the others: whatever is stored has a copy on it; two more may take its place."""
    machine = Machine(cluster, key_gateway, tmp_path)
    for name in ("node-c", "node-d"):
        cluster.update(name, duty="draining")
    yield machine
    if machine.running.process.poll() is None:
        machine.running.kill()


def test_f27_an_emptied_disk_is_another_store_and_repair_waits_for_nobody(cluster, machine, settings):
    content = b"was on the disk that was wiped"
    content_id = cluster.store(content)
    replicate_all()
    before = cluster.node("node-e")
    machine.running.kill()
    shutil.rmtree(machine.data)
    machine.start()

    joined = machine.join()
    health.probe_all()
    assert (joined.url, joined.name) == (before.url, "node-e-2")
    assert cluster.read(content_id) == content
    old = Node.objects.get(id=before.id)
    assert (old.health, old.problem_code, old.absence_noted) == ("suspect", "wrong_store", False)

    age("nodes_node", "failing_since", settings.OFFLINE_AFTER_SECONDS)
    assert health.probe_all()
    replicate_all()

    old.refresh_from_db()
    assert (old.health, old.absence_noted) == ("offline", True)
    counted = {replica.node.name for replica in chunk_of(content).replicas.stored()} - {"node-e"}
    assert counted == {"node-a", "node-b", "node-e-2"}
    assert cluster.read(content_id) == content


def test_a_node_that_is_only_away_is_waited_for(cluster, machine, settings):
    cluster.store(b"rebooting")
    replicate_all()

    machine.be_away_until_offline(settings)

    assert not Node.objects.get(name="node-e").absence_noted
    assert chunk_of(b"rebooting").copies_due_at is None


def test_f29_an_older_disk_put_back_between_two_probes_is_noticed(cluster, machine, tmp_path):
    """No probe failed meanwhile; the disk knows an older number of the database's than it has confirmed."""
    machine.running.kill()
    shutil.copytree(machine.data, tmp_path / "image")
    machine.start()
    machine.join()
    health.probe_all()
    before = machine.join()
    assert before.returned_at is None, "a restart that lost nothing is none"
    machine.running.kill()
    shutil.rmtree(machine.data)
    (tmp_path / "image").rename(machine.data)
    machine.start()

    machine.join()

    assert Node.objects.get(id=before.id).returned_at is not None
    Node.objects.update(returned_at=None)
    health.probe_all()
    assert Node.objects.get(id=before.id).returned_at is None, "it is said once"


def test_f29_copies_on_a_node_that_comes_back_count_once_they_have_proven_to_be_there(
    cluster, machine, settings, tmp_path
):
    """It comes back with an older disk: what came since is not on it, whatever the rows say."""
    kept, since = b"on both disks", b"stored after the image was made"
    cluster.store(kept)
    replicate_all()
    machine.running.kill()
    shutil.copytree(machine.data, tmp_path / "image")
    machine.start()
    machine.join()
    cluster.store(since)
    replicate_all()
    machine.be_away_until_offline(settings)
    shutil.rmtree(machine.data)
    (tmp_path / "image").rename(machine.data)

    machine.start()
    returned = machine.join()

    assert (returned.name, returned.health, returned.absence_noted) == ("node-e", "online", False)
    assert Node.objects.get(id=returned.id).returned_at is not None
    Chunk.objects.all().make_due()
    cluster.update("node-c", duty="active")
    replicate_all()
    holders = {content: cluster.holders(chunk_of(content)) for content in (kept, since)}
    assert {"node-a", "node-b", "node-e"} <= holders[kept]
    assert len(holders[since]) == 3
    states = Replica.objects.filter(node=returned).values_list("chunk__size", "state")
    assert (len(since), Replica.State.MISSING) in states
    assert (len(kept), Replica.State.STORED) in states


def test_f29_a_write_is_not_acknowledged_on_the_word_of_a_disk_that_may_be_an_older_one(cluster):
    """The bytes are known, with copies on a quorum of nodes; one of them is back without its file."""
    content = b"known, and perhaps no more"
    cluster.store(content)
    replica = chunk_of(content).replicas.select_related("node", "chunk").first()
    cluster.file(replica).unlink()
    cluster.update(replica.node.name, returned_at=Now())

    content_id = cluster.store(content)

    assert len(cluster.holders(chunk_of(content))) == 2
    assert cluster.read(content_id) == content


def test_known_bytes_can_be_stored_while_every_node_that_has_them_is_just_back(cluster):
    content = b"after the lights went out"
    cluster.store(content)
    replicate_all()
    Node.objects.update(returned_at=Now())
    for name in cluster.running.keys() - {r.node.name for r in chunk_of(content).replicas.stored()}:
        cluster.update(name, duty="draining")

    assert cluster.read(cluster.store(content)) == content


@pytest.mark.parametrize("is_condemned", [False, True])
def test_f44_bytes_that_a_restored_database_knows_and_no_disk_has_are_stored_anew(cluster, is_condemned):
    """They were reclaimed after the database was saved; the rows of their copies came back with it."""
    content = b"reclaimed since"
    cluster.update("node-d", duty="draining")
    content_id = cluster.store(content)
    replicate_all()
    if is_condemned:
        with transaction.atomic():
            contents.release([content_id])
        reclaim.drop_extents()
    for replica in chunk_of(content).replicas.select_related("node", "chunk"):
        cluster.file(replica).unlink()
    Node.objects.update(returned_at=Now())
    roster.forget()

    again = cluster.store(content)

    assert len(cluster.holders(chunk_of(content))) == 2
    assert cluster.read(again) == content


def test_f29_known_bytes_are_stored_anew_where_an_older_disk_came_back(cluster):
    content = b"not on the older disk"
    content_id = cluster.store(content)
    chunk = chunk_of(content)
    gone, there = chunk.replicas.select_related("node", "chunk").order_by("node__name")
    with transaction.atomic():
        contents.release([content_id])
    reclaim.drop_extents()
    cluster.file(gone).unlink()
    cluster.update(gone.node.name, returned_at=Now())
    for name in cluster.running.keys() - {gone.node.name, there.node.name}:
        cluster.update(name, duty="draining")

    cluster.store(content)

    assert len(cluster.holders(chunk)) == 2


def test_f29_a_copy_verified_since_the_return_is_not_looked_at_again(cluster, machine, settings):
    cluster.store(b"proven already")
    replicate_all()
    machine.be_away_until_offline(settings)
    machine.start()
    returned = machine.join()
    cluster.store(b"fresh on it")
    Chunk.objects.all().make_due()
    replicate_all()
    proven = {replica.id: replica.verified_at for replica in Replica.objects.filter(node=returned)}
    assert all(verified_at > returned.returned_at for verified_at in proven.values())

    Chunk.objects.all().make_due()
    replicate_all()

    again = {replica.id: replica.verified_at for replica in Replica.objects.filter(node=returned)}
    assert again == proven


def test_f30_a_copied_disk_is_refused_while_the_original_answers_and_people_can_see_it(
    cluster, machine, key_gateway, tmp_path
):
    original = cluster.node("node-e")
    shutil.copytree(machine.data, tmp_path / "clone")
    clone = RunningNode(tmp_path / "clone", gateway_url=key_gateway.url)
    try:
        clone.ready_client().close()
        clone_url = f"http://127.0.0.1:{clone.port}"
        with pytest.raises(StoreCloned):
            cluster.join("node-e", running=clone)
    finally:
        clone.kill()

    assert cluster.node("node-e").url == original.url
    assert [node.name for node in Node.objects.cloned()] == ["node-e"]
    assert cluster.node("node-e").clone_url == clone_url
    age("nodes_node", "clone_seen_at", 600)
    assert not Node.objects.cloned().exists()


def test_f30_a_disk_that_moved_is_learnt_and_its_copies_must_prove_to_be_there(cluster):
    node = cluster.node("node-a")
    assert node.returned_at is None
    cluster.take_down("node-a")

    moved = cluster.join("node-a")

    assert moved.url == node.url
    assert moved.returned_at is not None


@pytest.mark.django_db
def test_f30_a_store_of_another_cluster_is_refused_and_leaves_no_node():
    answer = announce(joined="another-cluster")

    assert (answer.status_code, answer.json()["code"]) == (409, "store_foreign")
    assert not Node.objects.exists()
    with pytest.raises(StoreForeign, match="empty folder"):
        membership.announce(
            store_id=uuid.uuid4(),
            url="http://127.0.0.1:1",
            zone="",
            name="x",
            capacity_bytes=0,
            joined="other",
        )


@pytest.mark.django_db
def test_a_store_that_joined_this_cluster_before_may_come_back():
    assert announce(joined=membership.cluster_id()).status_code == 200
    assert announce(**announcement(joined=None)).status_code == 200


def test_f11_a_node_that_hangs_keeps_no_other_from_being_probed(cluster, settings):
    age("nodes_node", "probed_at", 60)
    before = {node.name: node.probed_at for node in Node.objects.all()}
    began = time.monotonic()

    with cluster.hung("node-a"):
        health.probe_all()

    assert time.monotonic() - began < 30, "one time-out, not one after the other"
    after = {node.name: node for node in Node.objects.all()}
    assert all(after[name].probed_at > before[name] for name in before)
    assert after["node-a"].failures == 1
    assert all(after[name].failures == 0 for name in before if name != "node-a")
    assert roster.views()[after["node-a"].id].returned_at is None
    assert replication.claim(1) == []
