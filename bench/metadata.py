"""Measures what costs rows and no bytes: listing, searching, deleting many, ending an upload of any size."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from bench import large_tree
from bench.pace import Laps
from bench.payload import CHUNK_BYTES
from bench.results import GIB, MIB, Measurement, Run
from bench.stage import Stage
from bench.streams import run_together
from bench.wire import Wire

ENTRIES_PATH = "/api/v1/entries"
ENTRIES_ROUTE = "api/v1/entries"
FIRST_PAGE = 100
ASKED = 100
"""Requests of one row: enough that the 95th of a hundred means something."""
SEARCHED = 20
DELETED = 10_000
LAST_BYTES = MIB
ENDED = 3
"""Uploads of one size: 100 GiB are a minute's work."""


def measure(stage: Stage) -> Iterator[Measurement]:
    """Fill the tree, then ask one thing after the other."""
    stage.say(f"making {stage.amounts.entries:,} entries")
    tree = large_tree.plant(stage.product.system, stage.amounts.entries)
    stage.product.connect_anew()
    wires = stage.product.wires
    first_page = f"{ENTRIES_PATH}?parent={tree.listed}"
    yield from _asked_and_counted(stage, "first 100 of a large folder", first_page)
    yield _asked_at_once(stage, f"first 100 with {len(wires)} readers", first_page)
    for name, query in {
        "a rare word": f"q={stage.amounts.entries // 2}",
        "a frequent word": "q=report",
        "two frequent words": "q=rep+pdf",
        "no such word": "q=nothing",
        "a frequent word, the largest first": "q=report&order=-size",
        "a frequent word, the first made first": "q=report&order=created_at",
        "a frequent word in a rare folder": f"q=report&parent={tree.rare}",
        "a frequent word with a star": "q=report&starred=true",
        "a frequent word, folders only": "q=report&kind=folder",
        "a frequent word in the trash": "q=report&trashed=true",
        "a frequent word of one type": "q=report&type=pdf&order=name",
        "a frequent word of a type that is not there": "q=report&type=picture",
        "a frequent word of the last hour, by name": (
            f"q=report&order=name&modified_after={quote(_an_hour_ago())}"
        ),
        "a frequent word of anyone": "q=report&owner=anyone",
        "a word of the older half": "q=autumn",
        "a word of the older half, of one type": "q=autumn&type=pdf",
    }.items():
        yield _asked(stage, f"search: {name}", f"{ENTRIES_PATH}?{query}")
    yield _deleted(stage, tree)
    yield from _committed(stage)


def _an_hour_ago() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def _asked_and_counted(stage: Stage, name: str, target: str) -> Iterator[Measurement]:
    """Ask as the only one, and have the gateway say after each request how long it took for it.

    That is from the application's first step to its last; the server around it reads the head and sends.
    """
    counted = Measurement(name, stage.where, 0, operations=1)
    asked = Measurement(f"{name}, at the client", stage.where, 0, operations=1)
    wire = stage.product.wires[0]
    before = stage.product.seconds_taken(ENTRIES_ROUTE)
    for number in range(ASKED + 1):
        began_at = time.monotonic()
        reply = wire.call("GET", target)
        seconds = time.monotonic() - began_at
        taken = stage.product.seconds_taken(ENTRIES_ROUTE)
        laps = Laps()
        laps.run()
        assert len(reply["results"]) == FIRST_PAGE
        if number:  # the first one plans its statements
            pace = stage.pace.of(laps)
            counted.add(Run(taken - before, {}, pace=pace), {})
            asked.add(Run(seconds, {}, pace=pace), {})
        before = taken
    yield _told(stage, counted)
    yield _told(stage, asked)


def _asked(stage: Stage, name: str, target: str) -> Measurement:
    row = Measurement(name, stage.where, 0, operations=1)
    wire = stage.product.wires[0]
    for number in range(SEARCHED + 1):
        began_at = time.monotonic()
        wire.call("GET", target)
        if number:  # the first one plans its statements
            row.add(Run(time.monotonic() - began_at, {}), {})
    return _told(stage, row)


def _asked_at_once(stage: Stage, name: str, target: str) -> Measurement:
    row = Measurement(name, stage.where, 0, operations=1)

    def ask(wire: Wire) -> None:
        for _ in range(ASKED):
            began_at = time.monotonic()
            wire.call("GET", target)
            row.add(Run(time.monotonic() - began_at, {}), {})

    run_together([partial(ask, wire) for wire in stage.product.wires])
    return _told(stage, row)


def _deleted(stage: Stage, tree: large_tree.LargeTree) -> Measurement:
    wire = stage.product.wires[0]
    ids = list(_ids(wire, tree.listed, min(DELETED, stage.amounts.entries // 4)))
    row = Measurement(f"{len(ids):,} deletions by batch", stage.where, 0, operations=len(ids))
    began_at = time.monotonic()
    wire.call("POST", "/api/v1/batch", {"operation": "trash", "ids": ids})
    row.add(Run(time.monotonic() - began_at, {}), {})
    return _told(stage, row)


def _ids(wire: Wire, folder: str, count: int) -> Iterator[str]:
    target = f"{ENTRIES_PATH}?parent={folder}&limit={min(1000, count)}"
    while count:
        page = wire.call("GET", target)
        ids = [one["id"] for one in page["results"][:count]]
        yield from ids
        count -= len(ids)
        target = "/api/" + (page["next"] or "").partition("/api/")[2]


def _committed(stage: Stage) -> Iterator[Measurement]:
    """Send zeros, and time the last MiB of them: that must cost the same for any number of bytes before it.

    All are hashed, and recorded as one chunk over and over. The sizes take turns, and each upload ends right
    after another request on the same connection: what is told apart is the size alone, neither the minute nor
    what a connection's first request costs.
    """
    body, zeros = bytes(LAST_BYTES), bytes(CHUNK_BYTES)
    sizes = {
        size_gib: f"{size_gib} GiB" if size_gib else "1 MiB" for size_gib in (0, 1, stage.amounts.sparse_gib)
    }
    rows = {
        size_gib: Measurement(f"last MiB of {size}", stage.where, 0, operations=1)
        for size_gib, size in sizes.items()
    }
    for number in range(ENDED):
        for size_gib, row in rows.items():
            before = size_gib * GIB
            stage.product.connect_anew()
            upload = stage.product.wires[0].begin_upload(f"{row.name} {number}", before + LAST_BYTES)
            if before:
                stage.product.wires[0].append(upload, 0, zeros, times=before // CHUNK_BYTES)
            stage.product.connect_anew()
            wire = stage.product.wires[0]
            wire.store("just-before.bin", body)
            began_at = time.monotonic()
            wire.append(upload, before, body)
            row.add(Run(time.monotonic() - began_at, {}), {})
    for row in rows.values():
        yield _told(stage, row)


def _told(stage: Stage, row: Measurement) -> Measurement:
    stage.say(f"{row.name}: {row.spread()}")
    return row
