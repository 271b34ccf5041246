import os
from pathlib import Path

import pytest

from dfsclient import errors, localfiles
from tests.dfsclient.conftest import MIB


def parts(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if ".part-" in path.name]


def test_a_file_comes_back_byte_for_byte_and_leaves_nothing_beside_it(service, client, tmp_path):
    data = os.urandom(3 * MIB + 17)
    service.file("/a b/ä%.bin", data)
    told = []

    client.download("/a b/ä%.bin", tmp_path / "out", progress=lambda done, total: told.append((done, total)))

    assert (tmp_path / "out").read_bytes() == data
    assert os.listdir(tmp_path) == ["out"]
    assert told[-1] == (len(data), len(data))


def test_an_empty_file_comes_back(service, client, tmp_path):
    service.file("/empty", b"")

    client.download("/empty", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == b""


def test_a_download_goes_on_where_the_connection_was_cut(service, client, naps, tmp_path):
    data = os.urandom(5 * MIB)
    service.file("/big", data)
    for cut_after in (MIB, 2 * MIB, 100):
        service.faults.add("GET", "/entries/entry-1/content", cut_after=cut_after)

    client.download("/big", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == data
    asked = service.asked("GET", "/entries/entry-1/content")
    assert "range" not in asked[0]
    assert all(headers["if-range"] == '"entry-1-v1"' for headers in asked[1:])
    assert len(naps.seconds) == 3


def test_the_next_run_goes_on_with_the_part_of_the_one_before(service, client, tmp_path):
    data = os.urandom(3 * MIB)
    service.file("/big", data)
    leave_part(service, client, tmp_path)

    client.download("/big", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == data
    assert service.asked("GET", "/entries/entry-1/content")[-1]["range"] == f"bytes={MIB}-"
    assert parts(tmp_path) == []


def test_a_whole_part_needs_no_further_byte(service, client, tmp_path):
    data = os.urandom(2 * MIB)
    service.file("/big", data)
    leave_part(service, client, tmp_path)
    parts(tmp_path)[0].write_bytes(data)
    before = len(service.asked("GET", "/entries/entry-1/content"))

    client.download("/big", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == data
    assert len(service.asked("GET", "/entries/entry-1/content")) == before


def test_a_part_of_an_older_version_is_never_continued(service, client, tmp_path):
    service.file("/big", os.urandom(3 * MIB))
    leave_part(service, client, tmp_path)
    newer = os.urandom(3 * MIB)
    service.file("/big", newer)

    client.download("/big", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == newer
    assert parts(tmp_path) == []


def test_a_new_version_in_mid_download_starts_it_anew(service, client, tmp_path):
    service.file("/big", os.urandom(4 * MIB))
    newer = os.urandom(4 * MIB)
    replaced = []

    def replace(done, total):
        if done and not replaced:
            replaced.append(service.file("/big", newer))

    service.faults.add("GET", "/entries/entry-1/content", cut_after=2 * MIB)

    client.download("/big", tmp_path / "out", progress=replace)

    assert (tmp_path / "out").read_bytes() == newer
    assert parts(tmp_path) == []


def test_a_new_version_right_after_the_last_byte_is_fetched_instead(service, client, tmp_path):
    first, newer = os.urandom(2 * MIB), os.urandom(2 * MIB)
    service.file("/big", first).knows_sha256 = False

    def replace(done: int, total: int) -> None:
        if done == total and service.bytes_of("/big") == first:
            service.file("/big", newer).knows_sha256 = False

    client.download("/big", tmp_path / "out", progress=replace)

    assert (tmp_path / "out").read_bytes() == newer
    assert parts(tmp_path) == []


def test_a_new_version_in_mid_stream_is_an_error_and_never_a_mixture(service, client):
    first = os.urandom(4 * MIB)
    service.file("/big", first)
    service.faults.add("GET", "/entries/entry-1/content", cut_after=2 * MIB)
    got = bytearray()

    with pytest.raises(errors.ContentChanged):
        for block in client.read("/big"):
            if not got:
                service.file("/big", os.urandom(4 * MIB))
            got += block

    assert first.startswith(bytes(got))


@pytest.mark.parametrize("told_by", ["reply", "entry", "chunks"])
def test_damaged_bytes_are_an_error_and_no_file(service, client, tmp_path, told_by):
    service.send_digest = told_by == "reply"
    service.file("/big", os.urandom(2 * MIB)).knows_sha256 = told_by != "chunks"
    service.faults.add("GET", "/entries/entry-1/content", damage=True)

    with pytest.raises(errors.DigestMismatch):
        client.download("/big", tmp_path / "out")

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("told", ["bytes 0-1/" + "9" * 5000, "bytes \u00b2-3/4", "bytes 0-1/*", ""])
def test_a_part_that_does_not_say_which_is_an_error_and_no_file(service, client, tmp_path, told):
    service.file("/big", os.urandom(2 * MIB))
    service.faults.add("GET", "/entries/entry-1/content", status=206, headers={"Content-Range": told})

    with pytest.raises(errors.BadReply):
        client.download("/big", tmp_path / "out")

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("knows_sha256", [True, False])
def test_a_damaged_part_is_found_before_it_gets_its_name(service, client, tmp_path, knows_sha256):
    service.file("/big", os.urandom(3 * MIB)).knows_sha256 = knows_sha256
    leave_part(service, client, tmp_path)
    parts(tmp_path)[0].write_bytes(os.urandom(MIB))

    with pytest.raises(errors.DigestMismatch):
        client.download("/big", tmp_path / "out")

    assert os.listdir(tmp_path) == []


def test_a_part_from_before_a_crash_is_not_trusted_without_a_digest(service, client, tmp_path):
    data = os.urandom(3 * MIB)
    service.file("/big", data).knows_sha256 = False
    leave_part(service, client, tmp_path)
    parts(tmp_path)[0].write_bytes(bytes(MIB))  # holes, as a crash leaves them
    os.utime(parts(tmp_path)[0], (1, 1))

    client.download("/big", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == data


def test_a_download_that_gives_up_leaves_the_old_file_as_it_was(service, client, tmp_path):
    service.file("/big", os.urandom(2 * MIB))
    (tmp_path / "out").write_bytes(b"precious")
    service.faults.add("GET", "/entries/entry-1/content", times=99, status=503, code="content_unavailable")

    with pytest.raises(errors.Unavailable):
        client.download("/big", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == b"precious"


def test_a_folder_is_never_overwritten_by_a_file(service, client, tmp_path):
    service.file("/a", b"x")

    with pytest.raises(errors.TargetIsFolder):
        client.download("/a", tmp_path)
    with pytest.raises(errors.LocalProblem):
        client.download("/", tmp_path / "out")
    with pytest.raises(errors.LocalProblem):
        client.download("/a", "/dev/null")


def test_two_downloads_of_one_file_do_not_write_into_each_other(service, client, tmp_path):
    service.file("/a", b"x" * MIB)
    entry = client.entry("/a")
    part = localfiles.PartFile(
        tmp_path / "out", source=f"{service.url} {entry.id}", version=f"{entry.content_etag} {entry.size}"
    )

    with part, pytest.raises(errors.Busy):
        client.download("/a", tmp_path / "out")

    client.download("/a", tmp_path / "out")
    assert os.listdir(tmp_path) == ["out"]


def test_the_time_of_the_file_is_kept_when_asked_for(service, client, tmp_path):
    service.file("/a", b"x")

    entry = client.download("/a", tmp_path / "out", keep_mtime=True)

    assert (tmp_path / "out").stat().st_mtime == entry.modified_at.timestamp()


def test_a_name_as_long_as_names_can_be_is_fetched(service, client, tmp_path):
    name = "ä" * 127 + "x"
    service.file("/" + name, b"x")

    client.download("/" + name, tmp_path / name)

    assert os.listdir(tmp_path) == [name]


def leave_part(service, client, folder):
    """A download that ends after one MiB and cannot go on."""
    service.faults.add("GET", "/entries/entry-1/content", cut_after=MIB)
    service.faults.add("GET", "/entries/entry-1/content", status=403)
    with pytest.raises(errors.Forbidden):
        client.download("/big", folder / "out")
    assert [part.stat().st_size for part in parts(folder)] == [MIB]
