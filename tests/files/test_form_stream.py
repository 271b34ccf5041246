"""A form's file beyond 2 GiB comes out whole, and what breaks off just before its end is noticed."""

import pytest
from django.http.multipartparser import FILE, LazyStream, Parser

from files import form_upload
from storagenode.protocol.body import BodyCut

BOUNDARY = b"----a-boundary"
HEAD = (
    b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="film.mp4"\r\n'
    b"Content-Type: video/mp4\r\n\r\n"
)
END = b"\r\n--" + BOUNDARY + b"--\r\n"
SIZE = 2**31 + 17
READ_BYTES = 4 * 2**20


class Sent:
    """A request's body that is nowhere whole: its head, that many zeros, its end."""

    def __init__(self, size: int, *, end: bytes = END) -> None:
        self.length = len(HEAD) + size + len(end)
        self._parts = [HEAD, size, end]

    def read(self, size: int) -> bytes:
        while self._parts:
            part = self._parts[0]
            some = part[:size] if isinstance(part, bytes) else bytes(min(size, part))
            self._parts[0] = part[len(some) :] if isinstance(part, bytes) else part - len(some)
            if some:
                return some
            self._parts.pop(0)
        return b""


class Request:
    def __init__(self, sent: Sent) -> None:
        self.META = {"CONTENT_LENGTH": str(sent.length), "wsgi.input": sent}


def received(sent: Sent) -> int:
    body = form_upload._Body(Request(sent))
    for kind, _headers, stream in Parser(LazyStream(body.pieces()), BOUNDARY):
        if kind == FILE:
            source = form_upload._FileSource(stream, body, BOUNDARY)
            view, total = memoryview(bytearray(READ_BYTES)), 0
            while count := source.readinto(view):
                total += count
            return total
    raise AssertionError("no file came")


def test_a_file_of_more_than_two_gibibytes_comes_out_whole():
    assert received(Sent(SIZE)) == SIZE


def test_one_that_breaks_off_before_its_end_is_no_file():
    with pytest.raises(BodyCut):
        received(Sent(2**20, end=b"\r\n"))
