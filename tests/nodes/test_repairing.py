"""How long copies take that are to be made: reckoned once, and told alike by the page, the API and `dfs`."""

import re

import pytest
from django.test import Client

from accounts.models import User
from nodes import cluster as overview_of
from nodes import figures, samples
from nodes.figures import Figure
from nodes.models import Chunk, Node
from tests.nodes.examined import replicate_all
from tests.nodes.living_cluster import age

CONTENT = b"holiday" * 100


@pytest.fixture(autouse=True)
def wide_disks(settings) -> None:
    settings.NEARFULL_SHARE = 0


def repair():
    return overview_of.overview().repair


def copied_since(seconds: int, size_bytes: int) -> None:
    """Have a chunk wait for so long, and workers copy so much meanwhile."""
    samples.take()
    age("nodes_worksample", "taken_at", seconds)
    Chunk.objects.update(copies_due_at=samples.WorkSample.objects.latest("taken_at").taken_at)
    figures.add({Figure.COPIED_BYTES: size_bytes})


def test_what_is_left_is_told_with_its_time_as_soon_as_something_was_copied(cluster):
    cluster.store(CONTENT)
    assert (repair().chunks_left, repair().bytes_left) == (1, len(CONTENT))
    assert repair().seconds_left is None

    copied_since(60, 600)
    assert repair().bytes_per_second == pytest.approx(10, rel=0.2)
    assert repair().seconds_left == pytest.approx(len(CONTENT) / 10, rel=0.2)

    Chunk.objects.update(copies_due_at=None)
    assert (repair().chunks_left, repair().seconds_left) == (0, 0.0)


def test_the_page_and_the_api_tell_the_same_time(cluster):
    browser = Client()
    browser.force_login(User.objects.create_user("staff", is_staff=True))
    cluster.store(CONTENT)
    assert "data-time-left" not in browser.get("/cluster?part=board").text
    copied_since(60, 600)

    told = browser.get("/api/v1/cluster").json()["repair"]
    shown = browser.get("/cluster?part=board").text
    assert int(re.search(r'data-time-left="(\d+)"', shown)[1]) == pytest.approx(told["seconds_left"], rel=0.2)
    assert "1 piece, 700\xa0B" in shown
    assert told["is_waiting"] is False


def test_copies_that_no_node_has_room_for_are_said_to_wait(cluster):
    cluster.store(CONTENT)
    for name in Node.objects.exclude(replicas__state="stored").values_list("name", flat=True):
        cluster.update(name, duty=Node.Duty.RETIRED)

    assert repair().is_waiting
    browser = Client()
    browser.force_login(User.objects.create_user("staff", is_staff=True))
    assert "Waits for nodes with room" in browser.get("/cluster?part=board").text


def test_nothing_is_left_when_all_copies_are_there(cluster):
    cluster.store(CONTENT)
    replicate_all()
    assert (repair().chunks_left, repair().bytes_left, repair().is_waiting) == (0, 0, False)
