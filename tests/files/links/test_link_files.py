"""What a link opens, by names: for programs that follow plain lists and keep no cookies."""

import re
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import quote, urljoin

import pytest
from django.db import connections
from django.test import Client

from accounts.models import Attempt
from files import sharing
from files.models import Entry, Share
from files.names import sort_key
from tests.files.conftest import make_folder, write_file
from tests.files.links.conftest import PASSWORD, SENDS, link_to

ODD = [
    "two  words",
    "ü",
    "a#b",
    "who?",
    "100%",
    "%41",
    'quo"te',
    "it's",
    "a&b<c>",
    "c:d",
    "back\\slash",
    "+;=",
]


@pytest.fixture
def tree(owner):
    for name in ODD:
        write_file(owner, f"/private/tree/{name}")
        write_file(owner, f"/private/tree/below {name}/{name}")
    write_file(owner, "/private/secret.txt")
    return Entry.objects.get(name="tree")


@pytest.fixture
def program():
    return Client()


def basic(password, user="anybody"):
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def listed(program, address):
    """The addresses that a list names, as a program makes them of it."""
    reply = program.get(address)
    assert (reply.status_code, reply["Content-Type"]) == (200, "text/html; charset=utf-8")
    html = b"".join(reply).decode()
    assert "<script" not in html and "<c>" not in html
    return [urljoin(address, unescape(found)) for found in re.findall(r'href="([^"]*)"', html)]


def walk(program, address):
    """Every file to which the lists lead."""
    for found in listed(program, address):
        if found.endswith("/"):
            yield from walk(program, found)
        else:
            yield found


@SENDS
def test_plain_lists_lead_to_every_file_whatever_its_name(owner, tree, program):
    _, url = link_to(owner, tree)

    found = list(walk(program, f"{url}/files/"))

    wanted = {quote(name, safe="") for name in ODD}
    wanted |= {f"{quote(f'below {name}', safe='')}/{quote(name, safe='')}" for name in ODD}
    assert {address.removeprefix(f"{url}/files/") for address in found} == wanted
    assert len(found) == len(wanted)
    assert {program.get(address).status_code for address in found} == {200}


@SENDS
def test_a_list_tells_size_and_time(owner, program):
    file = write_file(owner, "/open/a.txt", size=1234)
    _, url = link_to(owner, Entry.objects.get(name="open"))

    assert f"a.txt</a> {file.modified_at:%Y-%m-%d %H:%M} 1234" in program.get(f"{url}/files/").text


def test_a_long_folder_is_listed_to_its_end(owner, transactional_db, program):
    folder = make_folder(owner, "/long")
    names = [str(number) for number in range(2500)]
    common = {"owner": owner, "created_by": owner, "parent": folder, "kind": Entry.Kind.FOLDER}
    Entry.objects.bulk_create(Entry(name=name, sort_key=sort_key(name), **common) for name in names)
    _, url = link_to(owner, folder)

    assert listed(program, f"{url}/files/") == [f"{url}/files/{name}/" for name in names]


@SENDS
def test_a_file_is_sent_as_by_any_other_address_of_it(owner, tree, program):
    page = write_file(owner, "/private/tree/page.html")
    _, url = link_to(owner, tree)
    address = f"{url}/files/page.html"

    reply, other = program.get(address), program.get(f"{url}/content/{page.id}")

    assert {**reply.headers, "X-Request-Id": ""} == {**other.headers, "X-Request-Id": ""}
    assert reply["Content-Disposition"].startswith("attachment")
    assert reply["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert reply["Last-Modified"] and reply["Accept-Ranges"] == "bytes"
    assert program.get(address, headers={"If-None-Match": reply["ETag"]}).status_code == 304
    beyond = program.get(address, headers={"Range": "bytes=5-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, "bytes */0")


@SENDS
def test_a_folder_without_its_slash_leads_to_it_and_a_file_has_none(owner, tree, program):
    _, url = link_to(owner, tree)

    moved = program.get(f"{url}/files/below%20100%25")

    assert (moved.status_code, moved["Location"]) == (302, f"{url}/files/below%20100%25/")
    assert program.get(f"{url}/files/who%3F/").status_code == 404


@SENDS
def test_a_dot_on_the_way_is_no_step(owner, tree, program):
    _, url = link_to(owner, tree)

    assert program.get(f"{url}/files/./c:d").status_code == 200
    assert program.get(f"{url}/files/./below%20c:d/./c:d").status_code == 200


def test_no_path_leads_out_of_the_folder(owner, tree, program):
    _, url = link_to(owner, tree)

    for path in ("private/tree/ü", "secret.txt", "tree/", "nothing", "ü/below"):
        assert program.get(f"{url}/files/{path}").status_code == 404, path
    for path in ("../secret.txt", "%2e%2e/secret.txt", "ü//x", "a%00b", ".."):
        assert program.get(f"{url}/files/{path}").status_code in (404, 422), path


@SENDS
def test_a_link_to_a_file_has_no_list(owner, tree, program):
    _, url = link_to(owner, write_file(owner, "/alone.txt"))

    assert program.get(f"{url}/files/").status_code == 404


@SENDS
def test_a_link_to_view_lists_nothing_to_programs_and_one_to_upload_shows_nothing(owner, tree, program):
    _, viewed = link_to(owner, tree, role="view")
    _, upload = link_to(owner, tree, role="upload")

    assert program.get(f"{viewed}/files/").status_code == 403
    assert program.get(f"{viewed}/files/%C3%BC").status_code == 403
    assert program.get(f"{upload}/files/").status_code == 404
    assert program.get(f"{upload}/files/%C3%BC").status_code == 404


@SENDS
def test_a_limit_of_downloads_counts_what_is_fetched_by_name(owner, tree, program):
    share, url = link_to(owner, tree, max_downloads=2)
    address = f"{url}/files/%C3%BC"

    assert program.get(f"{url}/files/").status_code == 200
    assert program.head(address)["Accept-Ranges"] == "none"
    assert [program.get(address).status_code for _ in range(3)] == [200, 200, 410]
    assert Share.objects.get(id=share.id).downloads == 2


@SENDS
def test_a_program_sends_the_password_with_each_request_and_is_told_to(owner, tree, program):
    _, url = link_to(owner, tree, password=PASSWORD)
    addresses = [f"{url}/files/", f"{url}/files/%C3%BC", f"{url}/files/below%20%C3%BC/"]

    asked = program.get(addresses[0])
    assert (asked.status_code, asked["WWW-Authenticate"]) == (401, 'Basic realm="link", charset="UTF-8"')
    assert "two" not in asked.text
    for _ in range(5):
        for address in addresses:
            assert program.get(address, headers=basic(PASSWORD)).status_code == 200
            assert program.head(address, headers=basic(PASSWORD, user="")).status_code == 200
    assert {program.get(address).status_code for address in addresses} == {401}


@SENDS
def test_the_first_requests_of_a_program_come_together_and_none_is_taken_for_a_guess(owner, tree):
    _, url = link_to(owner, tree, password=PASSWORD)

    def ask(_):
        try:
            return Client().get(f"{url}/files/", headers=basic(PASSWORD)).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, range(12))) == {200}


@SENDS
def test_guessing_by_a_program_is_slowed_down_and_another_password_ends_the_old_one(owner, tree, program):
    share, url = link_to(owner, tree, password=PASSWORD)
    address = f"{url}/files/"
    assert program.get(address, headers=basic(PASSWORD)).status_code == 200

    sharing.change(owner, share.id, {"password": "another one"})
    got = [program.get(address, headers=basic(PASSWORD)) for _ in range(6)]

    assert [reply.status_code for reply in got] == [401] * 5 + [429]
    assert 0 < int(got[-1]["Retry-After"]) <= 60
    Attempt.objects.all().delete()
    assert program.get(address, headers=basic("another one")).status_code == 200


@SENDS
def test_a_password_that_a_link_does_not_ask_for_is_no_guess(owner, tree, program):
    _, url = link_to(owner, tree)

    for _ in range(10):
        assert program.get(f"{url}/files/", headers=basic("whatever")).status_code == 200


@SENDS
@pytest.mark.parametrize(
    "sent", ["Basic", "Basic ü", "Basic !!!!", "Basic /w==", "Basic YQ==", "Bearer x", ""]
)
def test_what_is_no_password_is_asked_for_again(owner, tree, program, sent):
    _, url = link_to(owner, tree, password=PASSWORD)

    assert program.get(f"{url}/files/", headers={"Authorization": sent}).status_code == 401
