"""Takes entries out of the trash, one or many by the same few statements. Bytes are never touched.

The locks and their order stand in `locking`; what the trash holds was never given back to the quota.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import F

from files import access, activity, locking, names
from files.errors import NameTaken, NotFound, NotInTrash
from files.models import Activity, Entry

if TYPE_CHECKING:
    from accounts.models import User


def restore(user: "User", entry_id: UUID, *, if_match: Sequence[str] | None = None) -> UUID:
    """Take an entry out of the trash and put it back where it was.

    A taken name becomes "name (restored)"; when the folder is gone, it goes into the root. Raises NotFound,
    NotInTrash for an entry that is not there, PreconditionFailed, or NameTaken when no name was free.
    """
    if not restore_many(user, [entry_id], if_match=if_match):
        entry = Entry.objects.known_to(user).filter(id=entry_id).first()
        if entry is None:
            raise NotFound
        raise NameTaken if entry.trashed_at else NotInTrash
    return entry_id


def restore_many(
    user: "User", entry_ids: Sequence[UUID], *, if_match: Sequence[str] | None = None
) -> set[UUID]:
    """Restore entries in slices, each a transaction; returns those that were there to be restored.

    Of those with one name in one folder the first keeps it. What lies in a folder that comes back with it
    comes back into it. Raises PreconditionFailed when one of them has none of the etags.
    """
    restored: set[UUID] = set()
    for slice_ids in locking.slices(entry_ids):
        with suppress(NameTaken):
            restored |= locking.again_when_taken(partial(_restore_slice, user, slice_ids, if_match))
    return restored


def _restore_slice(user: "User", entry_ids: Sequence[UUID], if_match: Sequence[str] | None) -> set[UUID]:
    locking.share_shapes([user.pk])
    locking.lock_entries(entry_ids)
    found = Entry.objects.known_to(user).filter(trashed_at__isnull=False).in_bulk(entry_ids)
    for entry in found.values():
        locking.require_etag(entry, if_match)
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
    chosen = locking.free_names(entries, _names_like)
    renamed = [entry for entry in entries if chosen.get(entry.id, entry.name) != entry.name]
    for entry in renamed:
        entry.give_name(chosen[entry.id])
    Entry.objects.bulk_update(renamed, ["name", "sort_key", "words"], batch_size=100)
    Entry.objects.filter(id__in=chosen).update(trashed_at=None, revision=F("revision") + 1)
    return list(chosen)


def _names_like(entry: Entry) -> Iterator[str]:
    others = names.alternatives(entry.name, word="restored", is_file=entry.kind == Entry.Kind.FILE)
    return chain([entry.name], others)
