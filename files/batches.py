"""Does one thing to many entries: a result for each, and what fails for one is done for the others.

All go in slices, a transaction each. Of what cannot be trashed, starred, purged or restored, each says why by
itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.errors import AccountError
from files import activity, copying, locking, moving, purging, restoring, tree
from files.errors import FilesError, Invalid
from files.models import Activity, Entry, EntryQuerySet

if TYPE_CHECKING:
    from accounts.models import User

MAX_ITEMS = 10_000


class Operation(StrEnum):
    MOVE = "move"
    COPY = "copy"
    TRASH = "trash"
    RESTORE = "restore"
    PURGE = "purge"
    STAR = "star"
    UNSTAR = "unstar"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item: the entry that was changed or made, unless it was purged, or an error."""

    item_id: UUID
    entry_id: UUID | None = None
    error: FilesError | AccountError | None = None


def run(
    user: "User", operation: Operation, entry_ids: Sequence[UUID], *, parent_id: UUID | None = None
) -> list[Outcome]:
    """Do the operation to each entry, in their order; an id named twice counts once.

    Moving needs the folder to move to, copying may have one. Raises Invalid before anything is done.
    """
    if len(entry_ids) > MAX_ITEMS:
        raise Invalid(f"At most {MAX_ITEMS} entries at once.", field="ids")
    if operation == Operation.MOVE and parent_id is None:
        raise Invalid("Moving needs the folder to move to.", field="parent")
    entry_ids = list(dict.fromkeys(entry_ids))
    match operation:
        case Operation.TRASH:
            done = _change_slices(
                Entry.objects.placeable_by(user),
                entry_ids,
                {"trashed_at": Now()},
                note=lambda ids: activity.note(user, ids, Activity.Deed.TRASHED),
            )
            return _outcomes(entry_ids, done, lambda entry_id: tree.trash(user, entry_id).id)
        case Operation.STAR | Operation.UNSTAR:
            starred = operation == Operation.STAR
            done = _change_slices(Entry.objects.owned_by(user), entry_ids, {"starred": starred})
            return _outcomes(entry_ids, done, lambda entry_id: tree.star(user, entry_id, starred=starred).id)
        case Operation.PURGE:
            purged = purging.purge_many(user, entry_ids)
            return [
                Outcome(entry_id)
                if entry_id in purged
                else _one(entry_id, lambda entry_id: purging.purge(user, entry_id))
                for entry_id in entry_ids
            ]
        case Operation.RESTORE:
            restored = restoring.restore_many(user, entry_ids)
            return _outcomes(entry_ids, restored, lambda entry_id: restoring.restore(user, entry_id))
        case Operation.COPY:
            became = copying.copy_many(user, entry_ids, parent_id=parent_id)
            return [_outcome(entry_id, became[entry_id]) for entry_id in entry_ids]
        case Operation.MOVE:
            assert parent_id is not None
            moved = moving.move_many(user, entry_ids, parent_id)
            return [_outcome(entry_id, moved[entry_id]) for entry_id in entry_ids]


def _change_slices(
    entries: EntryQuerySet,
    entry_ids: Sequence[UUID],
    changes: dict[str, object],
    *,
    note: Callable[[list[UUID]], None] = lambda _: None,
) -> set[UUID]:
    """Change those of the entries that are there to be changed, root folders left out; returns which."""
    changed: set[UUID] = set()
    for slice_ids in locking.slices(entry_ids):
        with transaction.atomic():
            locking.lock_entries(slice_ids)
            found = list(entries.filter(id__in=slice_ids, parent__isnull=False).values_list("id", flat=True))
            Entry.objects.filter(id__in=found).update(revision=F("revision") + 1, **changes)
            note(found)
        changed.update(found)
    return changed


def _outcome(item_id: UUID, became: Entry | UUID | FilesError | AccountError) -> Outcome:
    if isinstance(became, FilesError | AccountError):
        return Outcome(item_id, error=became)
    return Outcome(item_id, became.id if isinstance(became, Entry) else became)


def _outcomes(entry_ids: Sequence[UUID], done: set[UUID], do: Callable[[UUID], UUID]) -> list[Outcome]:
    """Do by itself what is not done yet: it succeeds late, or says why it does not."""
    return [Outcome(one, one) if one in done else _one(one, do) for one in entry_ids]


def _one(entry_id: UUID, do: Callable[[UUID], UUID | None]) -> Outcome:
    try:
        return Outcome(entry_id, do(entry_id))
    except (FilesError, AccountError) as error:
        return Outcome(entry_id, error=error)
