"""Replies are the same JSON whoever writes them."""

from datetime import UTC, datetime
from uuid import UUID
from weakref import ref

import pytest
from django.http import Http404
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail, NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer, MultiPartRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from files.json_replies import QuickJSONRenderer, QuickNegotiation
from files.models import Entry

VALUES = {
    "id": UUID("01936f3e-9e5d-7b63-8c2f-4d6e8a0b2c3d"),
    "moment": datetime(2026, 2, 3, 4, 5, 6, 789, UTC),
    "whole second": datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
    "kind": Entry.Kind.FOLDER,
    "largest": 2**63 - 1,
    "share": 0.25,
    "nothing": None,
    "text": 'ü 🙂 "quoted" </script>\n',
    "to be translated": gettext_lazy("Folder"),
    "refusal": ErrorDetail("This is none.", code="none"),
    "nested": [{"a": (1, True)}, []],
}


@pytest.mark.parametrize("asked", [None, "application/json", "application/json; indent=2"])
def test_they_are_what_rest_framework_writes(asked):
    assert QuickJSONRenderer().render(VALUES, asked) == JSONRenderer().render(VALUES, asked)


@pytest.mark.parametrize("query", ["", "?format=json", "?format=xml", "?format="])
@pytest.mark.parametrize(
    "accepted",
    [
        None,
        "",
        "*/*",
        "application/*",
        "application/json",
        "application/json; indent=2",
        "text/html, */*",
        "image/png",
    ],
)
@pytest.mark.parametrize("kinds", [[QuickJSONRenderer], [QuickJSONRenderer, MultiPartRenderer]])
def test_it_is_written_as_rest_framework_would_pick(query, accepted, kinds):
    headers = {} if accepted is None else {"Accept": accepted}
    renderers = [kind() for kind in kinds]

    def pick(negotiation):
        try:
            return negotiation.select_renderer(
                Request(APIRequestFactory().get(f"/{query}", headers=headers)), renderers
            )
        except (NotAcceptable, Http404) as error:
            return type(error)

    assert pick(QuickNegotiation()) == pick(DefaultContentNegotiation())


def test_a_reply_without_a_body_has_none():
    assert QuickJSONRenderer().render(None) == b""


def test_what_is_written_is_let_go():
    class Page(list[str]):
        """One that a reference can be kept of that holds nothing."""

    page = Page(["a"])
    kept = ref(page)
    response = Response(page)
    del page
    response.accepted_renderer, response.accepted_media_type = QuickJSONRenderer(), "application/json"
    response.renderer_context = {}

    assert response.render().content == b'["a"]'
    assert kept() is None
