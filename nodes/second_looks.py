"""Has nodes look again at copies in doubt before replication counts them: all at once, and not too many."""

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection

from nodes import verdicts
from nodes.beside import ThreadPool
from nodes.errors import NodeError
from nodes.jobs import Job
from nodes.models import Node
from nodes.roster import NodeView

log = logging.getLogger(__name__)

NODES_AT_ONCE = 4
"""Each look writes down what it found, and a process has few connections to the database."""


def drop_unproven(jobs: Sequence[Job]) -> None:
    """Forget copies in doubt that do not prove good now; they do not count.

    A node is sent one request, so that a task's time is enough; jobs beyond it are put off. One that is
    seen to be offline is not asked.
    """
    doubted: dict[NodeView, list[verdicts.Copy]] = {}
    for job in jobs:
        for copy in job.copies:
            if copy.is_doubted and copy.view.health != Node.Health.OFFLINE:
                asked = doubted.setdefault(copy.view, [])
                chunk = job.chunk
                if verdicts.has_room(asked, chunk.size):
                    asked.append(verdicts.Copy(copy.replica_id, chunk.chunk_id, chunk.digest, chunk.size))
                else:
                    job.is_put_off = True
    good = look_at(doubted)
    for job in jobs:
        job.copies = [copy for copy in job.copies if not copy.is_doubted or copy.replica_id in good]


def look_at(copies: Mapping[NodeView, Sequence[verdicts.Copy]]) -> set[UUID]:
    """Have nodes look at copies, all nodes at once; returns the ids of those that proved good.

    A node that does not answer proves nothing.
    """
    if not copies:
        return set()
    with ThreadPool(NODES_AT_ONCE, thread_name_prefix="look") as threads:
        return set().union(*threads.map(_look, copies.keys(), copies.values()))


def _look(view: NodeView, copies: Sequence[verdicts.Copy]) -> set[UUID]:
    try:
        return verdicts.look_again(view, copies)
    except NodeError as error:
        log.warning("a second look at copies on %s was not possible: %s", view.name, error)
        return set()
    finally:
        connection.close()
