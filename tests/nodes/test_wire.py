"""What a node answers is read as HTTP, or refused as no reply."""

import pytest

from nodes import wire


def test_a_head_tells_its_status_its_length_and_whether_the_connection_ends():
    told = wire._parse(b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nConnection: Close")

    assert (told.status, told.length, told.will_close) == (201, 12, True)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1",
        b"HTTP/1.1 OK",
        b"HTTP/1.1 200 OK\r\nContent-Length: many",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
    ],
)
def test_what_is_no_reply_is_refused(head: bytes):
    with pytest.raises(wire.WireError):
        wire._parse(head)
