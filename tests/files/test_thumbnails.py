"""Small pictures: drawn once for each content, kept in the cluster, gone with the last file that has it."""

import io

import pytest
from django.test import Client
from PIL import Image

from files import purging, thumbnails
from files.models import Entry, Thumbnail
from nodes import breaker, roster
from nodes.models import Content, Node
from tests.files.conftest import token_client


def picture(size=(1200, 800), form="JPEG") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, (40, 120, 90)).save(target, form)
    return target.getvalue()


@pytest.fixture
def put(cluster, owner):
    api = token_client(owner)

    def put(name: str, data: bytes, content_type: str = "image/jpeg") -> Entry:
        reply = api.put(f"/api/v1/content/{name}", data, content_type=content_type)
        return Entry.objects.select_related("version").get(id=reply.json()["id"])

    return put


@pytest.fixture
def browser(owner) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def ask(browser: Client, entry: Entry):
    return browser.get(f"/files/{entry.id}/thumbnail")


def test_a_picture_is_drawn_when_it_is_first_looked_at(browser, put):
    entry = put("lake.jpg", picture())
    assert ask(browser, entry).status_code == 202

    thumbnails.draw_due(10)

    reply = ask(browser, entry)
    assert (reply.status_code, reply["Content-Type"]) == (200, "image/webp")
    assert "immutable" in reply["Cache-Control"]
    assert reply["Content-Security-Policy"].startswith("sandbox")
    with Image.open(io.BytesIO(reply.content)) as small:
        assert (small.format, small.size) == ("WEBP", (480, 320))


def test_files_with_the_same_bytes_share_one_and_drawing_twice_changes_nothing(browser, put):
    first, second = put("lake.jpg", picture()), put("copy.jpg", picture())
    for entry in (first, second):
        ask(browser, entry)
    thumbnails.draw_due(10)
    ask(browser, first)
    assert not thumbnails.draw_due(10)
    assert Thumbnail.objects.filter(picture__isnull=False).count() == len(
        {first.version.content_id, second.version.content_id}
    )


@pytest.mark.parametrize(
    "data",
    [b"no picture at all", picture()[:2000], picture(form="PNG").replace(b"IHDR", b"IHDX", 1)],
    ids=["text", "half a file", "a broken head"],
)
def test_what_is_no_picture_is_not_tried_for_ever(browser, put, data):
    entry = put("lake.jpg", data)
    ask(browser, entry)
    thumbnails.draw_due(10)
    assert ask(browser, entry).status_code == 204
    assert not thumbnails.draw_due(1)


def test_a_picture_that_would_unpack_into_too_much_is_not_unpacked(browser, put):
    bomb = io.BytesIO()
    Image.new("1", (8000, 6000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 20_000
    entry = put("bomb.png", bomb.getvalue(), "image/png")
    ask(browser, entry)
    thumbnails.draw_due(10)
    assert ask(browser, entry).status_code == 204


def test_only_pictures_have_one_and_only_for_those_who_see_them(browser, put, stranger):
    assert ask(browser, put("notes.txt", b"text", "text/plain")).status_code == 404
    assert ask(browser, put("drawing.svg", b"<svg/>", "image/svg+xml")).status_code == 404
    lake = put("lake.jpg", picture())
    browser.force_login(stranger)
    assert ask(browser, lake).status_code == 404
    assert not Thumbnail.objects.exists()


def test_one_that_lies_in_the_trash_is_shown_to_its_owner_alone(browser, put, stranger):
    lake = put("lake.jpg", picture())
    browser.post(f"/api/v1/entries/{lake.id}/trash")

    assert ask(browser, lake).status_code == 202
    thumbnails.draw_due(10)
    assert ask(browser, lake).status_code == 200
    browser.force_login(stranger)
    assert ask(browser, lake).status_code == 404


def test_a_worker_that_dies_leaves_the_order_to_the_next(browser, put):
    entry = put("lake.jpg", picture())
    ask(browser, entry)
    assert thumbnails._claim(10) == [entry.version.content_id]
    assert thumbnails._claim(10) == [], "its lease runs"

    Thumbnail.objects.update(due_at="2020-01-01T00:00:00Z")
    thumbnails.draw_due(10)
    assert ask(browser, entry).status_code == 200


def test_it_goes_with_the_last_file_that_has_the_bytes(browser, put, owner):
    entry = put("lake.jpg", picture())
    ask(browser, entry)
    thumbnails.draw_due(10)
    small_id = Thumbnail.objects.get().picture_id

    purging.purge(owner, entry.id)
    purging.sweep_slices(10)

    assert not Thumbnail.objects.exists()
    assert Content.objects.get(id=small_id).released_at is not None


def test_a_file_purged_while_its_picture_is_drawn_leaves_none_behind(browser, put, owner):
    entry = put("lake.jpg", picture())
    ask(browser, entry)
    purging.purge(owner, entry.id)
    purging.sweep_slices(10)

    thumbnails._keep(entry.version.content_id, b"a small picture")

    assert not Thumbnail.objects.exists()
    assert not Content.objects.filter(released_at=None).exists()


def test_bytes_that_cannot_be_read_now_are_tried_again_later(browser, put):
    entry = put("lake.jpg", picture())
    ask(browser, entry)
    addresses = dict(Node.objects.values_list("id", "url"))
    Node.objects.update(url="http://127.0.0.1:9")  # where nobody answers
    roster.forget()
    thumbnails.draw_due(10)
    assert ask(browser, entry).status_code == 202

    for node_id, url in addresses.items():
        Node.objects.filter(id=node_id).update(url=url)
        breaker.of(node_id).succeeded()
    roster.forget()
    Thumbnail.objects.update(due_at="2020-01-01T00:00:00Z")
    thumbnails.draw_due(10)
    assert ask(browser, entry).status_code == 200
