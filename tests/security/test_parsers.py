"""S25: what comes over the wire is read, or refused by name and never otherwise; what we write comes back."""

import base64
import io
import ipaddress
import json
import re
import socket
from datetime import UTC, datetime
from itertools import pairwise
from types import SimpleNamespace
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

import pytest
from django.core.signing import dumps
from django.test import override_settings
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from accounts import agents, authentication, idempotency, sign_in
from accounts.errors import KeyMalformed, TokenRefused
from dfsweb import paging as pages
from dfsweb import request_ids
from dfsweb.json_bodies import BoundedJSONParser
from files import changes, conditions, flags, links, listing, names, ranges, searching, tus
from files import pages as file_pages
from files.content_types import disposition, settle, to_send
from files.errors import (
    BadCursor,
    BadHeader,
    Invalid,
    InvalidName,
    NotFound,
    RangeNotSatisfiable,
    UnsupportedTusVersion,
    UnsupportedUploadType,
    UploadTooLong,
)
from files.link_pages import password_sent
from files.listing import Paging
from files.searching import Sought
from nodes import membership, roster, wire
from nodes.errors import JoinRefused
from nodes.models import Node
from storagenode.protocol import names as chunk_names
from storagenode.protocol import signing
from storagenode.protocol.request_ids import accept
from tests.security.fuzzing import fuzzed, made_of, read

PREFIX = "/api/v1/uploads/"
TUS_HEADERS = ["Upload-Length", "Upload-Offset", "Upload-Checksum", "Upload-Concat"]


@fuzzed(
    header=made_of("bytes", "=", "-", ",", " ", "0", "9" * 19, "9" * 20, "\t", "١"),
    size=st.integers(0, 2**63),
)
def test_s25_a_range_lies_in_the_file(size: int, header: str):
    found = read(ranges.parse, header, size, refusals=RangeNotSatisfiable)
    for one in found or []:
        assert 0 <= one.start < one.stop <= size
    spans = [(one.start, one.stop) for one in found or []]
    assert spans == sorted(spans) and all(a[1] < b[0] for a, b in pairwise(spans))


@fuzzed(header=made_of('"', "W/", "*", ",", " ", "abc", "\\", "\x80"), weak=st.booleans())
def test_s25_an_etag_comes_back_from_its_header(weak: bool, header: str):
    for tag in read(conditions.parse_etags, header, weak=weak, refusals=BadHeader) or []:
        assert tag in ("*", '"*"') or conditions.parse_etags(f'"{tag}"') == [tag]


@fuzzed(header=made_of("Sun, ", "29 ", "Nov ", "2026 ", "25:61:61", "GMT", "+9999", "0", "99999999999"))
def test_s25_a_date_is_one_or_none(header: str):
    found = conditions.parse_date(header)
    assert found is None or found.tzinfo is not None
    conditions.is_unchanged("a", datetime(2026, 1, 1, tzinfo=UTC), None, header)


@fuzzed(header=made_of("sha-256", "=", ":", base64.b64encode(bytes(32)).decode(), ":", ",", " ", "=="))
def test_s25_a_digest_has_32_bytes(header: str):
    found = read(conditions.parse_sha256, {"Repr-Digest": header}, refusals=BadHeader)
    assert found is None or len(found) == 32


@fuzzed(text=made_of("/", "..", ".", "\x00", "%2e", "\\", "é", "e\u0301", "\ud800", "a" * 255))
def test_s25_a_path_is_clean_names_and_comes_back(text: str):
    parts = read(names.split_path, text, refusals=InvalidName)
    for part in parts or []:
        assert part not in ("", ".", "..") and "/" not in part and "\x00" not in part
        assert len(part.encode()) <= names.MAX_BYTES and names.clean(part) == part
    if parts is not None:
        assert names.split_path(names.join_path(parts)) == parts
    names.sort_key(text)
    assert all(word for word in names.words(text))


@fuzzed(name=made_of('"', "\\", "%", ";", "é", "🗺", " ", "a" * 255), inline=st.booleans())
def test_s25_a_file_name_comes_out_of_its_header(inline: bool, name: str):
    if (clean := read(names.clean, name, refusals=InvalidName)) is None:
        return
    header = disposition(clean, inline=inline)
    assert header.isascii() and header.isprintable()
    if "filename*=" in header:
        assert unquote(header.partition("filename*=UTF-8''")[2], errors="strict") == clean
    else:
        assert header.partition("filename=")[2] == f'"{clean}"'


@fuzzed(
    sent=made_of("text/", "html", ";", "charset=", "/", "\r\n", " ", "x" * 300, "é"),
    name=st.text(max_size=20),
)
def test_s25_a_type_is_one_line_of_ascii(name: str, sent: str):
    kept = settle(sent, name)
    for inline in (True, False):
        told, is_shown = to_send(kept, inline=inline)
        assert told.isascii() and told.isprintable() and (inline or not is_shown)


@fuzzed(
    header=made_of(
        "filename ", "parent ", "path ", "mtime ", ",", " ", "YQ==", "bmV3", "////", "=", "on_conflict "
    )
)
def test_s25_the_metadata_of_an_upload_is_read_or_refused(header: str):
    found = read(tus.parse_metadata, header, refusals=BadHeader)
    if found is not None:
        read(tus.parse_wanted, found, refusals=BadHeader)
        coded = [f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in found.items()]
        assert tus.parse_metadata(",".join(coded)) == found


@fuzzed(
    header=made_of(
        *("0", "9" * 20, "-1", "1.0", " ", "sha1 ", "sha256 ", "md5 ", "==", "partial", "final;"),
        *(PREFIX, "http://", "6f0d8a0e-3a7e-4b39-9a3c-1a2b3c4d5e6f"),
    )
)
def test_s25_the_headers_of_tus_are_read_or_refused(header: str):
    headers = dict.fromkeys(TUS_HEADERS, header)
    refusals = (BadHeader, UploadTooLong, UnsupportedTusVersion, UnsupportedUploadType)
    for parse in (tus.parse_length, tus.parse_later_length, tus.parse_offset):
        found = read(parse, headers, refusals=refusals)
        assert found is None or 0 <= found <= tus.MAX_SIZE
    read(tus.parse_length, {"Upload-Defer-Length": header}, refusals=refusals)
    read(tus.parse_checksums, headers, refusals=refusals)
    found = read(tus.parse_concat, headers, prefix=PREFIX, refusals=refusals)
    assert found is None or found.is_partial or found.part_ids


@fuzzed(
    mtime=made_of(
        "1", "9" * 14, "2026-01-01", "T", "Z", "+99:99", ".", "e9", "-", "0001-01-01T00:00:00+14:00"
    )
)
def test_s25_the_time_of_a_file_is_one_or_refused(mtime: str):
    found = read(tus.parse_wanted, {"mtime": mtime}, refusals=BadHeader)
    if found is not None and found.modified_at is not None:
        assert found.modified_at.utcoffset() is not None


@fuzzed(token=made_of("A" * 22, "-", "_", "=", "%", "/", "."), share_id=st.uuids())
def test_s25_the_token_of_a_link_cannot_be_made_up(share_id: UUID, token: str):
    assert read(links._share_id, token, refusals=NotFound) is None
    good = links.token_of(share_id)
    assert links._share_id(good) == share_id
    assert links._share_id(quote(good, safe="")) == share_id
    changed = ("A" if good[3] != "A" else "B").join((good[:3], good[4:]))
    assert read(links._share_id, changed, refusals=NotFound) is None


@fuzzed(
    header=made_of(
        signing.SCHEME,
        " ",
        "store=",
        "s",
        ",time=",
        "1700000000000",
        ",nonce=",
        "ab" * 16,
        ",body=",
        "00" * 32,
        ",signature=",
        "11" * 32,
    ),
    where=st.integers(0, 400),
    letter=st.characters(),
)
def test_s25_a_signature_is_the_right_one_or_refused(where: int, letter: str, header: str):
    asked = {"store_id": "s", "method": "GET", "path": "/v1/status"}
    with pytest.raises(signing.SignatureRefused):
        signing.verify(header, keys=[b"k" * 32], now=1_700_000_000, **asked)
    good = signing.sign(key=b"k" * 32, clock=lambda: 1_700_000_000, **asked)["Authorization"]
    assert signing.verify(good, keys=[b"k" * 32], now=1_700_000_000, **asked) == signing.EMPTY_DIGEST
    at = where % len(good)
    if (changed := good[:at] + letter + good[at + 1 :]) != good:
        with pytest.raises(signing.SignatureRefused):
            signing.verify(changed, keys=[b"k" * 32], now=1_700_000_000, **asked)


@fuzzed(
    name=made_of("ab" * 32, "-", "cd" * 16, "/", "..", "\n", "AB", "g"),
    replica=st.uuids(),
)
def test_s25_the_name_of_a_chunk_has_one_spelling(replica: UUID, name: str):
    found = read(chunk_names.parse_name, name, refusals=chunk_names.BadName)
    assert found is None or chunk_names.chunk_name(*found) == name
    digest = 2 * replica.bytes
    assert chunk_names.parse_name(chunk_names.chunk_name(digest, replica)) == (digest, replica)


@fuzzed(text=made_of(":", ".", "-", "=", "eyJ", dumps(["a"], salt="another")))
def test_s25_a_cursor_is_one_of_ours_or_refused(text: str):
    user, paging = SimpleNamespace(pk=1), Paging(cursor=text)
    assert read(listing._read_cursor, paging, "a", refusals=BadCursor) is None
    assert read(searching._read_cursor, Sought("a"), paging, refusals=BadCursor) is None
    assert read(changes._read_cursor, user, text, refusals=BadCursor) is None
    assert read(pages._read_place, text, "a", refusals=BadCursor) is None


@fuzzed(header=made_of("Basic ", "YTpi", "basic", " ", ":", "Og==", "//8=", "=", "Token "))
def test_s25_a_password_comes_out_of_its_header(header: str):
    password = password_sent(header)
    assert password is None or header.partition(" ")[0].lower() == "basic"
    coded = base64.b64encode(f"a:{header}".encode()).decode()
    assert password_sent(f"Basic {coded}") == header


@fuzzed(
    text=made_of(
        "{", "[", "]", "}", '"a"', ":", ",", "1e999", "NaN", "\\ud800", "[" * 5000, "\x00", "9" * 5000
    )
)
def test_s25_a_body_is_json_or_refused(text: str):
    body = read(BoundedJSONParser().parse, io.BytesIO(text.encode(errors="replace")), refusals=ParseError)
    json.dumps(body)


@fuzzed(
    head=made_of("HTTP/1.1 ", "200 ", "\r\n", "Content-Length", ":", "-1", "9" * 5000, "Connection", "close")
)
def test_s25_an_answer_of_a_node_is_read_or_refused(head: str):
    found = read(wire._parse, head.encode(), refusals=wire.WireError)
    assert found is None or found.length >= 0


@fuzzed(key=made_of('"', "a", "\x7f", "é", " ", "x" * 256), value=made_of("true", "FALSE", "1", "on", "\x00"))
def test_s25_keys_and_flags_are_read_or_refused(key: str, value: str):
    user = SimpleNamespace(pk=1, confined_to=None)
    assert read(idempotency.key_of, {idempotency.HEADER: key}, user, refusals=KeyMalformed) != ""
    assert read(flags.is_set, {"a": value}, "a", refusals=Invalid) in (True, False, None)


@fuzzed(
    header=made_of(
        *("10.0.0.1", "192.0.2.7", ":8080", "[2001:db8::1]", "::ffff:10.0.0.2", "fe80::1%a", "unknown"),
        *(",", ", ", " ", ":", "256.1.1.1", "\x00", "é"),
    ),
    is_trusted=st.booleans(),
)
@override_settings(TRUSTED_PROXIES=[ipaddress.ip_network("10.0.0.0/8")])
def test_s25_the_address_of_a_client_is_one_and_is_told_by_trusted_proxies_alone(
    is_trusted: bool, header: str
):
    nearest = "10.0.0.9" if is_trusted else "192.0.2.1"

    def found(header: str) -> str:
        meta = {"REMOTE_ADDR": nearest, "HTTP_X_FORWARDED_FOR": header}
        return sign_in.address_of(SimpleNamespace(META=meta))

    assert str(ipaddress.ip_address(found(header))) == found(header) and "%" not in found(header)
    assert is_trusted or found(header) == nearest
    for client in ("198.51.100.4", "198.51.100.4:4711", "::ffff:198.51.100.4"):
        assert found(f"{header},{client}, 10.1.2.3") == ("198.51.100.4" if is_trusted else nearest)


@fuzzed(
    header=made_of("Mozilla/5.0 ", "(", "Android", "iPhone", ")", "Chrome/", "Edg", "/", " ", "é", "\x7f")
)
def test_s25_a_browser_is_told_in_a_few_printable_words(header: str):
    told = agents.describe(header).words
    assert told == told.strip() and told.isprintable() and 0 < len(told) <= agents.LONGEST_WORDS


@fuzzed(text=made_of("{", "}", '"ids"', ":", "[", "]", "[" * 5000, "9" * 5000, '"a"', ",", "\\ud800", "null"))
def test_s25_the_list_that_a_pages_script_sends_is_one_of_texts_or_refused(text: str):
    for body in (text, f'{{"ids": {text}}}'):
        found = read(file_pages._listed, body.encode(errors="replace"), "ids", refusals=Invalid)
        assert found is None or all(isinstance(one, str) for one in found)


@fuzzed(header=made_of("Token ", "Bearer ", "bearer", " ", ",", "dfs_", "a" * 64, "\x00", "é"))
def test_s25_a_token_comes_out_of_its_header_and_a_request_id_is_plain(header: str):
    asking = SimpleNamespace(META={"HTTP_AUTHORIZATION": header, "HTTP_X_REQUEST_ID": header})
    digest = read(authentication._token_digest, asking, refusals=TokenRefused)
    assert digest is None or re.fullmatch("[0-9a-f]{64,128}", digest)
    told = request_ids.RequestIdMiddleware(lambda request: {})(asking)["X-Request-Id"]
    assert re.fullmatch("[A-Za-z0-9._-]{1,64}", told)
    assert accept(told) == told and re.fullmatch("[A-Za-z0-9._-]{1,64}", accept(header))


@fuzzed(
    url=made_of(
        *("http://", "https://", "127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "2130706433"),
        *(":8001", ":0", ":99999", ":", "@", "/", "?", "#", "[", "]", "\\", "%2e", "\t", "\x00", "٣", "。"),
    )
)
@override_settings(CLUSTER_SECRET="ab" * 32, NODE_NETWORKS=[ipaddress.ip_network("127.0.0.0/8")])
def test_s25_an_address_of_a_node_leads_where_nodes_may_live_or_is_refused(url: str):
    for address in (url, f"http://127.0.0.1{url}", f"http://{url}"):
        if is_without_name(address) and read(check, address, refusals=JoinRefused):
            view = roster._view(Node(name="n", url=address, store_id=UUID(int=0)), None)
            for *_, place in socket.getaddrinfo(view.host, view.port, type=socket.SOCK_STREAM):
                assert ipaddress.ip_address(place[0]).is_loopback


def check(address: str) -> bool:
    membership.check_address(address)
    return True


def is_without_name(address: str) -> bool:
    """Tell whether nothing in an address would be looked up elsewhere."""
    try:
        host = urlsplit(address).hostname or "127.0.0.1"
        return ":" in host or bool(socket.inet_aton(host))
    except (OSError, ValueError):
        return False
