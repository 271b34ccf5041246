"""Takes entries out of the trash, one or many by the same few statements. Bytes are never touched.

The locks and their order stand in `locking`; what the trash holds was never given back to the quota.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F

from files import access, activity, locking, names
from files.errors import NameTaken, NotFound, NotInTrash
from files.models import Activity, Entry

if TYPE_CHECKING:
    from accounts.models import User

SLICE_ENTRIES = 500  # rows of one transaction: milliseconds, so that nobody waits for its locks
RACES = 5  # for a free name, lost to others that take it at the same moment


def restore(user: "User", entry_id: UUID) -> UUID:
    """Take an entry out of the trash and put it back where it was.

    A taken name becomes "name (restored)"; when the folder is gone, it goes into the root. Raises NotFound,
    NotInTrash for an entry that is not there, or NameTaken when no name was free.
    """
    if not restore_many(user, [entry_id]):
        entry = Entry.objects.known_to(user).filter(id=entry_id).first()
        if entry is None:
            raise NotFound
        raise NameTaken if entry.trashed_at else NotInTrash
    return entry_id


def restore_many(user: "User", entry_ids: Sequence[UUID]) -> set[UUID]:
    """Restore entries in slices, each a transaction; returns those that were there to be restored.

    Of those with one name in one folder the first keeps it. What lies in a folder that comes back with it
    comes back into it.
    """
    restored: set[UUID] = set()
    for start in range(0, len(entry_ids), SLICE_ENTRIES):
        restored |= _restore_slice(user, entry_ids[start : start + SLICE_ENTRIES])
    return restored


def _restore_slice(user: "User", entry_ids: Sequence[UUID]) -> set[UUID]:
    for _ in range(RACES):
        try:
            with locking.taken_names(), transaction.atomic():
                locking.share_shapes([user.pk])
                locking.lock_entries(entry_ids)
                return _restore_locked(user, entry_ids)
        except NameTaken:
            continue  # the next look sees who took it
    return set()


def _restore_locked(user: "User", entry_ids: Sequence[UUID]) -> set[UUID]:
    found = Entry.objects.known_to(user).filter(trashed_at__isnull=False).in_bulk(entry_ids)
    waiting = [found[entry_id] for entry_id in entry_ids if entry_id in found]
    restored: list[UUID] = []
    while waiting:  # each time there may be more folders to go back into
        folders = Entry.objects.editable_by(user).filter(id__in={entry.parent_id for entry in waiting})
        open_ids = set(folders.values_list("id", flat=True))
        ready = [entry for entry in waiting if entry.parent_id in open_ids]
        if not ready:  # their folders are gone
            ready, root = waiting, access.root_folder(user)
            Entry.objects.filter(id__in=[entry.id for entry in ready]).update(parent=root)
            for entry in ready:
                entry.parent = root
        restored += _put_back(ready)
        done = {entry.id for entry in ready}
        waiting = [entry for entry in waiting if entry.id not in done]
    activity.note(user, restored, Activity.Deed.RESTORED)
    return set(restored)


def _put_back(entries: Sequence[Entry]) -> list[UUID]:
    """Take entries out of the trash, each into its parent; returns those for which a name was free."""
    chosen = _free_names(entries)
    renamed = [entry for entry in entries if chosen.get(entry.id, entry.name) != entry.name]
    for entry in renamed:
        entry.give_name(chosen[entry.id])
    Entry.objects.bulk_update(renamed, ["name", "sort_key", "words"], batch_size=100)
    Entry.objects.filter(id__in=chosen).update(trashed_at=None, revision=F("revision") + 1)
    return list(chosen)


def _free_names(entries: Sequence[Entry]) -> dict[UUID, str]:
    """Choose for each entry its own name, or if that is taken the first like it that is free."""
    likes: dict[tuple[UUID | None, str, str], Iterator[str]] = {}
    tried: set[tuple[UUID | None, str]] = set()
    chosen: dict[UUID, str] = {}
    waiting = list(entries)
    while waiting:
        wanted: dict[UUID, str] = {}
        for entry in waiting:
            like = likes.setdefault((entry.parent_id, entry.name, entry.kind), _names_like(entry))
            for name in like:
                if (entry.parent_id, name) not in tried:
                    tried.add((entry.parent_id, name))
                    wanted[entry.id] = name
                    break
        parents = {entry.parent_id for entry in waiting}
        others = Entry.objects.living().filter(parent__in=parents, name__in=set(wanted.values()))
        taken = set(others.values_list("parent", "name"))
        waiting = [entry for entry in waiting if (entry.parent_id, wanted.get(entry.id)) in taken]
        passed_over = {entry.id for entry in waiting}
        chosen |= {entry_id: name for entry_id, name in wanted.items() if entry_id not in passed_over}
    return chosen


def _names_like(entry: Entry) -> Iterator[str]:
    others = names.alternatives(entry.name, word="restored", is_file=entry.kind == Entry.Kind.FILE)
    return chain([entry.name], others)
