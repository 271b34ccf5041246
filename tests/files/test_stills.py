"""Stills of films: taken by ffmpeg within limits, kept as small pictures are."""

import http.server
import io
import subprocess
import threading
from pathlib import Path

import pytest
from PIL import Image

from files import stills, thumbnails
from files.stills import CannotBeDrawn
from tests.files.test_thumbnails import ask, browser, put  # noqa: F401
from tests.storagenode.running_node import wait_until
from tests.system import is_alive

FFMPEG = stills.ffmpeg()
needs_ffmpeg = pytest.mark.skipif(FFMPEG is None, reason="there is no ffmpeg on this machine")


def film(tmp_path: Path, *options: str, name: str = "film.mp4", size: str = "960x540") -> bytes:
    source = f"testsrc=size={size}:rate=10:duration=1"
    target = tmp_path / name
    command = [str(FFMPEG), "-v", "error", "-f", "lavfi", "-i", source, *options, str(target)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return target.read_bytes()


def take(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(stills.take(lambda start, stop: [data[start:stop]], len(data))))


@pytest.fixture
def fake_ffmpeg(tmp_path, monkeypatch):
    """Return a way to have a script of its own stand where ffmpeg is looked for."""
    stills.ffmpeg.cache_clear()

    def put_there(script: str) -> None:
        program = tmp_path / "bin" / "ffmpeg"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    yield put_there
    stills.ffmpeg.cache_clear()


@needs_ffmpeg
@pytest.mark.parametrize("name", ["film.mp4", "film.webm", "film.mkv", "film.avi", "film.mov"])
def test_a_film_has_a_still_in_its_own_shape(tmp_path, name):
    with take(film(tmp_path, name=name)) as still:
        assert (still.format, still.size) == ("PNG", (480, 270))
        assert len(still.convert("RGB").getcolors(2**20)) > 10, "it shows something"


@needs_ffmpeg
def test_a_small_film_is_not_made_larger(tmp_path):
    with take(film(tmp_path, size="160x120")) as still:
        assert still.size == (160, 120)


@needs_ffmpeg
def test_of_a_large_film_its_head_and_tail_are_enough(tmp_path, monkeypatch):
    data = film(tmp_path, "-g", "1", size="1280x720")  # the table of contents is at its end
    monkeypatch.setattr(stills, "HEAD_BYTES", len(data) // 2)
    monkeypatch.setattr(stills, "TAIL_BYTES", len(data) // 4)
    asked = []

    def read(start, stop):
        asked.append(stop - start)
        return [data[start:stop]]

    assert stills.take(read, len(data)).startswith(b"\x89PNG")
    assert sum(asked) < len(data)


@needs_ffmpeg
@pytest.mark.parametrize(
    "data",
    [b"no film at all", b"\0" * 1000, b"ffconcat version 1.0\nfile '/etc/hostname'\n"],
    ids=["text", "zeros", "a list of other files"],
)
def test_what_is_no_film_has_none(data):
    with pytest.raises(CannotBeDrawn):
        take(data)


@needs_ffmpeg
def test_half_a_film_ends_in_a_still_or_in_none(tmp_path):
    data = film(tmp_path)
    with pytest.raises(CannotBeDrawn):
        take(data[: len(data) // 2])


@needs_ffmpeg
def test_nothing_else_is_opened_whatever_a_film_asks_for(tmp_path):
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        secret = tmp_path / "secret.ts"
        secret.write_bytes(film(tmp_path, name="film.ts"))
        for address in (f"http://127.0.0.1:{server.server_port}/a.ts", f"file:{secret}", str(secret)):
            playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n"
            with pytest.raises(CannotBeDrawn):
                take(playlist.encode())
        server.shutdown()
    assert asked == []


def test_what_hangs_is_ended_with_all_it_has_started(fake_ffmpeg, tmp_path, monkeypatch):
    monkeypatch.setattr(stills, "MOST_SECONDS", 2)
    fake_ffmpeg(f"sleep 600 & echo $! > {tmp_path}/child; wait")

    with pytest.raises(CannotBeDrawn, match="longer"):
        take(b"film")

    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not is_alive(child), "what it has started ends")


def test_what_takes_too_much_memory_is_ended(fake_ffmpeg):
    fake_ffmpeg('exec python3 -c "bytearray(3 * 2**30)"')

    with pytest.raises(CannotBeDrawn, match="MemoryError"):
        take(b"film")


def test_without_ffmpeg_films_have_no_small_picture(monkeypatch):
    stills.ffmpeg.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    try:
        assert not thumbnails.is_drawable("video/mp4", 1000)
        with pytest.raises(CannotBeDrawn):
            take(b"film")
    finally:
        stills.ffmpeg.cache_clear()


@needs_ffmpeg
def test_a_film_is_seen_small_and_a_broken_one_is_not_tried_for_ever(browser, put, tmp_path):  # noqa: F811
    good = put("film.mp4", film(tmp_path), "video/mp4")
    bad = put("broken.mp4", b"no film at all", "video/mp4")
    assert ask(browser, good).status_code == ask(browser, bad).status_code == 202

    thumbnails.draw_due(10)

    with Image.open(io.BytesIO(ask(browser, good).content)) as small:
        assert (small.format, small.size) == ("WEBP", (480, 270))
    assert ask(browser, bad).status_code == 204
    assert not thumbnails.draw_due(1)


@needs_ffmpeg
def test_who_draws_for_long_leaves_the_rest_to_the_next_run(browser, put, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(thumbnails, "MOST_SECONDS", -1)
    ask(browser, put("film.mp4", film(tmp_path), "video/mp4"))

    assert thumbnails.draw_due(10), "more may wait"
    assert thumbnails._claim(10)
