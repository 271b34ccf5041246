"""S25: whatever a route is sent in a body or a query is a value of each field, or a problem of it."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import strategies as st
from rest_framework.serializers import Serializer

from tests.security.fuzzing import JSON, ODD, fuzzed, made_of
from tests.system import PROJECT

APPS = ("accounts", "dfsweb", "files", "nodes")


def inputs(kind: type = Serializer) -> Iterator[type[Serializer]]:
    """Return whatever the routes take: all serializers whose names end so."""
    for each in kind.__subclasses__():
        if each.__name__.endswith("In") and each.__module__.endswith("serializers"):
            yield each
        yield from inputs(each)


import_module("dfsweb.urls")  # and with it all that the routes take
INPUTS = sorted(set(inputs()), key=lambda kind: kind.__name__)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(one)


@fuzzed(which=st.integers(0, 2**63), body=JSON)
def test_s25_a_body_of_any_shape_is_a_problem_of_its_fields(which: int, body: object):
    kind = INPUTS[which % len(INPUTS)]
    data = json.loads(json.dumps(body))
    for value in (data, dict.fromkeys(kind().fields, data)):
        form = kind(data=value)
        assert form.is_valid() or form.errors
        assert all(text.encode() is not None and "\0" not in text for text in texts(form.validated_data))


@fuzzed(
    which=st.integers(0, 2**63),
    text=made_of(
        *("true", "off", "1", "9" * 30, "1e9", "-", "2026-01-01", "T00:00:00", "+99:99", "Z", "folder"),
        *("6f0d8a0e-3a7e-4b39-9a3c-1a2b3c4d5e6f", "urn:uuid:", "{", "\x00", "\ud800", "é", "١", "a@b.c"),
    ),
)
def test_s25_a_query_of_any_words_is_a_problem_of_its_fields(which: int, text: str):
    kind = INPUTS[which % len(INPUTS)]
    query = urlencode(dict.fromkeys(kind().fields, text), errors="surrogatepass")
    form = kind(data=QueryDict(query))
    assert form.is_valid() or form.errors


@pytest.mark.parametrize("kind", INPUTS)
def test_what_is_odd_is_a_problem_of_its_field(kind: type[Serializer]):
    for name in kind().fields:
        for value in ODD:
            form = kind(data={name: value})
            assert form.is_valid() or form.errors


def test_what_any_route_takes_is_among_what_is_fuzzed():
    names = {kind.__name__ for kind in INPUTS}
    assert names >= {"PasswordIn", "ResetIn", "InvitationIn", "AnnounceIn", "ListIn", "PathIn", "ManifestIn"}
    sources = "".join(
        file.read_text() for app in ("accounts", "files", "nodes") for file in PROJECT.glob(f"{app}/*.py")
    )
    taken = set(re.findall(r"(\w+)\(data=request\.", sources))
    assert taken and taken <= names
