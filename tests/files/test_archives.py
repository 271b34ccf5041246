"""A folder as one zip archive: whole, or visibly broken."""

import io
import struct
import tempfile
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import PurePosixPath
from zipfile import ZIP_FILECOUNT_LIMIT

import pytest
from django.db import connection
from django.test import Client

from files import archives, transfers, tree, zipping
from files.errors import NotAFolder, TooManyEntries
from files.models import Entry
from nodes.models import Replica
from storagenode.protocol.names import chunk_name
from tests.files.conftest import make_folder, names_in, write_file

BODY = b"0123456789" * 30_000


def url_of(entry):
    return f"/api/v1/entries/{entry.id}/archive"


@pytest.fixture
def holiday(cluster, api, owner):
    for path, body in (
        ("/holiday/a.txt", b"first"),
        ("/holiday/deep/er/ü.bin", BODY),
        ("/holiday/empty.txt", b""),
        (r"/holiday/..\..\evil.txt", b"tamed"),
    ):
        reply = api.put(f"/api/v1/content{path}?parents=true", body, content_type="text/plain")
        assert reply.status_code == 201
    make_folder(owner, "/holiday/empty folder")
    tree.trash(owner, write_file(owner, "/holiday/gone.txt").id)
    return make_folder(owner, "/holiday")


def test_an_archive_holds_what_the_folder_holds(api, holiday):
    reply = api.get(url_of(holiday))
    body = reply.getvalue()
    reply.close()

    assert reply["Content-Disposition"] == 'attachment; filename="holiday.zip"'
    assert reply["Content-Length"] == str(len(body))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "a.txt": b"first",
            "deep/": b"",
            "deep/er/": b"",
            "deep/er/ü.bin": BODY,
            "empty.txt": b"",
            "empty folder/": b"",
            ".._.._evil.txt": b"tamed",
        }


@pytest.mark.django_db(transaction=True)
def test_members_carry_the_times_that_the_list_shows(owner):
    told = {"album/a.txt": datetime(2019, 8, 7, 6, 5, 4, tzinfo=UTC), "album/deep/": datetime.now(UTC)}
    write_file(owner, "/album/a.txt", size=0)
    make_folder(owner, "/album/deep")
    for path, moment in told.items():
        Entry.objects.filter(name=PurePosixPath(path).name).update(modified_at=moment)
    album, file = Entry.objects.get(name="album"), Entry.objects.get(name="a.txt")
    told["album/"] = album.modified_at

    whole = times_in(archives.open_archive(owner, album.id)[1])
    chosen = times_in(archives.open_several(owner, [album.id, file.id]))

    assert chosen == utc_of(told | {"a.txt": told["album/a.txt"]})
    assert whole == utc_of({path.removeprefix("album/"): told[path] for path in told if path != "album/"})


def times_in(archive):
    """The times of members in UTC, by their extra fields of Info-ZIP; closes the archive."""
    with zipfile.ZipFile(io.BytesIO(b"".join(archive))) as unpacked:
        archive.close()
        return {one.filename: struct.unpack("<xxxxxl", one.extra)[0] for one in unpacked.infolist()}


def utc_of(moments):
    return {path: int(moment.timestamp()) for path, moment in moments.items()}


def test_a_damaged_file_ends_the_archive_short_of_its_length(api, holiday, running_nodes, settings):
    names = {
        chunk_name(bytes(replica.chunk.digest), replica.id)
        for replica in Replica.objects.filter(chunk__size=len(BODY)).select_related("chunk")
    }
    for node in running_nodes:
        for name in names:
            file = node.chunk_file(name)
            if file.exists():
                file.write_bytes(b"x" * file.stat().st_size)

    reply = api.get(url_of(holiday))
    received = b""
    with pytest.raises(Exception, match="copy"):
        for piece in reply:
            received += piece
    reply.close()

    assert len(received) < int(reply["Content-Length"]) - len(BODY)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(received))
    ends = [transfers.begin() for _ in range(settings.MAX_TRANSFERS)]  # its slot was given back
    for end in ends:
        end()


@pytest.mark.django_db(transaction=True)
def test_no_two_entries_become_one_member(owner):
    """A backslash would lead elsewhere on some systems; what stands for it may be the name of another."""
    top = (r"a\b.txt", "a_b.txt", "a_b (2).txt", r"only\one", r"c\d_e", r"c_d\e")
    files = (*top, r"x\y/z\1", r"x\y/z_1", r"x\y/deep/w\1", "x_y/z_1")
    for day, path in enumerate(files, start=1):
        file = write_file(owner, f"/box/{path}")
        Entry.objects.filter(id=file.id).update(modified_at=datetime(2001, 1, day, tzinfo=UTC))
    box = Entry.objects.get(name="box")
    chosen = [Entry.objects.get(name=name).id for name in (*top, r"x\y", "x_y")]

    for archive in (archives.open_archive(owner, box.id)[1], archives.open_several(owner, chosen)):
        with zipfile.ZipFile(io.BytesIO(b"".join(archive))) as unpacked:
            members = unpacked.infolist()
        archive.close()
        paths = [member.filename for member in members]
        days = {member.filename: member.date_time[2] for member in members if not member.is_dir()}
        assert len({path.removesuffix("/") for path in paths}) == len(paths)
        assert not [path for path in paths if "\\" in path]
        assert sorted(days.values()) == list(range(1, len(files) + 1))
        assert (days["a_b.txt"], days["a_b (2).txt"], days["only_one"], days["x_y/z_1"]) == (2, 3, 4, 10)
        for path, day in days.items():
            folder = path.rpartition("/")[0]
            assert not folder or folder + "/" in paths, (path, day)


@pytest.mark.django_db(transaction=True)
def test_several_are_one_archive_side_by_side_and_nobody_elses_with_them(owner, stranger):
    chosen = [
        write_file(owner, "/a/notes.txt", size=0),
        write_file(owner, "/b/notes.txt", size=0),
        make_folder(owner, "/album"),
        write_file(stranger, "/secret.txt", size=0),
    ]
    write_file(owner, "/album/day 1/photo.jpg", size=0)
    browser = Client()
    browser.force_login(owner)

    reply = browser.post("/archive", {"ids": " ".join(str(one.id) for one in chosen), "name": "Sea / lake"})

    assert reply["Content-Disposition"].startswith("attachment")
    assert names_in(reply) == [
        *("album/", "album/day 1/", "album/day 1/photo.jpg"),
        *("notes (2).txt", "notes.txt"),
    ]
    assert browser.post("/archive", {"ids": "nonsense"}).status_code == 422
    assert browser.post("/archive", {"ids": str(chosen[3].id)}).status_code == 404


def test_an_archive_is_announced_without_being_made(api, holiday):
    head = api.head(url_of(holiday))

    assert (head.status_code, head.content) == (200, b"")
    assert int(head["Content-Length"]) > len(BODY)


def test_who_may_have_an_archive_and_of_what(api, stranger_api, anonymous, owner):
    file = write_file(owner, "/a/b/c")
    folder = make_folder(owner, "/a")

    assert api.get(url_of(file)).json()["code"] == "not_a_folder"
    assert api.post(url_of(folder)).status_code == 405
    assert stranger_api.get(url_of(folder)).status_code == 404
    assert anonymous.get(url_of(folder)).status_code == 401
    with pytest.raises(NotAFolder):
        archives.open_archive(owner, file.id)


@pytest.mark.parametrize("where", ["far too many", "no room in the temporary folder"])
def test_what_is_too_large_a_list_is_refused_and_holds_nothing(owner, monkeypatch, settings, where):
    write_file(owner, "/a/b/c")
    folder = make_folder(owner, "/a")
    monkeypatch.setattr(
        *{
            "far too many": (archives, "MAX_ENTRIES", 1),
            "no room in the temporary folder": (zipping, "MEMORY_BYTES", 1),
        }[where]
    )
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")

    for _ in range(settings.MAX_TRANSFERS + 1):
        with pytest.raises(TooManyEntries):
            archives.open_archive(owner, folder.id)


def make_many(owner, folder, count):
    """Put as many empty files into a folder, by their rows alone."""
    version = write_file(owner, "/empty").version_id
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO files_entry (id, owner_id, created_by_id, parent_id, name, sort_key, words, kind,"
            " version_id, revision, starred)"
            " SELECT gen_random_uuid(), %(owner)s, %(owner)s, %(folder)s::uuid, 'file ' || n, n, '', 'file',"
            " %(version)s::uuid, 1, false FROM generate_series(1, %(count)s) n",
            {"owner": owner.id, "folder": folder.id, "version": version, "count": count},
        )


def test_an_archive_of_any_number_of_entries_takes_no_more_memory(owner, tmp_path):
    """One of 65,535 members is the first with another end: the number no longer fits in two bytes."""
    folder = make_folder(owner, "/many/deep")
    make_many(owner, folder, ZIP_FILECOUNT_LIMIT - 1)
    path = tmp_path / "many.zip"

    tracemalloc.start()
    try:
        _, archive = archives.open_archive(owner, folder.parent_id)
        with path.open("wb") as file:
            for piece in archive:
                file.write(piece)
        archive.close()
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most_bytes < 4 * 2**20
    assert archive.length == path.stat().st_size
    with zipfile.ZipFile(path) as unpacked:
        assert unpacked.testzip() is None
        assert len(set(unpacked.namelist())) == ZIP_FILECOUNT_LIMIT
