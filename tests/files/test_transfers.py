"""So many transfers at once and no more: whoever comes beyond is told when to come again; nothing is lost."""

import base64
import random

import pytest
from django.conf import settings

from files import transfers
from tests.files.conftest import code
from tests.files.content_requests import body, get, put
from tests.files.tus_requests import create, patch

pytestmark = pytest.mark.usefixtures("cluster")

LARGE = transfers.SMALL_BYTES + 100_000


@pytest.fixture
def data(api) -> bytes:
    """The content of large.bin."""
    data = random.Random(1).randbytes(LARGE)
    assert put(api, "large.bin", data).status_code == 201
    return data


@pytest.fixture
def under_way(api, data):
    """As many downloads as may be under way at once; none has read more than its beginning."""
    replies = [get(api, "large.bin") for _ in range(settings.MAX_TRANSFERS)]
    yield replies
    for reply in replies:
        reply.close()


def test_the_seventeenth_transfer_is_told_to_come_again_and_none_is_lost(api, data, under_way):
    assert settings.MAX_TRANSFERS == 16

    for refused in (get(api, "large.bin"), put(api, "other.bin", data)):
        assert code(refused) == (503, "too_many_transfers")
        assert refused["Retry-After"] == "1"
        assert refused.json()["retryable"]

    assert [body(reply) for reply in under_way] == [data] * len(under_way)
    for reply in under_way:
        reply.close()
    assert body(get(api, "large.bin")) == data
    assert put(api, "other.bin", data).status_code == 201


def test_small_files_are_not_starved_by_long_transfers(api, data, under_way):
    assert put(api, "small.txt", b"small").status_code == 201
    assert body(get(api, "small.txt")) == b"small"
    assert body(get(api, "large.bin", Range="bytes=5-9")) == data[5:10]
    assert api.get("/api/v1/me").status_code == 200
    assert code(get(api, "large.bin")) == (503, "too_many_transfers")


def test_many_small_ones_may_use_all_the_room_there_is_and_give_it_back():
    ends = [transfers.begin(1) for _ in range(settings.SMALL_TRANSFERS + settings.MAX_TRANSFERS)]
    with pytest.raises(transfers.TooManyTransfers):
        transfers.begin(1)
    for end in ends:
        end()
        end()
    with transfers.one(1), transfers.one():
        pass
    assert transfers._slots._value == settings.MAX_TRANSFERS
    assert transfers._small_slots._value == settings.SMALL_TRANSFERS


def test_too_many_transfers_at_once_are_told_to_wait(api):
    put(api, "a.txt", b"hello")
    ends = [transfers.begin(1) for _ in range(settings.MAX_TRANSFERS + settings.SMALL_TRANSFERS)]

    refused = [put(api, "b.txt", b"x"), get(api, "a.txt")]
    for end in ends:
        end()

    assert [code(reply) for reply in refused] == [(503, "too_many_transfers")] * 2
    assert refused[0]["Retry-After"] == "1"
    assert body(get(api, "a.txt")) == b"hello"


def test_a_transfer_ends_with_its_reply_however_it_ends(api):
    put(api, "large.bin", bytes(3 * 2**20))
    put(api, "small.bin", b"x")
    for _ in range(settings.MAX_TRANSFERS + 1):
        get(api, "large.bin").close()  # the reader goes away before the first byte
        half_read = get(api, "large.bin")
        next(iter(half_read.streaming_content))
        half_read.close()
        body(get(api, "small.bin"))
        put(api, "large.bin", b"x", **{"Repr-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"})

    ends = [transfers.begin() for _ in range(settings.MAX_TRANSFERS)]
    for end in ends:
        end()


def test_a_transfer_beyond_the_limit_is_told_to_wait(api):
    url = create(api, 5)["Location"]
    ends = [transfers.begin() for _ in range(settings.MAX_TRANSFERS)]

    refused = patch(api, url, 0, b"hello")
    for end in ends:
        end()

    assert code(refused) == (503, "too_many_transfers")
    assert patch(api, url, 0, b"hello").status_code == 204
