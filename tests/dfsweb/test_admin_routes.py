"""What staff can do in the admin, at each of its addresses and by each action, and what they cannot."""

from contextlib import contextmanager

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.test import RequestFactory

from accounts.models import Usage, User
from nodes.models import Node, Upkeep
from tests.dfsweb import admin_rows
from tests.dfsweb.route_walk import ask, is_right, made_world, requests, send
from tests.dfsweb.rows import STAFF, Row

DUTY_BEFORE = {"activate": Node.Duty.DRAINING, "retire": Node.Duty.DRAINING}
"""What a node is doing before an action that would change nothing of an active one."""
ONLY_WAKES = "rebalance"
"""Changes nothing by itself: it has a worker look at once."""


@pytest.fixture
def world(db, settings):
    settings.CLUSTER_SECRET = "ab" * 32
    return made_world()


def state() -> dict[str, list[dict[str, object]]]:
    """All that can be changed in the admin, and what it writes down about it."""
    models = [*admin.site._registry, Usage, Upkeep, LogEntry]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def actions() -> list[tuple[str, str]]:
    """Every action that an administrator is offered, with its model."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    return [
        (model._meta.label_lower.replace(".", "/"), name)
        for model, its_admin in admin.site._registry.items()
        for name in its_admin.get_actions(request)
    ]


def order(world, model: str, action: str) -> Row:
    one = world.places[f"{model}/<path:object_id>"].rpartition("/")[2]
    return Row((), (), f"action={action}&_selected_action={one}&post=yes&confirmed=yes", admin_rows.FORM)


def test_staff_come_as_far_in_the_admin_as_they_may(world):
    wrong = []
    for method, route, row in requests("admin/"):
        for number, visitor in enumerate(STAFF):
            reply = ask(world, visitor, method, route, row)
            expected = None if row is None else (row.staff or row.answers[-1:] * 2)[number]
            if not is_right(reply, visitor, route, expected):
                wrong.append(f"{visitor}: {method} {route}: {reply.status_code}, not {expected}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("visitor", STAFF)
def test_staff_who_may_only_look_change_nothing_at_any_address_of_the_admin(world, visitor):
    before = state()
    for method, route, row in requests("admin/"):
        if route != "admin/logout/":
            send(world, visitor, method, route, row)
            assert state() == before, f"{method} {route}"


@pytest.mark.parametrize("visitor", STAFF)
def test_staff_who_may_only_look_change_no_node_by_the_api_either(world, visitor):
    tried = set()
    for method, route, row in requests("api/v1/"):
        is_of_nodes = (
            route.startswith(("api/v1/nodes", "api/v1/cluster")) and route != "api/v1/nodes/announce"
        )
        if row is not None and is_of_nodes and method not in ("GET", "HEAD"):
            tried.add(route.rpartition("/")[2])
            reply = ask(world, visitor, method, route, row)
            assert (reply.status_code, reply.json()["code"]) == (403, "forbidden"), (method, route)

    assert tried == {"rebalance", "activate", "drain", "retire", "scrub", "confirm-restore"}


@pytest.mark.parametrize("visitor", STAFF)
def test_staff_who_may_make_no_accounts_neither_invite_nor_read_who_was_invited(world, visitor):
    """The address of an invitation makes an account: to read it is to have it."""
    for method, route, row in requests("api/v1/auth/invitations"):
        if row is not None:
            reply = ask(world, visitor, method, route, row)
            assert reply.status_code == 403, (method, route)
            assert method == "HEAD" or reply.json()["code"] == "forbidden"


def test_an_administrator_changes_by_every_form_of_the_admin_what_it_is_for(world):
    """Shows that the forms above would change something in the hands of who may."""
    before, idle = state(), []
    for method, route, row in requests("admin/"):
        if method == "POST" and row is not None and row.body and row.answers[-1] == 302:
            with undone():
                assert send(world, "admin", method, route, row).status_code == 302
                if state() == before:
                    idle.append(route)

    assert idle == ["admin/doctor"]  # there is no restore to confirm


def test_looking_changes_nothing_in_the_admin_whoever_looks(world):
    before = state()
    for method, route, row in requests("admin/"):
        if method in ("GET", "HEAD"):
            send(world, "admin", method, route, row)
            assert state() == before, f"{method} {route}"


@pytest.mark.parametrize(("model", "action"), actions())
def test_an_action_is_for_those_alone_who_may_change_what_it_acts_on(world, model, action):
    Node.objects.update(duty=DUTY_BEFORE.get(action, Node.Duty.ACTIVE))
    before, route = state(), f"admin/{model}/"

    for visitor in ("stranger", *STAFF):
        send(world, visitor, "POST", route, order(world, model, action))
        assert state() == before, visitor
    assert send(world, "admin", "POST", route, order(world, model, action)).status_code == 302
    assert (state() == before) == (action == ONLY_WAKES)
