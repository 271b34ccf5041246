"""Holes that other programs had, tried here by their numbers; docs/security.md lists them all."""

import ast
import io
import time
import zipfile

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from files import links, purging, sharing, tree
from files.models import Share
from files.sharing import LinkTerms
from tests.dfsweb.route_walk import FORM
from tests.faults.test_reliability_page import PROJECT
from tests.files.conftest import entry_of, make_folder, token_client, write_file
from tests.security.test_raw_requests import HOST, answers, gateway, memory_bytes, request

__all__ = ["gateway"]
PACKAGES = ("accounts", "dfsclient", "dfsweb", "files", "nodes", "storagenode")
UNPACKS = {"extract", "extractall", "unpack_archive", "ZipFile", "tarfile", "rarfile", "py7zr"}


@pytest.fixture
def album(owner):
    write_file(owner, "/album/a.jpg", size=0)
    write_file(owner, "/album/withheld/b.jpg", size=0)
    return entry_of("album")


def link_to(owner, entry):
    share = sharing.make_link(owner, entry.id, role="download", terms=LinkTerms())
    return share, f"/s/{links.token_of(share.id)}"


@pytest.mark.django_db
def test_nobody_takes_back_the_link_of_somebody_else(owner, stranger, stranger_api, album):
    """CVE-2025-64523: who knew the id of a link could delete it."""
    share, url = link_to(owner, album)
    assert stranger_api.delete(f"/api/v1/shares/{share.id}").status_code == 404

    sharing.share_with(owner, album.id, role="editor", username=stranger.username)

    assert stranger_api.delete(f"/api/v1/shares/{share.id}").status_code == 404
    assert Client().get(url).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["a", "al", "album", "%", "_lbum", "ALBUM"])
def test_what_is_deleted_takes_no_link_along_whose_path_begins_alike(owner, stranger, album, name):
    """CVE-2026-54097: deleting a file deleted all links, of anybody, to paths that began with its own."""
    _, url = link_to(owner, album)
    theirs = make_folder(stranger, f"/{name}")
    share, _ = link_to(stranger, theirs)

    tree.trash(stranger, theirs.id)
    purging.purge(stranger, theirs.id)
    while purging.sweep():
        pass

    assert not Share.objects.filter(id=share.id).exists()
    assert Client().get(url).status_code == 200


@pytest.mark.django_db
def test_who_may_only_look_gives_nothing_on_by_a_link(owner, stranger, stranger_api, album):
    """CVE-2026-32761: who might not download could make a link, by which everybody downloaded."""
    sharing.share_with(owner, album.id, role="viewer", username=stranger.username)
    wanted = {"role": "download"}

    by_a_viewer = stranger_api.post(f"/api/v1/entries/{album.id}/shares", wanted, format="json")
    by_a_reading_token = token_client(owner, scopes=["read"]).post(
        f"/api/v1/entries/{album.id}/shares", wanted, format="json"
    )

    assert (by_a_viewer.status_code, by_a_viewer.json()["code"]) == (403, "owner_only")
    assert (by_a_reading_token.status_code, by_a_reading_token.json()["code"]) == (403, "scope_missing")


@pytest.mark.django_db(transaction=True)
def test_what_is_withheld_below_a_linked_folder_is_withheld_by_its_link_too(owner, album):
    """CVE-2026-54091: a rule about a folder below did not hold for paths that began at the linked one."""
    _, url = link_to(owner, album)
    folder, file = entry_of("withheld"), entry_of("b.jpg")
    tree.trash(owner, folder.id)

    visitor = Client()
    for address in (
        *(f"{url}/folders/{folder.id}", f"{url}/content/{file.id}", f"{url}/archive/{folder.id}"),
        *(f"{url}/files/withheld/b.jpg", f"{url}/files/withheld/"),
    ):
        assert visitor.get(address).status_code == 404, address
    archive = visitor.get(f"{url}/archive/{album.id}").getvalue()
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == ["a.jpg"]
    assert "withheld" not in visitor.get(url).text + visitor.get(f"{url}/files/").text


@pytest.mark.django_db
def test_sharing_with_people_makes_no_link_and_every_link_is_listed(owner, stranger, api, album):
    """CVE-2026-45285: sharing with a group made a link that its owner was not shown."""
    club = Group.objects.create(name="club")
    owner.groups.add(club)
    sharing.share_with(owner, album.id, role="editor", username=stranger.username)
    sharing.share_with(owner, album.id, role="editor", group=club.name)
    assert not Share.objects.filter(user=None, group=None).exists()

    link_to(owner, album)

    listed = api.get(f"/api/v1/entries/{album.id}/shares").json()["results"]
    assert {one["id"] for one in listed} == {str(one.id) for one in Share.objects.all()}
    assert len(listed) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
def test_the_cookie_of_a_session_is_no_token(owner, scheme):
    """CVE-2026-45691: the cookie of a sign-in that was not finished passed for a token."""
    browser = Client()
    browser.force_login(owner)
    key = browser.cookies["sessionid"].value

    reply = Client().get("/api/v1/me", headers={"Authorization": f"{scheme} {key}"})

    assert (reply.status_code, reply.json()["code"]) == (401, "token_refused")


def test_no_archive_is_ever_unpacked():
    """CVE-2021-3281: an archive whose names climb was unpacked outside of its folder."""
    found = {
        (str(file.relative_to(PROJECT)), name)
        for package in PACKAGES
        for file in (PROJECT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (getattr(node, "attr", None), getattr(node, "id", None), getattr(node, "name", None))
        if name in UNPACKS
    }
    assert found == set()


@pytest.mark.django_db
@pytest.mark.parametrize("blank", [b" ", b"\r\n", b"\t"])
def test_a_form_of_blanks_that_are_to_be_base64_takes_no_time(blank):
    """CVE-2026-33033: each few blanks of a part in base64 were read anew, in ever more time."""
    head = b'--line\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n'
    body = (
        head
        + b"Content-Transfer-Encoding: base64\r\n\r\nQQ"
        + blank * (2**21 // len(blank))
        + b"\r\n--line--\r\n"
    )

    began = time.process_time()
    reply = Client().generic("POST", "/sign-in", body, content_type=FORM)

    assert reply.status_code == 400
    assert time.process_time() - began < 10


def test_a_form_that_says_nothing_of_its_length_is_not_held_in_memory(gateway):
    """CVE-2026-5766: the limit of what is held of a form was that of the length it said."""
    answers(gateway, request("GET /sign-in HTTP/1.1", HOST, "Connection: close"))
    before = memory_bytes()
    head = b'--line\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
    pieces = [head, *[b"x" * 2**20] * 96, b"\r\n--line--\r\n"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    fields = (HOST, f"Content-Type: {FORM}", "Transfer-Encoding: chunked")
    got = answers(gateway, request("POST /sign-in HTTP/1.1", *fields, body=chunks))

    assert all(400 <= status < 500 for status in got)
    assert memory_bytes() - before < 32 * 2**20
