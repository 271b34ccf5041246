"""The headers of the tus protocol."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files import tus
from files.errors import BadHeader, FilesError, UnsupportedTusVersion, UploadTooLong


def encoded(**pairs):
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def test_metadata_is_read():
    header = encoded(filename="größe.txt", filetype="text/plain") + ",flag,empty "

    assert tus.parse_metadata(header) == {
        "filename": "größe.txt",
        "filetype": "text/plain",
        "flag": "",
        "empty": "",
    }
    assert tus.parse_metadata("") == {}


@pytest.mark.parametrize(
    "header",
    ["filename !!!", "filename YQ==,filename YQ==", " ,", "a YQ", "a /w==", "a ä", "ä YQ==", "x" * 9000],
)
def test_broken_metadata_is_refused(header):
    with pytest.raises(BadHeader):
        tus.parse_metadata(header)


@given(
    st.dictionaries(
        st.text("abc_xyz", min_size=1, max_size=8), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_metadata_survives_its_encoding(pairs):
    header = encoded(**pairs)
    if len(header) <= tus.MAX_METADATA_BYTES:
        assert tus.parse_metadata(header) == pairs


@given(st.text(max_size=60))
def test_no_header_brings_down_the_parser(header):
    for parse in (
        lambda: tus.parse_wanted(tus.parse_metadata(header)),
        lambda: tus.parse_length({"Upload-Length": header}),
        lambda: tus.parse_offset({"Upload-Offset": header}),
        lambda: tus.parse_wanted({"mtime": header, "parent": "", "on_conflict": ""}),
    ):
        try:
            parse()
        except FilesError:
            continue


@pytest.mark.parametrize(
    ("mtime", "moment"),
    [
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("1700000000.5", datetime(2023, 11, 14, 22, 13, 20, 500000, tzinfo=UTC)),
        ("1700000000500", datetime(2023, 11, 14, 22, 13, 20, 500000, tzinfo=UTC)),
        ("2023-11-14T22:13:20Z", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("2023-11-14T23:13:20+01:00", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
    ],
)
def test_a_files_own_time_comes_in_any_usual_writing(mtime, moment):
    assert tus.parse_wanted({"mtime": mtime}).modified_at == moment


@pytest.mark.parametrize(
    "metadata", [{"mtime": "soon"}, {"mtime": "9" * 20}, {"parent": "root"}, {"on_conflict": "merge"}]
)
def test_a_value_without_meaning_is_refused(metadata):
    with pytest.raises(BadHeader):
        tus.parse_wanted(metadata)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e3", "٣", " 1", "1" * 20])
def test_a_length_is_a_plain_number(text):
    with pytest.raises(BadHeader):
        tus.parse_length({"Upload-Length": text})


def test_a_length_is_given_or_deferred():
    assert tus.parse_length({"Upload-Length": "12"}) == 12
    assert tus.parse_length({"Upload-Defer-Length": "1"}) is None
    for headers in ({"Upload-Defer-Length": "2"}, {"Upload-Defer-Length": "1", "Upload-Length": "1"}, {}):
        with pytest.raises(BadHeader):
            tus.parse_length(headers)
    with pytest.raises(UploadTooLong):
        tus.parse_length({"Upload-Length": str(2**61)})


@pytest.mark.parametrize("headers", [{}, {"Tus-Resumable": "0.2.2"}])
def test_only_one_version_is_spoken(headers):
    with pytest.raises(UnsupportedTusVersion):
        tus.require_version(headers)
