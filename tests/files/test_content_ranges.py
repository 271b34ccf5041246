"""Pieces of a file, as many as are asked for, and of the version that is meant."""

import random
import re

import pytest
from django.conf import settings

from tests.files.conftest import code
from tests.files.content_requests import CONTENT, body, get, put

pytestmark = pytest.mark.usefixtures("cluster")


def test_one_range_comes_alone(api):
    data = random.Random(1).randbytes(2 * settings.CHUNK_SIZE)
    put(api, "a.bin", data)
    start, stop = settings.CHUNK_SIZE - 10, settings.CHUNK_SIZE + 20

    reply = get(api, "a.bin", Range=f"bytes={start}-{stop - 1}")

    assert reply.status_code == 206
    assert body(reply) == data[start:stop]
    assert reply["Content-Range"] == f"bytes {start}-{stop - 1}/{len(data)}"
    assert reply["Content-Length"] == "30"
    assert "Repr-Digest" not in reply and "Content-Digest" not in reply


def test_several_ranges_come_in_parts(api):
    data = random.Random(2).randbytes(settings.CHUNK_SIZE + 100)
    put(api, "a.bin", data, "image/png")

    reply = get(api, "a.bin", Range="bytes=0-9,-10,100-199")
    received = body(reply)

    assert reply.status_code == 206
    assert int(reply["Content-Length"]) == len(received)
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\w+)", reply["Content-Type"])[1].encode()
    parts = received.split(b"--" + boundary)[1:-1]
    assert [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts] == [
        data[:10],
        data[100:200],
        data[-10:],
    ]
    assert all(b"Content-Type: image/png\r\n" in part for part in parts)


def test_a_range_outside_the_file_is_refused_with_its_size(api):
    put(api, "a.txt", b"hello")

    reply = get(api, "a.txt", Range="bytes=5-")

    assert code(reply) == (416, "range_not_satisfiable")
    assert reply["Content-Range"] == "bytes */5"


def test_a_range_of_another_version_is_the_whole_file(api):
    etag = put(api, "a.txt", b"hello")["ETag"]

    same = get(api, "a.txt", Range="bytes=0-1", **{"If-Range": etag})
    put(api, "a.txt", b"world")
    other = get(api, "a.txt", Range="bytes=0-1", **{"If-Range": etag})
    by_date = get(api, "a.txt", Range="bytes=0-1", **{"If-Range": other["Last-Modified"]})

    assert (same.status_code, body(same)) == (206, b"he")
    assert (other.status_code, body(other)) == (200, b"world")
    assert by_date.status_code == 200


@pytest.mark.parametrize("asked", ["bytes=0-1", "bytes=0-0,4-4", "bytes=5-"])
def test_a_head_tells_of_the_whole_whatever_range_is_asked_for(api, asked):
    put(api, "a.txt", b"hello")

    reply = api.head(CONTENT + "a.txt", headers={"Range": asked})

    assert (reply.status_code, reply["Content-Length"]) == (200, "5")
    assert "Content-Range" not in reply


def test_a_part_is_never_taken_for_the_whole(api):
    put(api, "a.txt", b"hello")

    assert code(put(api, "a.txt", b"lo", **{"Content-Range": "bytes 3-4/5"})) == (400, "bad_header")
    assert body(get(api, "a.txt")) == b"hello"
