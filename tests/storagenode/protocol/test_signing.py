"""Signatures: what was signed passes, anything else does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storagenode.protocol import signing

NOW = 1_700_000_000.0
KEY = signing.derive_key(b"cluster secret", "store-a")
REQUEST: dict[str, Any] = {"store_id": "store-a", "method": "DELETE", "path": "/v1/chunks/x", "query": "a=1"}


def signed(**changes: Any) -> str:
    asked: dict[str, Any] = {"key": KEY, "clock": lambda: NOW} | REQUEST | changes
    return signing.sign(**asked)["Authorization"]


def check(authorization: str | None, **changes: Any) -> str:
    asked: dict[str, Any] = {"keys": [KEY], "now": NOW} | REQUEST | changes
    return signing.verify(authorization, **asked)


def test_a_signed_request_passes_and_vouches_for_its_body():
    assert check(signed(body_digest="ab" * 32)) == "ab" * 32


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/v1/chunks/y"},
        {"query": "a=2"},
        {"query": ""},
        {"keys": [b"other"]},
        {"keys": []},
    ],
)
def test_a_changed_request_or_another_key_is_refused(change: dict[str, Any]):
    with pytest.raises(signing.BadSignature):
        check(signed(), **change)


@given(st.integers(min_value=0), st.characters())
def test_no_changed_character_of_the_header_passes(position: int, character: str):
    header = signed()
    position %= len(header)
    changed = header[:position] + character + header[position + 1 :]
    if changed != header:
        with pytest.raises(signing.SignatureRefused):
            check(changed)


@given(st.one_of(st.none(), st.text()))
def test_no_other_header_passes_or_breaks_anything(header: str | None):
    with pytest.raises(signing.SignatureRefused):
        check(header)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer abc", "Dfs2 store=x", "dfs1 store=store-a", "Basic Dfs1 "]
)
def test_no_signature_or_an_unknown_kind_counts_as_unsigned(header: str | None):
    with pytest.raises(signing.Unsigned):
        check(header)


def test_both_valid_keys_pass_during_a_rotation_and_the_old_one_not_after_it():
    fresh = signing.derive_key(b"cluster secret", "store-a", 1)

    check(signed(), keys=[fresh, KEY])
    check(signed(key=fresh), keys=[fresh, KEY])
    with pytest.raises(signing.BadSignature):
        check(signed(), keys=[fresh])


@pytest.mark.parametrize("skew", [-299, 299])
def test_clocks_may_differ_by_five_minutes(skew: int):
    check(signed(), now=NOW + skew)


@pytest.mark.parametrize("skew", [-360, -301, 301, 360])
def test_clocks_that_differ_more_are_named_as_the_cause(skew: int):
    with pytest.raises(signing.ClockSkew):
        check(signed(), now=NOW + skew)


def test_a_request_for_another_store_is_refused_even_with_the_right_key():
    with pytest.raises(signing.WrongStore):
        check(signed(store_id="store-b"))


def test_stores_and_generations_have_unrelated_keys():
    derived = {signing.derive_key(s, store, g) for s in (b"a", b"b") for store in ("x", "y") for g in (0, 1)}
    assert len(derived) == 8


def test_an_empty_secret_derives_no_key():
    """CVE-2023-49105: who had no key was signed for by an empty one."""
    with pytest.raises(ValueError):
        signing.derive_key(b"", "store-a")


def test_a_request_that_must_run_once_is_refused_the_second_time():
    nonces = signing.NonceMemory(since=NOW - 1)
    header = signed()
    check(header, nonces=nonces)

    with pytest.raises(signing.Replayed):
        check(header, nonces=nonces)
    check(signed(), nonces=nonces)


def test_a_memory_refuses_what_was_signed_before_it_began():
    with pytest.raises(signing.Replayed):
        check(signed(), nonces=signing.NonceMemory(since=NOW + 1))


def test_a_full_memory_stays_bounded_and_still_lets_no_replay_pass():
    nonces = signing.NonceMemory(since=NOW - 100, limit=10)
    headers = [signed(clock=lambda at=NOW - 50 + i: at) for i in range(30)]
    for header in headers:
        check(header, nonces=nonces)

    assert len(nonces) <= 10
    for header in headers:
        with pytest.raises(signing.Replayed):
            check(header, nonces=nonces)


def test_a_forged_request_leaves_no_nonce_behind():
    nonces = signing.NonceMemory(since=NOW - 1)
    with pytest.raises(signing.BadSignature):
        check(signed(key=b"other"), nonces=nonces)
    assert len(nonces) == 0
