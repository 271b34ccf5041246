"""Who did what with an entry, and when: notes the deeds that no other row tells, and reads all of them.

That an entry was made and written to is told by its own row and its versions. Notes live for a year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models.functions import Now

from files import access
from files.models import Activity, Entry, Version

if TYPE_CHECKING:
    from accounts.models import User

KEPT = timedelta(days=365)
MADE, WRITTEN = "made", "written"
_FOR_OWNERS = (Activity.Deed.SHARED, Activity.Deed.UNSHARED)


@dataclass(frozen=True, slots=True)
class Happening:
    """One deed: a value of Activity.Deed, MADE or WRITTEN."""

    actor: str
    deed: str
    detail: str | None
    """As in Activity; None where there is none, or none for this reader."""
    done_at: datetime


def note(user: "User", entry_ids: Sequence[UUID], deed: Activity.Deed, detail: str = "") -> None:
    """Remember, in the caller's transaction, what this user does with entries."""
    note_each(user, deed, dict.fromkeys(entry_ids, detail))


def note_each(user: "User", deed: Activity.Deed, details: Mapping[UUID, str]) -> None:
    """As `note`, with a detail for each entry."""
    Activity.objects.bulk_create(
        Activity(entry_id=entry_id, actor=user, deed=deed, detail=detail)
        for entry_id, detail in details.items()
    )


def of(user: "User", entry_id: UUID, *, limit: int) -> list[Happening]:
    """Tell what was done with an entry, the latest first. Raises NotFound.

    Only its owner is told with whom it is shared, and of folders that it left.
    """
    entry = access.find(user, entry_id)
    notes = Activity.objects.filter(entry_id=entry.id).order_by("-id")
    if not entry.is_own:
        notes = notes.exclude(deed__in=_FOR_OWNERS)
    happened = [
        Happening(actor, deed, detail if entry.is_own or deed == Activity.Deed.RENAMED else None, done_at)
        for actor, deed, detail, done_at in notes.values_list("actor__username", "deed", "detail", "done_at")[
            :limit
        ]
    ]
    later = Version.objects.filter(entry_id=entry.id, number__gt=1).order_by("-number")
    happened += [
        Happening(writer, WRITTEN, None, written_at)
        for writer, written_at in later.values_list("created_by__username", "created_at")[:limit]
    ]
    [maker] = Entry.objects.filter(id=entry.id).values_list("created_by__username", flat=True)
    happened.append(Happening(maker, MADE, None, entry.created_at))
    return sorted(happened, key=lambda one: one.done_at, reverse=True)[:limit]


def forget(limit: int) -> int:
    """Remove notes that are older than KEPT, at most so many; returns how many."""
    old = Activity.objects.filter(done_at__lte=Now() - KEPT)
    return Activity.objects.filter(id__in=list(old.values_list("id", flat=True)[:limit])).delete()[0]
