"""The cluster in one sentence and a few figures: what staff are told when all is well, and when not."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.models import User
from nodes import census, dashboard, samples, scrub, summary, timelines
from nodes.cluster import overview
from nodes.models import Node, NodeSample, Rebalance, Replica
from tests.nodes.examined import replicate_all, take_offline
from tests.nodes.living_cluster import NAMES, age, see_all

GB = 10**9


@pytest.fixture(autouse=True)
def roomy_disks(settings, cluster) -> None:
    settings.NEARFULL_SHARE = 0
    for node in Node.objects.all():
        cluster.update(node.name, filesystem_id=f"disk of {node.name}")


def board() -> dashboard.Board:
    census.take()
    return dashboard.board(stored_bytes=1000)


def fact(label: str) -> summary.Fact:
    return next(one for one in board().facts if one.label == label)


def test_all_is_well_while_every_piece_has_its_copies(cluster):
    cluster.store(b"holiday")
    replicate_all()

    seen = board()

    assert (seen.verdict, seen.more) == ("All is well.", "Every piece has 3 copies.")
    assert seen.problems == []
    assert seen.tablets == ["full"] * 3
    assert {card.badge for card in seen.nodes} == {"Online"}
    assert sum(card.replicas for card in seen.nodes) == 3
    assert fact("May still fail").value == "2 nodes"


def test_a_node_that_is_off_is_told_first_and_every_file_still_opens(cluster):
    cluster.store(b"holiday")
    replicate_all()
    holder = Replica.objects.stored().select_related("node").first().node.name

    take_offline(cluster, holder)

    seen = board()
    assert seen.verdict == "Every file opens. One node is off."
    assert seen.more == "1 of 4 nodes is away. 1 of 1 pieces have 2 of 3 copies within reach."
    assert seen.tablets == ["full", "full", "off"]
    assert (seen.nodes[0].node.name, seen.nodes[0].badge, seen.nodes[0].fill_tone) == (
        holder,
        "Off since",
        "off",
    )
    assert fact("May still fail").value == "1 node"
    assert fact("Fully protected").value == "0\u00a0%"
    assert fact("Fully protected").more == "1 piece without all copies in reach"


def test_a_node_that_is_slow_to_answer_holds_no_copy_that_can_be_relied_on(cluster):
    cluster.store(b"holiday")
    replicate_all()
    holder = Replica.objects.stored().select_related("node").first().node.name
    [spare] = set(NAMES) - set(Replica.objects.stored().values_list("node__name", flat=True))

    cluster.update(spare, health=Node.Health.SUSPECT, failing_since=Now())
    assert board().more == "Every piece has 3 copies on the nodes that answer."
    assert board().verdict == "Every file opens. One node does not answer."

    cluster.update(spare, health=Node.Health.ONLINE, failing_since=None)
    cluster.update(holder, health=Node.Health.SUSPECT, failing_since=Now())
    seen = board()
    assert seen.more == "1 of 4 nodes is away. 1 of 1 pieces have 2 of 3 copies within reach."
    assert (overview().fewest_in_reach, overview().out_of_reach, overview().nodes_away) == (2, 1, 1)


def test_while_as_many_nodes_are_away_as_there_are_copies_nobody_says_that_every_file_opens(cluster):
    cluster.store(b"holiday")
    replicate_all()
    for replica in Replica.objects.stored().select_related("node"):
        cluster.update(replica.node.name, health=Node.Health.SUSPECT, failing_since=Now())

    seen = board()
    assert seen.verdict == "Some files may not open. Nothing new can be stored."
    assert seen.more.startswith("3 of 4 nodes are away. Up to 1 of 1 pieces have fewer than 3 copies")
    assert fact("May still fail").value == "None"


def test_of_nodes_that_nobody_asks_nothing_is_claimed(cluster):
    cluster.store(b"holiday")
    replicate_all()
    Node.objects.update(probed_at=Now() - timedelta(days=2))

    seen = board()
    assert seen.verdict.startswith("Nobody has asked the nodes lately.")
    assert seen.more.startswith("4 of 4 nodes were not asked lately.")
    assert fact("Fully protected").value == "0\u00a0%"


def test_copies_that_replaced_those_of_a_node_that_is_gone_count_in_full(cluster):
    cluster.store(b"holiday")
    replicate_all()
    holder = Replica.objects.stored().select_related("node").first().node.name
    take_offline(cluster, holder)
    Node.objects.filter(name=holder).update(failing_since=Now() - timedelta(hours=1))
    see_all()
    assert "2 copies" not in board().more
    assert board().more == "1 of 1 pieces have fewer than 3 copies. All others have 3."

    replicate_all()
    assert board().more == "Every piece has 3 copies on the nodes that answer."
    assert fact("Fully protected").value == "100\u00a0%"


def test_pieces_short_of_copies_are_counted_until_they_have_them(cluster):
    cluster.store(b"holiday")

    seen = board()
    assert seen.verdict == "Every file opens. Copies are being made."
    assert seen.more == "1 of 1 pieces have fewer than 3 copies. All others have 3."
    assert (seen.repair.chunks_left, fact("Fully protected").value) == (1, "0\u00a0%")

    replicate_all()
    assert board().repair.chunks_left == 0
    assert fact("Fully protected").value == "100\u00a0%"


def test_what_would_be_lost_with_a_node_is_what_nobody_else_holds(cluster):
    cluster.store(b"holiday")
    replicate_all()
    kept, *others = Replica.objects.stored().select_related("node")
    risk = dashboard.risk_of(kept.node)
    assert (risk.pieces, risk.lost, risk.on_one_node) == (1, 0, 0)

    cluster.update(others[0].node.name, health=Node.Health.OFFLINE)
    assert dashboard.risk_of(kept.node).on_one_node == 1

    cluster.update(others[1].node.name, health=Node.Health.OFFLINE)
    assert dashboard.risk_of(kept.node).lost == 1


def test_six_hours_of_answers_are_told_ten_minutes_each(cluster):
    node, now = cluster.node("node-a"), timezone.now()
    for minutes, is_online in ((1, True), (2, False), (25, False), (45, True)):
        NodeSample.objects.create(
            node=node, span="minute", at=now - timedelta(minutes=minutes), is_online=is_online,
            capacity_bytes=1, free_bytes=1, replicas=0, received_bytes=0, sent_bytes=0,
        )  # fmt: skip

    [card] = [card for card in board().nodes if card.node == node]

    assert list(card.beats[-5:]) == ["on", "", "off", "", "part"]


def test_what_is_evened_out_is_told_with_the_time_it_takes_and_what_is_waited_for(cluster):
    """Until some of it was moved the time is not known; when all are even, nothing is said."""
    browser = Client()
    browser.force_login(User.objects.create_user("staff", is_staff=True))
    for node in Node.objects.all():
        cluster.update(node.name, capacity_bytes=100 * GB, free_bytes=50 * GB)
    assert "Evening out" not in browser.get("/cluster?part=board").text
    cluster.update("node-a", free_bytes=10 * GB)

    page = browser.get("/cluster?part=board").text
    assert "Evening out: at most 30.0\xa0GB to move" in page
    assert "data-seconds-left" not in page
    Rebalance.objects.create(moved_bytes=10 * GB)
    age("nodes_rebalance", "began_at", 3600)
    cluster.update("node-b", health="suspect")

    page = browser.get("/cluster?part=board").text
    seconds_left = int(re.search(r'data-seconds-left="(\d+)"', page)[1])
    assert seconds_left == pytest.approx(3 * 3600, rel=0.1)
    assert "(a node is away)" in page


def test_a_check_that_was_ordered_is_told_with_how_far_it_has_come(cluster):
    browser = Client()
    browser.force_login(User.objects.create_user("staff", is_staff=True))
    for words in (b"one", b"two", b"three", b"four", b"five", b"six", b"seven", b"eight"):
        cluster.store(words)
    replicate_all()
    node = Replica.objects.stored().select_related("node").first().node
    held = list(Replica.objects.stored().filter(node=node))
    census.take()
    assert "checking" not in browser.get("/cluster?part=board").text

    scrub.order(node)
    assert "checking, 0 %" in browser.get("/cluster?part=board").text
    *read, last = held
    Replica.objects.filter(id__in=[replica.id for replica in read]).update(verified_at=Now())
    assert f"checking, {100 * len(read) // len(held)} %" in browser.get("/cluster?part=board").text
    Replica.objects.filter(id=last.id).update(verified_at=Now())
    assert "checking" not in browser.get("/cluster?part=board").text


@pytest.mark.parametrize("span", timelines.SPANS)
def test_every_span_is_drawn(cluster, span):
    samples.take()
    assert [chart.title for chart in timelines.over_time(span, timezone.now())] == [
        "Throughput",
        "Answer time",
        "Room used",
    ]
