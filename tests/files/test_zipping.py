"""An archive by itself: longer than four bytes can say, and its members with the times of their files."""

import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zipstream.ng

from files import zipping
from files.zipping import Member, Zip
from tests import nightly

LARGE_BYTES = 2**32 + 5
PIECE = bytes(2**20)
NOON = int(datetime(2024, 5, 6, 12, 34, 57, tzinfo=UTC).timestamp())
needs_unzip = pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")


def zeros(_: str, size: int) -> Iterator[bytes]:
    for _ in range(size // len(PIECE)):
        yield PIECE
    yield PIECE[: size % len(PIECE)]


def written(members: list[Member], read: Callable[[str, int], Iterable[bytes]], path: Path) -> Path:
    """Write an archive, with holes where it is nothing but zeros; it must be as long as announced."""
    archive = Zip()
    archive.extend(members)
    with closing(archive), path.open("wb") as file:
        for piece in archive.pieces(read):
            if piece is PIECE:
                file.seek(len(piece), os.SEEK_CUR)
            else:
                file.write(piece)
    assert archive.length == path.stat().st_size
    return path


def run(*words: str | Path) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, env={"TZ": "UTC"}).stdout


def listed_by_unzip(path: Path) -> dict[str, int]:
    lines = [line.split() for line in run("unzip", "-l", path).splitlines()]
    return {line[3]: int(line[0]) for line in lines if len(line) == 4 and line[0].isdigit()}


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """One whose first member is longer than four bytes can say, so all others begin beyond that, too."""
    members = [("large.bin", "key", LARGE_BYTES, NOON), ("album/", None, 0, NOON)]
    members += [("album/after.bin", "key", 9, NOON), ("empty.txt", None, 0, NOON)]
    path = written(members, zeros, tmp_path_factory.mktemp("large") / "large.zip")
    assert path.stat().st_blocks * 512 < 2**24, "this file system keeps no holes"
    return path


def test_an_archive_of_more_than_four_gib_is_opened_and_read_beyond_them(large):
    with zipfile.ZipFile(large) as archive, archive.open("large.bin") as member:
        sizes = {one.filename: one.file_size for one in archive.infolist()}
        begins = {one.filename: one.header_offset for one in archive.infolist()}
        after = archive.read("album/after.bin")
        first = member.read(10)

    assert sizes == {"large.bin": LARGE_BYTES, "album/": 0, "album/after.bin": 9, "empty.txt": 0}
    assert all(begins[name] > LARGE_BYTES for name in sizes if name != "large.bin")
    assert (first, after) == (bytes(10), bytes(9))


@needs_unzip
def test_info_zip_opens_an_archive_of_more_than_four_gib(large):
    sizes = {"large.bin": LARGE_BYTES, "album/": 0, "album/after.bin": 9, "empty.txt": 0}
    assert listed_by_unzip(large) == sizes
    assert run("unzip", "-p", large, "album/after.bin") == "\0" * 9
    checked = [] if nightly.IS_NIGHTLY else ["album/after.bin"]  # for 4 GiB of them it takes a minute
    assert "No errors detected" in run("unzip", "-tq", large, *checked)


def test_the_length_is_right_where_both_the_number_and_the_size_are_too_large(tmp_path, monkeypatch):
    for module in (zipping, zipstream.ng):
        monkeypatch.setattr(module, "ZIP_FILECOUNT_LIMIT", 2)
    members = [("large.bin", "key", 2**31, NOON), ("b.txt", None, 0, NOON)]

    with zipfile.ZipFile(written(members, zeros, tmp_path / "a.zip")) as archive:
        assert archive.namelist() == ["large.bin", "b.txt"]


def test_a_member_of_another_size_than_announced_ends_the_archive(tmp_path):
    for sent in (b"short", b"much too long"):
        with pytest.raises(RuntimeError, match=r"a\.txt"):
            written([("a.txt", "key", 9, NOON)], lambda *_, sent=sent: [sent], tmp_path / "a.zip")


@needs_unzip
def test_members_unpack_with_the_times_of_their_files(tmp_path):
    far = int(datetime(2055, 1, 1, tzinfo=UTC).timestamp())  # no longer fits into the field for UTC
    members = [("deep/", None, 0, NOON + 7), ("deep/a.txt", "key", 1, NOON), ("b.txt", "key", 1, NOON // 2)]
    path = written([*members, ("far.txt", None, 0, far)], zeros, tmp_path / "times.zip")

    run("unzip", "-q", path, "-d", tmp_path)

    unpacked = {name: int((tmp_path / name).stat().st_mtime) for name, *_ in members}
    assert unpacked == {name: seconds for name, _, _, seconds in members}
    assert int((tmp_path / "far.txt").stat().st_mtime) == far


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (datetime(2024, 5, 6, 12, 34, 57, tzinfo=UTC), (2024, 5, 6, 12, 34, 56)),  # in steps of two seconds
        (datetime(1, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_a_time_that_an_archive_has_no_room_for_becomes_the_nearest(told, kept, tmp_path, caplog):
    path = written([("a", None, 0, int(told.timestamp()))], zeros, tmp_path / "a.zip")

    with zipfile.ZipFile(path) as archive:
        assert [one.date_time for one in archive.infolist()] == [kept]
    assert not caplog.records
