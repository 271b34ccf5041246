"""S25: what the client reads of a server and of its own files is taken, or refused by an error of its own."""

import json
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

from hypothesis import strategies as st
from typer import BadParameter

from dfsclient import digests, health, history, journal, models, paths, transport, tus
from dfsclient.cli import cluster as told_cluster
from dfsclient.cli import credentials, names, nodes, sharing
from dfsclient.downloads import Stream, bare
from dfsclient.errors import BadReply, ContentChanged, LocalProblem
from dfsclient.retry import Retries
from files import conditions
from files import names as server_names
from files import tus as server_tus
from files.errors import InvalidName
from tests.security.fuzzing import JSON, changed, fuzzed, made_of, places, put, read

MOMENT = "2026-01-01T00:00:00Z"
ENTRY = {
    "id": "7",
    "kind": "file",
    "name": "a",
    "path": "/a",
    "parent": "1",
    "owner": "ada",
    "size": 9,
    "content_type": "text/plain",
    "sha256": "ab" * 32,
    "etag": "e",
    "content_etag": "c",
    "copies": {"wanted": 3, "fewest": 2},
    "starred": False,
    **dict.fromkeys(("created_at", "modified_at", "trashed_at"), MOMENT),
}
NODE = {
    "id": 1,
    "name": "n",
    "url": "http://n",
    "zone": "z",
    "health": "online",
    "duty": "draining",
    "capacity_bytes": 9,
    "free_bytes": 5,
    "replicas": 3,
    "last_seen_at": MOMENT,
    "drain": {"copies_left": 1, "bytes_left": 2, "seconds_left": 3.5},
}
REBALANCE = {
    "difference": 0.1,
    "threshold": 0.1,
    "moved_bytes": 1,
    "bytes_left": 2,
    "bytes_per_second": 0.5,
    "seconds_left": 9.5,
    "waits_for": "",
}
CLUSTER = {
    "health": "degraded",
    "nodes": 3,
    "nodes_online": 2,
    "chunks": 9,
    "under_replicated": 1,
    "out_of_reach": 1,
    "lost": 1,
    "capacity_bytes": 9,
    "free_bytes": 5,
    "problems": [{"code": "x", "detail": "", "count": 3, "node": "n", "files": [{}]}],
    "repair": {"chunks_left": 1, "bytes_left": 2, "bytes_per_second": 3.5, "seconds_left": 4.5},
}
CLUSTER["problems"][0]["files"] = [{"entry_id": "7", "path": "/a", "version": 1, "owner": "ada"}]
TOKEN = {"id": "7", "token": "dfs_x", "name": "n", "scopes": ["read"], "expires_at": MOMENT}
ACCOUNT = {
    "id": 1,
    "username": "ada",
    "email": "",
    "quota_bytes": 9,
    "used_bytes": 1,
    "reserved_bytes": 1,
    "root_id": "1",
}
SHARE = {
    "id": "7",
    "entry": {"path": "/a"},
    "role": "view",
    "user": None,
    "group": None,
    "link": {"url": "http://l", "has_password": True, "expires_at": MOMENT, "max_downloads": 3},
}
VERSION = {"number": 1, "size": 2, "created_by": "ada", "created_at": MOMENT, "is_current": True}
SCRUB = {"copies": 1, "verified_copies": 1, "copies_left": 1, "bytes_left": 1, "ordered_at": MOMENT}
READERS = (
    (models.read_entry, ENTRY),
    (models.read_node, NODE),
    (models.read_rebalance, REBALANCE),
    (health.read_cluster, CLUSTER),
    (models.read_token, TOKEN),
    (models.read_account, ACCOUNT),
    (history.read_share, SHARE),
    (history.read_version, VERSION),
    (models.read_scrub, SCRUB),
    (models.read_confirmed, {"was_open": True}),
)
TELLERS = {
    models.Entry: names._figures,
    models.Node: lambda node: nodes._table([node]),
    models.Rebalance: nodes._told_rebalance,
    models.Scrub: nodes._told_scrub,
    health.Cluster: lambda cluster: [*told_cluster.told(cluster), *told_cluster._examined(cluster)],
}


@fuzzed(which=st.integers(0, 2**63), place=st.integers(0, 2**63), value=JSON)
def test_s25_what_a_server_tells_is_read_or_a_bad_reply_and_can_be_told(
    which: int, place: int, value: object
):
    reader, good = READERS[which % len(READERS)]
    ways = places(good)
    found = read(reader, put(good, ways[place % len(ways)], value), refusals=BadReply)
    assert reader(good) is not None
    if found is None or isinstance(found, bool):
        return
    for name, one in vars(found).items():
        assert not isinstance(one, int) or 0 <= one < 2**63, name
        assert not isinstance(one, str) or one.encode() is not None
    json.dumps(models.as_json(found), allow_nan=isinstance(found, health.Cluster))
    TELLERS.get(type(found), str)(found)


@fuzzed(
    header=made_of(
        "12", "9" * 20, "inf", "-1", "Sun, 29 Nov 2026 10:00:00 ", "GMT", "-0000", "+9999", "9" * 14, "١"
    )
)
def test_s25_a_pause_is_some_seconds_or_none(header: str):
    found = transport._retry_after(header)
    assert found is None or 0 <= found < float("inf")
    number = transport.whole_number(header)
    assert number is None or header.lstrip("0") in (str(number), "")


@fuzzed(
    status=st.integers(0, 1),
    header=made_of("bytes ", "0", "-", "8", "/", "9", "*", "\t", '"c"', "W/", "9" * 20),
)
def test_s25_a_part_of_a_file_is_the_one_that_was_asked_for(status: int, header: str):
    stream = Stream(SimpleNamespace(), models.read_entry(ENTRY), offset=4)
    refusals = (BadReply, ContentChanged)
    for name in ("Content-Range", "Content-Length", "ETag", "Repr-Digest"):
        told = {"Content-Range": "bytes 4-8/9"} | {name: header}
        reply = SimpleNamespace(status_code=206 if status % 2 else 200, headers=told)
        read(stream._check, reply, refusals=refusals)
    assert stream.sha256 is not None and len(stream.sha256) == 64
    begun = SimpleNamespace(status_code=206, headers={"Content-Range": header})
    if read(lambda: stream._check(begun) or True, refusals=refusals):
        assert header.startswith("bytes 4-") and header.endswith("/9")
    assert bare(f'"{header}"') == header.strip('"') or header.startswith("W/")


@fuzzed(header=made_of("sha-256", "=", ":", "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", ",", " ", "=="))
def test_s25_a_digest_that_the_client_reads_is_the_one_that_the_server_reads(header: str):
    found = digests.read_repr_digest(header)
    assert found is None or len(bytes.fromhex(found)) == 32
    written = digests.repr_digest(header.encode("utf-8", "surrogatepass")[:32].ljust(32, b"\0"))
    told = conditions.parse_sha256({"Repr-Digest": written})
    assert told is not None and digests.read_repr_digest(written) == told.hex()


@fuzzed(header=made_of("0", "9" * 20, "-1", "1.0", " ", "+", "_", "٣"), size=st.integers(0, 2**63))
def test_s25_an_offset_of_an_upload_lies_in_it(size: int, header: str):
    found = read(tus._offset, header, size, refusals=BadReply)
    assert found is None or 0 <= found <= size


@fuzzed(value=made_of("a", ",", " ", "=", "é", "🗺", "\x00", "\n"))
def test_s25_the_metadata_that_the_client_writes_is_what_the_server_reads(value: str):
    value = value.encode(errors="replace").decode()
    wanted = {"filename": value, "mtime": MOMENT}
    assert server_tus.parse_metadata(tus.encode_metadata(wanted)) == wanted


@fuzzed(
    url=made_of(
        *(
            "http://[",
            "http",
            "s",
            "://",
            "]",
            "drive.example.org",
            ":8000",
            ":",
            "@",
            "/api/v1",
            "/",
            "?",
            "#",
        ),
        *("127.0.0.1", "localhost", " ", "\x00", "\udc80", "\uff0f", "℀"),
    )
)
def test_s25_an_address_of_a_server_has_one_form_or_is_none(url: str):
    found = read(transport.clean_url, url, refusals=LocalProblem)
    if found is not None:
        assert transport.clean_url(found) == found
        assert urlsplit(found).hostname and found.startswith(("http://", "https://"))
        assert found.encode() and transport.is_loopback(found) in (True, False)


@fuzzed(
    text=made_of(
        *(
            "http://[",
            "http",
            "://",
            "//",
            "/",
            "evil.example",
            "@",
            "\\",
            "..",
            "/api/v1/entries?cursor=",
            "#",
        ),
        *(":8000", "\ud800", "\n", "℀", "%2f", ";"),
    )
)
def test_s25_a_link_in_a_reply_leads_to_the_same_server_or_is_a_bad_reply(text: str):
    for url in ("https://drive.example.org", "https://drive.example.org/below"):
        line = transport.Transport(url, "dfs_x", Retries())
        link = read(transport.link, text, refusals=BadReply)
        if link is not None:
            parts = urlsplit(line.address(link))
            assert (parts.scheme, parts.netloc) == ("https", "drive.example.org") and parts.path.startswith(
                urlsplit(url).path + "/api/"
            )
            assert line.address(link).encode()


@fuzzed(text=made_of("/", "..", ".", "\x00", "%2e", "\\", "é", "e\u0301", "\ud800", "a" * 255, "?", "#", ";"))
def test_s25_a_path_means_the_same_to_the_client_and_to_the_server(text: str):
    path = read(paths.normalize, text, refusals=LocalProblem)
    if path is None:
        return
    assert paths.normalize(path) == path
    assert "/" + "/".join(unquote(part) for part in paths.quoted(text).split("/")) == path
    assert server_names.join_path(server_names.split_path(path)) == path
    if path != "/":
        folder, name = paths.split(text)
        assert paths.join(folder, name) == path
    parts = read(server_names.split_path, text, refusals=InvalidName)
    assert parts is None or server_names.join_path(parts) == path or "." in text


@fuzzed(
    name=made_of("/", "..", ".", "\x00", "\\", ":", "CON", ".txt", " ", "é", "a" * 300),
    on_windows=st.booleans(),
)
def test_s25_a_name_from_a_server_stays_in_its_folder(on_windows: bool, name: str):
    found = read(paths.local_name, name, on_windows=on_windows, refusals=LocalProblem)
    if found is not None:
        assert found == name and (Path("/folder") / found).parent == Path("/folder")
        assert not on_windows or not any(char in '<>:"|?*\\/' for char in found)


def kept(text: str, folder: Path) -> journal.Journal:
    """Return a journal whose record of KEY is this text."""
    records = journal.Journal(folder)
    records._file(KEY).write_text(text, encoding="utf-8", errors="surrogatepass")
    return records


KEY = journal.UploadKey(url="http://s", path="/f", size_bytes=20, mtime_ns=5, target="/f replace")
PARTS = [journal.Part("/api/v1/uploads/a", 0, 8), journal.Part("/api/v1/uploads/b", 8, 20)]
RECORD = {**vars(KEY), "parts": [["/api/v1/uploads/a", 0, 8], ["/api/v1/uploads/b", 8, 20]]}


@fuzzed(
    where=st.integers(0, 2**63),
    left_out=st.integers(0, 2**63),
    piece=made_of(
        "[", "{", "1e999", "NaN", "-", '"', ",", "8", "0.5", "null", "[" * 5000, "9" * 5000, "\ud800"
    ),
)
def test_s25_a_record_of_an_upload_is_of_all_its_bytes_or_none(where: int, left_out: int, piece: str):
    good = json.dumps(RECORD)
    with TemporaryDirectory() as folder:
        assert kept(good, Path(folder)).find(KEY) == PARTS
        for text in (piece, changed(good, where, left_out, piece)):
            found = kept(text, Path(folder)).find(KEY)
            assert found == [] or [found[0].start, found[-1].stop] == [0, 20]
            assert all(part.size_bytes >= 0 and part.upload.encode() for part in found)
            assert all(one.stop == two.start for one, two in pairwise(found))


@fuzzed(
    where=st.integers(0, 2**63),
    left_out=st.integers(0, 2**63),
    piece=made_of("[", "{", "1", "null", '"', ",", ":", "\\n", "[" * 5000, "9" * 5000, "\ud800", "http://["),
)
def test_s25_a_kept_sign_in_is_whole_or_refused(where: int, left_out: int, piece: str):
    good = credentials.Credentials("https://s", "dfs_x", "7", "ada")
    written = json.dumps(vars(good))
    assert credentials.read_kept(written) == good
    for text in (piece, changed(written, where, left_out, piece)):
        found = read(credentials.read_kept, text, refusals=ValueError)
        if found is not None:
            assert transport.clean_url(found.url) == found.url
            assert found.token.encode() is not None


@fuzzed(text=made_of("1", "30", "9" * 5, "m", "h", "d", "w", "-", " ", "\n", "٣"))
def test_s25_a_time_to_come_is_a_number_and_a_unit_or_refused(text: str):
    found = read(sharing._moment, text, refusals=BadParameter)
    assert found is None or found.tzinfo is not None
