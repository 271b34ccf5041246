"""Locks of the tree, and names that only the database can promise.

Always in this order: the shapes of trees (shared by whoever adds to a tree, held alone by whoever moves or
purges a folder, in the owners' order), then entries, then the owner's usage. What a lock protects is checked
in a later statement, which sees what was committed while it was waited for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from files import access
from files.details import entry_etag, guarding
from files.errors import NameTaken, NotAFolder, NotFound, PreconditionFailed
from files.models import Entry, EntryQuerySet

if TYPE_CHECKING:
    from accounts.models import User

T = TypeVar("T")

SLICE_ENTRIES = 500  # rows of one transaction: milliseconds, so that nobody waits for its locks
RACES = 50  # for a free name, lost to others that take it at the same moment
_LOCK_SHAPES = "SELECT {lock}(owner) FROM (SELECT unnest(%s::bigint[]) AS owner ORDER BY 1) AS owners"
_SHARE_ENTRIES = "SELECT id FROM files_entry WHERE id = ANY(%s::uuid[]) ORDER BY id FOR SHARE"
_LOCK_ENTRIES = "SELECT id FROM files_entry WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE"


def slices(entry_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """Cut many entries into what one transaction changes."""
    for start in range(0, len(entry_ids), SLICE_ENTRIES):
        yield entry_ids[start : start + SLICE_ENTRIES]


def share_shapes(owner_ids: Sequence[int]) -> None:
    """Keep folders of these owners' trees where they are until the transaction ends; others may add, too."""
    _lock("files_share_shape", owner_ids)


def hold_shapes(owner_ids: Sequence[int]) -> None:
    """Be the only one who adds to these owners' trees, moves or purges, until the transaction ends."""
    _lock("files_hold_shape", owner_ids)


def _lock(function: str, owner_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SHAPES.format(lock=function), [list(owner_ids)])


def share_entries(entry_ids: Sequence[UUID]) -> None:
    """Keep these entries from being changed or purged until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARE_ENTRIES, [list(entry_ids)])


def lock_entries(entry_ids: Sequence[UUID]) -> None:
    """Lock entries for a change, those that exist, in one order for everybody."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ENTRIES, [list(entry_ids)])


def lock_entry(
    entries: EntryQuerySet,
    entry_id: UUID,
    if_match: Sequence[str] | None = None,
    *,
    user: "User | None" = None,
) -> Entry:
    """Lock one of these entries for a change.

    Raises NotFound, or for a user named who sees the entry nevertheless ReadOnly, or PreconditionFailed when
    it has none of the etags.
    """
    Entry.objects.select_for_update(no_key=True).filter(id=entry_id).first()
    entry = entries.filter(id=entry_id).first()
    if entry is None:
        raise access.refusal(user, entry_id) if user else NotFound()
    require_etag(entry, if_match)
    return entry


def require_etag(entry: Entry, if_match: Sequence[str] | None) -> None:
    """Raise PreconditionFailed when an entry that is locked has none of the etags."""
    if if_match is None or "*" in if_match:
        return
    if entry_etag(entry.id, entry.revision) not in map(guarding, if_match):
        raise PreconditionFailed


def hold_folder(user: "User", folder_id: UUID | None) -> Entry:
    """Return a folder (the root when none is named) that entries may be put into; shares its tree's shape.

    Raises NotFound, ReadOnly or NotAFolder.
    """
    folder_id = folder_id or access.root_folder(user).id
    share_shapes(owners_of([folder_id]))
    return target_folder(user, folder_id)


def owners_of(entry_ids: Sequence[UUID]) -> list[int]:
    """Return whose trees these entries lie in; an entry never changes its owner."""
    return list(Entry.objects.filter(id__in=entry_ids).values_list("owner_id", flat=True).distinct())


def target_folder(user: "User", folder_id: UUID) -> Entry:
    """Return a folder that entries may be put into; the caller shares its tree's shape.

    Raises NotFound, ReadOnly or NotAFolder.
    """
    folder = Entry.objects.editable_by(user).filter(id=folder_id).first()
    if folder is None:
        refused = access.refusal(user, folder_id)
        if isinstance(refused, NotFound):
            raise NotFound("The folder does not exist, or it is not yours to see.")
        raise refused
    if folder.kind != Entry.Kind.FOLDER:
        raise NotAFolder
    return folder


@contextmanager
def taken_names() -> Iterator[None]:
    """Turn the database's refusal of a second entry of one name into NameTaken."""
    try:
        yield
    except IntegrityError as error:
        if not _is_taken_name(error):
            raise
        raise NameTaken from error


def again_when_taken(do: Callable[[], T]) -> T:
    """Do something in a transaction, and again when others took a name that it had found free.

    Raises NameTaken when they always did.
    """
    for _ in range(RACES):
        with suppress(NameTaken), taken_names(), transaction.atomic():
            return do()
    raise NameTaken


def free_names(entries: Sequence[Entry], names_like: Callable[[Entry], Iterable[str]]) -> dict[UUID, str]:
    """Choose for each entry the first of the names like its own that is free in its folder, as far as seen.

    No two get the same. Those for which none is free are left out.
    """
    likes: dict[tuple[UUID | None, str, str], Iterator[str]] = {}
    tried: set[tuple[UUID | None, str]] = set()
    chosen: dict[UUID, str] = {}
    waiting = list(entries)
    while waiting:
        wanted: dict[UUID, str] = {}
        for entry in waiting:
            like = likes.setdefault((entry.parent_id, entry.name, entry.kind), iter(names_like(entry)))
            for name in like:
                if (entry.parent_id, name) not in tried:
                    tried.add((entry.parent_id, name))
                    wanted[entry.id] = name
                    break
        taken = taken_in({entry.parent_id for entry in waiting}, wanted.values())
        waiting = [entry for entry in waiting if (entry.parent_id, wanted.get(entry.id)) in taken]
        passed_over = {entry.id for entry in waiting}
        chosen |= {entry_id: name for entry_id, name in wanted.items() if entry_id not in passed_over}
    return chosen


def taken_in(folder_ids: Iterable[UUID | None], some_names: Iterable[str]) -> set[tuple[UUID | None, str]]:
    """Return which of the names are taken in which of the folders, now; only the database's word counts."""
    there = Entry.objects.living().filter(parent__in=set(folder_ids), name__in=set(some_names))
    return set(there.values_list("parent", "name"))


def _is_taken_name(error: IntegrityError) -> bool:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == "entry_name_once"
