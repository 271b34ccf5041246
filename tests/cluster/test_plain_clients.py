"""curl, rclone and wget, unchanged, against the whole system."""

import os
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.cluster.client import Client
from tests.cluster.conftest import MIB
from tests.system import PATIENCE_SECONDS, System

pytestmark = pytest.mark.cluster

NAMES = [
    *("two  words", "ü.txt", "a#b", "who?", "100%", "%41", 'quo"te', "it's", "a&b<c>", "c:d"),
    *("back\\slash", "+;=", "[x]", "..dots", "-r", "e\u0301", "🙂"),
]


def run(tool: str, *arguments: str, cwd: Path | None = None) -> str:
    """Run a tool that must succeed; returns what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    ended = subprocess.run(
        [tool, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def contents_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def curl(client: Client) -> Callable[..., str]:
    def run_curl(*arguments: str, cwd: Path) -> str:
        shown = ("--silent", "--show-error", "--fail", "--header", f"Authorization: Token {client.token}")
        return run("curl", *shown, *arguments, cwd=cwd)

    return run_curl


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_sends_fetches_and_goes_on_where_it_stopped(
    system: System, client: Client, curl: Callable[..., str], tmp_path: Path
) -> None:
    sent = os.urandom(9 * MIB + 321)
    (tmp_path / "sent.bin").write_bytes(sent)
    folder = f"{client.base}/content/by%20curl"

    curl("-T", "sent.bin", f"{folder}/sent.bin?parents=true", cwd=tmp_path)
    (tmp_path / "sent.bin").unlink()
    curl("-O", f"{folder}/sent.bin", cwd=tmp_path)
    curl("-r", "5000000-5000999", "-o", "range", f"{folder}/sent.bin", cwd=tmp_path)
    (tmp_path / "broken").write_bytes(sent[: 4 * MIB + 5])
    told = curl("-C", "-", "-o", "broken", "-w", "%{http_code}", f"{folder}/sent.bin", cwd=tmp_path)

    assert (tmp_path / "sent.bin").read_bytes() == sent
    assert (tmp_path / "range").read_bytes() == sent[5_000_000:5_001_000]
    assert told == "206" and (tmp_path / "broken").read_bytes() == sent


def sent_below(client: Client, top: str, names: list[str]) -> dict[str, bytes]:
    """Send files with these names into a folder; returns what is there, by paths as they are kept."""
    sent = {name: name.encode() for name in names}
    # not at the top: rclone itself cannot list a folder there whose name has a colon
    sent |= {f"in/{name}/{name}": os.urandom(100) for name in names}
    sent |= {"large.bin": os.urandom(12 * MIB + 7), "empty": b""}
    for path, data in sent.items():
        reply = client.call("PUT", f"/content/{quote(f'{top}/{path}')}?parents=true", data=data)
        assert reply.status_code == 201, reply.text
    return {unicodedata.normalize("NFC", path): data for path, data in sent.items()}


def link_to(client: Client, top: str, password: str) -> str:
    """Make a public link; returns the path of its address."""
    entry = client.call("GET", f"/paths/{quote(top)}").json()
    terms = {"role": "download", "password": password}
    reply = client.call("POST", f"/entries/{entry['id']}/shares", json=terms)
    return urlsplit(reply.json()["link"]["url"]).path


@pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed")
@pytest.mark.parametrize("password", ["", "open: sésame"])
def test_rclone_copies_a_public_link_by_its_lists(
    system: System, client: Client, tmp_path: Path, password: str
) -> None:
    top = f"by rclone {bool(password)}"
    there = sent_below(client, top, NAMES)
    link = link_to(client, top, password)
    who = f"anybody:{quote(password)}@" if password else ""
    address = urlsplit(client.url)._replace(netloc=who + urlsplit(client.url).netloc).geturl()

    pieces = ("--multi-thread-cutoff", "4M", "--multi-thread-streams", "3")
    source = ("--http-url", f"{address}{link}/files/", ":http:")
    run("rclone", "--config", "/dev/null", *pieces, "copy", *source, str(tmp_path / "copied"))

    assert contents_of(tmp_path / "copied") == there


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
@pytest.mark.parametrize("password", ["", "open: sésame"])
def test_wget_follows_the_lists_of_a_public_link(
    system: System, client: Client, tmp_path: Path, password: str
) -> None:
    top = f"by wget {bool(password)}"
    there = sent_below(client, top, [name for name in NAMES if name != "%41"])  # wget decodes this twice
    link = link_to(client, top, password)

    who = ("--user", "anybody", "--password", password) if password else ()
    where = ("--no-host-directories", "--cut-dirs", "3", "--reject", "index.html*")
    run("wget", "--no-verbose", "-r", "-np", *where, *who, f"{client.url}{link}/files/", cwd=tmp_path)

    assert contents_of(tmp_path) == there
