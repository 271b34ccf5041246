"""A zip archive of stored members (zip64 where it has to be), its length known before its first byte.

Its list of members waits in a temporary file, and so does its directory: whatever their number, memory stays
the same. Entries and people are not known here.
"""

import json
import struct
import tempfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from zipfile import ZIP_FILECOUNT_LIMIT

from zipstream import ZipStream, ZipStreamInfo

Member = tuple[str, str | None, int]
"""The path in the archive, a folder's with "/" at its end; what bytes are asked for by, if any; how many."""

MEMORY_BYTES = 2**18  # of a list that takes no more there is no file
HEADERS_A_PAGE = 500
_LENGTH = struct.Struct("<L")
_ZIP64_END_BYTES = 56 + 20  # its record and its locator (APPNOTE 4.3.14, 4.3.15)


class Zip:
    """One archive: extend it, ask how long it is, read its pieces once, close it."""

    def __init__(self) -> None:
        self.count = 0
        self._measured = ZipStream(sized=True)
        self._members = _Pages()
        self._directory = _Directory()

    def extend(self, members: Sequence[Member]) -> None:
        """Add a page of members. Raises OSError where the temporary folder has no room for them."""
        for path, _, size in members:
            self._measured.add(None if path.endswith("/") else (), path, size=size)
        self._measured._queue.clear()  # measured is all they shall be
        self._members.append(json.dumps(members).encode())
        self.count += len(members)

    @property
    def length(self) -> int:
        """How many bytes it is."""
        length = len(self._measured)
        if self.count == ZIP_FILECOUNT_LIMIT:  # zipstream-ng 1.9.3 counts without what it writes for these
            length += _ZIP64_END_BYTES
        return length

    def pieces(self, read: Callable[[str, int], Iterable[bytes]]) -> Generator[bytes, None, None]:
        """Yield its bytes; those of each member are read when their turn comes, of one without any never.

        What reading raises ends the archive. Raises OSError where the temporary folder has no more room.
        """
        zipped = ZipStream(sized=True)
        zipped._filelist = self._directory
        for page in self._members:
            for path, key, size in json.loads(page):
                zipped.add(None if key is None else _Bytes(read, key, size), path, size=size)
            yield from zipped.all_files()
        yield from zipped.footer()

    def close(self) -> None:
        """Give its files up; safe to repeat."""
        self._members.close()
        self._directory.close()


class _Bytes:
    """The bytes of a member, asked for when they are needed."""

    def __init__(self, read: Callable[[str, int], Iterable[bytes]], key: str, size: int) -> None:
        self._read = read
        self._key = key
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._read(self._key, self._size))


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
