"""The gateway dies at the worst places of a write: nothing is half there, and a retry succeeds."""

import os

import pytest
import requests

from tests.cluster import audit
from tests.cluster.client import Client
from tests.cluster.conftest import MIB
from tests.cluster.second_gateway import armed_gateway
from tests.system import System

pytestmark = pytest.mark.cluster

PLACES = ["place.before", "place.after_copy", "place.after_quorum"]
PLACES += ["record.before", "record.after", "seal.before"]
CHUNK = 4 * MIB


@pytest.mark.parametrize("place", PLACES)
def test_f02_a_gateway_killed_there_leaves_nothing_half_visible(
    system: System, client: Client, place: str
) -> None:
    kept = os.urandom(MIB)
    client.store(f"{place}-replaced.bin", kept)
    new, replacing, resumed = (os.urandom(2 * CHUNK + 9) for _ in range(3))
    used = client.used_bytes()
    with armed_gateway(system, place) as url, client.another(url) as armed:
        for path, body in ((f"{place}-new.bin", new), (f"{place}-replaced.bin", replacing)):
            with pytest.raises(requests.ConnectionError):
                armed.put(path, body)
        upload = client.create_upload(f"{place}-tus.bin", len(resumed))
        with pytest.raises(requests.ConnectionError):
            armed.patch(upload, 0, resumed)

    # A kill after the commit loses the answer alone: the file is whole. Before it, nothing is there.
    found = {name: client.get(f"{place}-{name}.bin") for name in ("new", "replaced", "tus")}
    assert found["new"].status_code == 404 or found["new"].content == new
    assert found["replaced"].content in (kept, replacing)
    assert found["tus"].status_code == 404 or found["tus"].content == resumed
    if place != "record.after":
        assert (found["new"].status_code, found["tus"].status_code) == (404, 404)
        assert found["replaced"].content == kept
    used += sum(len(reply.content) for reply in found.values() if reply.content in (new, replacing, resumed))
    assert client.used_bytes() == used
    assert audit.bad_copies(system) == [], "a row may never stand for a file that is not there"

    client.store(f"{place}-new.bin", new)
    client.store(f"{place}-replaced.bin", replacing)
    used += len(new) + len(replacing)
    used += len(resumed) if found["tus"].status_code == 404 else 0
    resumed_at = client.finish_upload(upload, resumed)
    assert resumed_at in (0, CHUNK, 2 * CHUNK, len(resumed))
    for name, body in (("new", new), ("replaced", replacing), ("tus", resumed)):
        assert client.read(f"{place}-{name}.bin") == body
    assert client.used_bytes() == used
    audit.wait_until_complete(system)
    assert audit.bad_copies(system) == []


def test_the_kill_leaves_files_without_rows_and_never_rows_without_files(
    system: System, client: Client
) -> None:
    before = audit.all_files(system)
    body = os.urandom(100_000)
    with (
        armed_gateway(system, "place.after_quorum") as url,
        client.another(url) as armed,
        pytest.raises(requests.ConnectionError),
    ):
        armed.put("orphans.bin", body)
    left = audit.all_files(system) - before
    assert len(left) == 2, "the fault was met after two nodes had the bytes"
    known = {copy.file.name for copy in audit.all_stored(system)}
    assert not left & known
    assert audit.bad_copies(system) == []
