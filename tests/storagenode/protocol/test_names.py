"""Names of chunk files: one spelling, both ways."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storagenode.protocol.names import BadName, chunk_name, parse_name


@given(st.binary(min_size=32, max_size=32), st.uuids())
def test_a_name_says_its_digest_and_its_replica(digest: bytes, replica_id: UUID):
    assert parse_name(chunk_name(digest, replica_id)) == (digest, replica_id)


@given(st.text())
def test_a_text_is_either_refused_or_the_one_spelling_of_a_name(text: str):
    try:
        digest, replica_id = parse_name(text)
    except BadName:
        return
    assert chunk_name(digest, replica_id) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 64,
        "a" * 64 + "-" + "b" * 31,
        "A" * 64 + "-" + "b" * 32,
        "a" * 64 + "-" + "b" * 32 + "\n",
        "a" * 64 + "/" + "b" * 32,
        "../" + "a" * 61 + "-" + "b" * 32,
        "a" * 63 + "\u0661-" + "b" * 32,
    ],
)
def test_a_near_miss_is_refused(text: str):
    with pytest.raises(BadName):
        parse_name(text)


def test_a_digest_of_another_length_is_refused():
    with pytest.raises(BadName):
        chunk_name(b"short", UUID(int=1))
