"""Moves the bytes of replication: reads verified copies and puts them on their targets, several at a time.

No row is touched. The limit of repair is kept here; pushes of fresh uploads know no limit.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

from django.db import connection

from nodes import client, reading
from nodes.beside import ThreadPool
from nodes.errors import ChunkUnavailable, NodeError
from nodes.jobs import Job
from nodes.pace import Pace
from storagenode.protocol.names import chunk_name

log = logging.getLogger(__name__)

COPY_THREADS = 4
PARCEL_BYTES = 2**20
"""Chunks this small together are one thread's work: handing each over would cost more than its bytes."""


def begin(threads: ThreadPool, jobs: Sequence[Job], *, pace: Pace, deadline: float) -> list[Future[None]]:
    """Have threads make the jobs' copies; what is not begun by the deadline (monotonic) is put off."""
    wanted = [job for job in jobs if job.placements]
    return [threads.submit(_copy_all, parcel, pace, deadline) for parcel in _parcels(wanted)]


def _parcels(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    parcel: list[Job] = []
    size = 0
    for job in jobs:
        parcel.append(job)
        size += job.chunk.size
        if size >= PARCEL_BYTES:
            yield parcel
            parcel, size = [], 0
    if parcel:
        yield parcel


def _copy_all(parcel: Sequence[Job], pace: Pace, deadline: float) -> None:
    size_bytes = sum(job.chunk.size * len(job.placements) for job in parcel)
    fits = pace.wait(size_bytes, until=deadline)
    for job in parcel:
        if fits and time.monotonic() <= deadline:
            _copy(job)
        else:
            job.is_put_off = True


def _copy(job: Job) -> None:
    """Read one verified copy and put it on all targets at once."""
    chunk = job.chunk
    sources = tuple(reading.Source(copy.replica_id, copy.view.id) for copy in job.copies)
    try:
        pieces = reading.fetch(reading.ExtentView(0, chunk.size, chunk.chunk_id, chunk.digest, sources))
    except ChunkUnavailable:
        return
    finally:
        connection.close()
    sent = []
    for replica_id, target in job.placements.items():
        try:
            exchange = client.begin_put(target, chunk_name(chunk.digest, replica_id), *pieces)
        except NodeError as error:
            log.warning("a copy on %s was not confirmed: %s", target.name, error)
        else:
            sent.append((replica_id, target, exchange))
    for replica_id, target, exchange in sent:
        try:
            client.finish_put(exchange)
        except NodeError as error:
            log.warning("a copy on %s was not confirmed: %s", target.name, error)
        else:
            job.confirmed.add(replica_id)
