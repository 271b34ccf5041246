"""Nodes are evened out a little at a time, when all is well, and never at the cost of zones or copies."""

import math
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from nodes import copying, failpoints, figures, membership, rebalance, replication, roster, turns
from nodes.figures import Figure
from nodes.models import Chunk, Node, Rebalance, Replica
from tests.nodes.living_cluster import CHUNK_BYTES, Cluster, age
from tests.nodes.test_membership import client_of
from tests.nodes.test_replication import Crash, crash, let_leases_end, make_due_now, replicate_all
from tests.nodes.test_trim import reclaim_all, trim_all
from tests.nodes.test_writing import some_bytes

GB = 10**9
EVEN = {"capacity_bytes": 100 * GB, "free_bytes": 50 * GB, "filesystem_id": ""}
API = "/api/v1/nodes/rebalance"


def copies_on(name: str) -> int:
    return Replica.objects.stored().filter(node__name=name).count()


@pytest.fixture
def uneven(cluster: Cluster) -> bytes:
    """Everything lies on three nodes; a fourth has just joined, empty."""
    cluster.update("node-d", duty="draining")
    content = some_bytes(6 * CHUNK_BYTES, seed=1)
    cluster.store(content)
    replicate_all()
    membership.activate(cluster.node("node-d"))
    trim_all()
    make_uneven(cluster)
    return content


def make_even(cluster: Cluster) -> None:
    for name in cluster.running:
        cluster.update(name, **EVEN)


def make_uneven(cluster: Cluster) -> None:
    make_even(cluster)
    cluster.update("node-a", free_bytes=20 * GB)
    cluster.update("node-d", free_bytes=95 * GB)


def test_copies_move_from_the_fullest_node_to_the_emptiest(cluster, uneven):
    assert (copies_on("node-a"), copies_on("node-d")) == (6, 0)

    assert rebalance.rebalance() == 6
    assert figures.read()[Figure.COPIES_REBALANCED].value == 6
    assert Chunk.objects.filter(surplus_at__isnull=False).count() == 6
    trim_all()
    reclaim_all()

    assert (copies_on("node-a"), copies_on("node-d")) == (0, 6)
    for chunk in Chunk.objects.all():
        assert len(cluster.holders(chunk)) == 3
        assert (chunk.copies_due_at, chunk.lease_until) == (None, None)
    assert not any((cluster.running["node-a"].data / "chunks").glob("??/??/*"))


def test_a_difference_below_the_threshold_moves_nothing(cluster, uneven, settings):
    settings.REBALANCE_THRESHOLD = 0.8

    assert rebalance.rebalance() == 0


def test_no_more_is_moved_than_would_even_out_the_two(cluster, uneven):
    cluster.update("node-a", capacity_bytes=10 * CHUNK_BYTES, free_bytes=0)
    cluster.update("node-d", capacity_bytes=10 * CHUNK_BYTES, free_bytes=6 * CHUNK_BYTES)

    assert rebalance.rebalance() == 3


def test_a_pass_is_bounded(cluster, uneven, monkeypatch):
    monkeypatch.setattr(rebalance, "MOVES", 2)

    assert rebalance.rebalance() == 2
    assert rebalance.rebalance() == 0, "what is too many is removed first"
    trim_all()
    reclaim_all()
    assert rebalance.rebalance() == 2


@pytest.mark.parametrize("trouble", ["a chunk is due", "a node is away", "repair has the turn", "one disk"])
def test_nothing_moves_unless_all_is_well(cluster, uneven, trouble):
    if trouble == "a chunk is due":
        Chunk.objects.filter(id=Chunk.objects.first().id).update(copies_due_at=Now() + timedelta(hours=1))
    elif trouble == "a node is away":
        cluster.update("node-b", health="suspect")
    elif trouble == "repair has the turn":
        assert turns.take(replication.TURN, uuid4(), seconds=60)
    else:
        Node.objects.update(filesystem_id="the same")

    assert rebalance.rebalance() == 0
    assert copies_on("node-d") == 0


def test_f34_rebalance_stops_while_half_of_the_nodes_are_away_and_goes_on_when_they_return(cluster, uneven):
    for name in ("node-b", "node-c"):
        cluster.update(name, health="offline")
    assert rebalance.rebalance() == 0

    for name in ("node-b", "node-c"):
        cluster.update(name, health="online")

    assert rebalance.rebalance() == 6


def test_zones_are_not_given_up_for_evenness(cluster, uneven):
    """The empty node shares the attic with node-b: with node-a's copies there, two would."""
    for name in ("node-b", "node-d"):
        cluster.update(name, zone="attic")
    cluster.update("node-b", free_bytes=95 * GB)

    assert rebalance.rebalance() == 0


def shape_zones(cluster: Cluster) -> None:
    for name in ("node-b", "node-d"):
        cluster.update(name, zone="attic")
    cluster.update("node-b", free_bytes=95 * GB)


def shape_disks(cluster: Cluster) -> None:
    Node.objects.update(filesystem_id="the same")


def shape_copies(cluster: Cluster) -> None:
    cluster.update("node-d", duty="retired")
    cluster.update("node-b", free_bytes=95 * GB)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (shape_zones, "emptier nodes hold a copy of each piece already, or zones would be lost"),
        (shape_copies, "emptier nodes hold a copy of each piece already, or zones would be lost"),
        (shape_disks, "the nodes that differ share a disk"),
    ],
)
def test_why_nothing_can_move_is_told_until_something_moves(cluster, uneven, shape, told):
    zones = dict(Node.objects.values_list("name", "zone"))
    shape(cluster)
    assert rebalance.rebalance() == 0
    assert rebalance.outlook().waits_for == told
    age("nodes_rebalance", "began_at", 3600)

    for name, zone in zones.items():
        cluster.update(name, zone=zone, duty="active")
    make_uneven(cluster)
    assert rebalance.rebalance() > 0
    outlook = rebalance.outlook()
    assert outlook.waits_for == "copies that were moved are being removed"
    assert outlook.bytes_per_second is None, "the time in which nothing could move is left out"
    trim_all()
    reclaim_all()
    assert rebalance.outlook().waits_for == ""


def test_within_a_zone_copies_move(cluster, uneven):
    for name in ("node-a", "node-d"):
        cluster.update(name, zone="attic")

    rebalance.rebalance()
    trim_all()

    assert (copies_on("node-a"), copies_on("node-d")) == (0, 6)


def test_what_does_not_fit_into_the_pace_is_left_as_it_was(cluster, uneven, settings, monkeypatch):
    settings.REPAIR_BYTES_PER_SECOND = CHUNK_BYTES // 120  # the second would begin after the budget
    monkeypatch.setattr(rebalance, "BUDGET_SECONDS", 60)
    monkeypatch.setattr(copying, "PARCEL_BYTES", 1)

    assert rebalance.rebalance() == 1

    assert not Chunk.objects.under_replicated().exists()
    assert not Chunk.objects.filter(lease_until__isnull=False).exists()


@pytest.mark.parametrize("place", ["replicate.pending", "replicate.copied"])
def test_what_a_worker_that_died_had_begun_to_move_is_given_up_by_the_next_pass(cluster, uneven, place):
    with failpoints.armed(place, crash), pytest.raises(Crash):
        rebalance.rebalance()
    assert Replica.objects.filter(state=Replica.State.PENDING).count() == 6
    let_leases_end()

    assert rebalance.rebalance() == 0, "what was begun comes first"
    make_due_now()
    replicate_all()
    reclaim_all()
    assert not Replica.objects.exclude(state=Replica.State.STORED).exists()
    assert not any((cluster.running["node-d"].data / "chunks").glob("??/??/*"))

    assert rebalance.rebalance() == 6


def test_copies_that_all_share_one_zone_are_spread_when_another_is_there(cluster):
    for name in ("node-a", "node-b", "node-c"):
        cluster.update(name, zone="attic")
    cluster.update("node-d", duty="draining")
    cluster.store(b"all in the attic")
    replicate_all()
    chunk = Chunk.objects.get()
    membership.activate(cluster.node("node-d"))
    trim_all()
    assert "node-d" not in cluster.holders(chunk)

    assert rebalance.order_misplaced_in(0, chunk.id, chunk.id) == 1
    replicate_all()
    trim_all()

    assert len(cluster.holders(chunk)) == 3
    assert "node-d" in cluster.holders(chunk)
    assert rebalance.order_misplaced_in(0, chunk.id, chunk.id) == 0


def test_one_zone_is_enough_where_there_is_no_other(cluster):
    for name in cluster.running:
        cluster.update(name, zone="attic")
    cluster.store(b"nowhere else")
    replicate_all()
    chunk = Chunk.objects.get()

    assert rebalance.order_misplaced_in(0, chunk.id, chunk.id) == 0
    Chunk.objects.all().make_due()
    replicate_all()
    assert chunk.replicas.stored().count() == 3


def test_too_few_copies_that_nobody_ordered_are_found(cluster):
    cluster.store(b"never ordered")
    chunk = Chunk.objects.get()
    Chunk.objects.update(copies_due_at=None)

    assert rebalance.order_misplaced_in(0, chunk.id, chunk.id) == 1
    make_due_now()
    replicate_all()

    assert len(cluster.holders(chunk)) == 3


def test_in_a_day_every_chunk_is_looked_at(cluster, settings):
    """Whatever time it is, the slices of all passes of a day meet."""
    settings.REBALANCE_INTERVAL_SECONDS = rebalance.WALK_SECONDS / 2
    cluster.store(some_bytes(5 * CHUNK_BYTES, seed=2))
    Chunk.objects.update(copies_due_at=None)
    roster.forget()

    assert rebalance.order_misplaced() == 5


def test_a_pass_with_nothing_to_do_asks_the_database_six_times(cluster, monkeypatch):
    cluster.store(some_bytes(2 * CHUNK_BYTES, seed=3))
    replicate_all()
    monkeypatch.setattr(roster, "REFRESH_SECONDS", math.inf)  # they are asked for again by the clock

    with CaptureQueriesContext(connection) as asked:
        assert rebalance.rebalance() == 0

    assert len(asked) == 6, [query["sql"] for query in asked]


def test_an_admin_is_told_how_uneven_the_nodes_are_and_what_is_waited_for(cluster, uneven):
    admin = client_of(is_staff=True, is_superuser=True)
    told = admin.get(API).json()
    assert told["difference"] == pytest.approx(0.75)
    assert told["bytes_left"] == pytest.approx((0.8 - 0.4625 + 2 * (0.5 - 0.4625)) * 100 * GB)
    assert told["waits_for"] == ""

    assert admin.post(API).status_code == 202
    rebalance.rebalance()
    assert admin.get(API).json()["waits_for"] == "copies that were moved are being removed"
    cluster.update("node-b", health="suspect")
    assert admin.get(API).json()["waits_for"] == "a node is away"
    make_even(cluster)
    assert admin.get(API).json()["waits_for"] == "the nodes are even enough"
    assert client_of().post(API).status_code == 403


def test_the_api_tells_how_far_a_rebalance_has_come_and_how_long_it_takes(cluster, uneven, monkeypatch):
    """The rate is what was moved since it began; one that begins later knows nothing of it."""
    monkeypatch.setattr(rebalance, "MOVES", 2)
    admin = client_of(is_staff=True, is_superuser=True)

    def figures_told() -> tuple[int, float | None, float | None]:
        told = admin.get(API).json()
        return told["moved_bytes"], told["bytes_per_second"], told["seconds_left"]

    assert figures_told() == (0, None, None)
    rebalance.rebalance()
    assert figures_told() == (2 * CHUNK_BYTES, None, None), "the wait after a pass belongs to it"

    age("nodes_rebalance", "began_at", 100)
    told = admin.get(API).json()
    assert told["bytes_per_second"] == pytest.approx(2 * CHUNK_BYTES / 100, rel=0.1)
    assert told["seconds_left"] == pytest.approx(told["bytes_left"] / told["bytes_per_second"])
    trim_all()
    reclaim_all()
    rebalance.rebalance()
    assert figures_told()[0] == 4 * CHUNK_BYTES

    make_even(cluster)
    assert figures_told()[2] == 0
    rebalance.rebalance()
    make_uneven(cluster)
    assert figures_told() == (0, None, None)


def test_the_admin_tells_what_moves_how_long_it_takes_and_why_nothing_does(cluster, uneven):
    browser = Client()
    browser.force_login(User.objects.create_superuser("root", password="a long password"))
    order = {"action": "rebalance", "_selected_action": [cluster.node("node-a").id], "confirmed": "yes"}

    def page_after(order: dict[str, object] | None = None) -> str:
        path = "/admin/nodes/node/"
        page = browser.post(path, order, follow=True) if order else browser.get(path)
        return page.content.decode().replace("\xa0", " ")

    page = page_after(order)
    assert page.count("The used shares of the nodes differ by 75 %.") > 1, "the answer, and over the list"
    assert "0 B are moved, 41.2 GB are to move. How long that takes is not known yet." in page
    assert "Nothing moves now" not in page

    rebalance.rebalance()
    Rebalance.objects.update(moved_bytes=rebalance.outlook().bytes_left)
    age("nodes_rebalance", "began_at", 3600)
    page = page_after()
    assert "At most 1:0" in page
    assert "Nothing moves now: copies that were moved are being removed." in page

    cluster.update("node-b", health="suspect")
    assert page_after(order).count("Nothing moves now: a node is away.") > 1
    make_even(cluster)
    assert "Nothing moves now: the nodes are even enough." in page_after()
