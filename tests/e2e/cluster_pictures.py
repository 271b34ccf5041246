"""Pictures of the cluster's page: after hours in which people worked, and while a node is down."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.system import System

LOST = "node-2"
# Six hours of samples, and some more: the minutes in which pictures are taken have theirs already.
SAMPLES = """
import math, random
from datetime import timedelta
from django.utils import timezone
from nodes import census
from nodes.models import Node, NodeSample, WorkSample
census.take()
chance = random.Random(5)
held = census.replicas_by_node(census.read())
now = timezone.now().replace(second=0, microsecond=0)
for place, node in enumerate(Node.objects.order_by("name")):
    sent = received = 0
    used = node.capacity_bytes - node.free_bytes
    gust = 1.0
    for minute in range(-400, 30):
        gust = 0.8 * gust + 0.2 * chance.lognormvariate(0, 0.7)
        day = 1 + math.sin(minute / 70 + place / 3) + 0.5 * math.sin(minute / 23)
        sent += int(60e6 * gust * (9 * max(day, 0.2) + chance.random()))
        received += int(60e6 * gust * (4 * max(1.4 - day, 0.1) + chance.random()))
        seen = dict(
            is_online=True, latency_ms=3 + 4 * place + 2 * chance.random(),
            capacity_bytes=node.capacity_bytes, replicas=held.get(node.pk, {}).get("stored", 0),
            free_bytes=node.free_bytes + int(used * max(0, -minute) / 9000),
            received_bytes=received, sent_bytes=sent,
        )
        at = now + timedelta(minutes=minute)
        NodeSample.objects.update_or_create(node=node, span="minute", at=at, defaults=seen)
repaired = 0
for minute in range(-400, 0):
    repaired += int(60e6 * (20 + 3 * chance.random())) if -90 < minute < -40 else 0
    at = now + timedelta(minutes=minute)
    seen = dict(taken_at=at, copied_bytes=repaired, repaired_bytes=repaired)
    WorkSample.objects.update_or_create(span="minute", at=at, defaults=seen)
"""


def seed(api, system: System) -> None:
    """Write the samples once every copy is made: they say how many a node holds."""

    def is_whole() -> bool:
        cluster = api.ask("GET", "cluster")
        held = sum(node["replicas"] for node in api.ask("GET", "nodes")["results"])
        return held == cluster["chunks"] * cluster["copies_wanted"]

    system.wait_for(is_whole, what="every copy is made")
    system.manage("shell", "-c", SAMPLES)


def lose_a_node(system: System) -> None:
    """Kill a node, and wait until it counts as off."""
    system.kill(LOST, stay_down=True)
    system.wait_for(lambda: LOST not in system.online_nodes(), what=f"{LOST} is off")


def cluster(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    _open(page)
    expect(page.get_by_role("heading", name="All is well.")).to_be_visible()
    take("cluster")
    page.get_by_text("As a table").nth(1).click()
    chart = page.get_by_role("slider").first
    chart.focus()
    for _key in range(12):
        page.keyboard.press("ArrowLeft")
    page.locator(".over-time").evaluate("(one) => one.scrollIntoView()")
    take("cluster-charts")


def admin(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    for name, path in {"admin": "", "admin-nodes": "nodes/node/"}.items():
        page.goto(f"{page.evaluate('location.origin')}/admin/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        take(name)


def node_off(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    _open(page)
    expect(page.get_by_role("heading", name="Every file opens. One node is off.")).to_be_visible()
    take("cluster-node-off")


def _open(page: Page) -> None:
    page.goto(f"{page.evaluate('location.origin')}/cluster")
    expect(page.locator(".live-words")).to_contain_text("Live")
