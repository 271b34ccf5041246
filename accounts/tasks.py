"""Celery's doors to the housekeeping of accounts: one call each, safe to run twice, late, or never."""

from celery import shared_task

from accounts import idempotency, sessions


@shared_task
def forget_sessions() -> None:
    """Remove the rows of sessions that have ended."""
    sessions.forget_expired()


@shared_task
def forget_answers() -> None:
    """Remove the answers whose idempotency keys have expired."""
    idempotency.forget_expired()
