"""Measures a listing while ten browsers upload large files: the API's first page, and the page for people.

The browsers are a process of their own, as in life: who asks shares no interpreter with them.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Event

from bench.payload import Payload, random_block
from bench.results import MIB, Measurement, Run
from bench.stage import Stage
from bench.streams import run_together
from bench.wire import Wire

BROWSERS = 10
LISTED = 200
"""Files of the folder that is listed: more than either first page has."""
LISTED_FOLDER, UPLOAD_FOLDER = "looked-at", "filling"
UPLOADED = "uploaded MiB/s"


def measure(stage: Stage) -> Iterator[Measurement]:
    """List a folder again and again by either door while streams upload without pause."""
    product = stage.product
    session, folder = product.browser_session(), product.create_folder(LISTED_FOLDER)
    for number in range(LISTED):
        product.wires[0].store(f"{LISTED_FOLDER}/{number:03}.txt", b"")

    def first_page() -> object:
        return product.wires[0].call("GET", f"/api/v1/entries?parent={folder}")

    def page() -> object:
        return product.wires[0].read_page(f"/files/{folder}", session)

    yield _asked_in_the_crowd(stage, f"first 100 while {BROWSERS} upload", first_page)
    yield _asked_in_the_crowd(stage, f"first rows while {BROWSERS} upload", page)
    product.purge([LISTED_FOLDER])


def _asked_in_the_crowd(stage: Stage, name: str, ask: Callable[[], object]) -> Measurement:
    """Every request is a round; what was uploaded meanwhile is counted beside."""
    row = Measurement(name, stage.where, 0, operations=1)
    sent_bytes, seconds = 0, 0.0
    for _ in range(stage.amounts.rounds):
        stage.product.create_folder(UPLOAD_FOLDER)
        ask()  # the first one plans its statements
        sent, took = _ask_beside_browsers(stage, row, ask)
        sent_bytes, seconds = sent_bytes + sent, seconds + took
        stage.product.purge([UPLOAD_FOLDER])
    row.counts[UPLOADED] = round(sent_bytes / MIB / seconds)
    stage.say(f"{name}: {row.spread()}, {row.counts[UPLOADED]} MiB/s uploaded meanwhile")
    return row


def _ask_beside_browsers(stage: Stage, row: Measurement, ask: Callable[[], object]) -> tuple[int, float]:
    """Ask for a while as the only one; returns the bytes that browsers sent, and in how many seconds.

    Raises RuntimeError when an upload failed.
    """
    here, there = get_context("spawn").Pipe()
    where = (stage.product.system.port, stage.product.token, stage.amounts.crowd_file_bytes)
    browsers = get_context("spawn").Process(target=_upload_until_told, args=(there, *where))
    browsers.start()
    there.close()
    try:
        here.recv()  # all are connected
        deadline = time.monotonic() + stage.amounts.crowd_seconds
        while time.monotonic() < deadline:
            began_at = time.monotonic()
            ask()
            row.add(Run(time.monotonic() - began_at, {}), {})
        here.send("enough")
        sent, took = here.recv()
        return sent, took
    except EOFError as error:
        raise RuntimeError("an upload failed, as told above") from error
    finally:
        here.close()
        browsers.join()


def _upload_until_told(told: Connection, port: int, token: str, file_bytes: int) -> None:
    """Upload as ten browsers, without pause; the process of its own."""
    over = Event()
    sent = [0] * BROWSERS

    def wait() -> None:
        try:
            told.recv()
        finally:
            over.set()

    def upload(number: int, wire: Wire, block: memoryview) -> None:
        while not over.is_set():
            payload = Payload(file_bytes, block)
            wire.upload(f"{UPLOAD_FOLDER}/{number}-{sent[number]}", payload)
            sent[number] += payload.size_bytes

    wires = [Wire(port, token) for _ in sent]
    uploads = [partial(upload, number, wire, random_block()) for number, wire in enumerate(wires)]
    told.send("ready")
    seconds = run_together([wait, *uploads])
    told.send((sum(sent), seconds))
