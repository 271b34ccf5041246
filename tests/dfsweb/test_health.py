"""`/healthz` says the process lives; `/readyz` says a file can be stored, or what is missing."""

from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from dfsweb import health
from nodes.models import Node


def node(number: int, **fields: object) -> Node:
    values = {
        "name": f"node-{number}",
        "store_id": uuid4(),
        "url": f"http://127.0.0.1:{9000 + number}",
        "zone": f"zone-{number}",
        "capacity_bytes": 10**12,
        "free_bytes": 10**12,
        "duty": Node.Duty.ACTIVE,
        "health": Node.Health.ONLINE,
    }
    return Node.objects.create(**{**values, **fields})


def test_healthz_asks_nothing_of_anybody(client):
    reply = client.get("/healthz")  # a query would fail: this test may not use the database

    assert (reply.status_code, reply.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_two_writable_nodes_make_it_ready(client):
    node(1), node(2)

    reply = client.get("/readyz")

    assert reply.status_code == 200
    assert reply.json() == {
        "ready": True,
        "checks": {"database": "up", "queue": "up", "write_quorum": "at hand"},
        "problems": [],
    }
    assert "no-store" in reply["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"health": Node.Health.SUSPECT},
        {"health": Node.Health.OFFLINE},
        {"health": Node.Health.UNKNOWN},
        {"duty": Node.Duty.DRAINING},
        {"duty": Node.Duty.RETIRED},
        {"free_bytes": 0},
    ],
)
def test_a_node_that_takes_no_writes_does_not_count(client, fields):
    node(1), node(2, **fields)

    reply = client.get("/readyz")

    assert reply.status_code == 503
    assert "Retry-After" in reply
    assert reply.json()["checks"]["write_quorum"] == "missing"
    assert reply.json()["problems"]


@pytest.mark.django_db
def test_without_the_queue_it_is_ready_and_says_what_waits(client, settings):
    node(1), node(2)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    reply = client.get("/readyz")

    assert (reply.status_code, reply.json()["checks"]["queue"]) == (200, "down")
    assert "copies and repair wait" in reply.json()["problems"][0]


@pytest.mark.django_db
def test_a_migration_that_is_still_to_be_run_makes_it_unready(client, monkeypatch):
    monkeypatch.setattr(health, "_known_to_be_migrated", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'nodes'")

    reply = client.get("/readyz")

    assert (reply.status_code, reply.json()["checks"]["database"]) == (503, "behind")


@pytest.mark.django_db
def test_a_database_that_does_not_answer_makes_it_unready(client):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("the connection is lost")

    with connection.execute_wrapper(refuse):
        reply = client.get("/readyz")

    assert (reply.status_code, reply.json()["checks"]["database"]) == (503, "down")
    assert reply.json()["problems"] == ["The database does not answer."]
