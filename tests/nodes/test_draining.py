"""A node is emptied and no chunk ever has too few proven copies; how far it has come is told honestly."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts.models import User
from nodes import (
    contents,
    draining,
    failpoints,
    figures,
    health,
    membership,
    rebalance,
    reclaim,
    roster,
    scrub,
)
from nodes.errors import ChunkReclaimed, NodeStillNeeded
from nodes.figures import Figure
from nodes.models import Chunk, Node, Replica
from tests.nodes.examined import replicate_what_waits
from tests.nodes.living_cluster import CHUNK_BYTES, Bytes, Cluster, age, chunk_of, seal
from tests.nodes.test_membership import client_of
from tests.nodes.test_rebalance import GB, make_even
from tests.nodes.test_recording import placed, record
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_trim import reclaim_all, trim_all
from tests.nodes.test_writing import some_bytes


@pytest.fixture
def filled(cluster) -> Iterator[bytes]:
    content = some_bytes(8 * CHUNK_BYTES, seed=7)
    content_id = cluster.store(content)
    replicate_all()
    yield content
    assert cluster.read(content_id) == content


def test_f37_a_drain_copies_verifies_and_only_then_removes(cluster, filled):
    """At every step each chunk has three good copies on disks; the node is empty in the end."""
    leaving = cluster.node("node-a")
    here = {replica.chunk_id for replica in leaving.replicas.stored()}
    fewest: list[int] = []

    def look() -> None:
        fewest.append(min(len(cluster.holders(chunk)) for chunk in Chunk.objects.all()))

    membership.drain(leaving)
    with failpoints.armed("replicate.pending", look), failpoints.armed("replicate.copied", look):
        replicate_all()
    with failpoints.armed("trim.proven", look):
        trim_all()
    with failpoints.armed("reclaim.files_deleted", look):
        reclaim_all()
    look()

    assert here
    assert min(fewest) >= 3
    assert not leaving.replicas.exists()
    assert not any((cluster.running["node-a"].data / "chunks").glob("??/??/*"))
    moved = Replica.objects.stored().filter(chunk_id__in=here)
    assert all(replica.verified_at > replica.stored_at for replica in moved)
    membership.retire(leaving)


def test_a_copy_that_goes_bad_on_its_new_node_keeps_the_old_one(cluster, filled):
    leaving = cluster.node("node-a")
    chunk = leaving.replicas.stored().first().chunk
    before = set(chunk.replicas.values_list("id", flat=True))
    membership.drain(leaving)
    replicate_all()
    fresh = chunk.replicas.stored().exclude(id__in=before).select_related("node").get()
    cluster.file(fresh).write_bytes(b"rot")

    trim_all()

    assert "node-a" in cluster.holders(chunk)
    assert len(cluster.holders(chunk)) == 3
    with pytest.raises(NodeStillNeeded):
        membership.retire(leaving)


def test_a_copy_that_was_on_its_way_when_the_drain_began_leaves_the_node_too(cluster):
    content = b"its third copy comes a moment too late"
    cluster.store(content)
    leaving: list[Node] = []

    def drain_target() -> None:
        for replica in Replica.objects.filter(state=Replica.State.PENDING).select_related("node")[:1]:
            if not leaving:
                leaving.append(replica.node)
                membership.drain(replica.node)

    with failpoints.armed("replicate.pending", drain_target):
        replicate_all()
    assert draining.load(leaving[0]).copies

    trim_all()
    replicate_all()
    trim_all()

    assert not draining.load(leaving[0]).copies
    assert len(cluster.holders(chunk_of(content))) == 3


def fill(cluster: Cluster, *, most: str, least: str) -> None:
    """Have a node be the fullest and another the emptiest, whatever they hold."""
    make_even(cluster)
    cluster.update(most, free_bytes=20 * GB)
    cluster.update(least, free_bytes=95 * GB)


def test_f37_scrub_rebalance_drain_trim_reclaim_readers_and_uploads_at_once_never_go_below_three(
    cluster, monkeypatch
):
    """All run together while files come and go; whoever looks finds three good copies of what had them."""
    monkeypatch.setattr(rebalance, "MOVES", 1)  # so that it has not done when the drain begins
    cluster.update("node-d", duty=Node.Duty.DRAINING)
    content = some_bytes(8 * CHUNK_BYTES, seed=7)
    content_id = cluster.store(content)
    replicate_all()
    membership.activate(cluster.node("node-d"))
    chunks = list(Chunk.objects.all())
    fill(cluster, most="node-a", least="node-d")
    is_over = threading.Event()
    errors: list[BaseException] = []

    def again_and_again(work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                while not is_over.wait(0.02):  # so that all get their share of two cores
                    work()
            except BaseException as error:
                errors.append(error)
                raise
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def scrub_anew() -> None:
        for node in Node.objects.in_service():
            scrub.order(node)
        scrub.scrub_due()

    reads: list[bool] = []
    uploaded: list[object] = []
    threads = [
        again_and_again(replicate_all),
        again_and_again(trim_all),
        again_and_again(reclaim_all),
        again_and_again(rebalance.rebalance),
        again_and_again(scrub_anew),
        again_and_again(lambda: reads.append(cluster.read(content_id) == content)),
        again_and_again(lambda: uploaded.append(cluster.store(b"meanwhile %d" % (len(uploaded) % 20)))),
    ]

    def counted(figure: Figure) -> int:
        return figures.read()[figure].value

    def look_until(is_done: Callable[[], bool]) -> None:
        while not is_done() and not errors:
            put_off = Chunk.objects.filter(surplus_at__gt=Now())
            for chunk_id in put_off.values_list("id", flat=True):  # singly: nobody waits in a circle
                put_off.filter(id=chunk_id).update(surplus_at=Now())
            assert all(chunk.replicas.stored().count() >= 3 for chunk in chunks)

    try:
        look_until(lambda: counted(Figure.COPIES_REBALANCED) > 0)
        leaving = cluster.node("node-a")
        membership.drain(leaving)
        reads_before, scrubbed_before = len(reads), counted(Figure.REPLICAS_SCRUBBED)
        look_until(lambda: not draining.load(leaving).copies)
        look_until(lambda: len(reads) > reads_before and counted(Figure.REPLICAS_SCRUBBED) > scrubbed_before)
        membership.activate(leaving)
        fill(cluster, most="node-b", least="node-a")
        moved_before = counted(Figure.COPIES_REBALANCED)
        look_until(lambda: counted(Figure.COPIES_REBALANCED) > moved_before)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()

    assert not errors
    assert all(reads)
    assert uploaded
    replicate_what_waits()
    Chunk.objects.filter(surplus_at__isnull=False).update(surplus_at=Now())
    trim_all()
    for chunk in Chunk.objects.filter(state=Chunk.State.LIVE):
        assert len(cluster.holders(chunk)) == chunk.replicas.stored().count() == 3


def test_f38_an_upload_that_is_open_while_its_node_is_drained_is_whole(cluster):
    content = some_bytes(6 * CHUNK_BYTES, seed=8)
    writer = contents.begin()
    writer.append(Bytes(content[: 3 * CHUNK_BYTES]))
    writer.record()
    leaving = cluster.node("node-a")
    membership.drain(leaving)
    replicate_all()
    trim_all()
    writer.append(Bytes(content[3 * CHUNK_BYTES :]))
    content_id = seal(writer)
    replicate_all()
    trim_all()
    reclaim_all()

    membership.retire(leaving)

    assert cluster.read(content_id) == content
    assert all("node-a" not in cluster.holders(chunk) for chunk in Chunk.objects.all())
    assert all(len(cluster.holders(chunk)) == 3 for chunk in Chunk.objects.all())


def test_f38_an_upload_that_relied_on_copies_the_drain_removed_is_told_to_send_again(cluster):
    content = b"known bytes"
    cluster.store(content)
    replicate_all()
    chunk = Chunk.objects.get()
    on = sorted(cluster.holders(chunk))[:2]
    piece = placed(content, *on)
    piece.placements = [type(place)(place.node_id, None) for place in piece.placements]
    for name in on[:1]:
        membership.drain(cluster.node(name))
    replicate_all()
    trim_all()

    with pytest.raises(ChunkReclaimed):
        record(piece)
    assert len(cluster.holders(chunk)) == 3


def test_progress_counts_down_and_expects_what_was_seen(cluster, filled):
    node = cluster.node("node-a")
    assert draining.progress(node) is None
    membership.drain(node)
    total = draining.load(node)
    begun = draining.progress(cluster.node("node-a"))
    assert (begun.copies_left, begun.bytes_left) == (total.copies, total.size)
    assert (begun.bytes_per_second, begun.seconds_left) == (None, None)

    age("nodes_node", "drain_began_at", 10)
    moved = list(node.replicas.stored().values_list("id", flat=True)[: total.copies // 2])
    Replica.objects.filter(id__in=moved).update(state=Replica.State.DELETING)
    half_way = draining.progress(cluster.node("node-a"))
    assert half_way.copies_left == total.copies - len(moved)
    assert half_way.bytes_per_second == pytest.approx(len(moved) * CHUNK_BYTES / 10, rel=0.5)
    assert half_way.seconds_left == pytest.approx(half_way.bytes_left / half_way.bytes_per_second)

    node.replicas.stored().update(state=Replica.State.DELETING)
    assert draining.progress(cluster.node("node-a")).seconds_left == 0


def test_draining_again_does_not_forget_when_it_began(cluster, filled):
    node = cluster.node("node-a")
    membership.drain(node)
    began_at = cluster.node("node-a").drain_began_at

    membership.drain(node)

    assert cluster.node("node-a").drain_began_at == began_at
    membership.activate(node)
    assert cluster.node("node-a").drain_began_at is None


def test_the_api_tells_how_far_a_drain_has_come(cluster, filled):
    admin = client_of(is_staff=True, is_superuser=True)
    path = f"/api/v1/nodes/{cluster.node('node-a').id}"
    assert admin.get(path).json()["drain"] is None

    told = admin.post(f"{path}/drain").json()["drain"]

    held = draining.load(cluster.node("node-a"))
    assert told == {
        "copies_left": held.copies,
        "bytes_left": held.size,
        "bytes_per_second": None,
        "seconds_left": None,
    }
    refused = admin.post(f"{path}/retire")
    assert refused.status_code == 409
    assert refused.json()["code"] == "node_still_needed"
    replicate_all()
    trim_all()
    assert admin.get(path).json()["drain"]["copies_left"] == 0
    assert admin.post(f"{path}/retire").json()["duty"] == Node.Duty.RETIRED


def test_a_dead_nodes_copies_are_given_up_once_others_are_proven(cluster, filled):
    """Its disk is gone for good: it is drained and retired without ever answering again."""
    dead = cluster.node("node-a")
    cluster.take_down("node-a")
    Node.objects.filter(id=dead.id).update(health=Node.Health.OFFLINE, absence_noted=True)
    roster.forget()
    membership.drain(dead)
    replicate_all()
    trim_all()

    membership.retire(dead)
    reclaim.delete_files()

    assert not dead.replicas.exists()
    assert health.probe_all() is False


def test_the_admin_asks_before_it_drains_and_tells_how_far_it_has_come(cluster, filled):
    browser = Client()
    browser.force_login(User.objects.create_superuser("root", password="a long password"))
    node = cluster.node("node-a")
    list_page = "/admin/nodes/node/"
    order = {"action": "drain", "_selected_action": [node.id]}

    asked = browser.post(list_page, order)
    assert "Drain these nodes?" in asked.content.decode()
    assert cluster.node("node-a").duty == Node.Duty.ACTIVE

    browser.post(list_page, order | {"confirmed": "yes"})
    held = draining.load(node).copies
    assert cluster.node("node-a").duty == Node.Duty.DRAINING
    assert f"{held} copies" in browser.get(list_page).content.decode()
    browser.post(list_page, order | {"action": "retire", "confirmed": "yes"})
    assert cluster.node("node-a").duty == Node.Duty.DRAINING
    replicate_all()
    trim_all()
    assert "empty: can be retired" in browser.get(list_page).content.decode()
    browser.post(list_page, order | {"action": "retire", "confirmed": "yes"})
    assert cluster.node("node-a").duty == Node.Duty.RETIRED
