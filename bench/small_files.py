"""Measures many small files up and down over a few kept connections."""

import os
from collections.abc import Iterator
from functools import partial

from bench.payload import SMALL_BYTES
from bench.processes import MemorySampler
from bench.results import Measurement
from bench.small_requests import run_all
from bench.stage import Stage
from bench.wire import request_head

CONNECTIONS = 8
WARM_UP_FILES = 100


def measure(stage: Stage) -> Iterator[Measurement]:
    """Send small files, no two alike, and get them back."""
    count = stage.amounts.small_files
    what = f"{count:,} files of 4 KiB"
    up_rows = Measurement(f"{what} up", stage.where, count * SMALL_BYTES, operations=count)
    down_rows = Measurement(f"{what} down", stage.where, count * SMALL_BYTES, operations=count)
    send_and_get(stage, "small-warm", WARM_UP_FILES)
    rounds = [f"small-{number}" for number in range(stage.amounts.rounds)]
    for folder in rounds:
        send_and_get(stage, folder, count, up_rows, down_rows)
    stage.product.purge(["small-warm", *rounds])  # or a repair would have thousands of small chunks to copy
    yield up_rows
    yield down_rows


def send_and_get(stage: Stage, folder: str, count: int, *rows: Measurement) -> None:
    """Do one round in a new folder; note it in the rows for up and down, if there are."""
    product = stage.product
    product.create_folder(folder)
    bodies = [os.urandom(SMALL_BYTES) for _ in range(count)]
    paths = [f"/api/v1/content/{folder}/{number:05d}" for number in range(count)]
    puts = [
        request_head("PUT", path, product.token, length=SMALL_BYTES) + body
        for path, body in zip(paths, bodies, strict=True)
    ]
    gets = [request_head("GET", path, product.token) for path in paths]
    port, limit_port = product.system.port, stage.limit.files_port

    def compare(number: int, body: bytes) -> None:
        assert body == bodies[number], f"{paths[number]} came back as other bytes"

    send = partial(run_all, requests=puts, connections=CONNECTIONS, status=201)
    get = partial(run_all, requests=gets, connections=CONNECTIONS, status=200, check=compare)
    with MemorySampler(product.parts) as memory_up:
        up = stage.run_until_copied(partial(send, port), partial(send, limit_port))
    with MemorySampler(product.parts) as memory_down:
        down = stage.run(partial(get, port), partial(get, limit_port))
    stage.limit.forget()
    for row, run, memory in zip(rows, (up, down), (memory_up, memory_down), strict=False):
        row.add(run, memory.peak_bytes)
        stage.say(row.last_round())
