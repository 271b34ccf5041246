"""Where a file's bytes are, and whether they are good now, by the REST door."""

import json

import pytest
from django.conf import settings

from nodes import manifests
from nodes.models import Replica
from storagenode.protocol.names import chunk_name
from tests.files.conftest import code, make_folder, write_file
from tests.files.test_entries_api import ENTRIES, post, url_of


def manifest_of(api, entry_id, **part):
    """Read the manifest, or a part of it; it comes in pieces."""
    reply = api.get(f"{ENTRIES}/{entry_id}/manifest", part)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/json")
    return json.loads(reply.getvalue())


def test_a_manifest_belongs_to_a_file(api, owner):
    file, folder = write_file(owner, "/a.txt"), make_folder(owner, "/b")

    assert manifest_of(api, file.id) == {"size": 0, "chunks": []}
    assert code(api.get(url_of(folder, "manifest"))) == (409, "not_a_file")


@pytest.mark.usefixtures("cluster")
def test_a_manifest_shows_each_chunk_and_its_replicas(api):
    made = api.put("/api/v1/content/a.txt", b"hello", content_type="text/plain").json()

    manifest = manifest_of(api, made["id"])

    (chunk,) = manifest["chunks"]
    assert (manifest["size"], chunk["offset"], chunk["length"]) == (5, 0, 5)
    assert chunk["blake3"] == "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f"
    assert len(chunk["replicas"]) == 2
    assert {replica["state"] for replica in chunk["replicas"]} == {"stored"}


@pytest.mark.usefixtures("cluster")
def test_a_manifest_longer_than_a_window_is_whole_and_a_part_of_it_can_be_had(api, monkeypatch):
    monkeypatch.setattr(manifests, "WINDOW_CHUNKS", 2)
    size = settings.CHUNK_SIZE
    made = api.put("/api/v1/content/a.txt", bytes(3 * size + 1), content_type="text/plain").json()
    url = f"{ENTRIES}/{made['id']}/manifest"

    def numbers(**part):
        return [chunk["offset"] / size for chunk in manifest_of(api, made["id"], **part)["chunks"]]

    assert numbers() == [0, 1, 2, 3]
    assert numbers(offset=1) == [1, 2, 3]
    assert numbers(offset=size, length=size + 1) == [1, 2]
    assert numbers(offset=4 * size) == []
    assert code(api.get(url, {"offset": -1})) == (422, "invalid_fields")
    assert code(api.get(url, {"length": 0})) == (422, "invalid_fields")


@pytest.mark.usefixtures("cluster")
def test_a_file_is_verified_when_asked(api, owner, running_nodes):
    made = api.put("/api/v1/content/a.txt", b"hello", content_type="text/plain").json()
    url = f"{ENTRIES}/{made['id']}/verify"
    Replica.objects.update(verified_at=None)

    before = post(api, url).json()
    bad = Replica.objects.select_related("chunk").first()
    name = chunk_name(bytes(bad.chunk.digest), bad.id)
    (node,) = (node for node in running_nodes if node.chunk_file(name).exists())
    node.chunk_file(name).write_bytes(b"jello")
    after = post(api, url).json()

    assert (before["good_copies"], before["next_offset"], len(before["chunks"])) == (2, None, 1)
    assert all(replica["verified_at"] for replica in before["chunks"][0]["replicas"])
    assert after["good_copies"] == 1
    assert sorted(replica["state"] for replica in after["chunks"][0]["replicas"]) == ["corrupt", "stored"]
    assert post(api, url, {"offset": 5}).json()["chunks"] == []
    assert post(api, url, {"length": 2}).json()["next_offset"] == 2
    assert code(post(api, url, {"length": 2**30 + 1})) == (422, "invalid_fields")
    assert code(post(api, url, {"offset": -1})) == (422, "invalid_fields")
    assert code(post(api, url_of(make_folder(owner, "/b"), "verify"))) == (409, "not_a_file")
