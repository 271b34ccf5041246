"""A zip archive of stored members (zip64 where it has to be), its length known before its first byte.

Its list of members waits in a temporary file, and so does its directory: whatever their number, memory stays
the same. Entries and people are not known here.
"""

import json
import struct
import tempfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zipfile import ZIP64_LIMIT, ZIP_FILECOUNT_LIMIT

from zipstream import ZipStream, ZipStreamInfo

Member = tuple[str, str | None, int, int]
"""The path in the archive, a folder's with "/" at its end; what bytes are asked for by, if any; how many; its
time, in seconds since 1970."""

MOST_PATH_BYTES = 2**16 - 1  # what the format has room for
MEMORY_BYTES = 2**18  # of a list that takes no more there is no file
HEADERS_A_PAGE = 500
_LENGTH = struct.Struct("<L")
_ZIP64_END_BYTES = 56 + 20  # its record and its locator (APPNOTE 4.3.14, 4.3.15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_TIME, _LAST_TIME = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 59)
_UT_SECONDS = range(-(2**31), 2**31)
_FOLDER_MODE, _FILE_MODE = 0o40775, 0o600
_IS_FOLDER = 0x10  # among the attributes of DOS


class Zip:
    """One archive: extend it, ask how long it is, read its pieces once, close it."""

    def __init__(self) -> None:
        self.count = 0
        self._measured = _Stream(sized=True)
        self._members = _Pages()
        self._directory = _Directory()

    def extend(self, members: Sequence[Member]) -> None:
        """Add a page of members. Raises OSError where the temporary folder has no room for them."""
        for path, _, size, seconds in members:
            self._measured.measure(path, size, seconds)
        self._members.append(json.dumps(members).encode())
        self.count += len(members)

    @property
    def length(self) -> int:
        """How many bytes it is."""
        _, *sizes = self._measured._size_prog
        length = len(self._measured)
        if self.count == ZIP_FILECOUNT_LIMIT and max(sizes) <= ZIP64_LIMIT:
            length += _ZIP64_END_BYTES  # zipstream-ng 1.9.3 counts without what it writes for these
        return length

    def pieces(self, read: Callable[[str, int], Iterable[bytes]]) -> Generator[bytes, None, None]:
        """Yield its bytes; those of each member are read when their turn comes, of one without any never.

        What reading raises ends the archive. Raises OSError where the temporary folder has no more room.
        """
        zipped = _Stream(sized=True)
        zipped._filelist = self._directory
        for page in self._members:
            for path, key, size, seconds in json.loads(page):
                yield from zipped.write(path, () if key is None else read(key, size), size, seconds)
        yield from zipped.footer()

    def close(self) -> None:
        """Give its files up; safe to repeat."""
        self._members.close()
        self._directory.close()


class _Stream(ZipStream):  # type: ignore[misc]  # it has no types
    """Members with times of their own: those that ZipStream queues have the time of the download."""

    def measure(self, path: str, size: int, seconds: int) -> None:
        """Count a member into the length."""
        self._add_size_from_file(path, size)
        stamp_bytes = len(_stamp(seconds))
        count, written, directory = self._size_prog  # type: ignore[has-type]
        self._size_prog = (count, written + stamp_bytes, directory + stamp_bytes)

    def write(self, path: str, pieces: Iterable[bytes], size: int, seconds: int) -> Iterator[bytes]:
        """Yield the bytes of a member."""
        member = ZipStreamInfo(path, _in_dos(seconds))
        member.extra = _stamp(seconds)
        member.external_attr = _FILE_MODE << 16
        if member.is_dir():
            member.external_attr = _FOLDER_MODE << 16 | _IS_FOLDER
        member.file_size = size
        member.header_offset = self._pos
        for piece in member._file_data(iter(pieces)):
            yield self._track(piece)
        if member.file_size != size:
            raise RuntimeError(f"{path} has {member.file_size} bytes, not {size}")
        self._filelist.append(member)


def _in_dos(seconds: int) -> tuple[int, ...]:
    """Give the nearest time that every archive has room for; UTC, as nobody's zone is known here."""
    return min(max((_EPOCH + timedelta(seconds=seconds)).timetuple()[:6], _FIRST_TIME), _LAST_TIME)


def _stamp(seconds: int) -> bytes:
    """Give the field of Info-ZIP for the time in UTC, exact to the second; empty where it has no room."""
    return struct.pack("<2sHBl", b"UT", 5, 1, seconds) if seconds in _UT_SECONDS else b""


class _Pages:
    """Pages of bytes, appended first and then read in their order."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - see close

    def append(self, page: bytes) -> None:
        packed = zlib.compress(page, level=1)
        self._file.write(_LENGTH.pack(len(packed)) + packed)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while length := self._file.read(_LENGTH.size):
            yield zlib.decompress(self._file.read(*_LENGTH.unpack(length)))

    def close(self) -> None:
        self._file.close()


class _Directory:
    """What ZipStream takes for its list of the members written, and asks for their headers in the end."""

    def __init__(self) -> None:
        self._count = 0
        self._page: list[bytes] = []
        self._pages = _Pages()

    def append(self, member: ZipStreamInfo) -> None:
        self._count += 1
        self._page.append(member._central_directory_header_data())
        if len(self._page) == HEADERS_A_PAGE:
            self._pages.append(b"".join(self._page))
            self._page.clear()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator["_Headers"]:
        for page in self._pages:
            yield _Headers(page)
        yield _Headers(b"".join(self._page))

    def close(self) -> None:
        self._pages.close()


class _Headers:
    """A page of headers that stands for one of its members."""

    def __init__(self, page: bytes) -> None:
        self._page = page

    def _central_directory_header_data(self) -> bytes:
        return self._page
