"""ADMIN_NETWORKS: what is for administrators alone is refused to everybody elsewhere."""

import ipaddress

import pytest
from django.test import Client

from tests.dfsweb.route_walk import VISITORS, ask, is_right, made_world, requests
from tests.dfsweb.rows import Row

OURS = ("10.1.0.0/16", "2001:db8:1::/48")
PROXY = "192.0.2.80"


@pytest.fixture(autouse=True)
def networks(settings):
    settings.ADMIN_NETWORKS = [ipaddress.ip_network(network) for network in OURS]
    settings.TRUSTED_PROXIES = [ipaddress.ip_network(f"{PROXY}/32")]


def status(seen: str, forwarded: str | None = None) -> int:
    """What the admin's sign-in answers to who comes from here."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return Client(REMOTE_ADDR=seen).get("/admin/login/", headers=headers).status_code


@pytest.mark.parametrize(
    ("seen", "answer"),
    [
        ("10.1.2.3", 200),
        ("10.2.0.1", 403),
        ("::ffff:10.1.2.3", 200),  # IPv4, as a socket of both tells it
        ("::ffff:10.2.0.1", 403),
        ("2001:db8:1::7", 200),
        ("2001:db8:1::7%eth0", 200),
        ("2001:db8:2::7", 403),
        ("::a01:203", 403),  # ends in the same bytes, and is another address
        ("", 403),  # a socket without an address
        ("nonsense", 403),
    ],
)
def test_s23_administrators_come_in_from_their_networks_alone(db, seen, answer):
    assert status(seen) == answer


@pytest.mark.parametrize(
    ("seen", "forwarded", "answer"),
    [
        (PROXY, "10.1.2.3", 200),
        (PROXY, "[2001:db8:1::7]:4711", 200),
        (PROXY, "203.0.113.9", 403),
        (PROXY, "10.1.2.3, 203.0.113.9", 403),  # what a visitor claims, and what the proxy saw
        (PROXY, "10.1.2.3, nonsense", 403),
        (PROXY, None, 403),
        (PROXY, f"10.1.2.3, 203.0.113.9, {PROXY}", 403),
        (f"::ffff:{PROXY}", "10.1.2.3", 200),
        ("203.0.113.9", "10.1.2.3", 403),  # no proxy of ours
        ("10.1.2.3", "203.0.113.9", 200),
    ],
)
def test_s23_behind_a_proxy_its_word_counts_and_no_visitors(db, seen, forwarded, answer):
    assert status(seen, forwarded) == answer


def test_s23_without_a_setting_administrators_act_from_anywhere(db, settings):
    settings.ADMIN_NETWORKS = []

    assert status("203.0.113.9") == status("nonsense") == 200


def is_for_administrators(route: str, row: Row) -> bool:
    """Whether nobody else is answered so, by their rows."""
    others = set(row.answers[1:-1])
    return route.startswith("admin/") or (len(others) == 1 and row.answers[-1] not in others)


@pytest.mark.django_db
def test_s23_every_route_of_administrators_is_refused_elsewhere_and_no_other(settings):
    """All visitors come from 127.0.0.1."""
    settings.CLUSTER_SECRET = "ab" * 32
    world, refused, wrong = made_world(), set(), []
    for method, route, row in requests():
        for visitor, usual in zip(VISITORS, row.answers if row else (), strict=False):
            reply = ask(world, visitor, method, route, row)
            if is_for_administrators(route, row):
                refused.add(route)
                if reply.status_code != 403:
                    wrong.append(f"{visitor}: {method} {route}: {reply.status_code}")
            elif not is_right(reply, visitor, route, usual):
                wrong.append(f"{visitor}: {method} {route}: {reply.status_code}, not {usual}")

    assert not wrong, "\n".join(wrong)
    assert {"admin/doctor", "cluster", "api/v1/nodes", "api/v1/auth/invitations"} <= refused


def test_s23_who_is_refused_is_told_by_which_address_they_are_seen(db):
    page = Client(REMOTE_ADDR="203.0.113.9").get("/admin/")
    problem = Client(REMOTE_ADDR="203.0.113.9").get("/api/v1/nodes").json()

    assert page.status_code == 403 and "203.0.113.9 is in none of them" in page.text
    assert problem["code"] == "staff_only" and "203.0.113.9" in problem["detail"]
