"""Durable or not acknowledged: the order of the system calls, and what happens when one of them fails."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from storagenode.errors import ChunkDamaged, ChunkMissing, DigestMismatch, NoRoom, ProbeFailed, ReadOnly
from storagenode.store import probe
from storagenode.store.chunks import ChunkStore, Outcome, Verdict
from storagenode.store.disk import Disk
from storagenode.store.marker import open_marker
from tests.storagenode.signed_client import name_for

DATA = b"holiday photo" * 500


class Source(io.BytesIO):
    """Bytes of a chunk, as a request's body gives them."""


class RecordingDisk(Disk):
    """The real disk, which notes what is asked of it and fails where a test says."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failures: dict[str, int] = {}

    def _note(self, call: str, fd: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{fd}"))
        self.calls.append(f"{call} {path.name}" if path.parent.name != "tmp" else f"{call} temporary")
        if call in self.failures:
            code = self.failures[call]
            raise OSError(code, os.strerror(code))

    def write(self, fd: int, data: memoryview) -> None:
        self._note("write", fd)
        super().write(fd, data)

    def sync_file(self, fd: int) -> None:
        self._note("sync_file", fd)
        super().sync_file(fd)

    def rename(self, source: str, source_folder: int, target: str, target_folder: int) -> None:
        self._note("rename_into", target_folder)
        super().rename(source, source_folder, target, target_folder)

    def sync_folder(self, fd: int) -> None:
        self._note("sync_folder", fd)
        super().sync_folder(fd)


@pytest.fixture
def disk() -> RecordingDisk:
    return RecordingDisk()


@pytest.fixture
def store(tmp_path: Path, disk: RecordingDisk) -> Iterator[ChunkStore]:
    open_marker(tmp_path)
    store = ChunkStore(tmp_path, reserve="0", buffers=2, disk=disk)
    store.count()
    disk.calls.clear()
    yield store
    store.folders.close()


def put(store: ChunkStore, name: str, data: bytes = DATA) -> Outcome:
    return store.put(name, Source(data), len(data))


def leftovers(store: ChunkStore) -> list[str]:
    return os.listdir(store.folders.tmp)


def test_a_chunk_is_synced_then_named_then_its_folders_are_synced(store: ChunkStore, disk: RecordingDisk):
    name = name_for(DATA)
    put(store, name)

    assert disk.calls == [
        "write temporary",
        "sync_file temporary",
        f"rename_into {name[2:4]}",
        f"sync_folder {name[2:4]}",
        f"sync_folder {name[:2]}",
        "sync_folder chunks",
    ]


def test_folders_known_to_be_durable_are_not_synced_again(store: ChunkStore, disk: RecordingDisk):
    put(store, name_for(DATA))
    disk.calls.clear()
    put(store, name_for(DATA))

    assert [call for call in disk.calls if call.startswith("sync_folder")] == [
        f"sync_folder {name_for(DATA)[2:4]}"
    ]


def test_a_folder_that_somebody_removed_is_made_and_synced_anew(
    store: ChunkStore, disk: RecordingDisk, tmp_path: Path
):
    first, again = name_for(DATA), name_for(DATA)
    put(store, first)
    shutil.rmtree(tmp_path / "chunks" / first[:2] / first[2:4])
    disk.calls.clear()

    assert put(store, again) is Outcome.STORED
    assert f"sync_folder {first[:2]}" in disk.calls
    assert store.verify(again) is Verdict.GOOD


def test_a_chunk_found_in_place_is_synced_before_it_is_acknowledged(
    store: ChunkStore, disk: RecordingDisk, tmp_path: Path
):
    name = name_for(DATA)
    put(store, name)
    disk.calls.clear()

    restarted = ChunkStore(tmp_path, reserve="0", buffers=2, disk=disk)
    disk.calls.clear()
    assert put(restarted, name) is Outcome.KEPT
    assert disk.calls == [f"sync_folder {name[2:4]}", f"sync_folder {name[:2]}", "sync_folder chunks"]
    restarted.folders.close()


@pytest.mark.parametrize("call", ["write", "sync_file", "rename_into"])
def test_a_failed_write_or_sync_stores_nothing_and_stops_writing(
    store: ChunkStore, disk: RecordingDisk, call: str
):
    name, other = name_for(DATA), name_for(DATA)
    disk.failures[call] = errno.EIO

    with pytest.raises(ReadOnly):
        put(store, name)
    disk.failures.clear()

    assert disk.calls.count(f"{call} temporary") <= 1  # never tried again on the same file
    assert store.verify(name) is Verdict.MISSING
    assert leftovers(store) == []
    with pytest.raises(ReadOnly):
        put(store, other)
    with pytest.raises(ReadOnly):
        store.delete(name)

    store.probe()
    assert put(store, name) is Outcome.STORED


def test_a_failed_sync_of_the_folder_is_no_success_and_the_chunk_is_written_anew(
    store: ChunkStore, disk: RecordingDisk
):
    name = name_for(DATA)
    disk.failures["sync_folder"] = errno.EIO
    with pytest.raises(ReadOnly):
        put(store, name)
    disk.failures.clear()
    store.probe()

    assert put(store, name) is Outcome.STORED  # the file is there and good, yet not to be trusted
    assert store.verify(name) is Verdict.GOOD
    assert len(store.quarantine) == 0


@pytest.mark.parametrize("call", ["write", "sync_file"])
def test_a_disk_that_turns_out_full_is_no_room_and_the_store_stays_writable(
    store: ChunkStore, disk: RecordingDisk, call: str
):
    name = name_for(DATA)
    disk.failures[call] = errno.ENOSPC
    with pytest.raises(NoRoom):
        put(store, name)
    disk.failures.clear()

    assert leftovers(store) == []
    assert put(store, name) is Outcome.STORED


def test_a_probe_that_fails_makes_the_store_read_only(store: ChunkStore, disk: RecordingDisk):
    disk.failures["sync_file"] = errno.EIO
    with pytest.raises(ProbeFailed):
        store.probe()
    with pytest.raises(ReadOnly):
        put(store, name_for(DATA))


def test_f11_a_disk_that_hangs_holds_one_probe_and_refuses_what_comes_after(
    store: ChunkStore, disk: RecordingDisk, monkeypatch
):
    """The first probe hangs with the disk; later ones learn of it, and chunks are refused before a byte."""
    monkeypatch.setattr(probe, "BUSY_SECONDS", 0.05)
    begun, goes_on = threading.Event(), threading.Event()
    real = disk.sync_file

    def hang(fd: int) -> None:
        begun.set()
        assert goes_on.wait(120)
        real(fd)

    disk.sync_file = hang  # type: ignore[method-assign]
    first = threading.Thread(target=store.probe)
    first.start()
    assert begun.wait(120)

    with pytest.raises(ProbeFailed, match="has not answered"):
        store.probe()
    with pytest.raises(ReadOnly):
        store.put(name_for(DATA), Source(DATA), len(DATA))

    goes_on.set()
    first.join()
    store.probe()
    assert store.put(name_for(DATA), Source(DATA), len(DATA)) is Outcome.STORED


def test_a_probe_on_a_full_disk_is_no_failure(store: ChunkStore, disk: RecordingDisk):
    disk.failures["write"] = errno.ENOSPC
    store.probe()
    assert store.read_only_reason is None


def test_no_room_is_said_before_a_byte_is_read(tmp_path: Path):
    open_marker(tmp_path)
    store = ChunkStore(tmp_path, reserve=str(2**60), buffers=1)
    source = Source(DATA)

    with pytest.raises(NoRoom):
        store.put(name_for(DATA), source, len(DATA))
    assert source.tell() == 0
    assert store.room.free_bytes() == 0
    store.folders.close()


def test_wrong_bytes_leave_nothing(store: ChunkStore):
    name = name_for(DATA)
    with pytest.raises(DigestMismatch):
        put(store, name, DATA[:-1])
    assert store.verify(name) is Verdict.MISSING
    assert leftovers(store) == []


def make_odd(kind: str, path: Path) -> None:
    if kind == "symlink":
        (path.parent / "target").write_bytes(DATA)
        path.symlink_to(path.parent / "target")
    elif kind == "dangling symlink":
        path.symlink_to("/nowhere")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", ["symlink", "dangling symlink", "fifo", "folder"])
def test_what_is_no_plain_file_is_never_followed_never_hangs_and_is_put_aside(
    store: ChunkStore, tmp_path: Path, kind: str
):
    name = name_for(DATA)
    path = tmp_path / "chunks" / name[:2] / name[2:4] / name
    path.parent.mkdir(parents=True)
    make_odd(kind, path)

    with pytest.raises(ChunkDamaged):
        store.open(name)
    assert store.verify(name) is Verdict.BAD
    assert put(store, name) is Outcome.STORED
    assert store.verify(name) is Verdict.GOOD
    assert path.is_file() and not path.is_symlink()
    assert len(store.quarantine) == 1


@pytest.mark.parametrize("kind", ["symlink", "fifo", "folder"])
def test_what_is_no_plain_file_can_be_deleted_by_its_name(store: ChunkStore, tmp_path: Path, kind: str):
    name = name_for(DATA)
    path = tmp_path / "chunks" / name[:2] / name[2:4] / name
    path.parent.mkdir(parents=True)
    make_odd(kind, path)

    store.delete(name)

    assert store.verify(name) is Verdict.MISSING
    assert kind != "symlink" or (path.parent / "target").read_bytes() == DATA


def test_a_symlinked_folder_is_never_followed(store: ChunkStore, tmp_path: Path):
    """CVE-2026-54094: links on the way led out of what an account may reach."""
    name = name_for(DATA)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "chunks" / name[:2]).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ChunkDamaged):
        put(store, name)
    with pytest.raises(ChunkDamaged):
        store.open(name)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("code", [errno.EIO, errno.EUCLEAN, errno.EACCES])
def test_f05_what_cannot_be_read_is_an_error_and_stays(
    store: ChunkStore, tmp_path: Path, monkeypatch, code: int
):
    name = name_for(DATA)
    store.put(name, Source(DATA), len(DATA))

    def fail(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "readv", fail)

    assert store.verify(name) is Verdict.ERROR
    assert (tmp_path / "chunks" / name[:2] / name[2:4] / name).exists()


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_f42_a_machine_short_of_something_is_no_verdict_on_a_file(store: ChunkStore, monkeypatch, code: int):
    name = name_for(DATA)
    store.put(name, Source(DATA), len(DATA))
    real = os.open

    def fail(path: object, *rest: object, **more: object) -> int:
        if path == name:
            raise OSError(code, os.strerror(code))
        return real(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", fail)

    with pytest.raises(OSError, match=os.strerror(code)):
        store.verify(name)


def test_a_missing_chunk_is_missing(store: ChunkStore):
    with pytest.raises(ChunkMissing):
        store.open(name_for(DATA))
    assert store.put_aside(name_for(DATA), "scrub") is False


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_refuses_writes_and_still_reads_deletes_and_probes(small_disk: Path):
    open_marker(small_disk)
    store = ChunkStore(small_disk, reserve="0", buffers=1)
    store.count()
    stored = []
    with pytest.raises(NoRoom):
        for number in range(100):
            data = bytes([number]) * 100_000
            stored.append(name_for(data))
            put(store, stored[-1], data)

    refused = stored.pop()
    assert len(stored) > 10
    assert store.verify(refused) is Verdict.MISSING
    assert leftovers(store) == []
    assert {store.verify(name) for name in stored} == {Verdict.GOOD}
    store.probe()
    store.delete(stored[0])
    store.delete(stored[1])
    assert put(store, name_for(bytes(100_000)), bytes(100_000)) is Outcome.STORED
    store.folders.close()
