"""A database that went back in time is noticed by what nodes know, and removes nothing until confirmed."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from nodes import doctor, failpoints, orphans, reclaim, roster, safety, trim, watermark
from nodes.models import Chunk, Node, Orphan, Replica, Upkeep, Watermark
from nodes.problems import Code
from tests.nodes import restoring
from tests.nodes.living_cluster import CHUNK_BYTES, age, chunk_of, see_all
from tests.nodes.test_membership import client_of
from tests.nodes.test_reclaim import release
from tests.nodes.test_reconcile import compare_all, everything, let_a_day_pass, remove_all
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def graces(settings) -> None:
    settings.ORPHAN_GRACE_SECONDS = DAY
    settings.RECONCILE_INTERVAL_SECONDS = DAY


def told() -> set[Code]:
    return {problem.code for problem in doctor.examine()}


def go_back(by: int = 5) -> None:
    """Have nodes know a later state of the database than it has now."""
    watermark.current()
    Watermark.objects.update(number=100)
    see_all()
    Watermark.objects.update(number=100 - by)
    see_all()


def remove_what_may_go() -> None:
    """Let every grace pass, and have all that removes anything work until nothing is left to do."""
    for _ in range(3):
        compare_all()
        remove_all()
        age("nodes_chunk", "condemned_at", 2 * DAY)
        while reclaim.reclaim() or trim.trim():
            pass
        let_a_day_pass()


def test_f44_what_was_stored_after_the_dump_stays_on_the_disks_until_an_admin_confirms(
    cluster, tmp_path: Path
):
    """Nobody tells the cluster that its database was restored."""
    old, new = some_bytes(3 * CHUNK_BYTES, seed=1), some_bytes(3 * CHUNK_BYTES, seed=2)
    old_id, purged_id = cluster.store(old), cluster.store(b"purged after the dump")
    replicate_all()
    see_all()
    restoring.dump(tmp_path / "dump")
    cluster.store(new)
    release(purged_id)
    replicate_all()
    see_all(), see_all()
    before = everything(cluster)

    restoring.restore(tmp_path / "dump")
    assert Chunk.objects.filter(size=CHUNK_BYTES).count() == 3, "the database knows nothing of the new"
    see_all()
    remove_what_may_go()

    assert Code.DATABASE_WENT_BACK in told()
    assert everything(cluster) == before, "nothing was removed and nothing put aside"
    assert Orphan.objects.count() == 9, "they are noted"
    assert cluster.read(old_id) == old
    assert cluster.read(purged_id) == b"purged after the dump"
    assert cluster.read(cluster.store(b"stored meanwhile")) == b"stored meanwhile"

    replicate_all()
    assert watermark.confirm()
    see_all()
    compare_all()
    remove_all()
    assert len(everything(cluster)) == len(before) + 3, "what waits begins its grace anew"
    remove_what_may_go()

    assert Code.DATABASE_WENT_BACK not in told()
    assert not Orphan.objects.exists()
    assert len(everything(cluster)) == Replica.objects.stored().count()
    assert cluster.read(old_id) == old


def test_r25_nothing_condemned_and_nothing_surplus_goes_until_it_is_confirmed(cluster):
    release(cluster.store(b"not needed"))
    reclaim.drop_extents()
    go_back()
    age("nodes_chunk", "condemned_at", 2 * DAY)

    assert reclaim.reclaim() is False
    assert trim.trim() is False
    assert orphans.remove_due() is False
    with pytest.raises(CommandError, match="went back in time"):
        call_command("reclaim", "--confirm")
    assert chunk_of(b"not needed").state == Chunk.State.CONDEMNED

    watermark.confirm()
    reclaim.reclaim()
    assert Chunk.objects.get().state == Chunk.State.CONDEMNED, "its grace begins anew"
    age("nodes_chunk", "condemned_at", 2 * DAY)
    reclaim.reclaim()
    assert not Chunk.objects.exists()


def test_copies_must_prove_to_be_there_once_the_database_went_back(cluster):
    """Since the state it went back to, files may have been removed of which it says that they are stored."""
    cluster.store(b"its copies were reclaimed after the dump")
    replicate_all()
    go_back()
    for replica in Replica.objects.all():
        cluster.file(replica).unlink()

    assert all(view.returned_at is not None for view in roster.load().values())
    assert Upkeep.objects.filter(pass_next_at__gt=timezone.now()).count() == 0
    compare_all()

    assert not Replica.objects.stored().exists()
    assert all(view.returned_at is None for view in roster.load().values())


def test_a_cluster_that_goes_on_as_it_did_is_never_doubted(cluster):
    numbers = []
    for _ in range(3):
        see_all()
        numbers.append(watermark.current().number)

    assert numbers == sorted(set(numbers)), "it rises with every round of probes"
    assert safety.doubt() == ""
    assert Code.DATABASE_WENT_BACK not in told()


def test_a_number_another_worker_told_a_moment_ago_is_no_later_state(cluster):
    before = watermark.current().number
    watermark.rise(before)
    node = cluster.node("node-a")

    watermark.compare({node.id: before + 1})

    assert watermark.went_back() is None


def test_two_workers_that_told_the_same_number_raise_it_once(cluster):
    before = watermark.current().number
    watermark.rise(before)
    watermark.rise(before)

    assert watermark.current().number == before + 1


def test_the_number_does_not_rise_while_most_nodes_are_silent(cluster):
    """Or an old database would overtake those that know better before they are back."""
    before = watermark.current().number
    cluster.take_down("node-a", "node-b")
    see_all()
    see_all()
    assert watermark.current().number == before

    cluster.bring_back("node-a")
    see_all()
    assert watermark.current().number == before + 1


def test_one_node_that_was_away_is_enough_to_notice_it(cluster):
    """The others were emptied in the same disaster, say."""
    go_back(by=0)
    see_all()
    cluster.take_down("node-a")
    for name in ("node-b", "node-c", "node-d"):
        (cluster.running[name].data / "watermark").unlink()
    Watermark.objects.update(number=90)
    see_all()
    assert watermark.went_back() is None

    cluster.bring_back("node-a")
    see_all()

    assert watermark.went_back().seen_by == "node-a"
    assert watermark.went_back().seen_number == 101


def test_a_node_this_database_has_never_seen_gives_it_away_too(cluster):
    """It joined after the dump; it announces itself, and tells what it knows."""
    go_back(by=0)
    store_id = cluster.node("node-d").store_id
    cluster.take_down("node-a", "node-b", "node-c")
    Node.objects.filter(store_id=store_id).delete()
    Watermark.objects.all().delete()

    cluster.join("node-d")
    see_all()

    assert watermark.went_back().seen_by == "node-d"


def test_it_is_noticed_before_any_node_of_the_round_counts_as_online(cluster):
    """So no pass that removes can begin in between."""
    go_back(by=0)
    Watermark.objects.update(number=50)
    Node.objects.update(health=Node.Health.UNKNOWN, probed_at=None)
    seen = []

    def look() -> None:
        seen.append((watermark.doubt(), {node.health for node in Node.objects.all()}))

    with failpoints.armed("probe.compared", look):
        see_all()

    [(doubt, healths)] = seen
    assert "went back in time" in doubt
    assert healths == {Node.Health.UNKNOWN}


def test_what_is_confirmed_stays_confirmed(cluster):
    go_back()
    assert watermark.confirm()
    for _ in range(2):
        see_all()
    assert watermark.went_back() is None
    assert watermark.current().number > 100
    assert watermark.confirm() is False


def test_admins_confirm_by_the_api_and_nobody_else(cluster):
    go_back()
    route = "/api/v1/cluster/confirm-restore"
    assert client_of().post(route).status_code == 403
    assert watermark.went_back()

    admin = client_of(is_staff=True, is_superuser=True)
    assert admin.post(route).json() == {"was_open": True}
    assert watermark.went_back() is None
    assert admin.post(route).json() == {"was_open": False}


def test_admins_confirm_by_a_command(cluster, capsys):
    go_back()
    call_command("confirm_restore")
    assert "begins its grace anew" in capsys.readouterr().out
    assert watermark.went_back() is None
    call_command("confirm_restore")
    assert "nothing to confirm" in capsys.readouterr().out


def test_admins_confirm_on_the_doctors_page_and_staff_without_the_right_do_not(cluster):
    go_back()
    browser = Client()
    staff = User.objects.create_user("staff", password="a long password", is_staff=True)
    browser.force_login(staff)
    assert "Let removing go on" not in browser.get("/admin/doctor").content.decode()
    assert browser.post("/admin/doctor", {"confirm_restore": "on"}).status_code == 403
    assert watermark.went_back()

    browser.force_login(User.objects.create_superuser("root", password="a long password"))
    assert "Let removing go on" in browser.get("/admin/doctor").content.decode()
    assert browser.post("/admin/doctor", {"confirm_restore": "on"}).status_code == 302
    assert watermark.went_back() is None
