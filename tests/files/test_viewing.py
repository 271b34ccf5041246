"""How a list is shown: what an address says goes before what was remembered, and both only if it is known."""

import pytest

from files import viewing


@pytest.mark.parametrize(
    ("asked", "kept", "order", "shape"),
    [
        ({}, {}, "name", "list"),
        ({"order": "-size"}, {}, "-size", "list"),
        ({}, {"order": "modified_at", "view": "grid"}, "modified_at", "grid"),
        ({"view": "list"}, {"view": "grid"}, "name", "list"),
        ({"order": "owner; drop"}, {"order": "-name"}, "-name", "list"),
        ({"order": "trashed_at"}, {"view": "tiles"}, "name", "list"),
        ({}, {"order": "-owner"}, "name", "list"),
    ],
)
def test_a_view_is_what_was_asked_for_last(asked, kept, order, shape):
    assert viewing.chosen(asked, kept) == viewing.View(order, shape)


def test_where_entries_are_of_different_people_their_owner_orders_them():
    view = viewing.chosen({}, {"order": "-owner"}, viewing.SHARED_COLUMNS)
    assert (view.order, [head.column for head in view.heads][:2]) == ("-owner", ["name", "owner"])
    assert (view.heads[1].leads_to, view.heads[1].direction) == ("owner", "descending")
    assert viewing.news({"order": "owner"}) == {"order": "owner"}


def test_the_head_of_the_column_in_use_turns_the_order_round():
    by_column = {head.column: head for head in viewing.View("-size").heads}
    assert (by_column["size"].leads_to, by_column["size"].direction) == ("size", "descending")
    assert (by_column["name"].leads_to, by_column["name"].direction) == ("name", "")
    assert (by_column["modified_at"].leads_to, by_column["modified_at"].direction) == ("-modified_at", "")


def test_only_what_is_known_is_remembered():
    assert viewing.news({"order": "-size", "view": "tiles", "cursor": "x"}) == {"order": "-size"}
