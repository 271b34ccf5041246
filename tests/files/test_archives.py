"""A folder as one zip archive: whole, or visibly broken."""

import io
import zipfile

import pytest
from django.test import Client

from files import archives, transfers, tree
from files.errors import NotAFolder, TooManyEntries
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


def test_who_may_have_an_archive_and_of_what(api, stranger_api, anonymous, owner, monkeypatch):
    file = write_file(owner, "/a/b/c")
    folder = make_folder(owner, "/a")

    assert api.get(url_of(file)).json()["code"] == "not_a_folder"
    assert api.post(url_of(folder)).status_code == 405
    assert stranger_api.get(url_of(folder)).status_code == 404
    assert anonymous.get(url_of(folder)).status_code == 401
    monkeypatch.setattr(archives, "MAX_ENTRIES", 1)
    with pytest.raises(TooManyEntries):
        archives.open_archive(owner, folder.id)
    with pytest.raises(NotAFolder):
        archives.open_archive(owner, file.id)
