"""Celery's doors to the tree's housekeeping: one call each, safe to run twice, late, or never."""

from celery import shared_task

from files import activity, changes, purging, recounting, reserving, resumable, thumbnails, versions
from nodes import figures
from nodes.figures import Figure
from nodes.tasks import try_to_send

MAX_SLICES = 200  # a run; what is left waits for the next one
MAX_DRAWN = 20  # a run: seconds, so that other tasks get their turn
MAX_EXPIRED = 2_000  # a run: well within the time of a task


@shared_task
def sweep_purged() -> None:
    """Remove the rows of what was purged."""
    purging.sweep_slices(MAX_SLICES)


@shared_task
def end_expired_uploads() -> None:
    """End the uploads that brought nothing for a day, and those of who may write there no more."""
    resumable.end_expired()
    reserving.give_back_expired(MAX_EXPIRED)


@shared_task
def end_retention() -> None:
    """Purge what was long enough in the trash, end versions kept long enough, forget what is old."""
    purging.purge_expired(MAX_EXPIRED)
    versions.prune(MAX_EXPIRED)
    changes.forget(MAX_EXPIRED)
    activity.forget(MAX_EXPIRED)


@shared_task
def recount_usage() -> None:
    """Add up anew what people store."""
    figures.add({Figure.USAGES_RECOUNTED_WRONG: recounting.recount()})


@shared_task
def draw_thumbnails() -> None:
    """Draw the small pictures that somebody has asked for."""
    if thumbnails.draw_due(MAX_DRAWN):
        try_to_send(draw_thumbnails)
