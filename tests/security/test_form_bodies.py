"""S25: forms with a file, as odd as they may be: taken whole or refused, never failing, in little memory."""

import io
import re
import tracemalloc
from uuid import uuid4

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from files import tree
from files.models import Entry
from tests import nightly

pytestmark = pytest.mark.usefixtures("cluster")

RUNS = nightly.count(40, 5_000)
BOUNDARY = "line"
END = b"--line--\r\n"
PIECES = [
    *(b"--line", b"--line--", b"\r\n", b"\r\n\r\n", b"-", b"\n", b"line", b"\xff", b"\x00", b"&" * 3000),
    *(b"Content-Disposition: form-data", b'; name="csrfmiddlewaretoken"', b'; name="file"'),
    *(b'; filename="a.txt"', b"; filename*=UTF-8''%ff%41", b'; filename=""', b'; filename="../.."'),
    *(b"Content-Type: text/plain", b"Content-Transfer-Encoding: base64", b": ", b";", b'"', b"x" * 5000),
]
NEARLY_FORMS = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=30).map(b"".join)
FILES = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=200)), max_size=20).map(b"".join)


def fuzzed(**strategies):
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    quick = settings(max_examples=RUNS, deadline=None, database=None, suppress_health_check=checks)
    return lambda test: seed(nightly.SEED)(quick(given(**strategies)(test)))


class Trickle(io.BytesIO):
    """A body that comes in pieces of such a size."""

    def __init__(self, body: bytes, piece_bytes: int) -> None:
        super().__init__(body)
        self._piece_bytes = piece_bytes

    def read(self, size=-1, /):
        return super().read(self._piece_bytes if size < 0 else min(size, self._piece_bytes))


class Browser:
    """Somebody who is signed in, with a page's form."""

    def __init__(self, user) -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.client.force_login(user)
        self.folder = f"/files/{tree.root_folder(user).id}"
        page = self.client.get(self.folder).content.decode()
        self.token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1].encode()

    def field(self, name: bytes, value: bytes) -> bytes:
        return b'--line\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, value)

    def right(self) -> bytes:
        return self.field(b"csrfmiddlewaretoken", self.token)

    def send(self, body: io.BytesIO, size: int):
        return self.client.generic(
            "POST",
            f"{self.folder}/upload",
            CONTENT_TYPE=f"multipart/form-data; boundary={BOUNDARY}",
            CONTENT_LENGTH=str(size),
            **{"wsgi.input": body},
        )


@pytest.fixture
def browser(owner) -> Browser:
    return Browser(owner)


@fuzzed(middle=NEARLY_FORMS, is_proven=st.booleans(), piece_bytes=st.integers(1, 5000))
def test_s25_a_form_is_taken_or_refused_and_never_fails(browser, middle, is_proven, piece_bytes):
    before = set(Entry.objects.values_list("id", flat=True))
    body = (browser.right() if is_proven else b"") + middle + END

    reply = browser.send(Trickle(body, piece_bytes), len(body))

    assert reply.status_code in (302, 400, 403, 413, 422), (reply.status_code, body)
    made = Entry.objects.exclude(id__in=before)
    assert made.count() == (reply.status_code == 302)
    assert is_proven or reply.status_code != 302


@fuzzed(data=FILES, piece_bytes=st.integers(1, 5000))
def test_s25_a_files_bytes_come_out_of_its_form_however_they_come(browser, owner, data, piece_bytes):
    data = data.replace(b"--line", b"--lime")
    name = f"{uuid4()}.bin"  # of one name a folder keeps a bounded number beside each other
    head = f'--line\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = browser.right() + head + data + b"\r\n" + END

    reply = browser.send(Trickle(body, piece_bytes), len(body))

    assert reply.status_code == 302, reply.content
    entry = Entry.objects.get(name=name)
    kept = browser.client.get(f"/api/v1/entries/{entry.id}/content")
    assert kept.getvalue() == data


class Endless(io.RawIOBase):
    """A body of ever more of the same, of which the reader takes as much as it likes."""

    def __init__(self, first: bytes, more, size: int) -> None:
        self._held, self._more, self.left = first, more, size

    def read(self, size=-1, /):
        while len(self._held) < size:
            self._held += self._more()
        piece, self._held = self._held[: min(size, self.left)], self._held[size:]
        self.left -= len(piece)
        return piece


@pytest.mark.parametrize("what", ["fields", "headers of a part", "a field", "what is no part"])
def test_s25_a_form_that_does_not_come_to_its_file_takes_no_memory(browser, what):
    count = iter(range(10**9))
    first, more = {
        "fields": (b"", lambda: b"".join(browser.field(b"%d" % next(count), b"x" * 99) for _ in range(500))),
        "headers of a part": (b"--line\r\n", lambda: b"X-%d: a\r\n" % next(count) * 5000),
        "a field": (browser.field(b"a", b"x")[:-2], lambda: b"x" * 65_536),
        "what is no part": (b"", lambda: b"x" * 65_536),
    }[what]
    size = 40 * 2**20
    body = Endless(browser.right() + first, more, size)

    tracemalloc.start()
    try:
        reply = browser.send(body, size)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 400 <= reply.status_code < 500
    assert most_bytes < 16 * 2**20
