"""A cluster with nothing to do costs almost nothing: statements are counted, not seconds."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from dfsweb.celery import app
from nodes import roster
from nodes.models import Chunk
from tests.nodes.living_cluster import see_all
from tests.nodes.test_replication import replicate_all

MOST_STATEMENTS_A_MINUTE = 500


def statements_of(task: str) -> int:
    """Count what one idle run of a task asks of the database, BEGIN and COMMIT included."""
    app.tasks[task]()  # what is due now and then is over
    roster.forget()  # it is older than a second whenever a task runs by the clock
    with CaptureQueriesContext(connection) as asked:
        app.tasks[task]()
    return len(asked)


def test_an_idle_minute_asks_little_of_the_database(cluster):
    """Four nodes are probed, and every sweep looks for work."""
    cluster.store(b"kept")
    replicate_all()
    see_all()

    app.loader.import_default_modules()
    schedule = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    costs = {task: statements_of(task) * 60 / seconds for task, seconds in schedule.items()}

    assert not Chunk.objects.under_replicated().exists()
    assert sum(costs.values()) < MOST_STATEMENTS_A_MINUTE, sorted(
        costs.items(), key=lambda cost: cost[1], reverse=True
    )
