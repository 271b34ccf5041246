"""Whether this process lives (`/healthz`), and whether a file can be stored through it now (`/readyz`)."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from nodes.models import Node

_QUEUE_TIMEOUT_SECONDS = 1.0
_MIGRATIONS = frozenset(MigrationLoader(None).graph.nodes)
"""Read with this module, before a server forks: they fill megabytes."""
_known_to_be_migrated = False
"""Migrations are only ever added by a new release, and that starts new processes."""


@csrf_exempt  # it changes nothing: another method is 405
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process does; asks nothing of anybody."""
    return HttpResponse("ok\n", content_type="text/plain")


@csrf_exempt  # it changes nothing: another method is 405
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether a file can be stored now, and if not, what is missing.

    The queue is reported and does not count: without it, uploads and downloads go on and copies wait.
    """
    problems: list[str] = []
    checks = {"queue": "up" if _queue_answers() else "down"}
    try:
        checks["database"], problem = (
            ("up", None) if _is_migrated() else ("behind", "Migrations are to be run.")
        )
        if problem is None:
            checks["write_quorum"], problem = _write_quorum()
    except DatabaseError:
        checks["database"], problem = "down", "The database does not answer."
    if problem is not None:
        problems.append(problem)
    is_ready = not problems
    if checks["queue"] == "down":
        problems.append("The queue (Redis) does not answer: copies and repair wait.")
    return JsonResponse(
        {"ready": is_ready, "checks": checks, "problems": problems},
        status=200 if is_ready else 503,
        headers={} if is_ready else {"Retry-After": "1"},
    )


def _is_migrated() -> bool:
    global _known_to_be_migrated
    if not _known_to_be_migrated:
        _known_to_be_migrated = MigrationRecorder(connection).applied_migrations().keys() >= _MIGRATIONS
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return _known_to_be_migrated


def _write_quorum() -> tuple[str, str | None]:
    writable = Node.objects.filter(
        health=Node.Health.ONLINE, duty=Node.Duty.ACTIVE, free_bytes__gte=settings.CHUNK_SIZE
    ).count()
    if writable >= settings.WRITE_QUORUM:
        return "at hand", None
    return (
        "missing",
        f"{writable} of the {settings.WRITE_QUORUM} storage nodes that a write needs are online.",
    )


def _queue_answers() -> bool:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_QUEUE_TIMEOUT_SECONDS,
            socket_connect_timeout=_QUEUE_TIMEOUT_SECONDS,
            retry=None,
        ) as queue:
            return bool(queue.ping())
    except redis.RedisError:
        return False
