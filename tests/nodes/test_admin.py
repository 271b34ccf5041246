"""The admin's list of the nodes, and how one is added."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from nodes import health
from nodes.models import Node
from tests.nodes.living_cluster import NAMES
from tests.nodes.test_replication import replicate_all
from tests.storagenode.running_node import RunningNode, wait_until

LIST = "/admin/nodes/node/"


@pytest.fixture
def browser(transactional_db) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("root", password="a long password"))
    return browser


def listed(browser: Client) -> dict[str, dict[str, str]]:
    """What the list tells of each node, by the names of the columns."""
    found = {}
    for row in re.findall(r"<tr>.*?</tr>", browser.get(LIST).text, re.DOTALL):
        cells = re.findall(r'<t[dh] class="field-(\w+).*?">(.*?)</t[dh]>', row, re.DOTALL)
        told = {column: unescape(re.sub(r"<.*?>", "", cell)).strip() for column, cell in cells}
        if told:
            found[told["name"]] = told
    return found


def test_the_list_tells_how_each_node_is(cluster, browser):
    cluster.store(b"three copies of it")
    replicate_all()
    cluster.update("node-a", capacity_bytes=4 * 10**9, free_bytes=3 * 10**9)
    cluster.update("node-b", health=Node.Health.SUSPECT, last_seen_at=timezone.now() - timedelta(hours=2))
    cluster.update("node-c", duty=Node.Duty.DRAINING)
    cluster.update("node-d", health=Node.Health.UNKNOWN, last_seen_at=None)

    rows = listed(browser)

    assert set(rows) == set(NAMES)
    told = {column: [rows[name][column] for name in NAMES] for column in rows["node-a"]}
    assert told["health"] == ["Online", "Suspect", "Online", "Unknown"]
    assert told["duty"] == ["Active", "Active", "Draining", "Active"]
    assert re.fullmatch(r"2:\d\d:\d\d ago", told["last_seen"][1]) and told["last_seen"][3] == "never"
    assert told["fill"][0] == "3.0\xa0GB free of 4.0\xa0GB"
    assert [int(count) for count in told["replicas"]] == [
        Node.objects.get(name=name).replicas.stored().count() for name in NAMES
    ]
    assert sum(map(int, told["replicas"])) >= settings.REPLICAS


def test_a_node_started_as_the_admin_says_waits_in_the_list_until_it_is_activated(
    browser, live_server, settings, tmp_path
):
    settings.AUTO_ACTIVATE = False
    page = browser.get(f"{LIST}add/", headers={"host": live_server.url.removeprefix("http://")}).text
    [gateway_url] = re.findall(r"GATEWAY_URL=(\S+)", page)
    assert "appears in the list as draining" in page

    def is_seen() -> bool:
        health.probe_all()
        return listed(browser).get("node-e", {}).get("health") == "Online"

    started = RunningNode(tmp_path / "node-e", gateway_url=gateway_url, NODE_NAME="node-e")
    try:
        wait_until(is_seen, "the node in the list and online")
        assert listed(browser)["node-e"]["duty"] == "Draining"

        node = Node.objects.get()
        order = {"action": "activate", "_selected_action": [node.id]}
        assert "Activate these nodes?" in browser.post(LIST, order).text
        assert listed(browser)["node-e"]["duty"] == "Draining"
        done = browser.post(LIST, order | {"confirmed": "yes"}, follow=True).text
        assert "it takes new copies, and those it holds count" in done
        assert listed(browser)["node-e"]["duty"] == "Active"
    finally:
        started.stop()


@pytest.mark.parametrize("verb", ["activate", "drain", "retire", "rebalance", "scrub"])
def test_who_may_only_look_at_nodes_changes_none(cluster, verb):
    looker = User.objects.create_user("looker", password="a long password", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_node"))
    browser = Client()
    browser.force_login(looker)
    order = {"action": verb, "_selected_action": [node.id for node in Node.objects.all()]}

    page = browser.get(LIST)
    asked = browser.post(LIST, order, follow=True)
    browser.post(LIST, order | {"confirmed": "yes"})

    assert page.status_code == 200 and "node-a" in page.text and f'value="{verb}"' not in page.text
    assert "these nodes?" not in asked.text
    assert not Node.objects.exclude(duty=Node.Duty.ACTIVE).exists()
