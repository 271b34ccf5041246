"""Measures how fast the copies of a lost node are made anew on another one."""

import shutil
import time
from collections.abc import Iterator

from bench.processes import MemorySampler
from bench.product import Product
from bench.results import Measurement
from bench.stage import Stage
from bench.transfers import files_of

LOST = "node-1"
NOTICED_SECONDS = 120


def measure(stage: Stage) -> Iterator[Measurement]:
    """Store a file, let a fourth node join, end a node for good and wipe its disk.

    The rate is that of copying: the clock runs from the last look that found no file on the new node until
    all copies are made and known. The time since the loss was noticed stands under `copies_seconds`. One
    round: the cluster has changed afterwards.
    """
    product, size_bytes = stage.product, stage.amounts.transfer_bytes
    ((path, payload),) = files_of(stage, "repair", streams=1, size_bytes=size_bytes).items()
    stage.limit.upload([payload])
    product.upload({path: payload})
    product.wait_for_copies()
    spare = product.system.add_node()
    product.system.wait_for(lambda: spare in product.system.online_nodes(), what=f"{spare} to be online")

    noticed_at = 0.0

    def lose_and_repair() -> float:
        nonlocal noticed_at
        product.system.stop_node(LOST)
        shutil.rmtree(product.system.data / "nodes" / LOST)
        product.system.wait_for(
            lambda: product.cluster()["under_replicated"],
            what=f"the loss of {LOST} to be noticed",
            timeout_seconds=NOTICED_SECONDS,
        )
        noticed_at = time.monotonic()
        return product.wait_for_copies(since=idle_until(product, spare))

    row = Measurement("repair of a wiped node", stage.where, size_bytes)
    with MemorySampler(product.parts) as memory:
        run = stage.run(lose_and_repair, stage.limit.copy)
    run.copies_seconds = time.monotonic() - noticed_at
    row.add(run, memory.peak_bytes)
    stage.say(row.last_round())
    yield row


def idle_until(product: Product, spare: str) -> float:
    """Wait for the first chunk file on a node; returns when the look before it was (monotonic)."""
    chunks = product.system.data / "nodes" / spare / "chunks"
    looks = [time.monotonic()]

    def has_begun() -> bool:
        looks.append(time.monotonic())
        return any(file.is_file() for file in chunks.glob("*/*/*"))

    product.system.wait_for(has_begun, what="the first copy", timeout_seconds=NOTICED_SECONDS)
    return looks[-2]
