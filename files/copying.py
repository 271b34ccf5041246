"""Copies files and folders, one or many by the same few statements. No byte is moved.

A copy is new entries and versions over the same contents.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID

from accounts import quota
from accounts.errors import QuotaExceeded
from files import access, depth, locking, names
from files.errors import FilesError, NameTaken, NotFound, RootIsFixed, TooManyEntries
from files.models import Entry, Version
from nodes.ids import uuid7

if TYPE_CHECKING:
    from accounts.models import User

MAX_ENTRIES = 50_000  # in one copy: one transaction, and all their rows in memory
Refusal = FilesError | QuotaExceeded


def copy(user: "User", entry_id: UUID, *, parent_id: UUID | None = None, name: str | None = None) -> Entry:
    """Copy an entry, with all below it, into a folder: by default its own, or the root for what others share.

    The owner of the folder is charged. Without a name it becomes "name (copy)". Current versions only. Raises
    NotFound, ReadOnly, NotAFolder, RootIsFixed, NameTaken, InvalidName, TooDeep, QuotaExceeded or
    TooManyEntries.
    """
    clean_name = None if name is None else names.clean(name)
    made = locking.again_when_taken(partial(_copy_slice, user, [entry_id], parent_id, clean_name))[entry_id]
    if isinstance(made, Exception):
        raise made
    return made


def copy_many(
    user: "User", entry_ids: Sequence[UUID], *, parent_id: UUID | None = None
) -> dict[UUID, Entry | Refusal]:
    """Copy entries as `copy` does, in slices, each a transaction; tells what became of each.

    That is the copy, or the error that `copy` would raise.
    """
    became: dict[UUID, Entry | Refusal] = {}
    for slice_ids in locking.slices(entry_ids):
        became |= _copy_as_many(user, slice_ids, parent_id)
    return became


def _copy_as_many(
    user: "User", entry_ids: Sequence[UUID], parent_id: UUID | None
) -> dict[UUID, Entry | Refusal]:
    """Copy so many at once as can be."""
    try:
        return locking.again_when_taken(partial(_copy_slice, user, entry_ids, parent_id))
    except (FilesError, QuotaExceeded) as error:
        if len(entry_ids) == 1 or not isinstance(error, TooManyEntries | QuotaExceeded):
            return dict.fromkeys(entry_ids, error)
        half = len(entry_ids) // 2  # too many together, or others took of the room meanwhile
        return _copy_as_many(user, entry_ids[:half], parent_id) | _copy_as_many(
            user, entry_ids[half:], parent_id
        )


def _copy_slice(
    user: "User", entry_ids: Sequence[UUID], parent_id: UUID | None, name: str | None = None
) -> dict[UUID, Entry | Refusal]:
    root = access.root_folder(user)
    locking.share_shapes(locking.owners_of([*entry_ids, parent_id or root.id]))
    folder = locking.target_folder(user, parent_id) if parent_id else None
    found = Entry.objects.visible_to(user).in_bulk(entry_ids)
    sources = [one for one in found.values() if not _is_fixed(user, one)]
    below = _gather(sources)
    maker = _Maker(user, (folder or root).owner_id, below, _hold_versions(chain(sources, *below.values())))
    depths = depth.of([(folder or root).id, *(one.parent_id for one in sources if one.parent_id)])
    room = quota.figures(maker.owner_id)
    became: dict[UUID, Entry | Refusal] = {}
    copies: dict[UUID, _Copy] = {}
    for entry_id in entry_ids:
        try:
            source = found.get(entry_id)
            if source is None or (source.kind == Entry.Kind.FILE and source.id not in maker.versions):
                raise NotFound
            if _is_fixed(user, source):
                raise RootIsFixed
            own = source.parent_id if source.owner_id == user.pk else None
            into_id = folder.id if folder else own or root.id
            copied = maker.copy_of(source, into_id, depths[into_id])
            room = room.with_more(copied.size_bytes)
            copies[entry_id] = copied
        except (FilesError, QuotaExceeded) as error:
            became[entry_id] = error
    return became | _store(maker.owner_id, copies, name)


def _is_fixed(user: "User", entry: Entry) -> bool:
    return entry.parent_id is None or entry.id == user.confined_to


def _store(owner_id: int, copies: Mapping[UUID, "_Copy"], name: str | None) -> dict[UUID, Entry | Refusal]:
    """Store copies under this name, or under free names like those of their sources; tells of each source."""
    _require_bearable(sum(len(copied.entries) for copied in copies.values()))
    like = _names_like if name is None else lambda _: [name]
    chosen = locking.free_names([copied.top for copied in copies.values()], like)
    stored = [copied for copied in copies.values() if copied.top.id in chosen]
    for copied in stored:
        copied.top.give_name(chosen[copied.top.id])
    if stored:
        Entry.objects.bulk_create(chain(*(copied.entries for copied in stored)), batch_size=1000)
        Version.objects.bulk_create(chain(*(copied.versions for copied in stored)), batch_size=1000)
        quota.add(owner_id, sum(copied.size_bytes for copied in stored))
    return {
        source_id: copied.top if copied.top.id in chosen else NameTaken()
        for source_id, copied in copies.items()
    }


def _names_like(entry: Entry) -> Iterator[str]:
    return names.alternatives(entry.name, word="copy", is_file=entry.kind == Entry.Kind.FILE)


@dataclass(frozen=True, slots=True)
class _Copy:
    """The rows of one copy; the first entry is the one that others lie below."""

    entries: Sequence[Entry]
    versions: Sequence[Version]

    @property
    def top(self) -> Entry:
        return self.entries[0]

    @property
    def size_bytes(self) -> int:
        return sum(version.size for version in self.versions)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the rows of copies: for whom, in whose tree, of what."""

    user: "User"
    owner_id: int
    below: Mapping[UUID, Sequence[Entry]]
    versions: Mapping[UUID, Version]

    def copy_of(self, source: Entry, folder_id: UUID, folder_depth: int) -> _Copy:
        """Make the rows for a folder that has so many folders on its path. Raises TooDeep."""
        entries: list[Entry] = []
        versions: list[Version] = []
        waiting = [(source, folder_id, folder_depth)]
        for entry, parent_id, above in waiting:  # it grows by what lies below
            if entry.kind == Entry.Kind.FOLDER:
                depth.require_allowed(above + 1)
            twin = self._twin(entry, parent_id)
            entries.append(twin)
            if current := self.versions.get(entry.id):
                versions.append(self._first_version(twin, current))
            children = filter(self._is_copied, self.below.get(entry.id, ()))
            waiting += [(child, twin.id, above + 1) for child in children]
        return _Copy(entries, versions)

    def _is_copied(self, entry: Entry) -> bool:
        return entry.kind == Entry.Kind.FOLDER or entry.id in self.versions

    def _twin(self, entry: Entry, parent_id: UUID) -> Entry:
        twin = Entry(
            owner_id=self.owner_id,
            created_by=self.user,
            parent_id=parent_id,
            kind=entry.kind,
            modified_at=entry.modified_at,
        )
        twin.give_name(entry.name)
        return twin

    def _first_version(self, twin: Entry, current: Version) -> Version:
        twin.version_id = uuid7()
        twin.modified_at = current.modified_at
        return Version(
            id=twin.version_id,
            entry_id=twin.id,
            number=1,
            content_id=current.content_id,
            size=current.size,
            content_type=current.content_type,
            created_by=self.user,
            modified_at=current.modified_at,
        )


def _gather(sources: Iterable[Entry]) -> dict[UUID, list[Entry]]:
    """Read level by level what is in folders. They stay as they are: the caller holds the shapes."""
    below: dict[UUID, list[Entry]] = {}
    level, count = list(sources), 0
    while folders := {one.id for one in level if one.kind == Entry.Kind.FOLDER} - below.keys():
        below |= {folder_id: [] for folder_id in folders}
        level = list(Entry.objects.living().filter(parent_id__in=folders).order_by("id")[: MAX_ENTRIES + 1])
        for child in level:
            assert child.parent_id is not None
            below[child.parent_id].append(child)
        count += len(level)
        _require_bearable(count)
    return below


def _require_bearable(count: int) -> None:
    if count > MAX_ENTRIES:
        raise TooManyEntries(f"At most {MAX_ENTRIES} entries can be copied at once. Copy parts of it.")


def _hold_versions(entries: Iterable[Entry]) -> dict[UUID, Version]:
    """Return the current version of each file, kept from being purged until the transaction ends."""
    file_ids = [entry.id for entry in entries if entry.kind == Entry.Kind.FILE]
    locking.share_entries(file_ids)
    held = Entry.objects.living().filter(id__in=file_ids).select_related("version")
    return {entry.id: entry.version for entry in held if entry.version}
