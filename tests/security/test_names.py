"""S01, S03: whatever a file is called, it is a file of that name and no more; it stays within its header."""

import json
import re
import sys
from base64 import b64encode
from contextlib import contextmanager
from urllib.parse import quote, unquote
from uuid import uuid4

import pytest
from django.db import transaction

from files import links, names, sharing
from files.content_types import disposition
from files.errors import InvalidName
from files.models import Entry
from files.sharing import LinkTerms
from files.tus_api import tus
from tests import nightly
from tests.files.conftest import make_folder, write_file
from tests.security.hostile import NAMES

CHUNK_FILE = re.compile(r"[0-9a-f]{64}-[0-9a-f]{32}\Z")
_opened: list[str] = []
_watch = {"on": False}


def _note(event: str, arguments: tuple) -> None:
    if _watch["on"] and event in ("open", "os.listdir", "os.mkdir", "os.remove", "os.rename", "os.symlink"):
        _opened.extend(str(one) for one in arguments if isinstance(one, str | bytes))


@pytest.fixture(scope="module")
def audited():
    """What this process opens while it is watched; an audit hook cannot be removed, only silenced."""
    sys.addaudithook(_note)

    @contextmanager
    def watched():
        _opened.clear()
        _watch["on"] = True
        try:
            yield _opened
        finally:
            _watch["on"] = False

    return watched


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def is_name(text: str) -> bool:
    try:
        names.clean(text)
    except InvalidName:
        return False
    return True


def sent(method, address, body):
    return method(address, json.dumps(body), content_type="application/json")  # surrogates as escapes


def attempts(api, folder, file, name):
    """Yield what each door that takes a name answers to this one, with the names that may be there then."""
    in_folder = str(folder.id)
    entry = f"/api/v1/entries/{file.id}"
    yield sent(api.post, "/api/v1/entries", {"kind": "folder", "name": name, "parent": in_folder})
    yield sent(api.patch, entry, {"name": name + "~"})
    yield sent(api.post, f"{entry}/copy", {"name": name + "'"})
    told = {"filename": name + "%", "parent": in_folder}
    coded = ",".join(
        f"{key} {b64encode(text.encode(errors='replace')).decode()}" for key, text in told.items()
    )
    yield api.post(
        "/api/v1/uploads",
        headers={"Tus-Resumable": tus.VERSION, "Upload-Length": "0", "Upload-Metadata": coded},
    )
    address = "/api/v1/content/in/" + quote(name.encode(errors="surrogatepass"), safe="")
    yield api.put(address, b"", content_type="text/plain")
    yield api.get(f"/api/v1/paths/{quote(name.encode(errors='surrogatepass'), safe='')}")


@pytest.mark.django_db
def test_s01_a_name_is_refused_or_kept_as_it_is_at_every_door_and_never_becomes_a_path(api, owner, audited):
    """A surrogate cannot be written in UTF-8 and is sent as the question mark that stands for it.

    CVE-2021-45452: a name with ".." was stored outside of its folder.
    """
    assert len(set(NAMES)) >= 120
    for name in NAMES[:: nightly.count(4, 1)]:
        with undone():
            folder = make_folder(owner, "/in")
            file = write_file(owner, "/in/file")
            with audited() as opened:
                answers = [reply.status_code for reply in attempts(api, folder, file, name)]
            kept = set(Entry.objects.exclude(parent=None).values_list("name", flat=True)) - {"in", "file"}
        assert all(200 <= status < 300 or 400 <= status < 500 for status in answers), (name, answers)
        assert not [path for path in opened if len(name) > 3 and name in path], (name, opened)
        assert all(is_name(one) and names.clean(one) == one for one in kept)
        if is_name(name):
            assert answers[0] == 201 and names.clean(name) in kept, (name, answers)
        elif "/" not in name:
            assert answers[0] == 422, (name, answers)


def test_s01_a_node_stores_every_name_under_digests_and_ids_alone(api, running_nodes, cluster):
    for number, name in enumerate(NAMES[:: nightly.count(12, 1)]):
        if is_name(name):
            data = f"{number} {uuid4()}".encode()
            made = api.put(f"/api/v1/content/{quote(name, safe='')}", data, content_type="text/plain")
            assert made.status_code in (200, 201), (name, made.content)

    for node in running_nodes:
        files = [path for path in node.data.rglob("*") if path.is_file() and "chunks" in path.parts]
        assert files
        assert all(CHUNK_FILE.match(path.name) for path in files), files


@pytest.mark.django_db(transaction=True)
def test_s03_a_name_stays_within_one_header_and_comes_out_of_it_as_it_is(api, owner, client):
    """By id, by version, as an archive and by a public link."""
    good = [name for name in NAMES if is_name(name)]
    assert len(good) >= 60
    for number, name in enumerate(good[:: nightly.count(2, 1)]):
        file = write_file(owner, f"/in {number}/{name}")
        top = make_folder(owner, f"/top {number}/{name}")
        token = links.token_of(sharing.make_link(owner, file.id, role="download", terms=LinkTerms()).id)
        replies = [
            api.get(f"/api/v1/entries/{file.id}/content"),
            api.get(f"/api/v1/entries/{file.id}/versions/1/content"),
            api.head(f"/api/v1/entries/{top.id}/archive"),
            client.get(f"/s/{token}/content/{file.id}"),
        ]
        for reply, suffix in zip(replies, ("", "", ".zip", ""), strict=True):
            assert reply.status_code == 200, (name, reply.status_code)
            [header] = [value for key, value in reply.items() if key == "Content-Disposition"]
            assert header.isascii() and header.isprintable() and header.startswith("attachment; ")
            assert read_name(header) == names.clean(name) + suffix
            assert {key.lower() for key, _ in reply.items()}.isdisjoint({"set-cookie", "x-a"})


def read_name(header: str) -> str:
    """As browsers read it: `filename*` wins."""
    if "filename*=" in header:
        return unquote(header.partition("filename*=UTF-8''")[2], errors="strict")
    plain = re.fullmatch(r'attachment; filename="([^"\\]*)"', header)
    assert plain is not None, header
    return plain[1]


def test_s03_no_part_of_a_name_is_taken_for_another_parameter():
    """CVE-2022-36359: a quote in a name let it be downloaded under another one."""
    for name in ('a"; filename="b.exe', "a;b", "a%22b", "a\\", 'x"', "%0d%0aSet-Cookie: a=b", "a" * 4096):
        header = disposition(name, inline=False)
        assert read_name(header) == name
        assert header.count('"') == 2 and header.partition('"')[0] == "attachment; filename="
