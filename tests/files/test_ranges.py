"""The Range header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files import ranges
from files.errors import RangeNotSatisfiable
from files.ranges import ByteRange, Multipart


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-9", [(0, 10)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=-10", [(90, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("bytes=50-1000", [(50, 100)]),
        ("BYTES = 0-0", [(0, 1)]),
        ("bytes=0-0, 10-19 ,-5", [(0, 1), (10, 20), (95, 100)]),
        ("bytes=10-19,0-9,15-30", [(0, 31)]),
        ("bytes=200-300,0-0", [(0, 1)]),
    ],
)
def test_a_range_is_understood(header, wanted):
    assert ranges.parse(header, 100) == [ByteRange(start, stop) for start, stop in wanted]


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=a-b", "bytes=-", "items=0-1", "bytes=9-0", "bytes=0-1,x", "bytes=٣-٤"],
)
def test_what_is_no_range_is_ignored(header):
    assert ranges.parse(header, 100) is None


@pytest.mark.parametrize(
    "header", ["bytes=100-", "bytes=100-200,300-", "bytes=-0", "bytes=" + ",".join(["0-0"] * 17)]
)
def test_a_range_outside_the_file_is_refused(header):
    with pytest.raises(RangeNotSatisfiable) as refused:
        ranges.parse(header, 100)
    assert refused.value.size == 100


def test_an_empty_file_has_no_range():
    with pytest.raises(RangeNotSatisfiable):
        ranges.parse("bytes=0-", 0)


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 600)), min_size=1, max_size=16),
)
def test_ranges_cover_exactly_the_bytes_asked_for(size, asked):
    asked = [(first, max(first, last)) for first, last in asked]
    wanted = {at for first, last in asked for at in range(first, min(last + 1, size))}
    header = "bytes=" + ",".join(f"{first}-{last}" for first, last in asked)
    if not wanted:
        with pytest.raises(RangeNotSatisfiable):
            ranges.parse(header, size)
        return

    found = ranges.parse(header, size)

    assert sorted(at for one in found for at in range(one.start, one.stop)) == sorted(wanted)


def test_a_multipart_frame_knows_its_length():
    frame = Multipart([ByteRange(0, 3), ByteRange(5, 9)], "text/plain", 10, "edge")
    data = b"0123456789"
    body = b"".join(frame.head(index) + data[one.start : one.stop] for index, one in enumerate(frame.ranges))
    body += frame.foot

    assert len(body) == len(frame)
    assert body.startswith(
        b"--edge\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-2/10\r\n\r\n012\r\n--edge"
    )
    assert body.endswith(b"5678\r\n--edge--\r\n")
