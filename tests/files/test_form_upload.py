"""A file from a plain form: streamed, guarded by the token before it, whole or not at all."""

import random

import pytest
from django.test import Client

from files import tree
from files.models import Entry

pytestmark = pytest.mark.usefixtures("cluster")

BOUNDARY = "----a-boundary"


@pytest.fixture
def browser(owner) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    return client


@pytest.fixture
def address(owner) -> str:
    return f"/files/{tree.root_folder(owner).id}/upload"


def token_of(browser: Client, address: str) -> str:
    page = browser.get(address.removesuffix("/upload")).content.decode()
    return page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]


def field(name: str, value: str) -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file_part(name: str, data: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    return head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def send(browser: Client, address: str, body: bytes, content_type: str | None = None):
    return browser.post(
        address, body, content_type=content_type or f"multipart/form-data; boundary={BOUNDARY}"
    )


def read_back(browser: Client, name: str) -> bytes:
    entry = Entry.objects.get(name=name)
    reply = browser.get(f"/api/v1/entries/{entry.id}/content")
    return b"".join(reply.streaming_content) if reply.streaming else reply.content


@pytest.mark.parametrize("size", [0, 1, 65_536, 2**20 - 1, 2**20, 9 * 2**20 + 17])
def test_a_file_comes_back_as_it_was_sent(browser, address, size):
    data = random.Random(size).randbytes(size)

    reply = send(
        browser,
        address,
        field("csrfmiddlewaretoken", token_of(browser, address)) + file_part("a.bin", data) + END,
    )

    assert reply.status_code == 302
    assert read_back(browser, "a.bin") == data


def test_bytes_that_look_like_boundaries_are_bytes(browser, address):
    data = (f"\r\n--{BOUNDARY[:-1]}x\r\n--".encode() + b"\r\n\r\n") * 40_000

    send(
        browser,
        address,
        field("csrfmiddlewaretoken", token_of(browser, address)) + file_part("a.bin", data) + END,
    )

    assert read_back(browser, "a.bin") == data


def test_a_taken_name_gets_a_number_and_a_path_is_cut_off(browser, address):
    token = token_of(browser, address)
    for name in ("a.txt", r"C:\\photos\\a.txt"):
        send(browser, address, field("csrfmiddlewaretoken", token) + file_part(name, b"x") + END)

    assert set(Entry.objects.exclude(name="").values_list("name", flat=True)) == {"a.txt", "a (2).txt"}


@pytest.mark.parametrize("token", [None, "", "wrong" * 8])
def test_without_the_token_before_it_the_file_is_not_taken(browser, address, token):
    token_of(browser, address)
    before = field("csrfmiddlewaretoken", token) if token is not None else b""

    reply = send(browser, address, before + file_part("a.bin", b"bytes") + END)

    assert reply.status_code == 403
    assert not Entry.objects.filter(name="a.bin").exists()


def test_a_token_after_the_file_comes_too_late(browser, address):
    token = token_of(browser, address)

    reply = send(browser, address, file_part("a.bin", b"bytes") + field("csrfmiddlewaretoken", token) + END)

    assert reply.status_code == 403
    assert not Entry.objects.filter(name="a.bin").exists()


def test_a_form_that_breaks_off_leaves_nothing(browser, address):
    body = field("csrfmiddlewaretoken", token_of(browser, address)) + file_part("a.bin", b"x" * 3_000_000)

    reply = send(browser, address, body[:2_000_000])

    assert reply.status_code == 400
    assert not Entry.objects.filter(name="a.bin").exists()


def test_a_form_without_a_file_and_another_type_are_refused(browser, address):
    token = token_of(browser, address)

    assert send(browser, address, field("csrfmiddlewaretoken", token) + END).status_code in (400, 422)
    assert send(browser, address, b"a=b", "application/x-www-form-urlencoded").status_code in (400, 422)


def test_a_stranger_cannot_send_into_it(address, stranger):
    client = Client(enforce_csrf_checks=True)
    client.force_login(stranger)
    own = f"/files/{tree.root_folder(stranger).id}/upload"
    body = field("csrfmiddlewaretoken", token_of(client, own)) + file_part("a.bin", b"x") + END

    assert send(client, address, body).status_code == 404
    assert not Entry.objects.filter(name="a.bin").exists()
