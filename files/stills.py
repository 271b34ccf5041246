"""Takes a still of a film by ffmpeg, a process of its own with little memory, time and reach.

What people store may be made to harm whoever decodes it: ffmpeg reads one file of few formats and nothing
else, and is ended when it takes too long. Where there is no ffmpeg, films have no small picture.
"""

import functools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

HEAD_BYTES = 24 * 2**20
"""The first pictures of a film; of the largest ones a few."""
TAIL_BYTES = 8 * 2**20
"""Where many films keep their table of contents."""
MOST_SECONDS = 10.0
"""From its start to its end, whatever it waits for."""
_MOST_CPU_SECONDS = 10
_MOST_MEMORY_KIB = 2**20
_MOST_FILE_BLOCKS = 2048  # of 512 bytes: what it complains about is all that it writes
_MOST_PIXELS = 40_000_000
_LONGEST_EDGE = 480
_MOST_ERROR_BYTES = 500
_LOOKED_AT = 48  # pictures, of which the most telling one is taken: the first is often black
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,ogg,mpegts,mpeg,asf,flv"
_LIMITS = f"ulimit -v {_MOST_MEMORY_KIB} && ulimit -t {_MOST_CPU_SECONDS} && ulimit -f {_MOST_FILE_BLOCKS}"
_WITHIN_LIMITS = ("sh", "-c", f'{_LIMITS} && exec "$@"', "sh")


class CannotBeDrawn(Exception):
    """The bytes are nothing we draw."""


@functools.cache
def ffmpeg() -> str | None:
    """Return where ffmpeg is on this machine, if it is."""
    return shutil.which("ffmpeg")


def is_film(content_type: str) -> bool:
    return content_type.partition("/")[0].strip().lower() == "video"


def take(read: Callable[[int, int], Iterable[bytes]], size: int) -> bytes:
    """Return a PNG of one of a film's first pictures. Raises CannotBeDrawn.

    The film comes by parts, from a byte on and up to another; what is asked for is its head and its tail.
    """
    if ffmpeg() is None:
        raise CannotBeDrawn("there is no ffmpeg")
    with tempfile.TemporaryDirectory(prefix="dfsweb-still-") as folder:
        path = Path(folder, "film")
        with path.open("wb") as film:
            film.truncate(size)  # what lies between is a hole
            for start, stop in _parts(size):
                film.seek(start)
                film.writelines(read(start, stop))
        return _run(path)


def _parts(size: int) -> list[tuple[int, int]]:
    if size <= HEAD_BYTES + TAIL_BYTES:
        return [(0, size)]
    return [(0, HEAD_BYTES), (size - TAIL_BYTES, size)]


def _command(path: Path) -> list[str]:
    edge = _LONGEST_EDGE
    small = f"scale=w='min({edge},iw)':h='min({edge},ih)':force_original_aspect_ratio=decrease"
    return [
        *(*_WITHIN_LIMITS, str(ffmpeg()), "-nostdin", "-hide_banner", "-v", "error"),
        *("-max_alloc", str(2**28), "-threads", "1", "-max_pixels", str(_MOST_PIXELS)),
        *("-protocol_whitelist", "file", "-format_whitelist", _FORMATS, "-i", f"file:{path}"),
        *("-map", "0:v:0", "-frames:v", "1", "-vf", f"thumbnail={_LOOKED_AT},{small}", "-threads", "1"),
        *("-f", "image2pipe", "-c:v", "png", "-protocol_whitelist", "pipe", "pipe:1"),
    ]


def _run(path: Path) -> bytes:
    with (
        tempfile.TemporaryFile(dir=path.parent) as errors,
        subprocess.Popen(
            _command(path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=path.parent,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            start_new_session=True,
        ) as process,
    ):
        try:
            picture, _ = process.communicate(timeout=MOST_SECONDS)
        except subprocess.TimeoutExpired as expired:
            raise CannotBeDrawn(f"it took longer than {MOST_SECONDS:.0f} seconds") from expired
        finally:
            with suppress(ProcessLookupError, PermissionError):  # it is gone
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode or not picture:
            errors.seek(0)
            raise CannotBeDrawn(errors.read(_MOST_ERROR_BYTES).decode(errors="replace").strip())
    return picture
