"""Chunked bodies as gunicorn reads them: whole however they are cut, or cut themselves, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from storagenode.protocol.body import BodyCut, RequestBody
from tests import nightly

HEAD = b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECES = [
    b"0",
    b"5",
    b"a",
    b"fffffffffffffffff",
    b"\r\n",
    b"\n",
    b";",
    b'x="y"',
    b"-1",
    b"hello",
    b"\xff",
    b" ",
]
NEARLY_BODIES = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=20).map(b"".join)
SOME_BYTES = 2**20


def fuzzed(**strategies):
    checks = [HealthCheck.too_slow]
    quick = settings(
        max_examples=nightly.count(80, 100_000), deadline=None, database=None, suppress_health_check=checks
    )
    return lambda test: seed(nightly.SEED)(quick(given(**strategies)(test)))


def body_of(pieces: Iterator[bytes]) -> RequestBody:
    """What gunicorn makes of a request that comes in these pieces."""
    request = next(RequestParser(Config(), pieces, ("192.0.2.1", 1)))
    return RequestBody({"wsgi.input": request.body, "HTTP_TRANSFER_ENCODING": "chunked"})


def read_all(body: RequestBody, view_bytes: int) -> bytes:
    read, view = bytearray(), memoryview(bytearray(view_bytes))
    while count := body.readinto(view):
        read += view[:count]
    return bytes(read)


def cut(data: bytes, piece_bytes: int) -> Iterator[bytes]:
    return (data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes))


@fuzzed(
    chunks=st.lists(st.binary(min_size=1, max_size=3000), max_size=8),
    extension=st.sampled_from([b"", b";a=b", b' ; c="d;e"']),
    trailers=st.sampled_from([b"", b"Sum: 1\r\n"]),
    piece_bytes=st.integers(1, 4000),
    view_bytes=st.integers(1, 5000),
)
def test_chunks_come_back_as_they_were_sent(chunks, extension, trailers, piece_bytes, view_bytes):
    sent = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    sent += b"0\r\n" + trailers + b"\r\n"

    assert read_all(body_of(cut(HEAD + sent, piece_bytes)), view_bytes) == b"".join(chunks)


@fuzzed(sent=NEARLY_BODIES, piece_bytes=st.integers(1, 50), view_bytes=st.integers(1, 100))
def test_what_is_no_chunk_is_a_body_that_was_cut(sent, piece_bytes, view_bytes):
    try:
        read = read_all(body_of(cut(HEAD + sent, piece_bytes)), view_bytes)
    except BodyCut as error:
        assert str(error)
    else:
        assert len(read) < len(sent)


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"", b"0" * 4096),
        (b"5;", b"a" * 4096),
        (b"5;a", b' ; b="c"' * 512),
        (b"0\r\n", b"Name: value\r\n" * 300),
        (b"0\r\n", b"N" * 4096),
        (b"5\r\nhello", b"x" * 4096),
    ],
    ids=["size", "extension", "extensions", "trailers", "trailer", "end of a chunk"],
)
def test_what_has_no_end_is_cut_after_a_little(begin: bytes, more: bytes):
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield HEAD + begin
        while True:
            taken += len(more)
            assert taken < SOME_BYTES, "it goes on for ever"
            yield more

    with pytest.raises(BodyCut):
        read_all(body_of(endless()), 100)


def test_of_a_large_chunk_no_more_is_taken_than_is_asked_for():
    left = iter([HEAD + b"fffffff0\r\n", *[bytes(65536)] * 100])

    assert body_of(left).readinto(memoryview(bytearray(100_000))) == 100_000

    assert len(list(left)) == 98
