"""A cluster with nothing to do costs almost nothing: statements are counted, not seconds."""

from collections.abc import Callable
from functools import partial
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from dfsweb.celery import app
from nodes import prober, roster
from nodes.models import Chunk
from tests.nodes.living_cluster import see_all
from tests.nodes.test_replication import replicate_all

MOST_STATEMENTS_A_MINUTE = 500
USUAL_PROBE_SECONDS = 5


def statements_of(work: Callable[[], object]) -> int:
    """Count what one idle run asks of the database, BEGIN and COMMIT included."""
    work()  # what is due now and then is over
    roster.forget()  # it is older than a second whenever something is done by the clock
    with CaptureQueriesContext(connection) as asked:
        work()
    return len(asked)


def test_an_idle_minute_asks_little_of_the_database(cluster):
    """Four nodes are probed, and every sweep looks for work."""
    cluster.store(b"kept")
    replicate_all()
    see_all()

    app.loader.import_default_modules()
    schedule = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    costs = {task: statements_of(app.tasks[task]) * 60 / seconds for task, seconds in schedule.items()}
    costs["probes"] = statements_of(partial(prober.probe_in_turn, uuid4())) * 60 / USUAL_PROBE_SECONDS

    assert not Chunk.objects.under_replicated().exists()
    assert sum(costs.values()) < MOST_STATEMENTS_A_MINUTE, sorted(
        costs.items(), key=lambda cost: cost[1], reverse=True
    )
