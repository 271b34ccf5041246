"""Celery's doors to the engine: one call each. Safe to run twice, late or never: a sweep follows."""

import logging

import kombu.exceptions
import redis.exceptions
from celery import Task, shared_task

from nodes import (
    census,
    hashing,
    health,
    orphans,
    rebalance,
    reclaim,
    reconcile,
    recount,
    replication,
    samples,
    scrub,
    trim,
)

log = logging.getLogger(__name__)


@shared_task
def replicate() -> None:
    """Bring due chunks to the replication factor."""
    if replication.replicate_due():
        try_to_send(replicate)


@shared_task
def trim_copies() -> None:
    """Remove copies that are not needed any more, from draining nodes above all."""
    if trim.trim():
        try_to_send(trim_copies)


@shared_task
def rebalance_copies() -> None:
    """Order what is badly spread, and even out how full the nodes are."""
    rebalance.rebalance()


@shared_task
def probe_nodes() -> None:
    """See how every node is."""
    if health.probe_all():
        try_to_send(replicate)


@shared_task
def reclaim_chunks() -> None:
    """Remove what no content needs any more."""
    if reclaim.reclaim():
        try_to_send(reclaim_chunks)


@shared_task
def take_census() -> None:
    """Count what is too much to count for everybody who asks, and how each node is, for charts; recount."""
    census.take()
    samples.take()
    if recount.walk_on():
        try_to_send(replicate)


@shared_task
def hash_contents() -> None:
    """Fill in the SHA-256 of what was not hashed as it came."""
    hashing.fill()


@shared_task
def scrub_copies() -> None:
    """Have nodes re-hash what nobody has looked at for long."""
    if scrub.scrub_due():
        try_to_send(scrub_copies, delay_seconds=scrub.SLICE_SECONDS)


@shared_task
def reconcile_listings() -> None:
    """Compare what is on the disks with the rows, and remove what no row knows."""
    if reconcile.reconcile_due() | orphans.remove_due():
        try_to_send(reconcile_listings)


def try_to_send(task: Task, *, delay_seconds: float = 0) -> None:
    """Send a wake-up; without Redis the next sweep finds the work."""
    try:
        task.apply_async(retry=False, expires=delay_seconds + 60, countdown=delay_seconds or None)
    except (OSError, kombu.exceptions.OperationalError, redis.exceptions.RedisError) as error:
        log.warning("no wake-up could be sent, the next sweep will do: %s", error)
