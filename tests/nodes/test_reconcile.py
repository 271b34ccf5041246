"""What a disk holds is compared with the rows: losses are mended, and nothing goes while in doubt."""

import random
import shutil
from pathlib import Path

import pytest
from blake3 import blake3
from django.db import DatabaseError
from django.db.models.functions import Now

from nodes import failpoints, orphans, reclaim, reconcile, tasks
from nodes.errors import NodeError
from nodes.ids import uuid7
from nodes.listing import parse
from nodes.models import Chunk, Node, Orphan, Replica, Upkeep
from storagenode.protocol.names import chunk_name
from tests.nodes.living_cluster import CHUNK_BYTES, age, chunk_of
from tests.nodes.lying_node import LISTING, VERIFY, change, refuse, say
from tests.nodes.test_identity import Machine, machine  # noqa: F401
from tests.nodes.test_reclaim import release
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def graces(settings) -> None:
    settings.ORPHAN_GRACE_SECONDS = DAY
    settings.RECONCILE_INTERVAL_SECONDS = DAY


def compare_all() -> None:
    """Have a pass over every node from its beginning."""
    Upkeep.objects.enlist()
    Upkeep.objects.update(pass_next_at=Now(), is_pass_open=False)
    while reconcile.reconcile_due():
        pass


def let_a_day_pass() -> None:
    for column in ("first_seen_at", "last_seen_at", "quarantined_at"):
        age("nodes_orphan", column, DAY)


def remove_all() -> None:
    while orphans.remove_due():
        pass


def put_orphan(cluster, name: str, content: bytes = b"nobody knows me") -> Path:
    """A file that a node has and no row knows: its record was refused, or its DELETE came before its PUT."""
    path = cluster.running[name].chunk_file(chunk_name(blake3(content).digest(), uuid7()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def aside(cluster, name: str, path: Path) -> list[Path]:
    return list((cluster.running[name].data / "quarantine").glob(f"{path.name}.*"))


def everything(cluster) -> dict[str, bytes]:
    return {
        str(path.relative_to(node.data)): path.read_bytes()
        for node in cluster.running.values()
        for folder in ("chunks", "quarantine")
        for path in (node.data / folder).glob("**/*-*")
        if path.is_file()
    }


def test_a_pass_over_a_sound_cluster_changes_nothing(cluster):
    cluster.store(some_bytes(10 * CHUNK_BYTES, seed=1))
    replicate_all()
    before = set(Replica.objects.values_list("id", "state", "verified_at")), everything(cluster)

    compare_all()
    remove_all()

    assert (set(Replica.objects.values_list("id", "state", "verified_at")), everything(cluster)) == before
    assert not Orphan.objects.exists()
    assert not Chunk.objects.under_replicated().exists()
    assert all(upkeep.pass_ended_at > upkeep.pass_began_at for upkeep in Upkeep.objects.all())
    assert not reconcile.reconcile_due(), "the next one is tomorrow"


@pytest.mark.parametrize("page", [1, 3, 7, 1000])
def test_absent_and_shortened_files_are_found_at_any_size_of_page(cluster, monkeypatch, page):
    monkeypatch.setattr(reconcile, "PAGE", page)
    content = some_bytes(24 * CHUNK_BYTES, seed=2)
    content_id = cluster.store(content)
    replicate_all()
    dice = random.Random(page)
    expected = {}
    for chunk in dice.sample(list(Chunk.objects.all()), 8):
        replica = dice.choice(list(chunk.replicas.select_related("node", "chunk")))
        if dice.random() < 0.5:
            cluster.file(replica).unlink()
            expected[replica.id] = Replica.State.MISSING
        else:
            cluster.file(replica).write_bytes(b"")
            expected[replica.id] = Replica.State.CORRUPT

    compare_all()

    found = Replica.objects.exclude(state=Replica.State.STORED).values_list("id", "state")
    assert dict(found) == expected
    assert Chunk.objects.under_replicated().count() == 8
    replicate_all()
    assert all(len(cluster.holders(chunk)) == 3 for chunk in Chunk.objects.all())
    assert cluster.read(content_id) == content


def test_a_disk_without_any_of_its_files_is_found_page_by_page(cluster, monkeypatch):
    monkeypatch.setattr(reconcile, "PAGE", 4)
    cluster.store(some_bytes(15 * CHUNK_BYTES, seed=3))
    replicate_all()
    node = Replica.objects.first().node
    held = Replica.objects.filter(node=node).count()
    for path in (cluster.running[node.name].data / "chunks").glob("??/??/*"):
        path.unlink()

    compare_all()

    assert Replica.objects.filter(node=node, state=Replica.State.MISSING).count() == held > 4


def test_a_copy_stored_while_the_pass_runs_is_not_missed(cluster):
    cluster.store(b"there before")
    node = Replica.objects.first().node
    replica = Replica.objects.filter(node=node).get()
    cluster.file(replica).unlink()
    Replica.objects.filter(id=replica.id).update(stored_at=Now())
    age("nodes_replica", "stored_at", -60)

    compare_all()

    replica.refresh_from_db()
    assert replica.state == Replica.State.STORED


def test_a_copy_given_up_whose_file_is_there_and_good_counts_again(cluster):
    cluster.store(b"found again")
    replicate_all()
    replica = chunk_of(b"found again").replicas.select_related("node", "chunk").first()
    with cluster.lying(replica.node.name, {VERIFY: say("error")}):
        Replica.objects.doubt([replica.id])
        Chunk.objects.all().make_due()
        replicate_all()
    replica.refresh_from_db()
    assert replica.state == Replica.State.CORRUPT

    compare_all()

    replica.refresh_from_db()
    assert replica.state == Replica.State.STORED
    assert not Orphan.objects.exists()


ODD_PAGES = {
    "another store": lambda told: told | {"store": "11111111-1111-1111-1111-111111111111"},
    "ends short": lambda told: told | {"complete": False},
    "goes on nowhere": lambda told: told | {"complete": False, "next": told["names"][-1]},
    "complete and goes on": lambda told: told | {"next": told["names"][-1]},
    "out of order": lambda told: told | {"names": told["names"][::-1]},
    "a name twice": lambda told: told | {"names": [told["names"][0], *told["names"][:-1]]},
    "a size less": lambda told: told | {"sizes": told["sizes"][1:]},
    "no sizes": lambda told: {key: value for key, value in told.items() if key != "sizes"},
    "no names": lambda told: told | {"names": None},
    "no name": lambda told: told | {"names": ["../../etc/passwd", *told["names"][1:]]},
    "no end": lambda told: {key: value for key, value in told.items() if key != "complete"},
    "a number": lambda told: told | {"names": [7, *told["names"][1:]]},
    "a size in words": lambda told: told | {"sizes": ["many", *told["sizes"][1:]]},
    "no object": lambda told: [told],
}


@pytest.mark.parametrize(
    "lie",
    [change(edit) for edit in ODD_PAGES.values()] + [refuse(500), refuse(503), lambda *_: (200, b'{"names"')],
    ids=[*ODD_PAGES, "an error", "no marker", "cut off"],
)
def test_f36_any_doubt_about_a_listing_ends_the_pass_with_nothing_done(cluster, lie):
    for number in range(4):
        cluster.store(b"one of a few %d" % number)
    replicate_all()
    # one with several copies: a listing of a single name has neither an order nor another name to say twice
    node = max(Node.objects.all(), key=lambda node: node.replicas.count())
    put_orphan(cluster, node.name)
    lost = Replica.objects.filter(node=node).select_related("node", "chunk").last()
    compare_all()
    let_a_day_pass()
    age("nodes_orphan", "first_seen_at", DAY)
    cluster.file(lost).unlink()
    before = everything(cluster), set(Replica.objects.values_list("id", "state"))

    with cluster.lying(node.name, {LISTING: lie}):
        Upkeep.objects.filter(node=node).update(pass_next_at=Now())
        assert reconcile.reconcile_due()
        remove_all()

    assert (everything(cluster), set(Replica.objects.values_list("id", "state"))) == before
    upkeep = Upkeep.objects.get(node=node)
    assert upkeep.pass_problem
    assert upkeep.pass_ended_at < upkeep.pass_began_at
    assert not reconcile.reconcile_due(), "it is tried again later"
    compare_all()
    remove_all()
    assert Upkeep.objects.get(node=node).pass_problem == ""
    assert Orphan.objects.filter(quarantined_at__isnull=False).count() == 1
    lost.refresh_from_db()
    assert lost.state == Replica.State.MISSING


def test_f36_a_listing_that_hides_files_loses_nothing(cluster):
    """Even one that passes for whole: what it leaves out is looked for, and is there."""
    for number in range(6):
        cluster.store(b"hidden %d" % number)
    replicate_all()
    node = Replica.objects.first().node
    before = everything(cluster)

    def hide(told: dict) -> dict:
        return told | {"names": told["names"][:1], "sizes": told["sizes"][:1]}

    with cluster.lying(node.name, {LISTING: change(hide)}):
        compare_all()

    assert not Replica.objects.exclude(state=Replica.State.STORED).exists()
    assert everything(cluster) == before


def test_f36_an_error_of_the_database_in_mid_pass_removes_nothing_and_the_pass_begins_anew(
    cluster, monkeypatch
):
    monkeypatch.setattr(reconcile, "PAGE", 2)
    for number in range(12):  # so that the node surely has two pages
        cluster.store(b"database error %d" % number)
    replicate_all()
    put_orphan(cluster, "node-a")
    compare_all()
    let_a_day_pass()
    age("nodes_orphan", "first_seen_at", DAY)
    before = everything(cluster), set(Replica.objects.values_list("id", "state"))
    Upkeep.objects.filter(node=cluster.node("node-a")).update(pass_next_at=Now())
    pages = iter([None, DatabaseError("the connection was lost")])

    def fail_at_the_second() -> None:
        if error := next(pages):
            raise error

    with failpoints.armed("reconcile.listed", fail_at_the_second), pytest.raises(DatabaseError):
        reconcile.reconcile_due()
    remove_all()

    assert (everything(cluster), set(Replica.objects.values_list("id", "state"))) == before
    assert not reconcile.reconcile_due(), "until the lease has ended"
    began_at = Upkeep.objects.get(node=cluster.node("node-a")).pass_began_at
    age("nodes_upkeep", "pass_next_at", reconcile.LEASE_SECONDS)
    assert reconcile.reconcile_due()
    assert Upkeep.objects.get(node=cluster.node("node-a")).pass_began_at > began_at


def test_a_pass_that_used_up_its_time_goes_on_where_it_was(cluster, monkeypatch):
    monkeypatch.setattr(reconcile, "PAGE", 1)
    for number in range(3):
        cluster.store(b"step by step %d" % number)
    replicate_all()
    Upkeep.objects.enlist()
    node = Replica.objects.first().node
    Upkeep.objects.exclude(node=node).update(pass_next_at=Now())
    age("nodes_upkeep", "pass_next_at", -DAY)
    mine = Upkeep.objects.filter(node=node)
    mine.update(pass_next_at=Now())
    stops = []

    while reconcile.reconcile_due(budget_seconds=0):
        upkeep = mine.get()
        if upkeep.is_pass_open:
            stops.append((upkeep.pass_began_at, upkeep.pass_after))

    assert len({began_at for began_at, _ in stops}) == 1
    assert [after for _, after in stops] == sorted({after for _, after in stops})
    assert mine.get().pass_ended_at is not None


def test_two_workers_never_step_through_one_pass_at_once(cluster):
    cluster.store(b"one at a time")
    Upkeep.objects.enlist()
    claimed = [reconcile._claim() for _ in range(6)]

    assert sorted(step.view.name for step in claimed if step) == ["node-a", "node-b", "node-c", "node-d"]


def test_one_process_compares_at_a_time_so_that_the_others_do_all_else(cluster):
    cluster.store(b"one process")
    Upkeep.objects.enlist()
    Upkeep.objects.update(pass_next_at=Now())
    while_one_compares: list[bool] = []

    with failpoints.armed("reconcile.listed", lambda: while_one_compares.append(reconcile.reconcile_due())):
        assert reconcile.reconcile_due()

    assert set(while_one_compares) == {False}
    assert reconcile.reconcile_due(), "the turn was given back"


def test_a_step_that_lost_its_lease_writes_nothing_down(cluster):
    cluster.store(b"late step")
    compare_all()
    Upkeep.objects.update(pass_next_at=Now())
    step = reconcile._claim()
    node = Node.objects.get(id=step.view.id)
    Upkeep.objects.expect_pass(node)
    ended_at = Upkeep.objects.get(node=node).pass_ended_at

    assert not reconcile._finish(step)
    reconcile._give_up(step, "late")
    reconcile._put_back(step, "late")

    upkeep = Upkeep.objects.get(node=node)
    assert (upkeep.pass_ended_at, upkeep.pass_problem, upkeep.is_pass_open) == (ended_at, "", False)


def test_f29_an_older_disk_is_compared_at_once_then_it_is_trusted_and_the_deleted_stays_deleted(
    cluster,
    machine: Machine,  # noqa: F811
    settings,
    tmp_path,
):
    """Its image is from before one content came and another went for good."""
    settings.GRACE_SECONDS = 0
    gone_id = cluster.store(b"deleted while it was away")
    replicate_all()
    machine.running.kill()
    shutil.copytree(machine.data, tmp_path / "image")
    machine.start()
    machine.join()
    cluster.store(b"came after the image")
    replicate_all()
    compare_all()
    release(gone_id)
    reclaim.reclaim()
    reclaim.reclaim()
    assert not Chunk.objects.filter(size=len(b"deleted while it was away")).exists()
    machine.be_away_until_offline(settings)
    shutil.rmtree(machine.data)
    (tmp_path / "image").rename(machine.data)
    machine.start()
    returned = machine.join()
    assert returned.returned_at is not None

    while reconcile.reconcile_due():  # nobody has to order it
        pass

    returned.refresh_from_db()
    assert returned.returned_at is None
    late = chunk_of(b"came after the image")
    assert late.replicas.get(node=returned).state == Replica.State.MISSING
    assert late.copies_due_at is not None
    assert Orphan.objects.filter(node=returned).count() == 1
    let_a_day_pass()
    compare_all()
    remove_all()
    assert not any((machine.data / "chunks").glob("??/??/*"))
    assert len(list((machine.data / "quarantine").glob("*-*"))) == 1
    replicate_all()
    assert len(cluster.holders(late)) == 3


def test_the_task_does_both_and_comes_to_an_end(cluster, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    path = put_orphan(cluster, "node-a")
    Upkeep.objects.enlist()

    tasks.reconcile_listings()

    assert Orphan.objects.get().name == path.name


def test_a_page_in_order_is_taken_as_it_is():
    names = sorted(chunk_name(bytes([number] * 32), uuid7()) for number in range(3))
    page = {"store": "s", "names": names, "sizes": [1, 2, 3], "next": names[2], "complete": False}
    assert parse(page, store_id="s", after="", limit=3).sizes == dict(zip(names, [1, 2, 3], strict=True))
    with pytest.raises(NodeError):
        parse(page, store_id="s", after=names[0], limit=3)
    empty = {"store": "s", "names": [], "sizes": [], "next": None, "complete": True}
    assert parse(empty, store_id="s", after=names[2], limit=3).is_complete
    with pytest.raises(NodeError):
        parse(empty | {"complete": False}, store_id="s", after="", limit=3)
