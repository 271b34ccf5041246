"""Conditional headers and digests."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from files import conditions
from files.errors import BadHeader, PreconditionFailed

NOW = datetime(2026, 5, 4, 12, 30, 15, 999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, None),
        ("*", ["*"]),
        ('"a"', ["a"]),
        ('"a", "b" ,"c"', ["a", "b", "c"]),
        ('W/"weak", "strong"', ["strong"]),
        ("bare-tag", ["bare-tag"]),
        ('"a,b"', ["a,b"]),
        ("", []),
        ('"*"', ['"*"']),
    ],
)
def test_etags_are_read(header, tags):
    assert conditions.parse_etags(header) == tags


@pytest.mark.parametrize("header", ['"open', "a b", '"a" "b"', "ä", '"\x01"'])
def test_what_is_no_etag_is_refused(header):
    with pytest.raises(BadHeader):
        conditions.parse_etags(header)


@pytest.mark.parametrize(
    ("etag", "if_match", "if_none_match", "holds"),
    [
        ("v1", None, None, True),
        ("v1", ["v1"], None, True),
        ("v1", ["v0", "v1"], None, True),
        ("v1", ["*"], None, True),
        ("v1", ["v0"], None, False),
        ("v1", [], None, False),
        (None, ["*"], None, False),
        (None, ["v1"], None, False),
        ("v1", None, ["*"], False),
        ("v1", None, ["v1"], False),
        ("v1", None, ["v0"], True),
        (None, None, ["*"], True),
    ],
)
def test_a_change_needs_its_conditions(etag, if_match, if_none_match, holds):
    if holds:
        conditions.require_match(etag, if_match, if_none_match)
    else:
        with pytest.raises(PreconditionFailed):
            conditions.require_match(etag, if_match, if_none_match)


@pytest.mark.parametrize(
    ("if_none_match", "since", "unchanged"),
    [
        (["v1"], None, True),
        (["*"], None, True),
        (["v0"], None, False),
        (["v0"], "Mon, 04 May 2026 12:30:15 GMT", False),
        (None, "Mon, 04 May 2026 12:30:15 GMT", True),
        (None, "Mon, 04 May 2026 12:30:14 GMT", False),
        (None, "yesterday", False),
        (None, "Mon, 99 May 99999 12:30:14 GMT", False),
        (None, None, False),
    ],
)
def test_a_reader_is_told_that_nothing_changed(if_none_match, since, unchanged):
    assert conditions.is_unchanged("v1", NOW, if_none_match, since) is unchanged


def test_a_digest_is_read_from_either_header():
    digest = hashlib.sha256(b"x").digest()
    field = f"sha-512=:AAAA:, sha-256=:{base64.b64encode(digest).decode()}:"

    assert conditions.parse_sha256({"Repr-Digest": field}) == digest
    assert conditions.parse_sha256({"Content-Digest": field}) == digest
    assert conditions.parse_sha256({"Repr-Digest": "sha-512=:AAAA:"}) is None
    assert conditions.parse_sha256({"Repr-Digest": "ſha-256=:ſ:"}) is None  # it is no s
    assert conditions.parse_sha256({"Repr-Digest": "sha-256x=:AAAA:, x-sha-256=:AAAA:, broken"}) is None
    assert conditions.parse_sha256({"Repr-Digest": f"{field};from=a"}) == digest
    assert conditions.parse_sha256({}) is None


_OF_X = hashlib.sha256(b"x")


@pytest.mark.parametrize(
    "field",
    [
        "sha-256=:AAAA:",
        "sha-256=:A:",
        "sha-256=::",
        "sha-256",
        "sha-256=",
        f"sha-256={_OF_X.hexdigest()}",
        f"sha-256={base64.b64encode(_OF_X.digest()).decode()}",
        f'sha-256="{_OF_X.hexdigest()}"',
        f"sha-512=:AAAA:, sha-256=:{_OF_X.hexdigest()}:",
        f"sha-256=:{base64.b64encode(_OF_X.digest()).decode()}:, sha-256=:{'A' * 43}=:",
        f"SHA-256 = :{base64.urlsafe_b64encode(b'?' * 32).decode()}:",
    ],
)
def test_a_digest_that_cannot_be_read_is_refused(field):
    with pytest.raises(BadHeader):
        conditions.parse_sha256({"Repr-Digest": field})
