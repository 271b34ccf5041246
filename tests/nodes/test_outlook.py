"""What is said to come next when a node is away: until when it is waited for, and what is copied then."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from nodes.models import Node, Replica
from nodes.problems import Code, in_words
from tests.nodes.examined import replicate_all, take_offline, told
from tests.nodes.living_cluster import see_all


@pytest.fixture(autouse=True)
def wide_disks(settings) -> None:
    settings.NEARFULL_SHARE = 0


@pytest.fixture
def holder(cluster) -> str:
    """The name of one of three nodes that hold a content's copies; a fourth has none."""
    cluster.store(b"holiday")
    replicate_all()
    return Replica.objects.stored().select_related("node").first().node.name


def outlook() -> str:
    [problem] = told(Code.NODE_DOWN)
    return problem.outlook


def test_a_node_is_waited_for_until_a_time_and_then_its_copies_are_made_anew(cluster, settings, holder):
    take_offline(cluster, holder)
    until = cluster.node(holder).failing_since + timedelta(seconds=settings.REPAIR_AFTER_SECONDS)
    assert outlook() == (
        f"If {holder} comes back before {in_words(until)}, nothing has to be copied. "
        "Else its copies are made anew on the other nodes."
    )

    Node.objects.filter(name=holder).update(failing_since=Now() - timedelta(hours=1))
    see_all()
    assert outlook().startswith("Its copies are being made anew on other nodes. If")

    replicate_all()
    assert outlook() == (
        "What it held has all its copies on other nodes. "
        f"If {holder} comes back, its own count again by themselves."
    )


def test_without_nodes_to_copy_to_nobody_says_that_copies_will_be_made(cluster, holder):
    [spare] = Node.objects.exclude(replicas__state="stored")
    cluster.update(spare.name, duty=Node.Duty.RETIRED)
    take_offline(cluster, holder)
    assert "its copies need another node" in outlook()

    Node.objects.filter(name=holder).update(failing_since=Now() - timedelta(hours=1))
    see_all()
    assert outlook().startswith("Its copies are missing, for too few other nodes have room for them.")


def test_while_half_of_the_nodes_are_away_only_last_copies_are_said_to_be_made(cluster, settings, holder):
    """With two copies wanted, two nodes are enough to make them on."""
    settings.REPLICAS = 2
    other = Node.objects.exclude(name=holder).first().name
    take_offline(cluster, holder, other)
    [problem] = [one for one in told(Code.NODE_DOWN) if one.node == holder]
    assert problem.outlook.endswith("While half of the nodes are away, only what has one copy left is.")

    Node.objects.filter(name__in=[holder, other]).update(failing_since=Now() - timedelta(hours=1))
    see_all()
    [problem] = [one for one in told(Code.NODE_DOWN) if one.node == holder]
    assert problem.outlook.startswith(
        "While half of the nodes are away, only what has one copy left is copied."
    )


def test_a_node_that_is_being_emptied_is_emptied_further_when_it_is_back(cluster, holder):
    cluster.update(holder, duty=Node.Duty.DRAINING)
    take_offline(cluster, holder)
    assert outlook() == f"If {holder} comes back, it is emptied further."


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("wrong_store", "Another disk answers in the place of node-a since"),
        ("probe_failed", "The disk of node-a does not keep what is written since"),
        ("some_code_of_tomorrow", "node-a has not answered since"),
    ],
)
def test_how_a_node_fails_is_said_in_words_and_the_cause_stands_by_itself(cluster, code, words):
    cluster.update(
        "node-a", health="offline", problem_code=code, problem="node-a: [Errno 5] EIO", failing_since=Now()
    )
    [problem] = told(Code.NODE_DOWN)
    assert problem.detail.startswith(words)
    assert problem.cause == "[Errno 5] EIO"
    assert "Errno" not in problem.detail
