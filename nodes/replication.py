"""Brings due chunks to the replication factor: push when fresh, repair after a loss, one algorithm.

A chunk's row is the work order; claims have leases, and what a claim finds is counted by query. Whoever loses
its lease changes nothing more. A task may run twice, late or never. Rows are read and written a batch at a
time, and the next batch is made ready while one is copied.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from nodes import copying, failpoints, figures, placement, roster, safety, second_looks, turns
from nodes.beside import ThreadPool
from nodes.figures import Figure
from nodes.ids import uuid7
from nodes.jobs import Claim, Copy, Job, is_crowded
from nodes.models import Chunk, Node, Replica
from nodes.pace import Pace
from nodes.roster import NodeView

log = logging.getLogger(__name__)

LEASE_SECONDS = 120
"""Longer than a task may run (CELERY_TASK_TIME_LIMIT), so that a lease ends only with its holder."""
BATCH_CHUNKS = 64
BATCH_SECONDS = 1.0
"""At the limit of repair a batch takes about so long: then fresh uploads are looked for again."""
BUDGET_SECONDS = 5.0
"""One task works this long and then lets probes and other work have the worker."""
TURN = "repair"
TURN_SECONDS = 30.0
LONGEST_REST_SECONDS = 2.0
PUSH_ATTEMPTS = 3
"""A fresh chunk that could not get its copies so often waits in line with repair."""

_CLAIM = f"""
UPDATE nodes_chunk SET lease_until = now() + interval '{LEASE_SECONDS} seconds', attempts = attempts + 1
WHERE id = ANY(ARRAY(
    SELECT id FROM nodes_chunk
    WHERE {{wanted}} AND state = 'live' AND (lease_until IS NULL OR lease_until <= now())
    ORDER BY copies_seen, copies_due_at LIMIT %s FOR UPDATE SKIP LOCKED
))
RETURNING id, digest, size, copies_due_at, lease_until, attempts, is_repair, copies_seen
"""
_FINISH = """
UPDATE nodes_chunk c SET
    lease_until = NULL,
    copies_due_at = CASE WHEN c.copies_due_at IS DISTINCT FROM done.due_at THEN c.copies_due_at
                    ELSE now() + done.wait * interval '1 second' END,
    attempts = CASE WHEN done.wait IS NULL THEN 0 WHEN done.wait = 0 THEN greatest(c.attempts - 1, 0)
               ELSE c.attempts END,
    thin_since = CASE WHEN done.wait IS NOT NULL THEN coalesce(c.thin_since, done.due_at) END,
    copies_seen = done.seen,
    is_repair = c.is_repair OR done.wait IS NULL OR c.attempts >= %s,
    surplus_at = CASE WHEN done.wait IS NULL AND %s < (
        SELECT count(*) + count(*) FILTER (WHERE n.duty = 'draining') * %s
        FROM nodes_replica r JOIN nodes_node n ON n.id = r.node_id
        WHERE r.chunk_id = c.id AND r.state = 'stored'
        AND (n.duty = 'draining' OR n.duty = 'active' AND NOT n.absence_noted)
    ) THEN now() ELSE c.surplus_at END
FROM unnest(%s::bigint[], %s::timestamptz[], %s::float[], %s::int[]) AS done (id, due_at, wait, seen)
WHERE c.id = done.id
"""
_RECORD = """
UPDATE nodes_replica r SET state = 'stored', stored_at = now(), verified_at = now()
FROM nodes_node n
WHERE r.id = ANY(%s::uuid[]) AND r.state = 'pending' AND n.id = r.node_id
RETURNING r.id, n.duty
"""


@dataclass(slots=True)
class Batch:
    """Claimed chunks whose copies are being made."""

    jobs: list[Job]
    copies: list[Future[None]]


def replicate_due(*, budget_seconds: float = BUDGET_SECONDS) -> bool:
    """Work on due chunks for a while, a batch of fresh ones, then one of repair; tells whether some are left.

    Repair has one turn in the whole cluster, which keeps it below its limit; fresh uploads wait for neither,
    and for one batch of repair at most.
    """
    deadline = time.monotonic() + budget_seconds
    holder = uuid4()
    has_turn = False
    unlimited, limited = Pace(0), Pace(settings.REPAIR_BYTES_PER_SECOND)

    def fresh_batch() -> tuple[list[Claim], Pace]:
        return claim_fresh(BATCH_CHUNKS), unlimited

    def repair_batch() -> tuple[list[Claim], Pace]:
        nonlocal has_turn
        if not _is_repair_due() or not turns.take(TURN, holder, seconds=TURN_SECONDS):
            return [], limited
        has_turn = True
        return claim_repairs(_repair_batch()), limited

    lanes = deque([fresh_batch, repair_batch])

    def claim_next() -> tuple[list[Claim], Pace]:
        for _ in range(len(lanes)):
            lane = lanes[0]
            lanes.rotate()
            claims, pace = lane()
            if claims:
                return claims, pace
        return [], unlimited

    with ThreadPool(copying.COPY_THREADS, thread_name_prefix="copy") as threads:
        is_more = False
        running: Batch | None = None
        while True:
            is_more = is_more or time.monotonic() > deadline
            claims, pace = ([], unlimited) if is_more else claim_next()
            following = _begin(threads, claims, pace, deadline) if claims else None
            if running is not None:
                _finish(running)
                is_more = is_more or any(job.is_put_off for job in running.jobs)
            if following is None:
                break
            running = following
    if has_turn:
        end_turn(holder, limited)
    return is_more


def claim(limit: int) -> list[Claim]:
    """Claim due chunks that nobody works on, fresh ones before others."""
    return claim_fresh(limit) or claim_repairs(limit)


def claim_fresh(limit: int) -> list[Claim]:
    """Claim fresh chunks that never had all their copies."""
    return _claim("copies_due_at <= now() AND NOT is_repair", [], limit)


def claim_repairs(limit: int) -> list[Claim]:
    """Claim due chunks that had all their copies once, or could not get them."""
    return _claim("copies_due_at <= now() AND is_repair", [], limit)


def _claim(wanted: str, parameters: list[list[int]], limit: int) -> list[Claim]:
    """Claim chunks in one statement; the lease is by the database's clock.

    The roster is read anew: a view from before the drain that made a chunk due would see nothing to do.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(wanted=wanted), [*parameters, limit])
        rows = sorted(cursor.fetchall(), key=lambda row: row[-1])
    if rows:
        roster.reload()
    return [Claim(row[0], bytes(row[1]), *row[2:-1]) for row in rows]


def _is_repair_due() -> bool:
    return Chunk.objects.under_replicated().filter(is_repair=True, copies_due_at__lte=Now()).exists()


def _repair_batch() -> int:
    """Return how many chunks are claimed at once at the limit of repair."""
    if not settings.REPAIR_BYTES_PER_SECOND:
        return BATCH_CHUNKS
    in_time = int(settings.REPAIR_BYTES_PER_SECOND * BATCH_SECONDS / settings.CHUNK_SIZE)
    return min(max(in_time, copying.COPY_THREADS), BATCH_CHUNKS)


def end_turn(holder: UUID, pace: Pace) -> None:
    """Give the turn of repair back once what was sent fits the limit; a long rest is left to its own end."""
    debt = pace.debt_seconds
    if debt > LONGEST_REST_SECONDS:
        turns.take(TURN, holder, seconds=debt)
        return
    time.sleep(debt)
    turns.give_back(TURN, holder)


def replicate(claims: Sequence[Claim], *, deadline: float = float("inf")) -> None:
    """Bring claimed chunks as near to their factor as the nodes allow, and say what is left to do.

    Copies not begun by the deadline (monotonic) are left to the next claim.
    """
    with ThreadPool(copying.COPY_THREADS, thread_name_prefix="copy") as threads:
        _finish(_begin(threads, claims, Pace(0), deadline))


def add_copies(chunk_ids: Sequence[int], target: NodeView, *, pace: Pace, deadline: float) -> tuple[int, int]:
    """Give chunks that lack nothing one copy more, on this node; returns how many got it, and their bytes.

    What is too much then is up to `nodes.trim`. Chunks that somebody works on, or should, are passed over.
    """
    wanted = "id = ANY(%s::bigint[]) AND copies_due_at IS NULL AND surplus_at IS NULL"
    claims = _claim(wanted, [list(chunk_ids)], len(chunk_ids))
    if not claims:
        return 0, 0

    def choose(job: Job) -> list[NodeView]:
        is_whole = not job.lacking and not any(copy.is_doubted for copy in job.copies)
        return [target] if is_whole and target.id not in job.holding else []

    with ThreadPool(copying.COPY_THREADS, thread_name_prefix="copy") as threads:
        batch = _begin(threads, claims, pace, deadline, choose)
        _finish(batch)
    return sum(len(job.confirmed) for job in batch.jobs), sum(job.copied_bytes for job in batch.jobs)


def _begin(
    threads: ThreadPool,
    claims: Sequence[Claim],
    pace: Pace,
    deadline: float,
    choose: Callable[[Job], list[NodeView]] | None = None,
) -> Batch:
    """Look at claimed chunks, write down where copies are to be, and have threads make them.

    What a second look takes is not taken from the copies: the batch would be put off for ever.
    """
    failpoints.hit("replicate.claimed")
    jobs = _look_up(claims)
    began = time.monotonic()
    second_looks.drop_unproven(jobs)
    deadline += time.monotonic() - began
    choose = choose or _targets_now()
    for job in jobs:
        job.placements = {uuid7(): view for view in choose(job)}
    _place_pending(jobs)
    connection.close()
    failpoints.hit("replicate.pending")
    return Batch(jobs, copying.begin(threads, jobs, pace=pace, deadline=deadline))


def _finish(batch: Batch) -> None:
    """Wait for the copies and write down what was done."""
    for copy in batch.copies:
        copy.result()
    failpoints.hit("replicate.copied")
    _settle(batch.jobs)


def _look_up(claims: Sequence[Claim]) -> list[Job]:
    """Read where the chunks' copies are; give up placements whose maker is gone, their outcome is unknown."""
    jobs = {chunk.chunk_id: Job(chunk) for chunk in claims}
    replicas = Replica.objects.filter(chunk_id__in=jobs)
    with transaction.atomic():
        _lock(jobs.values())
        replicas.filter(state=Replica.State.PENDING).update(state=Replica.State.DELETING)
    views = roster.views()
    rows = replicas.filter(state__in=(Replica.State.PENDING, Replica.State.STORED))
    for chunk_id, replica_id, node_id, state, doubted_at, verified_at in rows.values_list(
        "chunk_id", "id", "node_id", "state", "doubted_at", "verified_at"
    ):
        job = jobs[chunk_id]
        job.holding.add(node_id)
        if state == Replica.State.STORED and node_id in views:
            view = views[node_id]
            is_doubted = doubted_at is not None or not view.has_proven(verified_at)
            job.copies.append(Copy(replica_id, view, is_doubted))
    return list(jobs.values())


def _targets_now() -> Callable[[Job], list[NodeView]]:
    """Return how to choose targets with the nodes as they are: for what lacks, or for a second zone."""
    views = roster.views()
    writable = [view for view in views.values() if view.is_writable]
    zones = {view.zone for view in writable}
    sets = roster.sets()
    is_half_gone = safety.is_half_gone(views)

    def choose(job: Job) -> list[NodeView]:
        crowded = not job.lacking and is_crowded(job.zones, zones)
        is_put_up_with = is_half_gone and job.chunk.is_repair and len(job.good) > 1
        if job.is_put_off or not job.copies or is_put_up_with or not (job.lacking or crowded):
            return []
        order = placement.choose_nodes(
            (
                view.candidate
                for view in writable
                if view.id not in job.holding and not (crowded and view.zone in job.zones)
            ),
            size=job.chunk.size,
            used_zones=job.zones,
            holders={copy.view.id for copy in job.good},
            sets=sets,
        )
        return [views[candidate.node_id] for candidate in order[: max(job.lacking, 1)]]

    return choose


def _place_pending(jobs: Sequence[Job]) -> None:
    """Write down every placement before a byte is sent; only for chunks that are still ours and wanted."""
    if not any(job.placements for job in jobs):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        held = _lock_held(jobs)
        wanted = [
            (replica_id, job.chunk.chunk_id, view.id)
            for job in jobs
            if job.chunk.chunk_id in held
            for replica_id, view in job.placements.items()
        ]
        cursor.execute(
            "INSERT INTO nodes_replica (id, chunk_id, node_id, state)"
            " SELECT *, 'pending' FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[])"
            " ON CONFLICT DO NOTHING RETURNING id",
            [[row[number] for row in wanted] for number in range(3)],
        )
        written = {row[0] for row in cursor.fetchall()}
    for job in jobs:
        job.placements = {key: view for key, view in job.placements.items() if key in written}


def _settle(jobs: Sequence[Job]) -> None:
    """Write down what was done, for chunks whose lease still holds, and give the claims back.

    A placement that was not confirmed, or whose lease is lost, is given up: its file may or may not be there.
    A new order that came in the meantime stands; what came to a node that is to leave by now does not count.
    """
    tried = [replica_id for job in jobs for replica_id in job.placements]
    with transaction.atomic():
        held = _lock_held(jobs)
        mine = [job for job in jobs if job.chunk.chunk_id in held]
        duties = _record([replica_id for job in mine for replica_id in job.confirmed])
        for job in mine:
            job.confirmed = {one for one in job.confirmed if duties.get(one) == Node.Duty.ACTIVE}
        pending = Replica.objects.filter(state=Replica.State.PENDING)
        given_up = pending.filter(id__in=tried).update(state=Replica.State.DELETING) if tried else 0
        _give_back(mine)
        figures.add(
            {
                Figure.CHUNKS_SETTLED: len(mine),
                Figure.COPIES_MADE: len(duties),
                Figure.COPIED_BYTES: sum(job.copied_bytes for job in mine),
                Figure.REPAIRED_BYTES: sum(job.copied_bytes for job in mine if job.chunk.is_repair),
                Figure.COPIES_FAILED: given_up,
            }
        )


def _record(confirmed: list[UUID]) -> dict[UUID, str]:
    """Write down confirmed copies; returns the duty of the node of each whose placement still stood."""
    if not confirmed:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [confirmed])
        return dict(cursor.fetchall())


def _lock_held(jobs: Sequence[Job]) -> set[int]:
    """Lock the chunks; returns the ids of those whose lease still stands and that still want copies."""
    ours = (jobs[0].chunk.lease_until, Chunk.State.LIVE)
    return {chunk.id for chunk in _lock(jobs) if (chunk.lease_until, chunk.state) == ours}


def _lock(jobs: Iterable[Job]) -> list[Chunk]:
    """Lock the chunks whatever became of them: whoever gives up their copies has locked them before."""
    chunks = Chunk.objects.filter(id__in=[job.chunk.chunk_id for job in jobs])
    return list(chunks.in_lock_order().only("id", "lease_until", "state"))


def _give_back(jobs: Sequence[Job]) -> None:
    """End the claims: when to look again, if ever, and whether there may be copies too many now.

    A copy on a draining node is one too many as soon as nothing is lacking.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _FINISH,
            [
                PUSH_ATTEMPTS,
                settings.REPLICAS,
                settings.REPLICAS,
                [job.chunk.chunk_id for job in jobs],
                [job.chunk.due_at for job in jobs],
                [job.wait_seconds for job in jobs],
                [job.seen for job in jobs],
            ],
        )
