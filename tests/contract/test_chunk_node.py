"""The contract: what a gateway may rely on from every chunk node."""

from __future__ import annotations

import pytest
from blake3 import blake3

from tests.contract.chunk_node import ChunkNode, NodeRefusal
from tests.storagenode.signed_client import name_for

DATA = b"holiday photo" * 100


def refusal(call, *args, **kwargs) -> tuple[int, str]:
    with pytest.raises(NodeRefusal) as caught:
        call(*args, **kwargs)
    return caught.value.status, caught.value.code


@pytest.mark.parametrize(
    "data", [b"", b"x", DATA, bytes(5 * 1024 * 1024)], ids=["empty", "byte", "small", "long"]
)
def test_a_stored_chunk_comes_back_as_it_was(node: ChunkNode, data: bytes):
    name = name_for(data)

    assert node.put(name, data) == 201
    assert node.get(name) == data
    assert node.head(name) == len(data)


def test_storing_a_good_chunk_again_keeps_it(node: ChunkNode):
    name = name_for(DATA)
    node.put(name, DATA)

    assert node.put(name, DATA) == 200
    assert node.get(name) == DATA


@pytest.mark.parametrize(
    "damage", [DATA[:-1] + b"?", DATA[:10], DATA + b"!", b""], ids=["flipped", "truncated", "longer", "zero"]
)
def test_f07_storing_over_a_bad_chunk_replaces_it_and_keeps_the_bad_one_aside(node: ChunkNode, damage: bytes):
    name = name_for(DATA)
    node.put(name, DATA)
    before = node.status()["quarantined"]
    node.overwrite(name, damage)

    assert node.put(name, DATA) == 201
    assert node.get(name) == DATA
    assert node.verify([name]) == {name: "good"}
    assert node.status()["quarantined"] == before + 1


def test_other_bytes_than_the_name_says_are_refused_and_leave_nothing(node: ChunkNode):
    name = name_for(DATA)

    assert refusal(node.put, name, DATA[:-1] + b"?") == (422, "digest_mismatch")
    assert refusal(node.put, name, DATA[:-1]) == (422, "digest_mismatch")
    assert refusal(node.get, name) == (404, "chunk_missing")
    assert node.list()["names"] == []


def test_a_damaged_chunk_is_verified_as_bad_and_an_absent_one_as_missing(node: ChunkNode):
    good, bad, absent = name_for(DATA), name_for(DATA), name_for(DATA)
    node.put(good, DATA)
    node.put(bad, DATA)
    node.overwrite(bad, DATA[:-1] + b"?")

    assert node.verify([good, bad, absent]) == {good: "good", bad: "bad", absent: "missing"}


def test_a_quarantined_chunk_is_gone_and_counted(node: ChunkNode):
    name, absent = name_for(DATA), name_for(DATA)
    node.put(name, DATA)
    before = node.status()["quarantined"]

    assert node.quarantine([name, absent], "scrub") == {name: "quarantined", absent: "missing"}
    assert refusal(node.head, name) == (404, "chunk_missing")
    assert node.status()["quarantined"] == before + 1


def test_deleting_a_name_also_removes_what_is_quarantined_of_it(node: ChunkNode):
    name = name_for(DATA)
    before = node.status()["quarantined"]
    node.put(name, DATA)
    node.quarantine([name], "orphan")

    node.delete(name)

    assert node.status()["quarantined"] == before


def test_deleting_removes_only_the_named_replica_and_may_be_repeated(node: ChunkNode):
    first, second = name_for(DATA), name_for(DATA)
    node.put(first, DATA)
    node.put(second, DATA)

    node.delete(first)
    node.delete(first)

    assert node.list()["names"] == [second]


@pytest.mark.parametrize(
    ("byte_range", "expected"),
    [
        ("bytes=0-3", DATA[:4]),
        ("bytes=5-", DATA[5:]),
        ("bytes=-7", DATA[-7:]),
        ("bytes=0-999999", DATA),
        ("bytes=-999999", DATA),
        ("bytes=1-2,4-5", DATA),
        ("bytes=-", DATA),
        ("lines=1-2", DATA),
    ],
)
def test_one_range_is_served_and_what_is_none_is_ignored(node: ChunkNode, byte_range: str, expected: bytes):
    name = name_for(DATA)
    node.put(name, DATA)

    assert node.get(name, byte_range=byte_range) == expected


@pytest.mark.parametrize("byte_range", [f"bytes={len(DATA)}-", "bytes=9-3", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(node: ChunkNode, byte_range: str):
    name = name_for(DATA)
    node.put(name, DATA)

    assert refusal(node.get, name, byte_range=byte_range) == (416, "range_unsatisfiable")


def test_the_listing_tells_sizes_where_they_are_asked_for(node: ChunkNode):
    stored = {name_for(bytes(size)): size for size in (0, 1, 70_000)}
    for name, size in stored.items():
        node.put(name, bytes(size))

    page = node.list(sizes=True)

    assert list(zip(page["names"], page["sizes"], strict=True)) == sorted(stored.items())
    assert "sizes" not in node.list()


def test_the_listing_comes_in_sorted_pages_and_says_when_it_is_complete(node: ChunkNode):
    stored = sorted(name_for(bytes([i])) for i in range(25))
    for name in stored:
        node.put(name, next(bytes([i]) for i in range(25) if blake3(bytes([i])).hexdigest() == name[:64]))

    pages, after = [], ""
    while True:
        page = node.list(after=after, limit=10)
        assert page["store"] == node.status()["store_id"]
        pages.append(page["names"])
        if page["complete"]:
            break
        after = page["next"]

    assert [len(page) for page in pages] == [10, 10, 5]
    assert [name for page in pages for name in page] == stored
    assert node.list(limit=25)["complete"] is True


@pytest.mark.parametrize("limit", [0, 10_001])
def test_a_page_has_a_bounded_size(node: ChunkNode, limit: int):
    assert refusal(node.list, limit=limit) == (400, "bad_request")


def test_the_status_follows_what_is_stored(node: ChunkNode):
    name = name_for(DATA)
    before = node.status()
    node.put(name, DATA)
    full = node.probe()
    node.delete(name)
    after = node.status()

    assert full["chunks"] - before["chunks"] == 1
    assert full["used_bytes"] - before["used_bytes"] == len(DATA)
    assert (after["chunks"], after["used_bytes"]) == (before["chunks"], before["used_bytes"])
    assert 0 <= full["free_bytes"] <= full["capacity_bytes"]


def test_the_highest_watermark_that_was_told_is_kept(node: ChunkNode):
    before = node.probe()["watermark"]

    assert node.probe(watermark=before + 7)["watermark"] == before + 7
    assert node.probe(watermark=before + 3)["watermark"] == before + 7
    again = node.probe(watermark=before + 8)
    assert (again["watermark_before"], again["watermark"]) == (before + 7, before + 8)
    assert refusal(node.probe, watermark=2**53) == (400, "bad_request")


@pytest.mark.parametrize(
    "name",
    ["x", "a" * 64, name_for(b"").upper(), name_for(b"") + "0", "..", name_for(b"")[:-1]],
    ids=["a letter", "a digest alone", "in capitals", "too long", "a folder", "too short"],
)
def test_what_is_no_chunk_name_is_refused_everywhere(node: ChunkNode, name: str):
    assert refusal(node.get, name) == (400, "bad_name")
    assert refusal(node.head, name) == (400, "bad_name")
    assert refusal(node.delete, name) == (400, "bad_name")
    assert refusal(node.verify, [name]) == (400, "bad_name")
    assert refusal(node.quarantine, [name], "x") == (400, "bad_name")
