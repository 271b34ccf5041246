"""Changes the tree: folders, names, places, stars, into the trash. Bytes are never touched.

`moving`, `copying`, `restoring` and `purging` do the rest. The locks and their order stand in `locking`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from files import access, activity, depth, locking, moving, names
from files.errors import NameTaken, OwnerOnly, ParentNotFound, RootIsFixed
from files.models import Activity, Entry

if TYPE_CHECKING:
    from accounts.models import User


def root_folder(user: "User") -> Entry:
    """Return the user's root folder; it is made when it is first asked for."""
    return access.root_folder(user)


def create_folder(user: "User", name: str, *, parent_id: UUID | None = None) -> Entry:
    """Make a folder, in the root when no parent is named.

    Raises NotFound, ReadOnly, NotAFolder, NameTaken, InvalidName or TooDeep.
    """
    name = names.clean(name)
    with locking.taken_names(), transaction.atomic():
        parent = locking.hold_folder(user, parent_id)
        depth.require_allowed(depth.of([parent.id])[parent.id] + 1)
        folder = Entry(owner_id=parent.owner_id, created_by=user, parent=parent, kind=Entry.Kind.FOLDER)
        folder.give_name(name)
        folder.save(force_insert=True)
        return folder


def create_folder_at(user: "User", path: str, *, parents: bool = False) -> tuple[UUID, bool]:
    """Make the folder that a path names; True when it is new.

    With parents, missing folders on the way are made, too, and one that is there already is fine. Without,
    raises ParentNotFound or NameTaken. Raises NotAFolder where a file is in the way, InvalidName and TooDeep;
    then no folder was made.
    """
    parts = names.split_path(path)
    if not parts and not parents:
        raise NameTaken
    if not parents:
        place = access.locate(user, path)
        if place.parent is None:
            raise NameTaken
        return create_folder(user, place.name, parent_id=place.parent.id).id, True
    folder_id, is_new = root_folder(user).id, False
    with transaction.atomic():
        for count in range(len(parts)):
            folder_id, is_new = _ensure_folder(user, parts[: count + 1], folder_id)
    return folder_id, is_new


def _ensure_folder(user: "User", parts: Sequence[str], parent_id: UUID) -> tuple[UUID, bool]:
    path = names.join_path(parts)
    try:
        place = access.locate(user, path)
        if place.entry is None:
            return create_folder(user, parts[-1], parent_id=parent_id).id, True
    except NameTaken:  # somebody made it between the two steps
        place = access.locate(user, path)
    if place.entry is None:
        raise ParentNotFound(f"The folder “{path}” does not exist.", path=path)
    return access.require_folder(place.entry).id, False


def change(
    user: "User",
    entry_id: UUID,
    *,
    name: str | None = None,
    parent_id: UUID | None = None,
    starred: bool | None = None,
    if_match: Sequence[str] | None = None,
) -> Entry:
    """Rename, move and star in one step: all of it happens or nothing.

    `if_match` holds the etags one of which the entry must still have. A star is its owner's, and a tree keeps
    what is in it. Raises NotFound, ReadOnly, OwnerOnly, RootIsFixed, NotAFolder, MoveIntoItself, AnotherTree,
    TooDeep, NameTaken, InvalidName or PreconditionFailed.
    """
    clean_name = None if name is None else names.clean(name)
    with locking.taken_names(), transaction.atomic():
        if parent_id is not None:
            locking.hold_shapes(locking.owners_of([entry_id, parent_id]))
        entry = locking.lock_entry(Entry.objects.placeable_by(user), entry_id, if_match, user=user)
        if starred is not None and entry.owner_id != user.pk:
            raise OwnerOnly
        if entry.parent_id is None and name is not None:
            raise RootIsFixed
        if parent_id is not None:
            folder = locking.target_folder(user, parent_id)
            moving.require_fits(entry, folder)
            if entry.parent is not None and entry.parent_id != parent_id:
                activity.note(user, [entry.id], Activity.Deed.MOVED, entry.parent.name)
            entry.parent = folder
        if clean_name is not None and clean_name != entry.name:
            activity.note(user, [entry.id], Activity.Deed.RENAMED, entry.name)
            entry.give_name(clean_name)
        if starred is not None:
            entry.starred = starred
        entry.revision += 1
        entry.save(update_fields=["parent", "name", "sort_key", "words", "starred", "revision"])
    return entry


def rename(user: "User", entry_id: UUID, name: str) -> Entry:
    """Give the entry another name in its folder. Raises what `change` does."""
    return change(user, entry_id, name=name)


def move(user: "User", entry_id: UUID, parent_id: UUID) -> Entry:
    """Put the entry, with all below it, into another folder. Raises what `change` does."""
    return change(user, entry_id, parent_id=parent_id)


def star(user: "User", entry_id: UUID, *, starred: bool = True) -> Entry:
    """Star the entry, or take its star away. Raises NotFound."""
    return change(user, entry_id, starred=starred)


def trash(user: "User", entry_id: UUID, *, if_match: Sequence[str] | None = None) -> Entry:
    """Put the entry, with all below it, into its owner's trash.

    Raises NotFound, ReadOnly, RootIsFixed or PreconditionFailed.
    """
    with transaction.atomic():
        entry = locking.lock_entry(Entry.objects.placeable_by(user), entry_id, if_match, user=user)
        if entry.parent_id is None:
            raise RootIsFixed
        Entry.objects.filter(id=entry.id).update(trashed_at=Now(), revision=F("revision") + 1)
        activity.note(user, [entry.id], Activity.Deed.TRASHED)
        entry.refresh_from_db(fields=["trashed_at", "revision"])
    return entry
