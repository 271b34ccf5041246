"""Moves entries into another folder: many by a few statements, and what every move has to keep to.

The locks and their order stand in `locking`. A tree keeps what is in it, so nobody's quota changes.
"""

from collections.abc import Container, Sequence
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import F

from files import access, activity, depth, locking
from files.errors import AnotherTree, Conflict, FilesError, MoveIntoItself, NameTaken, RootIsFixed, TooDeep
from files.models import Activity, Entry

if TYPE_CHECKING:
    from accounts.models import User


def require_fits(entry: Entry, folder: Entry) -> None:
    """Raise RootIsFixed, MoveIntoItself, AnotherTree or TooDeep unless the entry may lie in the folder.

    The caller holds the shape of the folder's tree: no ancestor changes between this look and the commit.
    """
    _require_fits(entry, folder, _around(folder, [entry.id]), depth.too_deep_in(folder.id, [entry]))


def _require_fits(entry: Entry, folder: Entry, around: Container[UUID], too_deep: Container[UUID]) -> None:
    if entry.parent_id is None:
        raise RootIsFixed
    if entry.id in around:
        raise MoveIntoItself
    if entry.owner_id != folder.owner_id:
        raise AnotherTree
    if entry.id in too_deep:
        raise TooDeep


def _around(folder: Entry, entry_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of the entries are the folder or above it."""
    return set(Entry.objects.filter(id__in=entry_ids).around(folder.id).values_list("id", flat=True))


def move_many(user: "User", entry_ids: Sequence[UUID], folder_id: UUID) -> dict[UUID, UUID | FilesError]:
    """Move entries, each with all below it, in slices, each a transaction; tells what became of each.

    That is the entry itself, or the error that `tree.move` would raise. Of those with one name the first
    gets it.
    """
    became: dict[UUID, UUID | FilesError] = {}
    for slice_ids in locking.slices(entry_ids):
        try:
            became |= locking.again_when_taken(partial(_move_slice, user, slice_ids, folder_id))
        except FilesError as error:  # of the folder, and so of each
            became |= dict.fromkeys(slice_ids, error)
    return became


def _move_slice(user: "User", entry_ids: Sequence[UUID], folder_id: UUID) -> dict[UUID, UUID | FilesError]:
    locking.hold_shapes(locking.owners_of([folder_id]))  # what lies in another tree stays there
    locking.lock_entries(entry_ids)
    folder = locking.target_folder(user, folder_id)
    found = Entry.objects.placeable_by(user).select_related("parent").in_bulk(entry_ids)
    around = _around(folder, entry_ids)
    too_deep = depth.too_deep_in(folder.id, list(found.values()))
    taken = locking.taken_in([folder.id], [entry.name for entry in found.values()])
    became: dict[UUID, UUID | FilesError] = {}
    became |= access.refusals(user, [entry_id for entry_id in entry_ids if entry_id not in found])
    left: dict[UUID, str] = {}
    for entry in [found[entry_id] for entry_id in entry_ids if entry_id in found]:
        try:
            _require_fits(entry, folder, around, too_deep)
            if entry.parent and entry.parent.id != folder.id:
                if (folder.id, entry.name) in taken:
                    raise NameTaken
                taken.add((folder.id, entry.name))
                left[entry.id] = entry.parent.name
            became[entry.id] = entry.id
        except Conflict as error:
            became[entry.id] = error
    moved = [entry_id for entry_id in found if became[entry_id] == entry_id]
    Entry.objects.filter(id__in=moved).update(parent=folder, revision=F("revision") + 1)
    activity.note_each(user, Activity.Deed.MOVED, left)
    return became
