"""Lists the names of all chunks in order and in pages; never answers a short page for a whole one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass

from storagenode.protocol.names import BadName, parse_name
from storagenode.store.folders import Folders, list_names, open_folder
from storagenode.store.tally import Count


@dataclass(frozen=True)
class Page:
    """Sorted names; `next` is where to go on, None exactly when the listing is complete."""

    names: list[str]
    next: str | None
    sizes: list[int] | None = None
    """In bytes, one a name, where they were asked for."""

    @property
    def is_complete(self) -> bool:
        return self.next is None


def list_page(folders: Folders, *, after: str, limit: int, with_sizes: bool = False) -> Page:
    """List up to `limit` names beyond `after`; any error is raised, because a gap would read as a loss."""
    names: list[str] = []
    following = None
    for name in _names_after(folders, after):
        if len(names) == limit:
            following = names[-1]
            break
        names.append(name)
    return Page(names, following, _sizes(folders, names) if with_sizes else None)


def _sizes(folders: Folders, names: list[str]) -> list[int]:
    """Look up the sizes; what has gone since it was listed has none, which is no size of a chunk file."""
    sizes = []
    for way, group in itertools.groupby(names, key=lambda name: name[:4]):
        with open_folder(way[:2], folders.chunks) as parent, open_folder(way[2:], parent) as leaf:
            sizes += [_size(name, leaf) for name in group]
    return sizes


def _size(name: str, leaf: int) -> int:
    try:
        return os.stat(name, dir_fd=leaf, follow_symlinks=False).st_size
    except FileNotFoundError:
        return -1


def prefixes(folders: Folders) -> list[str]:
    """The first-level folders there are, in order."""
    return sorted(entry for entry in list_names(folders.chunks) if _is_pair(entry))


def count_prefix(folders: Folders, first: str) -> Count:
    """Count the chunks below one first-level folder, which may not be there yet, and their bytes."""
    chunks = size_bytes = 0
    if first not in list_names(folders.chunks):
        return chunks, size_bytes
    with open_folder(first, folders.chunks) as parent:
        for second in _pairs(parent):
            with open_folder(second, parent) as leaf, os.scandir(leaf) as entries:
                for entry in entries:
                    if _is_chunk(entry.name, first + second):
                        try:
                            size_bytes += entry.stat(follow_symlinks=False).st_size
                        except FileNotFoundError:
                            continue
                        chunks += 1
    return chunks, size_bytes


def _names_after(folders: Folders, after: str) -> Iterator[str]:
    for first in prefixes(folders):
        if first < after[:2]:
            continue
        with open_folder(first, folders.chunks) as parent:
            for second in _pairs(parent):
                if first + second < after[:4]:
                    continue
                with open_folder(second, parent) as leaf:
                    names = list_names(leaf)
                yield from sorted(name for name in names if name > after and _is_chunk(name, first + second))


def _pairs(folder: int) -> list[str]:
    return sorted(entry for entry in list_names(folder) if _is_pair(entry))


def _is_pair(name: str) -> bool:
    return len(name) == 2 and set(name) <= set("0123456789abcdef")


def _is_chunk(name: str, way: str) -> bool:
    if not name.startswith(way):
        return False
    try:
        parse_name(name)
    except BadName:
        return False
    return True
