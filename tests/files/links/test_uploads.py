"""Putting files in by a link that shows nothing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from files import links, uploads
from files.errors import NotFound
from files.models import Entry, Share
from tests.files.conftest import entry_of, write_file
from tests.files.links.conftest import PASSWORD, content_of, form_token, link_to, unlock


def send(visitor, url, data=b"hello", name="hello.txt"):
    file = SimpleUploadedFile(name, data, "text/plain")
    return visitor.post(f"{url}/upload", {"csrfmiddlewaretoken": form_token(visitor, url), "file": file})


def test_a_link_to_upload_shows_nothing_and_takes_files_beside_each_other(owner, album, visitor, cluster):
    write_file(owner, "/private/album/hello.txt")
    _, url = link_to(owner, album, role="upload")

    assert "a.jpg" not in visitor.get(url).text
    assert visitor.get(content_of(url, "a.jpg")).status_code == 404
    assert visitor.get(f"{url}/folders/{album.id}").status_code == 404
    sent = send(visitor, url)

    assert (sent.status_code, sent["Location"]) == (302, f"{url}?sent=1")
    names = set(Entry.objects.filter(parent=album).values_list("name", flat=True))
    assert names == {"a.jpg", "day 1", "hello.txt", "hello (2).txt"}
    assert Entry.objects.get(name="hello (2).txt").owner == owner


def test_a_link_with_a_password_takes_files_of_who_knows_it_alone(owner, album, visitor, cluster):
    _, url = link_to(owner, album, role="upload", password=PASSWORD)

    assert send(visitor, url).status_code == 403
    assert not Entry.objects.filter(name="hello.txt").exists()

    unlock(visitor, url)
    assert send(visitor, url).status_code == 302
    assert Entry.objects.filter(name="hello.txt").exists()


def test_other_links_take_no_files(owner, album, visitor):
    _, url = link_to(owner, album)

    assert visitor.post(f"{url}/upload", {"file": SimpleUploadedFile("x", b"x")}).status_code == 404
    assert not Entry.objects.filter(name="x").exists()


def test_an_upload_by_a_link_that_is_revoked_meanwhile_is_refused(owner, album, cluster):
    share, url = link_to(owner, album, role="upload")
    link = links.open_link(url.removeprefix("/s/"))
    target = uploads.target_in(owner, album.id, "late.txt", on_conflict="rename")

    class Body:
        def readinto(self, view):
            Share.objects.filter(id=share.id).delete()
            return 0

    with pytest.raises(NotFound):
        uploads.put_file(owner, target, Body(), guard=lambda: links.require_still_open(link))
    assert not Entry.objects.filter(name="late.txt").exists()


def test_only_into_a_folder_can_be_uploaded(api, album):
    reply = api.post(f"/api/v1/entries/{entry_of('a.jpg').id}/shares", {"role": "upload"}, format="json")

    assert reply.status_code == 422
