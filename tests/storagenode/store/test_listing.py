"""A listing is whole however many are made at once: a short one would read as a loss."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storagenode.store import listing
from storagenode.store.chunks import ChunkStore
from storagenode.store.listing import list_page
from storagenode.store.marker import open_marker
from tests.storagenode.signed_client import name_for


def test_listings_made_at_once_are_all_whole(tmp_path: Path):
    open_marker(tmp_path)
    store = ChunkStore(tmp_path, reserve="0", buffers=2)
    names = []
    for number in range(300):
        data = b"holiday photo %d" % number
        names.append(name_for(data))
        store.put(names[-1], io.BytesIO(data), len(data))

    def lists() -> list[str]:
        return list_page(store.folders, after="", limit=10_000).names

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: lists(), range(64)))

    assert all(listing == sorted(names) for listing in found)


def test_what_goes_while_its_size_is_looked_up_has_none_and_ends_nothing(tmp_path: Path, monkeypatch):
    open_marker(tmp_path)
    store = ChunkStore(tmp_path, reserve="0", buffers=2)
    kept, gone = name_for(b"kept"), name_for(b"gone")
    for name, data in ((kept, b"kept"), (gone, b"gone")):
        store.put(name, io.BytesIO(data), len(data))
    real = listing._names_after

    def names_then_gone(*args: object) -> Iterator[str]:
        yield from list(real(*args))
        store.delete(gone)

    monkeypatch.setattr(listing, "_names_after", names_then_gone)
    page = list_page(store.folders, after="", limit=10, with_sizes=True)

    assert dict(zip(page.names, page.sizes or [], strict=True)) == {kept: 4, gone: -1}


def test_sizes_are_those_of_the_page_alone(tmp_path: Path):
    open_marker(tmp_path)
    store = ChunkStore(tmp_path, reserve="0", buffers=2)
    names = sorted(name_for(bytes(size)) for size in range(1, 30))
    by_digest = {name_for(bytes(size))[:64]: size for size in range(1, 30)}
    for name in names:
        size = by_digest[name[:64]]
        store.put(name, io.BytesIO(bytes(size)), size)

    page = list_page(store.folders, after=names[9], limit=7, with_sizes=True)

    assert (page.names, page.next) == (names[10:17], names[16])
    assert page.sizes == [by_digest[name[:64]] for name in names[10:17]]
