"""Whether a local file and a remote one hold the same bytes."""

import os
from dataclasses import replace

import pytest

from dfsclient import comparing
from tests.dfsclient.conftest import MIB

DATA = os.urandom(2 * MIB + 5)
OTHERS = {
    "empty": b"",
    "shorter": DATA[:-1],
    "longer": DATA + b"x",
    "another first byte": bytes([DATA[0] ^ 1]) + DATA[1:],
    "another last byte": DATA[:-1] + bytes([DATA[-1] ^ 1]),
    "turned around": DATA[MIB:] + DATA[:MIB],
}


@pytest.fixture(params=["sha256", "chunks"])
def remote(request, service, client):
    service.file("/file", DATA).knows_sha256 = request.param == "sha256"
    return client.entry("/file")


def test_the_same_bytes_are_the_same(service, client, remote, tmp_path):
    (tmp_path / "file").write_bytes(DATA)

    assert client.is_same(tmp_path / "file", remote)
    assert client.is_same(str(tmp_path / "file"), "/file")
    assert not service.asked("GET", f"/entries/{remote.id}/content")


@pytest.mark.parametrize("other", OTHERS)
def test_other_bytes_are_not(client, remote, tmp_path, other):
    (tmp_path / "file").write_bytes(OTHERS[other])

    assert not client.is_same(tmp_path / "file", remote)


def test_the_digests_of_a_large_file_are_asked_for_part_by_part(
    service, client, remote, tmp_path, monkeypatch
):
    monkeypatch.setattr(comparing, "WINDOW_BYTES", MIB)
    (tmp_path / "file").write_bytes(DATA)

    assert client.is_same(tmp_path / "file", remote)
    (tmp_path / "file").write_bytes(OTHERS["another last byte"])
    assert not client.is_same(tmp_path / "file", remote)


def test_what_is_no_file_is_the_same_as_nothing(service, client, remote, tmp_path):
    service.folder("/folder")

    assert not client.is_same(tmp_path / "missing", remote)
    assert not client.is_same(tmp_path, remote)
    assert not client.is_same(tmp_path, "/folder")


def test_a_file_that_became_another_since_it_was_listed_is_compared_as_it_is_now(service, client, tmp_path):
    service.file("/file", DATA).knows_sha256 = False
    listed = client.entry("/file")
    (tmp_path / "file").write_bytes(DATA)
    service.file("/file", DATA + b"more")
    assert not client.is_same(tmp_path / "file", listed)
    service.file("/file", DATA[:MIB])
    assert not client.is_same(tmp_path / "file", listed)

    client.remove("/file")

    assert not client.is_same(tmp_path / "file", listed)


def test_an_empty_file_needs_no_digest(client, service, tmp_path):
    service.file("/file", b"")
    (tmp_path / "file").touch()

    assert client.is_same(tmp_path / "file", replace(client.entry("/file"), sha256=None))
