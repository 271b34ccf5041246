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
    assert viewing.news({"order": "owner"}, view) == {"order": "owner"}


def test_the_head_of_the_column_in_use_turns_the_order_round():
    by_column = {head.column: head for head in viewing.View("-size").heads}
    assert (by_column["size"].leads_to, by_column["size"].direction) == ("size", "descending")
    assert (by_column["name"].leads_to, by_column["name"].direction) == ("name", "")
    assert (by_column["modified_at"].leads_to, by_column["modified_at"].direction) == ("-modified_at", "")


def test_only_what_is_known_is_remembered():
    asked = {"order": "-size", "view": "tiles", "cursor": "x"}
    assert viewing.news(asked, viewing.chosen(asked, {})) == {"order": "-size"}


def test_a_list_with_an_order_of_its_own_takes_none_that_is_kept_and_keeps_none():
    view = viewing.chosen({"view": "grid"}, {"order": "name"}, own_order="-modified_at")
    assert (view.order, view.shape, view.has_own_order) == ("-modified_at", "grid", True)
    assert viewing.news({"order": "size", "view": "grid"}, view) == {"view": "grid"}
