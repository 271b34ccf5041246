"""S25: what gateways and nodes read of each other is taken by one meaning, or refused by name."""

import http.client
import io
import json
import re
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser
from hypothesis import strategies as st

from nodes import client, exchange, listing, wire
from nodes.errors import NodeError
from storagenode import direct
from storagenode import errors as node_errors
from storagenode.app import doors
from storagenode.app.requests import Request
from storagenode.joining import AnnounceFailed, Announcement, Joining, StoreRejected, load_keys
from storagenode.protocol.names import BadName
from storagenode.store import marker
from storagenode.worker import PatientThreadWorker
from tests.security.fuzzing import JSON, fuzzed, made_of, places, put, read

NAMES = [f"{digit * 64}-{digit * 32}" for digit in "abc"]
FIELDS = {
    "Host": "node:8001",
    "Authorization": "Dfs1 store=s,signature=ab",
    "X-Request-Id": "7",
    "Content-Length": "5",
}
PUT = (
    f"PUT /v1/chunks/{NAMES[0]} HTTP/1.1\r\n"
    + "".join(f"{k}: {v}\r\n" for k, v in FIELDS.items())
    + "\r\nbytes"
)
GET = PUT.replace("PUT", "GET").replace("Content-Length: 5\r\n", "").removesuffix("bytes")
NEXT = "GET /healthz HTTP/1.1\r\n\r\n"
CONFIG = Config()


class Line:
    """A socket from which all of this has come, and to which anything can be sent."""

    def __init__(self, came: bytes) -> None:
        self._came = io.BytesIO(came)
        self.sent = b""

    def recv(self, size: int, flags: int = 0) -> bytes:
        return self._came.read(size)

    def sendall(self, piece: bytes) -> None:
        self.sent += piece

    def gettimeout(self) -> None:
        return None

    def setblocking(self, is_blocking: bool) -> None:
        assert is_blocking


class _Rest(PatientThreadWorker):
    """Keeps what the fast way leaves to gunicorn's."""

    def serve(self, conn) -> None:
        self.left = rest(conn)


class Worker(direct.DirectWorker, _Rest):
    """One that was never started: it serves what it is handed, and tells what its application was asked."""

    def __init__(self) -> None:
        self.cfg, self.alive = CONFIG, True
        self.keepalived_conns, self.max_keepalived = (), 1
        self.asked: tuple | None = None
        self.left: bytes | None = None

    def wsgi(self, environ, start_response):
        names = ("REQUEST_METHOD", "RAW_URI", "HTTP_AUTHORIZATION", "HTTP_X_REQUEST_ID", "CONTENT_LENGTH")
        body = whole(environ["wsgi.input"])
        self.asked = (*(environ.get(name) for name in names), environ["REMOTE_ADDR"], body)
        start_response("200 OK", [("Content-Length", "0")])
        return []


def connection(raw: bytes) -> SimpleNamespace:
    line, peer = Line(raw), ("10.0.0.7", 1)
    parser = RequestParser(CONFIG, line, peer)
    return SimpleNamespace(initialized=True, is_http2=False, parser=parser, sock=line, client=peer)


def rest(conn: SimpleNamespace) -> bytes:
    return conn.parser.unreader.take_buffered() + conn.sock.recv(-1)


def whole(body) -> bytes | None:
    """Return the body of a request; None when it is cut short."""
    try:
        return body.read()
    except NoMoreData:
        return None


def understood(raw: bytes) -> tuple | None:
    """Return what the fast way asks, whether the connection stays, and what is left to be read."""
    worker, conn = Worker(), connection(raw)
    stays = worker.serve(conn)
    if worker.asked is None:
        assert worker.left == raw and not conn.sock.sent
        return None
    return worker.asked, stays, rest(conn)


def understood_slowly(raw: bytes) -> tuple:
    """Return the same of gunicorn's own way."""
    conn = connection(raw)
    request = next(conn.parser)
    fields = dict(request.headers)
    assert len(fields) == len(request.headers) and request.version == (1, 1)
    told = tuple(fields.pop(name, None) for name in ("AUTHORIZATION", "X-REQUEST-ID", "CONTENT-LENGTH"))
    body = whole(request.body)
    assert list(fields) == ["HOST"] and not request.trailers
    stays = not request.should_close() and not request.body.failed and not request.body.reader.length
    return (request.method, request.uri, *told, conn.client[0], body), stays, rest(conn)


SMUGGLED = made_of(
    *(
        "\r\n",
        "\n",
        "\r",
        " ",
        "\t",
        "\x00",
        "\x0b",
        "\x85",
        "\xa0",
        ":",
        "0",
        "+",
        "_",
        ",",
        "é",
        "x" * 9000,
    ),
    *("Content-Length: 5\r\n", "content-length: 9\r\n", "Content_Length: 9\r\n", "Host: b\r\n", "HTTP/1.0"),
    *("Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "Connection: close\r\n", "POST ", "GET "),
    *("/../", "?a=b", "%2e", "#", "@", "A", "PUT / HTTP/1.1\r\n\r\n"),
)


def edits(good: str, piece: str) -> list[str]:
    """Put a piece before each word and line end of a request, and in the place of each."""
    words = re.split("(: |\\r\\n| |/)", good)
    places = [(at, left_out) for at in range(len(words) + 1) for left_out in (0, 1)]
    return ["".join([*words[:at], piece, *words[at + left_out :]]) for at, left_out in places]


def require_one_reading(piece: str) -> None:
    """Require that what a node takes the fast way is what gunicorn reads, wherever the piece stands."""
    for good in (PUT, GET):
        for text in edits(good + NEXT, piece):
            raw = text.encode("latin-1", errors="replace")
            if direct.PLAIN.match(raw):
                assert understood(raw) == understood_slowly(raw)
    raw = piece.encode("latin-1", errors="replace")
    for sent in (raw, PUT.encode() + raw, raw + PUT.encode()):
        assert understood(sent) in (None, direct.PLAIN.match(sent) and understood_slowly(sent))


@fuzzed(at=st.integers(0, 2**63), piece=SMUGGLED)
def test_s25_a_request_that_a_node_takes_the_fast_way_is_what_gunicorn_reads(at: int, piece: str):
    for good in (PUT, GET):
        tried = edits(good + NEXT, piece)
        raw = tried[at % len(tried)].encode("latin-1", errors="replace")
        assert understood(raw) == (understood_slowly(raw) if direct.PLAIN.match(raw) else None)


@pytest.mark.parametrize("piece", ["", *SMUGGLED.pieces])
def test_a_request_that_a_node_takes_the_fast_way_cannot_be_read_in_two_ways(piece: str):
    require_one_reading(piece)
    assert understood((PUT + NEXT).encode()) and understood((GET + NEXT).encode())


@fuzzed(
    head=made_of(
        *(
            "200",
            " OK",
            "+",
            "_",
            "-",
            " ",
            "\t",
            "\x0b",
            "0",
            "00",
            "9" * 18,
            "9" * 400,
            "١",
            "\r\n",
            "\n",
            ":",
        ),
        *(
            "Content-Length",
            "content-length: 5\r\n",
            "Connection: close\r\n",
            "Transfer-Encoding: ",
            "chunked",
        ),
    )
)
def test_s25_an_answer_of_a_node_means_what_any_client_reads_in_it(head: str):
    for begin in ("HTTP/1.1 ", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: "):
        raw = (begin + head).encode("latin-1", errors="replace").partition(b"\r\n\r\n")[0]
        found = read(wire._parse, raw, refusals=wire.WireError)
        if found is not None:
            told = http.client.HTTPResponse(SimpleNamespace(makefile=lambda mode, raw=raw: body_of(raw)))
            told.begin()
            assert (found.status, found.length) == (told.status, told.length or 0)
            assert found.will_close or not told.will_close or b"\n" in raw.replace(b"\r\n", b"")


def body_of(head: bytes) -> io.BytesIO:
    return io.BytesIO(head + b"\r\n\r\n")


VIEW = SimpleNamespace(name="node-a", store_id="s")
PAGE = {"store": "s", "names": NAMES, "sizes": [1, 2, 3], "complete": False, "next": NAMES[-1]}
STATUS = {
    **dict.fromkeys(("capacity_bytes", "free_bytes", "quarantined", "received_bytes", "sent_bytes"), 5),
    "store_id": "s",
    "filesystem_id": "f",
    "version": "1",
    "time": 1.5,
    "watermark": 1,
    "watermark_before": 1,
}
RESULTS = {"results": dict.fromkeys(NAMES, "good")}


@fuzzed(at=st.integers(0, 2**63), value=JSON)
def test_s25_what_a_node_tells_is_read_or_an_error_of_the_node(at: int, value: object):
    for good, reader in ((PAGE, page), (STATUS, status), (RESULTS, results)):
        ways = places(good)
        reader(json.dumps(good), good)
        reader(json.dumps(put(good, ways[at % len(ways)], value)), None)
        reader(json.dumps(value), None)


def page(text: str, good: dict | None) -> None:
    payload = read(client._parse, VIEW, text.encode(), refusals=NodeError)
    asked = {"store_id": "s", "after": "", "limit": 3}
    found = payload and read(listing.parse, payload, **asked, refusals=NodeError)
    assert found or good is None
    if found:
        assert all(one < two for one, two in pairwise(found.sizes))
        assert all(type(size) is int and 0 <= size < 2**63 for size in found.sizes.values())
        assert all(name in NAMES or len(name) == len(NAMES[0]) for name in found.sizes)


def status(text: str, good: dict | None) -> None:
    payload = read(client._parse, VIEW, text.encode(), refusals=NodeError)
    found = payload and read(client.read_status, VIEW, payload, 1.0, 2.0, refusals=NodeError)
    assert found or good is None
    if found:
        assert 0 <= found.clock < 2**63 and found.store_id.encode() is not None and "\0" not in found.version
        assert all(0 <= count < 2**63 for count in (found.capacity_bytes, found.free_bytes, found.watermark))


def results(text: str, good: dict | None) -> None:
    payload = read(client._parse, VIEW, text.encode(), refusals=NodeError)
    found = payload and read(client._results, VIEW, payload, refusals=NodeError)
    assert found or good is None
    assert all(isinstance(one, str) for one in (found or {}).values())


@fuzzed(text=made_of("{", '"code"', ":", '"', "}", "[" * 5000, "9" * 5000, "null", "\\ud800", "\x00"))
def test_s25_no_text_of_a_node_is_more_than_an_error_of_the_node(text: str):
    raw = text.encode(errors="replace")
    read(client._parse, VIEW, raw, refusals=NodeError)
    assert len(exchange._code_of(raw)) <= 31 and exchange._code_of(b'{"code": "io_error"}') == "io_error"


ANNOUNCED = {
    "keys": ["ab" * 32],
    "cluster_id": "c",
    "name": "n",
    "duty": "active",
    "detail": "no",
    "code": "x",
}


@fuzzed(at=st.integers(0, 2**63), value=JSON)
def test_s25_what_a_gateway_answers_a_node_is_taken_or_refused_by_name(at: int, value: object):
    about = Announcement("http://g", "http://n", "n", "", "t")
    asker = Joining(data=Path("/nowhere"), store=None, keys=None, announcement=about)
    ways = places(ANNOUNCED)
    odd = put(ANNOUNCED, ways[at % len(ways)], value)
    assert asker._understand(200, json.dumps(ANNOUNCED).encode())["keys"] == (bytes.fromhex("ab" * 32),)
    for told in (200, 201, 409, 503):
        for body in (odd, value):
            text = json.dumps(body).encode()
            answer = read(asker._understand, told, text, refusals=(AnnounceFailed, StoreRejected))
            assert answer is None or all(len(key) == 32 for key in answer["keys"])


@fuzzed(which=st.integers(0, 2**63), value=JSON)
def test_s25_a_file_that_a_node_has_kept_is_whole_or_refused(which: int, value: object):
    right = {"store_id": "s", "keys": ["ab" * 32]}
    with TemporaryDirectory() as folder:
        kept = Path(folder, marker.MARKER)
        kept.write_text(json.dumps((right, right | {"keys": value}, value)[which % 3]))
        assert all(len(key) == 32 for key in load_keys(kept, "s"))
        read(marker.read_marker, Path(folder), refusals=marker.StoreRefused)


BATCH = {"names": NAMES, "reason": "r", "watermark": 5}


@fuzzed(
    at=st.integers(0, 2**63),
    value=JSON,
    text=made_of(
        "{", '"names"', ":", '"', "}", "[" * 5000, "9" * 5000, "limit=", "5", "&", "after=", NAMES[0]
    ),
)
def test_s25_what_a_node_is_asked_is_read_or_refused_by_name(at: int, value: object, text: str):
    ways = places(BATCH)
    for payload in (json.dumps(put(BATCH, ways[at % len(ways)], value)), json.dumps(value), text):
        asked = SimpleNamespace(payload=payload.encode(errors="replace"))
        refusals = (node_errors.BadRequest, BadName)
        names, _ = read(doors._batch, asked, refusals=refusals) or ([], {})
        assert all(len(name) == len(NAMES[0]) for name in names)
        number = read(doors._watermark, asked, refusals=refusals)
        assert number is None or type(number) is int
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": f"/v1/chunks?{text}", "wsgi.input": io.BytesIO()}
    assert all(isinstance(word, str) for word in Request(environ).arguments.values())
