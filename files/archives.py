"""Streams a folder as a zip archive (zip64 where it has to be), uncompressed, so that its length is known.

Bytes are verified as in any read. When a file cannot be read the stream ends short of its announced length:
never is there a whole archive with a wrong file in it.
"""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction

from files import access, names, transfers
from files.details import EntryDetails
from files.errors import NotFound, TooDeep, TooManyEntries
from files.member_paths import MemberPaths, plain
from files.models import Entry
from files.zipping import MOST_PATH_BYTES, Member, Zip
from nodes import contents
from nodes.ids import as_array

if TYPE_CHECKING:
    from accounts.models import User

MAX_ENTRIES = 10_000_000
"""In one archive: ten times a large Drive. Each takes some 76 bytes of the temporary folder, no memory."""
PAGE_ENTRIES = 1000

_Line = tuple[UUID, str, str, UUID | None, int, datetime]
_FOUND = ("id", "name", "kind", "version__content_id", "version__size", "modified_at")
# OFFSET 0 keeps apart what stands inside and outside: each part has one index to go by.
_BELOW = """
WITH RECURSIVE folders (id, path, modified_at) AS (
    SELECT id, path COLLATE "C", modified_at
      FROM unnest(%(ids)s::uuid[], %(paths)s::text[]) AS top (id, path) JOIN files_entry USING (id)
    UNION ALL
    SELECT c.id, f.path || c.name || '/', c.modified_at FROM folders f CROSS JOIN LATERAL (
        SELECT e.id, e.name, e.modified_at FROM files_entry e
         WHERE e.parent_id = f.id AND e.kind = 'folder' AND e.trashed_at IS NULL AND e.purged_at IS NULL
        OFFSET 0
    ) c
)
SELECT path, content_id, size, modified_at FROM (
SELECT path, NULL AS content_id, 0 AS size, modified_at FROM folders WHERE path <> ''
UNION ALL
SELECT f.path || c.name, c.content_id::text, c.size, c.modified_at FROM folders f CROSS JOIN LATERAL (
    SELECT e.name, e.modified_at, v.content_id, v.size
      FROM files_entry e JOIN files_version v ON v.id = e.version_id
     WHERE e.parent_id = f.id AND e.kind = 'file' AND e.trashed_at IS NULL AND e.purged_at IS NULL
    OFFSET 0
) c
) member ORDER BY strpos(path, '\\') > 0, path
"""


class Archive:
    """The bytes of one archive. Its slot among the transfers is given back when it is closed."""

    def __init__(self, zipped: Zip, end: Callable[[], None]) -> None:
        self.length = zipped.length
        self._pieces = zipped.pieces(_read)
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """Stop reading; safe to repeat."""
        try:
            self._pieces.close()
        finally:
            self._end()


def open_archive(user: "User", entry_id: UUID) -> tuple[EntryDetails, Archive]:
    """Begin an archive of a folder as it is now; close what is returned.

    Raises NotFound, NotAFolder, TooManyEntries, TooDeep or TooManyTransfers.
    """
    folder = access.find_folder(user, entry_id)
    return folder, open_folder(folder)


def open_folder(folder: EntryDetails) -> Archive:
    """Begin an archive of a folder found for its reader. Raises as `open_archive` does then."""
    return _open([], {folder.id: ""})


def open_several(user: "User", entry_ids: Collection[UUID]) -> Archive:
    """Begin an archive of those of the entries that the user may see, folders with all below them.

    They lie side by side in it, so of the same names all but one get a number. Raises NotFound when there is
    none, TooManyEntries, TooDeep or TooManyTransfers.
    """
    found = list(
        Entry.objects.visible_to(user).filter(id__in=entry_ids).order_by("sort_key").values_list(*_FOUND)
    )
    if not found:
        raise NotFound
    return _open(*_side_by_side(found))


def _open(tops: Sequence[Member], folders: dict[UUID, str]) -> Archive:
    """Begin an archive of some files, and of folders at their paths in it, with all below them."""
    with ExitStack() as held:
        held.callback(transfers.begin())
        zipped = Zip()
        held.callback(zipped.close)
        try:
            _fill(zipped, tops, folders)
        except OSError as error:  # the temporary folder is full
            raise _too_many() from error
        connection.close()
        return Archive(zipped, held.pop_all().close)


def _fill(zipped: Zip, tops: Sequence[Member], folders: dict[UUID, str]) -> None:
    zipped.extend(tops)
    for page in _below(folders):
        zipped.extend(page)
        if zipped.count > MAX_ENTRIES:
            raise _too_many()


def _side_by_side(found: Sequence[_Line]) -> tuple[list[Member], dict[UUID, str]]:
    """Return the files, and the paths of the folders; names without a backslash stay, if they can."""
    taken: set[str] = set()
    files: list[Member] = []
    folders: dict[UUID, str] = {}
    for entry_id, name, kind, content_id, size, modified_at in sorted(found, key=lambda one: "\\" in one[1]):
        is_file = kind == Entry.Kind.FILE
        named = chain([plain(name)], names.alternatives(plain(name), is_file=is_file))
        free = next(one for one in named if one not in taken)
        taken.add(free)
        if is_file:
            files.append(_member(free, str(content_id), size, modified_at))
        else:
            folders[entry_id] = free + "/"
    return files, folders


def _below(folders: dict[UUID, str]) -> Iterator[list[Member]]:
    """Yield the folders and what lies below them by pages, in the order that MemberPaths asks for."""
    paths = MemberPaths()
    parameters: dict[str, Any] = {"ids": as_array(folders), "paths": list(folders.values())}
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_BELOW, parameters)
        while rows := cursor.fetchmany(PAGE_ENTRIES):
            yield [_member(paths.give(path), *further) for path, *further in rows]


def _member(path: str, content_id: str | None, size: int, modified_at: datetime) -> Member:
    if len(path.encode()) > MOST_PATH_BYTES:  # of a tree made before folders were held to a depth
        raise TooDeep("A path below here is too long for an archive. Fetch the folders farther down.")
    return path, content_id if size else None, size, math.floor(modified_at.timestamp())


def _read(content_id: str, size: int) -> Iterator[bytes]:
    return contents.read(UUID(content_id), 0, size)


def _too_many() -> TooManyEntries:
    return TooManyEntries("So many entries are too many for one archive. Fetch parts of it.")
