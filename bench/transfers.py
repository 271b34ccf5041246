"""Measures large files up and down, ranges of them, and the servers' memory meanwhile."""

import random
from collections.abc import Iterator
from functools import partial

from blake3 import blake3

from bench.payload import Payload
from bench.processes import MemorySampler
from bench.results import MIB, Measurement
from bench.stage import Stage

WARM_UP_BYTES = 64 * MIB
RANGE_BYTES = MIB


def files_of(stage: Stage, name: str, *, streams: int, size_bytes: int) -> dict[str, Payload]:
    """Name as many new files as there are streams, together of this size."""
    blocks = stage.blocks[:streams]
    return {f"{name}-{number}": Payload(size_bytes // streams, block) for number, block in enumerate(blocks)}


def warm_up(stage: Stage) -> None:
    """Let every connection, buffer and thread come into being before a clock runs."""
    for _ in range(2):
        files = files_of(stage, "warm", streams=len(stage.blocks), size_bytes=WARM_UP_BYTES)
        stage.limit.upload(list(files.values()))
        stage.limit.download()
        stage.limit.forget()
        stage.product.upload(files)
        stage.product.download(files)
        stage.product.wait_for_copies()
        stage.product.purge(list(files))


def measure(stage: Stage, *, streams: int, down: bool) -> Iterator[Measurement]:
    """Send files and, with `down`, get them back; each round sends other bytes."""
    size_bytes = stage.amounts.transfer_bytes
    words = "1 stream" if streams == 1 else f"{streams} streams"
    up_rows = Measurement(f"upload {words}", stage.where, size_bytes)
    down_rows = Measurement(f"download {words}", stage.where, size_bytes)
    for number in range(stage.amounts.rounds):
        files = files_of(stage, f"large-{streams}-{number}", streams=streams, size_bytes=size_bytes)
        payloads = list(files.values())
        with MemorySampler(stage.product.parts) as memory:
            run = stage.run_until_copied(
                partial(stage.product.upload, files), partial(stage.limit.upload, payloads)
            )
        up_rows.add(run, memory.peak_bytes)
        stage.say(up_rows.last_round())
        if down:
            check_whole(stage, files)
            with MemorySampler(stage.product.parts) as memory:
                run = stage.run(partial(stage.product.download, files), stage.limit.download)
            down_rows.add(run, memory.peak_bytes)
            stage.say(down_rows.last_round())
        stage.limit.forget()
        stage.product.purge(list(files))
    yield up_rows
    if down:
        yield down_rows


def measure_ranges(stage: Stage) -> Iterator[Measurement]:
    """Read random ranges of one file, each compared byte by byte."""
    size_bytes, count = stage.amounts.transfer_bytes, stage.amounts.ranges
    ((path, payload),) = files_of(stage, "ranges", streams=1, size_bytes=size_bytes).items()
    stage.limit.upload([payload])
    stage.product.upload({path: payload})
    stage.product.wait_for_copies()
    row = Measurement(f"{count} ranges of 1 MiB", stage.where, count * RANGE_BYTES, operations=count)
    for _ in range(stage.amounts.rounds):
        starts = [random.randrange(size_bytes - RANGE_BYTES) for _ in range(count)]
        ranges = [(start, start + RANGE_BYTES) for start in starts]
        with MemorySampler(stage.product.parts) as memory:
            run = stage.run(
                partial(stage.product.read_ranges, path, payload, ranges),
                partial(stage.limit.read_ranges, ranges),
            )
        row.add(run, memory.peak_bytes)
        stage.say(row.last_round())
    stage.limit.forget()
    stage.product.purge([path])
    yield row


def measure_memory(stage: Stage) -> Iterator[Measurement]:
    """Send one file larger than any memory here should be, and get it back."""
    size_bytes = stage.amounts.memory_bytes
    files = files_of(stage, "memory", streams=1, size_bytes=size_bytes)
    row = Measurement("memory: up and down", stage.where, 2 * size_bytes)
    with MemorySampler(stage.product.parts) as memory:
        run = stage.run(lambda: stage.product.upload(files) + stage.product.download(files))
    row.add(run, memory.peak_bytes)
    stage.say(row.last_round())
    stage.product.wait_for_copies()
    stage.product.purge(list(files))
    yield row


def check_whole(stage: Stage, files: dict[str, Payload]) -> None:
    """Get one of the files and compare its digest: outside the clock, where every byte can be looked at."""
    path, payload = next(iter(files.items()))
    hasher = blake3()
    stage.product.wires[0].download_whole(path, hasher.update, payload.size_bytes)
    assert hasher.digest() == payload.digest(), f"{path} came back as other bytes"
