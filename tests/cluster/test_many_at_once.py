"""Many act on one path at once: one of them wins as a whole, and a reader keeps what it began to read."""

import os
import threading

import pytest
from blake3 import blake3

from tests.cluster import audit
from tests.cluster.client import Client
from tests.cluster.conftest import MIB
from tests.system import System

pytestmark = pytest.mark.cluster

CLIENTS = 16
CHUNK = 4 * MIB

_VERSIONS = """
SELECT v.number, v.id = f.version_id, array_agg(c.digest ORDER BY e."offset")
FROM files_entry f JOIN files_version v ON v.entry_id = f.id
JOIN nodes_contentsegment cs ON cs.content_id = v.content_id
JOIN nodes_extent e ON e.segment_id = cs.segment_id JOIN nodes_chunk c ON c.id = e.chunk_id
WHERE f.id = %s GROUP BY v.number, v.id, f.version_id ORDER BY v.number
"""


def digests(content: bytes) -> list[bytes]:
    return [blake3(content[at : at + CHUNK]).digest() for at in range(0, len(content), CHUNK)]


def test_f23_sixteen_clients_put_to_one_path_and_one_wins_unmixed(system: System, client: Client) -> None:
    contents = [os.urandom(6 * MIB + number) for number in range(CLIENTS)]
    used = client.used_bytes()
    together = threading.Barrier(CLIENTS)
    replies: list[tuple[int, str]] = []

    def put(content: bytes) -> None:
        with client.another() as mine:
            together.wait()
            reply = mine.put("contended.bin", content)
            replies.append((reply.status_code, reply.json().get("id", reply.text)))

    writers = [threading.Thread(target=put, args=[content]) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert sorted(status for status, _ in replies) == [200] * (CLIENTS - 1) + [201], replies
    (entry_id,) = {entry_id for _, entry_id in replies}
    winner = client.read("contended.bin")
    assert contents.count(winner) == 1
    versions = audit.query(system, _VERSIONS, [entry_id])
    assert [number for number, _, _ in versions] == list(range(1, CLIENTS + 1))
    assert sorted(stored for _, _, stored in versions) == sorted(digests(content) for content in contents)
    assert [stored for _, is_current, stored in versions if is_current] == [digests(winner)]
    assert client.used_bytes() == used + sum(map(len, contents))


def test_only_one_of_sixteen_creates_when_each_asks_for_a_new_file(client: Client) -> None:
    together = threading.Barrier(CLIENTS)
    statuses: list[int] = []

    def create(number: int) -> None:
        with client.another() as mine:
            together.wait()
            reply = mine.put("first.bin", b"%d" % number * 1000, **{"If-None-Match": "*"})
            statuses.append(reply.status_code)

    writers = [threading.Thread(target=create, args=[number]) for number in range(CLIENTS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(statuses) == [201] + [412] * (CLIENTS - 1)


@pytest.mark.parametrize("change", ["purged", "replaced"])
def test_f24_a_download_finishes_intact_while_its_file_is(client: Client, change: str) -> None:
    content = os.urandom(64 * MIB)
    client.store("changing.bin", content)
    received = bytearray()
    is_changed = False
    with client.open("changing.bin") as pieces, client.another() as other:
        for piece in pieces:
            received += piece
            if not is_changed and len(received) > len(content) / 2:
                is_changed = True
                if change == "purged":
                    other.purge("changing.bin")
                    assert other.is_absent("changing.bin")
                else:
                    other.store("changing.bin", b"something else")
    assert received == content
