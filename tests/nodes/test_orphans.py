"""Files that no row knows: seen twice, put aside, unlinked in the end, and never while in doubt."""

import shutil

import pytest
from django.core.management import CommandError, call_command

from nodes import brake, orphans, reclaim
from nodes.models import Orphan, Replica
from storagenode.protocol.names import chunk_name
from tests.nodes.living_cluster import chunk_of
from tests.nodes.lying_node import QUARANTINE, lose, refuse
from tests.nodes.test_identity import Machine, machine  # noqa: F401
from tests.nodes.test_reconcile import (
    aside,
    compare_all,
    graces,  # noqa: F401
    let_a_day_pass,
    put_orphan,
    remove_all,
)
from tests.nodes.test_replication import replicate_all


def test_r07_a_file_no_row_knows_is_put_aside_a_day_later_and_unlinked_a_day_after_that(cluster):
    kept = cluster.store(b"somebody knows me")
    replicate_all()
    path = put_orphan(cluster, "node-a")

    compare_all()
    remove_all()
    assert path.exists()

    let_a_day_pass()
    remove_all()
    assert path.exists(), "seen once"
    compare_all()
    remove_all()
    assert not path.exists()
    assert [file.read_bytes() for file in aside(cluster, "node-a", path)] == [b"nobody knows me"]

    compare_all()
    remove_all()
    assert aside(cluster, "node-a", path), "its second grace is not over"
    let_a_day_pass()
    remove_all()
    assert not aside(cluster, "node-a", path)
    assert not Orphan.objects.exists()
    assert len(cluster.holders(chunk_of(b"somebody knows me"))) == 3
    assert cluster.read(kept) == b"somebody knows me"


def test_r07_a_file_whose_row_comes_in_between_is_no_orphan_any_more(cluster):
    cluster.store(b"recorded late")
    replica = Replica.objects.select_related("node", "chunk").first()
    Replica.objects.filter(id=replica.id).delete()
    path = cluster.file(replica)
    compare_all()
    assert [orphan.name for orphan in Orphan.objects.all()] == [path.name]
    let_a_day_pass()
    compare_all()

    replica.save(force_insert=True)
    remove_all()

    assert path.exists()
    assert not Orphan.objects.exists()
    compare_all()
    assert not Orphan.objects.exists()


@pytest.mark.parametrize("state", [Replica.State.PENDING, Replica.State.DELETING])
def test_files_of_copies_on_their_way_or_out_are_left_to_who_moves_them(cluster, state):
    cluster.store(b"in motion")
    replica = Replica.objects.select_related("node", "chunk").first()
    Replica.objects.filter(id=replica.id).update(state=state)

    compare_all()

    replica.refresh_from_db()
    assert replica.state == state
    assert not Orphan.objects.exists()


def test_f13_a_late_put_after_its_row_went_ends_as_every_orphan(cluster):
    """The row was deleted with its file; then the PUT that nobody waited for any more arrived."""
    cluster.store(b"given up")
    replica = Replica.objects.select_related("node", "chunk").first()
    path, content = cluster.file(replica), cluster.file(replica).read_bytes()
    Replica.objects.filter(id=replica.id).update(state=Replica.State.DELETING)
    reclaim.delete_files()
    assert not path.exists()
    path.write_bytes(content)

    for _ in range(2):
        compare_all()
        let_a_day_pass()
    compare_all()
    remove_all()
    let_a_day_pass()
    remove_all()

    assert not path.exists()
    assert not aside(cluster, replica.node.name, path)
    assert not Orphan.objects.exists()


def test_r20_more_orphans_than_is_usual_wait_until_an_admin_confirms(cluster, monkeypatch, capsys):
    monkeypatch.setattr(brake, "FLOOR_CHUNKS", 1)
    paths = [put_orphan(cluster, "node-a", b"many %d" % number) for number in range(3)]
    compare_all()
    let_a_day_pass()
    compare_all()

    remove_all()
    assert orphans.is_stopped()
    assert all(path.exists() for path in paths)
    call_command("reconcile")
    assert "3 files" in capsys.readouterr().out
    compare_all()
    call_command("reconcile", "--confirm")

    assert not any(path.exists() for path in paths)
    assert not orphans.is_stopped()


def test_r20_nothing_is_removed_while_half_of_the_nodes_are_away(cluster):
    path = put_orphan(cluster, "node-a")
    compare_all()
    let_a_day_pass()
    compare_all()
    for name in ("node-c", "node-d"):
        cluster.update(name, health="offline")

    remove_all()

    assert path.exists()
    with pytest.raises(CommandError, match="away"):
        call_command("reconcile", "--confirm")
    for name in ("node-c", "node-d"):
        cluster.update(name, health="online")
    remove_all()
    assert not path.exists()


def test_r06_an_orphan_a_node_cannot_put_aside_stays_noted(cluster):
    path = put_orphan(cluster, "node-a")
    compare_all()
    let_a_day_pass()
    compare_all()

    with cluster.lying("node-a", {QUARANTINE: refuse(503)}):
        assert not orphans.remove_due()

    assert path.exists()
    assert Orphan.objects.get().quarantined_at is None
    remove_all()
    assert not path.exists()


def test_r06_an_order_to_put_aside_whose_answer_was_lost_is_given_again(cluster):
    path = put_orphan(cluster, "node-a")
    compare_all()
    let_a_day_pass()
    compare_all()

    with cluster.lying("node-a", {QUARANTINE: lose}):
        assert not orphans.remove_due()

    assert Orphan.objects.get().quarantined_at is None
    assert aside(cluster, "node-a", path)
    remove_all()
    assert Orphan.objects.get().quarantined_at is not None
    let_a_day_pass()
    remove_all()
    assert not aside(cluster, "node-a", path)


def test_only_so_many_orphans_are_noted_at_a_time(cluster, monkeypatch):
    monkeypatch.setattr(orphans, "MOST_NOTED", 3)
    for number in range(5):
        put_orphan(cluster, "node-b", b"of many %d" % number)

    compare_all()
    compare_all()

    assert Orphan.objects.count() == 3


def test_a_file_named_after_a_copy_elsewhere_or_another_digest_is_an_orphan(cluster):
    cluster.store(b"copied by hand")
    replica = Replica.objects.select_related("node", "chunk").first()
    elsewhere = next(name for name in cluster.running if name != replica.node.name)
    by_hand = cluster.running[elsewhere].chunk_file(cluster.file(replica).name)
    by_hand.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(cluster.file(replica), by_hand)
    wrong = cluster.running[replica.node.name].chunk_file(chunk_name(bytes(32), replica.id))
    wrong.parent.mkdir(parents=True, exist_ok=True)
    wrong.write_bytes(b"?")

    compare_all()

    noted = set(Orphan.objects.values_list("node__name", "name"))
    assert noted == {(elsewhere, by_hand.name), (replica.node.name, wrong.name)}
