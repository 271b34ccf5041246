"""A copy that went bad on a disk is never served; it is put aside and replaced, whichever and however."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.cluster import audit
from tests.cluster.audit import Copy
from tests.cluster.client import Client
from tests.cluster.conftest import MIB
from tests.system import System

pytestmark = pytest.mark.cluster

CHUNK = 4 * MIB


def flip_one_bit(file: Path) -> None:
    at = file.stat().st_size * 2 // 3
    with file.open("r+b") as content:
        content.seek(at)
        byte = content.read(1)[0]
        content.seek(at)
        content.write(bytes([byte ^ 4]))


def lengthen(file: Path) -> None:
    with file.open("ab") as content:
        content.write(b"x")


KINDS: list[Callable[[Path], None]] = [
    flip_one_bit,
    lambda file: os.truncate(file, file.stat().st_size // 2),
    lambda file: os.truncate(file, 0),
    lambda file: file.write_bytes(bytes(file.stat().st_size)),
    lengthen,
    Path.unlink,
]


def prefer(system: System, node: str) -> None:
    """Have readers ask this node first."""
    audit.query(system, "UPDATE nodes_node SET latency_ms = CASE WHEN name = %s THEN 1 ELSE 99 END", [node])


def doubted(system: System) -> set[object]:
    return {
        row[0] for row in audit.query(system, "SELECT id FROM nodes_replica WHERE doubted_at IS NOT NULL")
    }


def set_aside(system: System, copy: Copy) -> bool:
    folder = system.data / "nodes" / copy.node / "quarantine"
    return any(folder.glob(f"{copy.file.name}.*"))


def test_f06_no_bad_copy_is_served_and_each_is_replaced(system: System, client: Client) -> None:
    content = os.urandom(CHUNK * 3 * len(KINDS) - 777)
    entry = client.store("spoilt.bin", content)
    audit.wait_until_complete(system)
    copies = audit.stored_copies(system, entry["id"])
    nodes = sorted({copy.node for stored in copies.values() for copy in stored})
    spoilt: list[Copy] = []
    with system.frozen_worker():
        for number, offset in enumerate(sorted(copies)):
            bad = next(copy for copy in copies[offset] if copy.node == nodes[number % 3])
            KINDS[number // 3](bad.file)
            assert not bad.is_good
            spoilt.append(bad)
        for node in nodes:
            prefer(system, node)
            here = {copy.replica_id for copy in spoilt if copy.node == node}

            def every_bad_copy_was_met(here: set[object] = here) -> bool:
                assert client.read("spoilt.bin") == content
                return here <= doubted(system)

            system.wait_for(every_bad_copy_was_met, what="readers to meet every bad copy")
            for bad in spoilt:
                if bad.node == node:
                    start, stop = bad.offset + 1000, bad.offset + 3000
                    assert client.get("spoilt.bin", start=start, stop=stop).content == content[start:stop]

    audit.wait_until_complete(system)
    for offset, stored in audit.stored_copies(system, entry["id"]).items():
        assert sorted(copy.node for copy in stored) == nodes, offset
        assert all(copy.is_good for copy in stored), offset
    was_deleted = KINDS.index(Path.unlink)
    for number, bad in enumerate(spoilt):
        assert set_aside(system, bad) == (number // 3 != was_deleted), bad.file
        assert not bad.file.exists(), bad.file
    assert client.read("spoilt.bin") == content


def test_a_range_of_a_bad_copy_is_not_served_either(system: System, client: Client) -> None:
    content = os.urandom(2 * CHUNK)
    entry = client.store("range.bin", content)
    audit.wait_until_complete(system)
    for node in ("node-1", "node-2", "node-3"):
        stored = audit.stored_copies(system, entry["id"])[CHUNK]
        bad = next(copy for copy in stored if copy.node == node)
        with system.frozen_worker():
            flip_one_bit(bad.file)
            prefer(system, node)

            def the_bad_copy_was_met(bad: Copy = bad) -> bool:
                reply = client.get("range.bin", start=CHUNK + 10, stop=CHUNK + 20)
                assert (reply.status_code, reply.content) == (206, content[CHUNK + 10 : CHUNK + 20])
                return bad.replica_id in doubted(system)

            system.wait_for(the_bad_copy_was_met, what="a reader to meet the bad copy")
        audit.wait_until_complete(system)
    assert all(copy.is_good for copy in audit.stored_copies(system, entry["id"])[CHUNK])


def test_with_all_copies_bad_a_read_ends_and_the_same_bytes_sent_again_mend_it(
    system: System, client: Client
) -> None:
    content = os.urandom(8 * CHUNK)
    entry = client.store("lost.bin", content)
    audit.wait_until_complete(system)
    last = 7 * CHUNK
    for copy in audit.stored_copies(system, entry["id"])[last]:
        flip_one_bit(copy.file)

    received = bytearray()
    with pytest.raises(requests.RequestException), client.open("lost.bin") as pieces:
        for piece in pieces:
            received += piece
    assert received == content[: len(received)]
    assert len(received) <= last
    assert client.get("lost.bin", start=0, stop=last).content == content[:last]
    refused = client.get("lost.bin", start=last + 5, stop=last + 6)
    assert (refused.status_code, refused.json()["code"]) == (503, "content_unavailable")
    assert int(refused.headers["Retry-After"]) > 0

    for copy in audit.stored_copies(system, entry["id"])[0]:
        flip_one_bit(copy.file)
    refused = client.get("lost.bin")
    assert (refused.status_code, refused.json()["code"]) == (503, "content_unavailable")

    def mended() -> bool:
        sent = client.put("again.bin", content)
        if sent.status_code == 503:  # a copy it relied on was just found bad: send again
            assert (sent.json()["code"], sent.json()["retryable"]) == ("chunk_reclaimed", True), sent.text
            return False
        assert sent.status_code in (200, 201), sent.text
        reply = client.get("lost.bin")
        assert reply.status_code == 503 or reply.content == content
        return reply.status_code == 200

    system.wait_for(mended, what="the same bytes to mend the file")
    audit.wait_until_complete(system)
    assert audit.bad_copies(system) == []
