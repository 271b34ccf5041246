"""Gives each entry the path of its member in an archive: it leads nowhere else, and is never given twice.

A backslash parts folders on some systems, so another letter stands for it; and what is called so already
keeps its name. Pure.
"""

import hashlib
from itertools import count

from files import names

STANDS_FOR_BACKSLASH = "_"
SLOTS = 2**23
"""Bits for what was given: a MiB, whatever the number of members."""


class MemberPaths:
    """Asked for one path after the other: without a backslash first, each folder before what is in it.

    Which paths were given is known by two bits each, of their hash. Both may have been set by others: then
    a name that had a backslash gets a number that it would not need (beside a million names with what stands
    for it, one in twenty). What was given is never taken for free.
    """

    def __init__(self) -> None:
        self._given = bytearray(SLOTS // 8)
        self._folders: list[tuple[str, str]] = []
        self._numbers = count(2)

    def give(self, path: str) -> str:
        """Return the path of the member for the entry at a path; folders end in a slash."""
        if "\\" not in path:
            if STANDS_FOR_BACKSLASH in path:  # else none is called so for its backslash
                self._take(path)
            return path
        while self._folders and not path.startswith(self._folders[-1][0]):
            self._folders.pop()
        is_file = not path.endswith("/")
        start = path.rfind("/", 0, len(path) - 1) + 1
        folder = self._folders[-1][1] if self._folders else path[:start]
        name = plain(path[start:].removesuffix("/"))
        given = folder + name
        while not self._take(given):
            given = folder + names.numbered(name, next(self._numbers), is_file=is_file)
        if is_file:
            return given
        self._folders.append((path, given + "/"))
        return given + "/"

    def _take(self, path: str) -> bool:
        """Take a path; False where it was given already, or seems so."""
        digest = hashlib.blake2b(path.removesuffix("/").encode(), digest_size=8).digest()
        is_free = False
        for slot in (int.from_bytes(digest[:4]) % SLOTS, int.from_bytes(digest[4:]) % SLOTS):
            byte, bit = divmod(slot, 8)
            is_free |= not self._given[byte] >> bit & 1
            self._given[byte] |= 1 << bit
        return is_free


def plain(name: str) -> str:
    """Return a name without backslashes."""
    return name.replace("\\", STANDS_FOR_BACKSLASH)
