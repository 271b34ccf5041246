"""Has nodes look at copies again and writes down what that proves: the one rule for a verdict.

Nothing is deleted here, neither rows nor files: a bad file is put aside on its node, and its chunk becomes
due. What cannot be read proves nothing about the bytes, and an answer that does not come proves nothing.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from nodes import client, figures
from nodes.errors import NodeError
from nodes.figures import Figure
from nodes.models import Chunk, Replica
from nodes.roster import NodeView
from storagenode.protocol.names import chunk_name

log = logging.getLogger(__name__)

BATCH_COPIES = 200
BATCH_BYTES = 64 * 2**20
"""One request: at 2 MB/s, slower than any useful disk, it ends within the minute that it may take."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One replica as its node knows it; size in bytes."""

    replica_id: UUID
    chunk_id: int
    digest: bytes
    size: int

    @property
    def name(self) -> str:
        return chunk_name(self.digest, self.replica_id)


def look_again(view: NodeView, copies: Sequence[Copy]) -> set[UUID]:
    """Have a node re-hash stored copies, and judge them; returns the ids of those that proved good.

    A copy that is bad or absent counts no more, and its chunk is due. One that cannot be read is given up
    only while another undoubted copy is stored; the last ones stay readable, doubted. Raises NodeError when
    the node does not answer: what it did answer until then is written down.
    """
    good: set[UUID] = set()
    for batch in _batches(copies):
        verdicts = _ask(view, batch)
        good |= {copy.replica_id for copy in verdicts["good"]}
        Replica.objects.stored().filter(id__in=_ids(verdicts["good"])).update(
            doubted_at=None, verified_at=Now()
        )
        _condemn(view, verdicts)
        _put_aside(view, verdicts["bad"])
    return good


def take_back(view: NodeView, copies: Sequence[Copy]) -> int:
    """Look at files whose copies were given up, and let the good ones count again; returns how many.

    A node holds one copy of a chunk that counts: where it has another by now, the file stays as it is.
    Raises NodeError.
    """
    taken = 0
    for batch in _batches(copies):
        verdicts = _ask(view, batch)
        for copy in verdicts["good"]:
            taken += _take_back(view, copy)
        _put_aside(view, verdicts["bad"])
    return taken


def _take_back(view: NodeView, copy: Copy) -> int:
    here = Replica.objects.filter(
        chunk_id=copy.chunk_id, node_id=view.id, state__in=(Replica.State.PENDING, Replica.State.STORED)
    )
    with transaction.atomic():
        wanted = Chunk.objects.filter(id=copy.chunk_id).exclude(state=Chunk.State.DELETING)
        if not wanted.in_lock_order().first() or here.exists():
            return 0
        given_up = Replica.objects.filter(id=copy.replica_id, state__in=Replica.GIVEN_UP)
        taken = given_up.update(state=Replica.State.STORED, doubted_at=None, verified_at=Now())
    if taken:
        log.warning("a copy on %s that was given up is good and counts again: %s", view.name, copy.name)
    return taken


def has_room(batch: Sequence[Copy], size: int) -> bool:
    """Tell whether one more copy of this size fits into one request with these."""
    return not batch or (len(batch) < BATCH_COPIES and sum(copy.size for copy in batch) + size <= BATCH_BYTES)


def _batches(copies: Sequence[Copy]) -> Iterator[list[Copy]]:
    batch: list[Copy] = []
    for copy in copies:
        if not has_room(batch, copy.size):
            yield batch
            batch = []
        batch.append(copy)
    if batch:
        yield batch


def _ask(view: NodeView, copies: list[Copy]) -> dict[str, list[Copy]]:
    """Sort copies by what their node found; one that does not tell of each of them is believed nothing."""
    answer = client.verify_chunks(view, [copy.name for copy in copies])
    verdicts: dict[str, list[Copy]] = {"good": [], "bad": [], "missing": [], "error": []}
    for copy in copies:
        verdict = answer.get(copy.name)
        if verdict not in verdicts:
            raise NodeError(f"{view.name} does not tell what it found of {copy.name}")
        verdicts[verdict].append(copy)
    return verdicts


def _condemn(view: NodeView, verdicts: dict[str, list[Copy]]) -> None:
    """Give up what is no good, and order new copies; the chunks are locked before anything is counted."""
    judged = [copy for verdict in ("bad", "missing", "error") for copy in verdicts[verdict]]
    if not judged:
        return
    chunks = Chunk.objects.filter(id__in={copy.chunk_id for copy in judged})
    with transaction.atomic():
        list(chunks.in_lock_order())
        stored = Replica.objects.stored()
        corrupt, missing = Replica.State.CORRUPT, Replica.State.MISSING
        stored.filter(id__in=_ids(verdicts["bad"])).update(state=corrupt, verified_at=Now())
        stored.filter(id__in=_ids(verdicts["missing"])).update(state=missing, verified_at=Now())
        unreadable = stored.filter(id__in=_ids(verdicts["error"]))
        unreadable.filter(doubted_at__isnull=True).update(doubted_at=Now())
        unreadable.filter(Exists(_undoubted_elsewhere())).update(state=corrupt, verified_at=Now())
        chunks.update(copies_due_at=Now(), copies_seen=_copies_left())
        figures.add(
            {
                Figure.REPLICAS_FOUND_CORRUPT: len(verdicts["bad"]) + len(verdicts["error"]),
                Figure.REPLICAS_FOUND_MISSING: len(verdicts["missing"]),
            }
        )
    for verdict in ("bad", "missing", "error"):
        for copy in verdicts[verdict]:
            log.error("a copy on %s is %s, another is made: %s", view.name, verdict, copy.name)


def _undoubted_elsewhere() -> QuerySet[Replica]:
    return (
        Replica.objects.stored()
        .filter(chunk_id=OuterRef("chunk_id"), doubted_at__isnull=True)
        .exclude(node_id=OuterRef("node_id"))
        .exclude(node__absence_noted=True)  # it may never come back
    )


def _copies_left() -> Coalesce:
    here = Replica.objects.stored().filter(chunk_id=OuterRef("id"), doubted_at__isnull=True).order_by()
    counted = here.values("chunk_id").annotate(copies=Count("id")).values("copies")
    return Coalesce(Subquery(counted), 0)


def _put_aside(view: NodeView, bad: list[Copy]) -> None:
    """Quarantine files that are proven bad. One that stays is met again by the next look at the listing."""
    if not bad:
        return
    try:
        client.quarantine_chunks(view, [copy.name for copy in bad], "does not match its digest")
    except NodeError as error:
        log.warning("%d bad files on %s could not be put aside: %s", len(bad), view.name, error)


def _ids(copies: Sequence[Copy]) -> list[UUID]:
    return [copy.replica_id for copy in copies]
