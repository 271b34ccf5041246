"""Measures a listing while ten browsers upload large files: the API's first page, and the page for people."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event

from bench.payload import Payload, random_block
from bench.results import MIB, Measurement, Run
from bench.stage import Stage
from bench.streams import run_together
from bench.wire import Wire

BROWSERS = 10
LISTED = 200
"""Files of the folder that is listed: as many rows as a page for people has."""
LISTED_FOLDER, UPLOAD_FOLDER = "looked-at", "filling"
UPLOADED = "uploaded MiB/s"


def measure(stage: Stage) -> Iterator[Measurement]:
    """List a folder again and again by either door while streams upload without pause."""
    wire, session = stage.product.wires[0], stage.product.browser_session()
    folder = stage.product.create_folder(LISTED_FOLDER)
    for number in range(LISTED):
        wire.store(f"{LISTED_FOLDER}/{number:03}.txt", b"")
    first_page = partial(wire.call, "GET", f"/api/v1/entries?parent={folder}")
    yield _asked_in_the_crowd(stage, f"first 100 while {BROWSERS} upload", first_page)
    page = partial(wire.read_page, f"/files/{folder}", session)
    yield _asked_in_the_crowd(stage, f"page of {LISTED} while {BROWSERS} upload", page)
    stage.product.purge([LISTED_FOLDER])


def _asked_in_the_crowd(stage: Stage, name: str, ask: Callable[[], object]) -> Measurement:
    """Every request is a round; what was uploaded meanwhile is counted beside."""
    row = Measurement(name, stage.where, 0, operations=1)
    blocks = [random_block() for _ in range(BROWSERS)]
    uploaded, seconds = [0] * BROWSERS, 0.0

    def ask_until_over(over: Event) -> None:
        try:
            deadline = time.monotonic() + stage.amounts.crowd_seconds
            while time.monotonic() < deadline:
                began_at = time.monotonic()
                ask()
                row.add(Run(time.monotonic() - began_at, {}), {})
        finally:
            over.set()

    def upload_until_over(over: Event, number: int, wire: Wire) -> None:
        while not over.is_set():
            payload = Payload(stage.amounts.crowd_file_bytes, blocks[number])
            wire.upload(f"{UPLOAD_FOLDER}/{number}-{uploaded[number]}", payload)
            uploaded[number] += payload.size_bytes

    for _ in range(stage.amounts.rounds):
        over = Event()
        stage.product.create_folder(UPLOAD_FOLDER)
        ask()  # the first one plans its statements
        wires = [Wire(stage.product.system.port, stage.product.token) for _ in blocks]
        uploads = [partial(upload_until_over, over, *numbered) for numbered in enumerate(wires)]
        seconds += run_together([partial(ask_until_over, over), *uploads])
        for wire in wires:
            wire.close()
        stage.product.purge([UPLOAD_FOLDER])
    row.counts[UPLOADED] = round(sum(uploaded) / MIB / seconds)
    stage.say(f"{name}: {row.spread()}, {row.counts[UPLOADED]} MiB/s uploaded meanwhile")
    return row
