"""Streams a folder as a zip archive (zip64 where it has to be), uncompressed, so that its length is known.

Bytes are verified as in any read. When a file cannot be read the stream ends short of its announced length:
never is there a whole archive with a wrong file in it.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection
from zipstream import ZipStream

from files import access, names, transfers
from files.details import EntryDetails
from files.errors import NotFound, TooManyEntries
from files.models import Entry
from nodes import contents

if TYPE_CHECKING:
    from accounts.models import User

MAX_ENTRIES = 50_000
"""In one archive. Its directory is held until the end: about a kilobyte an entry."""

_COLUMNS = ("id", "parent_id", "name", "kind", "version__content_id", "version__size")
_Line = tuple[UUID, UUID, str, str, UUID, int]
_Member = tuple[str, UUID | None, int]
"""The path in the archive, and of a file its content and size."""


class Archive:
    """The bytes of one archive. Its slot among the transfers is given back when it is closed."""

    def __init__(self, zipped: ZipStream, end: Callable[[], None]) -> None:
        self.length = len(zipped)
        self._pieces: Generator[bytes, None, None] = zipped.finalize()
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


class _Content:
    """The bytes of a file, read when their turn comes; of one that is empty nothing is asked."""

    __slots__ = ("_content_id", "_size")

    def __init__(self, content_id: UUID, size: int) -> None:
        self._content_id = content_id
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        return contents.read(self._content_id, 0, self._size)


def open_archive(user: "User", entry_id: UUID) -> tuple[EntryDetails, Archive]:
    """Begin an archive of a folder as it is now; close what is returned.

    Raises NotFound, NotAFolder, TooManyEntries or TooManyTransfers.
    """
    folder = access.find_folder(user, entry_id)
    return folder, open_folder(folder)


def open_folder(folder: EntryDetails) -> Archive:
    """Begin an archive of a folder found for its reader. Raises TooManyEntries or TooManyTransfers."""
    return _open(_below({folder.id: ""}))


def open_several(user: "User", entry_ids: Collection[UUID]) -> Archive:
    """Begin an archive of those of the entries that the user may see, folders with all below them.

    They lie side by side in it, so of the same names all but one get a number. Raises NotFound when there is
    none, TooManyEntries or TooManyTransfers.
    """
    if len(entry_ids) > MAX_ENTRIES:
        raise _too_many()
    found = list(
        Entry.objects.visible_to(user).filter(id__in=entry_ids).order_by("sort_key").values_list(*_COLUMNS)
    )
    if not found:
        raise NotFound
    return _open(_side_by_side(found))


def _open(members: Iterable[_Member]) -> Archive:
    end = transfers.begin()
    try:
        zipped = ZipStream(sized=True)
        for path, content_id, size in members:
            if content_id is None:
                zipped.mkdir(path)
            else:
                zipped.add(_Content(content_id, size), path, size=size)
        connection.close()
        return Archive(zipped, end)
    except BaseException:
        end()
        raise


def _side_by_side(found: Sequence[_Line]) -> Iterator[_Member]:
    taken: set[str] = set()
    folders: dict[UUID, str] = {}
    for entry_id, _, name, kind, content_id, size in found:
        is_file = kind == Entry.Kind.FILE
        free = next(one for one in (name, *names.alternatives(name, is_file=is_file)) if one not in taken)
        taken.add(free)
        if is_file:
            yield safe_name(free), content_id, size
        else:
            folders[entry_id] = safe_name(free) + "/"
            yield folders[entry_id], None, 0
    yield from _below(folders, count=len(found))


def _below(paths: dict[UUID, str], *, count: int = 0) -> Iterator[_Member]:
    """Yield what lies below the folders, each folder before what is in it."""
    while paths:
        children = Entry.objects.living().filter(parent_id__in=list(paths)).order_by("parent_id", "sort_key")
        deeper: dict[UUID, str] = {}
        for entry_id, parent_id, name, kind, content_id, size in children.values_list(*_COLUMNS)[
            : MAX_ENTRIES + 1 - count
        ]:
            count += 1
            if count > MAX_ENTRIES:
                raise _too_many()
            path = paths[parent_id] + safe_name(name)
            if kind == Entry.Kind.FOLDER:
                deeper[entry_id] = path + "/"
                yield deeper[entry_id], None, 0
            else:
                yield path, content_id, size
        paths = deeper


def _too_many() -> TooManyEntries:
    return TooManyEntries(f"An archive has at most {MAX_ENTRIES} entries. Fetch parts of it.")


def safe_name(name: str) -> str:
    """Return a name that leads nowhere else, on no system, when the archive is unpacked."""
    return name.replace("\\", "_")
