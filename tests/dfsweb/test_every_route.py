"""Every address there is answers every visitor as its row in `route_walk` says."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from files import links, sharing
from files.models import Entry
from tests.dfsweb.route_walk import (
    BOUND,
    LINK,
    LOST,
    ROUTES,
    ROWS,
    answer_to_bound,
    ask,
    is_right,
    made_world,
    requests,
)
from tests.dfsweb.rows import VISITORS


def test_the_walk_finds_the_routes_and_each_has_a_row():
    with_a_row = {key.partition(" ")[2] for key in ROWS}

    assert {"healthz", "api/v1/auth/tokens/<uuid:token_id>", "admin/nodes/node/add/"} <= set(ROUTES)
    assert with_a_row == set(ROUTES), "a route without a row, or a row without a route"


@pytest.mark.django_db
def test_every_route_answers_each_visitor_as_its_row_says(settings):
    """All in one world: each request undoes what it did."""
    settings.CLUSTER_SECRET = "ab" * 32
    world, wrong = made_world(), []
    for method, route, row in requests():
        answers = row.answers if row else [405] * 6
        for visitor, expected in zip(VISITORS, answers, strict=True):
            reply = ask(world, visitor, method, route, row)
            if not is_right(reply, visitor, route, None if row is None else expected):
                said = b"" if reply.streaming else reply.content[:200]
                wrong.append(f"{visitor}: {method} {route}: {reply.status_code}, not {expected}: {said!r}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.django_db
def test_every_route_survives_being_asked_what_it_takes(settings):
    """`OPTIONS`: a page in a browser asks so before it may send."""
    settings.CLUSTER_SECRET = "ab" * 32
    world, wrong = made_world(), []
    for route in ROUTES:
        for visitor in VISITORS:
            reply = ask(world, visitor, "OPTIONS", route, None)
            if reply.status_code >= 500:
                wrong.append(f"{visitor}: {route}: {reply.status_code}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.django_db
def test_a_token_that_is_bound_to_a_folder_is_kept_in_it_at_every_route(settings):
    """CVE-2021-43820: a token of one library opened any other."""
    settings.CLUSTER_SECRET = "ab" * 32
    world, wrong = made_world(), []
    for method, route, row in requests():
        for visitor in BOUND:
            expected = None if row is None else answer_to_bound(visitor, route, row)
            reply = ask(world, visitor, method, route, row)
            judged_as = visitor if route.startswith("api/v1/") else "anonymous"
            if not is_right(reply, judged_as, route, expected):
                wrong.append(f"{visitor}: {method} {route}: {reply.status_code}, not {expected}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.django_db
def test_who_has_lost_access_is_answered_as_whoever_never_had_it_at_every_route(settings):
    settings.CLUSTER_SECRET = "ab" * 32
    world, wrong = made_world(), []
    for method, route, row in requests():
        for visitor, now_as in LOST.items():
            expected = None if row is None else row.answers[VISITORS.index(now_as)]
            reply = ask(world, visitor, method, route, row)
            if not is_right(reply, now_as, route, expected):
                wrong.append(f"{visitor}: {method} {route}: {reply.status_code}, not {expected}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.django_db
def test_a_link_that_was_taken_back_answers_as_one_that_never_was(settings):
    world, wrong = made_world(), []
    link_id = world.places["<uuid:share_id>"]
    sharing.revoke(Entry.objects.get(id=world.album.id).owner, link_id)
    never = SimpleNamespace(
        **vars(world) | {"places": world.places | {"<str:token>": links.token_of(uuid4())}}
    )
    for method, route, row in requests(LINK):
        for visitor in ("anonymous", "viewer", "owner"):
            was, was_not = (ask(one, visitor, method, route, row) for one in (world, never))
            if (was.status_code, was.status_code < 400) != (was_not.status_code, False):
                wrong.append(f"{visitor}: {method} {route}: {was.status_code}, {was_not.status_code}")

    assert not wrong, "\n".join(wrong)
