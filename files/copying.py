"""Copies files and folders: new entries and versions over the same contents; no byte is moved."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from accounts import quota
from files import access, locking, names
from files.errors import NotFound, RootIsFixed, TooManyEntries
from files.models import Entry, Version
from nodes.ids import uuid7

if TYPE_CHECKING:
    from accounts.models import User

MAX_ENTRIES = 50_000  # in one copy: one transaction, and all their rows in memory


def copy(user: "User", entry_id: UUID, *, parent_id: UUID | None = None, name: str | None = None) -> Entry:
    """Copy an entry, with all below it, into a folder: by default its own, or the root for what others share.

    The owner of the folder is charged. Without a name it becomes "name (copy)". Current versions only. Raises
    NotFound, ReadOnly, NotAFolder, RootIsFixed, NameTaken, InvalidName, QuotaExceeded or TooManyEntries.
    """
    clean_name = None if name is None else names.clean(name)
    with transaction.atomic():
        root_id = access.root_folder(user).id
        locking.share_shapes(locking.owners_of([entry_id, parent_id or root_id]))
        source = Entry.objects.visible_to(user).filter(id=entry_id).first()
        if source is None:
            raise NotFound
        if source.parent_id is None or source.id == user.confined_to:
            raise RootIsFixed
        folder_id = source.parent_id if source.owner_id == user.pk else root_id
        parent = locking.target_folder(user, parent_id or folder_id)
        levels = _gather(source)
        versions = _hold_versions(entry for level in levels for entry in level)
        if source.kind == Entry.Kind.FILE and source.id not in versions:
            raise NotFound
        made = _Made(user, parent.owner_id)
        top = made.twin(source, parent.id, versions)
        candidates: Iterable[str] = (
            [clean_name]
            if clean_name
            else names.alternatives(source.name, word="copy", is_file=source.kind == Entry.Kind.FILE)
        )
        locking.save_under_free_name(top, candidates, lambda: top.save(force_insert=True))
        made.entries.clear()
        for level in levels[1:]:
            for entry in level:
                if entry.kind == Entry.Kind.FOLDER or entry.id in versions:
                    assert entry.parent_id is not None
                    made.twin(entry, made.ids[entry.parent_id], versions)
        Entry.objects.bulk_create(made.entries, batch_size=1000)
        Version.objects.bulk_create(made.versions, batch_size=1000)
        quota.add(parent.owner_id, sum(version.size for version in made.versions))
    return top


@dataclass
class _Made:
    """The rows of a copy, and which new entry stands for which old one."""

    user: "User"
    owner_id: int
    ids: dict[UUID, UUID] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)

    def twin(self, entry: Entry, parent_id: UUID, versions: dict[UUID, Version]) -> Entry:
        twin = Entry(
            owner_id=self.owner_id,
            created_by=self.user,
            parent_id=parent_id,
            kind=entry.kind,
            modified_at=entry.modified_at,
        )
        twin.give_name(entry.name)
        if current := versions.get(entry.id):
            twin.version_id = uuid7()
            self.versions.append(
                Version(
                    id=twin.version_id,
                    entry_id=twin.id,
                    number=1,
                    content_id=current.content_id,
                    size=current.size,
                    content_type=current.content_type,
                    created_by=self.user,
                    modified_at=current.modified_at,
                )
            )
            twin.modified_at = current.modified_at
        self.ids[entry.id] = twin.id
        self.entries.append(twin)
        return twin


def _gather(source: Entry) -> list[list[Entry]]:
    """Read what is to be copied, level by level. Folders stay as they are: the caller holds their root."""
    levels, count = [[source]], 1
    while folders := [entry.id for entry in levels[-1] if entry.kind == Entry.Kind.FOLDER]:
        children = Entry.objects.living().filter(parent_id__in=folders).order_by("id")
        levels.append(list(children[: MAX_ENTRIES + 1]))
        count += len(levels[-1])
        if count > MAX_ENTRIES:
            raise TooManyEntries(f"At most {MAX_ENTRIES} entries can be copied at once. Copy parts of it.")
    return levels


def _hold_versions(entries: Iterable[Entry]) -> dict[UUID, Version]:
    """Return the current version of each file, kept from being purged until the transaction ends."""
    file_ids = [entry.id for entry in entries if entry.kind == Entry.Kind.FILE]
    locking.share_entries(file_ids)
    held = Entry.objects.living().filter(id__in=file_ids).select_related("version")
    return {entry.id: entry.version for entry in held if entry.version}
