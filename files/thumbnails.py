"""Small pictures of pictures and films: ordered when somebody first looks, drawn by workers, stored as files.

A row is the work order: a look makes it, a lease claims it, and what cannot be drawn is not tried for ever.
"""

import io
import logging
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Now
from PIL import Image, ImageOps, UnidentifiedImageError

from files import access, purging, stills
from files.errors import NotFound
from files.models import Thumbnail, Version
from files.stills import CannotBeDrawn
from nodes import contents
from nodes.errors import ClusterError

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)

CONTENT_TYPE = "image/webp"
LONGEST_EDGE = 480  # pixels: a card of the grid on a screen of double density
QUALITY = 78
MOST_BYTES = 40 * 2**20  # of a picture that is drawn: it is held in memory
MOST_PIXELS = 40_000_000  # 160 MB when unpacked; beyond that it may be a bomb
MOST_SECONDS = 30.0  # of a run; the last one begun may take as long again, and others wait for their turn
ATTEMPTS = 3
LEASE = timedelta(seconds=120)  # longer than a task may run (CELERY_TASK_TIME_LIMIT)
AGAIN_AFTER = timedelta(seconds=30)
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"})


def is_drawable(content_type: str, size: int) -> bool:
    """Tell whether a file is worth trying, by what its row says."""
    if stills.is_film(content_type):
        return size > 0 and stills.ffmpeg() is not None
    return content_type.partition(";")[0].strip().lower() in _TYPES and 0 < size <= MOST_BYTES


def find_or_order(user: "User", entry_id: UUID) -> tuple[UUID | None, bool]:
    """Return a file's small picture, and whether one is on its way instead; the trash shows its own, too.

    Raises NotFound, also for what is not drawable.
    """
    file = access.require_file(access.find_known(user, entry_id))
    if file.content_id is None or not is_drawable(file.content_type or "", file.size or 0):
        raise NotFound
    found = Thumbnail.objects.filter(content_id=file.content_id).values_list("picture_id", "due_at").first()
    if found is None:
        Thumbnail.objects.bulk_create(
            [Thumbnail(content_id=file.content_id, due_at=Now())], ignore_conflicts=True
        )
        return None, True
    return found[0], found[1] is not None


def draw_due(limit: int) -> bool:
    """Draw what is ordered, at most so many; tells whether more may wait. Safe in several workers at once."""
    began = time.monotonic()
    for _ in range(limit):
        if time.monotonic() - began > MOST_SECONDS:
            return True
        claimed = _claim(1)
        if not claimed:
            return False
        [content_id] = claimed
        try:
            picture = _draw(_source_of(content_id))
        except (CannotBeDrawn, ClusterError) as error:
            log.info("no small picture of %s now: %s", content_id, error)
            _give_up(content_id, for_good=isinstance(error, CannotBeDrawn))
        else:
            _keep(content_id, picture)
    return True


def _claim(limit: int) -> list[UUID]:
    with transaction.atomic():
        due = Thumbnail.objects.select_for_update(skip_locked=True).filter(due_at__lte=Now())
        ids = list(due.order_by("due_at").values_list("content_id", flat=True)[:limit])
        Thumbnail.objects.filter(content_id__in=ids).update(
            due_at=Now() + Value(LEASE), attempts=F("attempts") + 1
        )
    return ids


def _source_of(content_id: UUID) -> bytes:
    """Return the picture that a small one is made of: the bytes themselves, or a still of a film."""
    version = Version.objects.filter(content_id=content_id).only("size", "content_type").first()
    if version is None:
        raise CannotBeDrawn("no file has this content any more")
    read = partial(_read, content_id)
    if stills.is_film(version.content_type):
        return stills.take(read, version.size)
    return b"".join(read(0, version.size))


def _read(content_id: UUID, start: int, stop: int) -> Iterator[bytes]:
    stream: Iterator[bytes] = contents.read(content_id, start, stop)
    with closing(stream):  # type: ignore[type-var]
        yield from stream


def _draw(source: bytes) -> bytes:
    """Return a WebP picture. Raises CannotBeDrawn, also for what would unpack into too much."""
    try:
        with Image.open(io.BytesIO(source), formats=_FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise CannotBeDrawn(f"{opened.width} × {opened.height} pixels are too many")
            opened.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))
            upright = ImageOps.exif_transpose(opened)
            small = upright.convert("RGBA" if upright.mode in ("RGBA", "LA", "PA", "P") else "RGB")
            small.thumbnail((LONGEST_EDGE, LONGEST_EDGE), Image.Resampling.LANCZOS)
            target = io.BytesIO()
            small.save(target, "WEBP", quality=QUALITY)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise CannotBeDrawn(str(error)) from error
    return target.getvalue()


def _keep(content_id: UUID, picture: bytes) -> None:
    """Store the picture, unless meanwhile no file has the content any more."""
    writer = contents.begin()
    writer.append(_Source(picture))
    with transaction.atomic():
        purging.hold_releases()
        picture_id, _, _ = writer.seal()
        is_wanted = Version.objects.filter(content_id=content_id).exists()
        row = Thumbnail.objects.filter(content_id=content_id, picture=None)
        if not is_wanted or not row.update(picture_id=picture_id, due_at=None):
            contents.release([picture_id])


def _give_up(content_id: UUID, *, for_good: bool) -> None:
    row = Thumbnail.objects.filter(content_id=content_id)
    if for_good:
        row.update(due_at=None)
    else:
        row.filter(attempts__gte=ATTEMPTS).update(due_at=None)
        row.filter(attempts__lt=ATTEMPTS).update(due_at=Now() + Value(AGAIN_AFTER))


class _Source:
    """Bytes as a writer takes them."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def readinto(self, view: memoryview, /) -> int:
        return self._stream.readinto(view)
