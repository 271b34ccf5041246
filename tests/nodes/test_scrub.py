"""Everything is re-read within the period, at its pace and in no order; rot is found where nobody reads."""

import random
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts.models import User
from nodes import figures, replication, roster, scrub
from nodes.figures import Figure
from nodes.models import Chunk, Node, Replica, Upkeep
from tests.nodes.living_cluster import CHUNK_BYTES, age, chunk_of
from tests.nodes.lying_node import VERIFY, change, refuse
from tests.nodes.test_membership import client_of
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes

DAY = timedelta(days=1)
TERABYTE = 10**12
PACE = 20_000_000


@pytest.fixture(autouse=True)
def period(settings) -> None:
    settings.SCRUB_PERIOD_SECONDS = 14 * DAY.total_seconds()
    settings.SCRUB_BYTES_PER_SECOND = 10**12  # what paces is tested by itself


def let_all_be_due(settings) -> None:
    age("nodes_replica", "verified_at", settings.SCRUB_PERIOD_SECONDS)
    wake_scrub()


def wake_scrub() -> None:
    Upkeep.objects.update(scrub_next_at=Now())


def scrub_all() -> None:
    while scrub.scrub_due():
        wake_scrub()


def unverified(settings) -> int:
    return (
        Replica.objects.stored()
        .filter(verified_at__lt=Now() - timedelta(seconds=settings.SCRUB_PERIOD_SECONDS))
        .count()
    )


@pytest.mark.parametrize(
    ("used_bytes", "days"),
    [(0, 13), (TERABYTE // 10, 13), (TERABYTE, 14 - 2 * TERABYTE / PACE / 86400), (100 * TERABYTE, 7)],
)
def test_the_fuller_a_node_the_earlier_its_copies_are_due(used_bytes, days):
    found = scrub.due_after(period=14 * DAY, used_bytes=used_bytes, bytes_per_second=PACE)
    assert found / DAY == pytest.approx(days)


def test_every_copy_is_looked_at_again_within_the_period(cluster, settings):
    cluster.store(some_bytes(20 * CHUNK_BYTES, seed=1))
    replicate_all()
    let_all_be_due(settings)
    before = figures.read()
    assert unverified(settings) == 60

    scrub_all()

    assert unverified(settings) == 0
    after = figures.read()
    assert after[Figure.REPLICAS_SCRUBBED].value - before[Figure.REPLICAS_SCRUBBED].value == 60
    assert after[Figure.SCRUBBED_BYTES].value - before[Figure.SCRUBBED_BYTES].value == 60 * CHUNK_BYTES
    assert not Chunk.objects.under_replicated().exists()


def test_f06_every_flipped_bit_is_found_put_aside_and_replaced_though_nobody_reads(cluster, settings):
    content = some_bytes(12 * CHUNK_BYTES, seed=2)
    content_id = cluster.store(content)
    replicate_all()
    dice = random.Random(3)
    damaged = []
    for chunk in Chunk.objects.all():
        replica = dice.choice(list(chunk.replicas.select_related("node", "chunk")))
        path = cluster.file(replica)
        bad = bytearray(path.read_bytes())
        bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        path.write_bytes(bad)
        damaged.append((replica, path, bytes(bad)))
    let_all_be_due(settings)

    scrub_all()

    for replica, path, bad in damaged:
        replica.refresh_from_db()
        assert replica.state == Replica.State.CORRUPT
        folder = cluster.running[replica.node.name].data / "quarantine"
        assert [aside.read_bytes() for aside in folder.glob(f"{path.name}.*")] == [bad]
    replicate_all()
    assert all(len(cluster.holders(chunk)) == 3 for chunk in Chunk.objects.all())
    assert cluster.read(content_id) == content


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: data + b"!", None],
    ids=["empty", "half", "longer", "gone"],
)
def test_f07_a_file_of_another_length_or_none_is_found_and_replaced(cluster, settings, damage):
    content = b"of another length" * 100
    cluster.store(content)
    replicate_all()
    chunk = chunk_of(content)
    replica = chunk.replicas.select_related("node", "chunk").first()
    path = cluster.file(replica)
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(content))
    let_all_be_due(settings)

    scrub_all()

    replica.refresh_from_db()
    assert replica.state == (Replica.State.MISSING if damage is None else Replica.State.CORRUPT)
    assert chunk_of(content).copies_due_at is not None
    replicate_all()
    assert len(cluster.holders(chunk)) == 3


def test_a_node_is_read_no_faster_than_its_pace(cluster, settings):
    settings.SCRUB_BYTES_PER_SECOND = CHUNK_BYTES
    cluster.store(some_bytes(20 * CHUNK_BYTES, seed=4))
    replicate_all()
    let_all_be_due(settings)

    assert scrub.scrub_due()

    done = 60 - unverified(settings)
    nodes = Replica.objects.values("node").distinct().count()
    assert done == nodes * scrub.SLICE_SECONDS
    assert not scrub.scrub_due(), "its time has not come"
    age("nodes_upkeep", "scrub_next_at", scrub.SLICE_SECONDS)
    assert scrub.scrub_due()
    assert 60 - unverified(settings) == 2 * done


def test_a_chunk_larger_than_a_slice_is_read_all_the_same(cluster, settings):
    settings.SCRUB_BYTES_PER_SECOND = 10
    cluster.store(some_bytes(CHUNK_BYTES, seed=5))
    let_all_be_due(settings)

    scrub_all()

    assert unverified(settings) == 0


def test_with_nothing_due_a_node_sleeps_until_something_is(cluster, settings):
    settings.SCRUB_PERIOD_SECONDS = 1400  # due after 1300
    cluster.store(b"fresh")
    age("nodes_replica", "verified_at", 600)

    assert not scrub.scrub_due()

    def waking_within(first: int, last: int) -> set[int]:
        window = (Now() + timedelta(seconds=first), Now() + timedelta(seconds=last))
        return set(Upkeep.objects.filter(scrub_next_at__range=window).values_list("node", flat=True))

    assert waking_within(600, 700) == set(Replica.objects.values_list("node", flat=True))
    assert len(waking_within(1200, 1300)) == 2


def test_an_empty_node_is_looked_at_again_before_what_is_stored_next_is_overdue(cluster, settings):
    settings.SCRUB_PERIOD_SECONDS = 20

    assert not scrub.scrub_due()

    assert Upkeep.objects.filter(scrub_next_at__lte=Now() + timedelta(seconds=20)).count() == 4


def test_an_idle_cluster_costs_two_small_queries(cluster, django_assert_max_num_queries):
    scrub.scrub_due()
    roster.reload()
    with django_assert_max_num_queries(6):  # two of them begin and end the transaction of the claim
        assert not scrub.scrub_due()


def test_what_is_due_is_chosen_by_the_index_and_in_no_order(cluster, settings, monkeypatch):
    cluster.store(some_bytes(30 * CHUNK_BYTES, seed=6))
    replicate_all()
    let_all_be_due(settings)
    view = next(iter(roster.views().values()))

    chosen = [tuple(copy.replica_id for copy in scrub._choose(view, None)) for _ in range(5)]

    assert len({frozenset(order) for order in chosen}) == 1
    assert len(set(chosen)) > 1
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN " + scrub._CHOOSE, [view.id, 7 * 86400.0, None])
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "Index Scan using replica_on_node" in plan
    assert plan.count("Sort") <= 2, "by random() alone"


def test_a_node_that_does_not_answer_is_left_alone_for_a_while_and_nothing_is_judged(cluster, settings):
    cluster.store(some_bytes(4 * CHUNK_BYTES, seed=7))
    replicate_all()
    let_all_be_due(settings)
    silent = Replica.objects.first().node
    states = set(Replica.objects.values_list("id", "state", "doubted_at"))

    with cluster.lying(silent.name, {VERIFY: refuse(503)}):
        scrub.scrub_due()

    assert set(Replica.objects.values_list("id", "state", "doubted_at")) == states
    later = Upkeep.objects.get(node=silent).scrub_next_at
    assert later > Node.objects.annotate(now=Now()).first().now + timedelta(seconds=50)
    scrub_all()
    age("nodes_upkeep", "scrub_next_at", scrub.RETRY_SECONDS)
    scrub_all()
    assert unverified(settings) == 0


def test_two_scrubbers_never_look_at_one_node_at_once(cluster, settings):
    cluster.store(some_bytes(8 * CHUNK_BYTES, seed=8))
    replicate_all()
    let_all_be_due(settings)
    looks: list[int] = []

    def count(told: dict) -> dict:
        looks.extend([1] * len(told["results"]))
        other = threading.Thread(target=run_scrub)
        other.start()
        other.join()
        return told

    def run_scrub() -> None:
        try:
            scrub.scrub_due()
        finally:
            connection.close()

    node = Replica.objects.first().node
    here = Replica.objects.filter(node=node).count()
    with cluster.lying(node.name, {VERIFY: change(count)}):
        scrub.scrub_due()

    assert len(looks) == here


def test_a_node_can_be_scrubbed_now_whatever_was_verified_lately(cluster, settings):
    content = b"is it really there"
    cluster.store(content)
    replicate_all()
    replica = chunk_of(content).replicas.select_related("node", "chunk").first()
    cluster.file(replica).write_bytes(b"is it really herE")
    scrub_all()
    replica.refresh_from_db()
    assert replica.state == Replica.State.STORED

    scrub.order(replica.node)
    scrub_all()

    replica.refresh_from_db()
    assert replica.state == Replica.State.CORRUPT
    assert scrub.progress(replica.node).ordered_at is not None
    wake_scrub()
    assert not scrub.scrub_due(), "once is enough"


def test_an_admin_orders_a_scrub_and_is_told_how_far_it_is(cluster, settings):
    cluster.store(b"ordered")
    replicate_all()
    age("nodes_replica", "verified_at", settings.SCRUB_PERIOD_SECONDS)
    holder = Replica.objects.select_related("node").first().node
    admin = client_of(is_staff=True, is_superuser=True)

    told = admin.post(f"/api/v1/nodes/{holder.id}/scrub")

    assert (told.status_code, told.json()["copies"], told.json()["verified_copies"]) == (200, 1, 0)
    assert (told.json()["copies_left"], told.json()["bytes_left"]) == (1, len(b"ordered"))
    scrub_all()
    told = admin.get(f"/api/v1/nodes/{holder.id}/scrub").json()
    assert (told["copies_left"], told["bytes_left"], told["ordered_at"] is None) == (0, 0, False)
    assert admin.post(f"/api/v1/nodes/{holder.id}/scrub").json()["verified_bytes"] == len(b"ordered")
    assert admin.post("/api/v1/nodes/0/scrub").status_code == 404


def test_the_admin_asks_before_it_orders_and_tells_how_far_it_has_come(cluster, settings):
    cluster.store(b"ordered by a click")
    node = Replica.objects.select_related("node").first().node
    browser = Client()
    browser.force_login(User.objects.create_superuser("root", password="a long password"))
    order = {"action": "scrub", "_selected_action": [node.id]}

    assert "Scrub these nodes?" in browser.post("/admin/nodes/node/", order).content.decode()
    assert not Upkeep.objects.filter(scrub_ordered_at__isnull=False).exists()
    browser.post("/admin/nodes/node/", order | {"confirmed": "yes"})

    page = f"/admin/nodes/node/{node.id}/change/"
    assert "1 copies, 18\xa0B left" in browser.get(page).content.decode()
    scrub_all()
    assert "UTC: done" in browser.get(page).content.decode()


def test_the_command_orders_and_tells(cluster, capsys):
    cluster.store(b"told")
    call_command("scrub", "node-a")
    assert "node-a: " in capsys.readouterr().out
    assert Upkeep.objects.get(scrub_ordered_at__isnull=False).node.name == "node-a"
    call_command("scrub")
    assert len(capsys.readouterr().out.splitlines()) == 4
    with pytest.raises(CommandError, match="node-x"):
        call_command("scrub", "node-x")


def test_progress_and_overdue_nodes_can_be_told(cluster, settings):
    cluster.store(some_bytes(CHUNK_BYTES, seed=9))
    cluster.store(some_bytes(100, seed=10))
    replicate_all()
    big = Chunk.objects.get(size=CHUNK_BYTES)
    holder = big.replicas.select_related("node").first()
    assert not scrub.overdue().exists()
    Replica.objects.filter(id=holder.id).update(verified_at=Now() - timedelta(days=15))

    told = scrub.progress(holder.node)

    assert (told.copies - told.verified_copies, told.stored_bytes - told.verified_bytes) == (1, CHUNK_BYTES)
    holder.refresh_from_db()
    assert told.oldest_verified_at == holder.verified_at
    assert [(node.name, node.oldest_at) for node in scrub.overdue()] == [
        (holder.node.name, holder.verified_at)
    ]
    cluster.update(holder.node.name, absence_noted=True)
    assert not scrub.overdue().exists()


def test_a_doubted_copy_is_replications_work_and_not_read_again_and_again(cluster, settings):
    cluster.store(b"in doubt")
    replicate_all()
    let_all_be_due(settings)
    Replica.objects.update(doubted_at=Now())

    assert not scrub.scrub_due()
    Chunk.objects.all().make_due()
    while replication.replicate_due():
        pass
    assert unverified(settings) == 0
