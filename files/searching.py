"""Finds entries by the beginnings of words in their names, wherever they lie.

What a user may see is decided upward from each candidate, a slice of them at a time, after they were put in
order: the rule is asked for a page, not for all that match.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing

from files import access, candidates, cursors, details, listing, names, wanting
from files.details import EntryDetails
from files.errors import BadCursor, Invalid
from files.file_types import FileType
from files.listing import MAX_LIMIT, Page, Paging
from files.models import Entry
from files.wanting import Position, Wanted

if TYPE_CHECKING:
    from accounts.models import User

MAX_WORDS = 16
MAX_SHARES = 1_000
"""So much of what is shared with somebody is looked through, each with all below it."""
FEWEST_READ = 50
"""So many of what was found are read at once, or a page where that is more."""
_SALT = "files.searching"


class Whose(StrEnum):
    """Whose entries are looked through: one's own, what others share, or both."""

    ME = "me"
    OTHERS = "others"
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for, and where."""

    text: str
    starred: bool = False
    trashed: bool = False
    folder_id: UUID | None = None
    """Only what lies below this folder."""
    type: FileType | None = None
    """Only files of this type; then the text may be empty."""
    since: datetime | None = None
    """Only what was modified no earlier."""
    sizes: range | None = None
    """Only files of so many bytes; then the text may be empty. Never an empty range."""
    whose: Whose = Whose.ME
    """Stars and trashes are one's own, and a folder has one owner: there it says nothing."""
    whatever: bool = False
    """Text without words finds all, not nothing."""


def search(user: "User", sought: Sought, paging: Paging) -> Page:
    """Find entries whose names have a word that begins so, for each word of the text.

    One's own entries unless it says otherwise; below a folder that others share, theirs. Files and folders
    are mixed, the latest first unless the paging says otherwise; by size only files. Text without letters or
    digits finds nothing, or all of a type or of some sizes. Raises NotFound or NotAFolder for the folder,
    Invalid, BadCursor.
    """
    if paging.order.removeprefix("-") not in wanting.COLUMNS:
        raise Invalid("What is found cannot be sorted so.", field="order")
    trees = _trees(user, sought)
    after = _read_cursor(sought, paging) if paging.cursor else None
    words = names.words(sought.text)[:MAX_WORDS]
    if not words and not (sought.type or sought.sizes or sought.whatever):
        return Page([], None)
    limit = max(1, min(paging.limit, MAX_LIMIT))
    streams = [
        _found(
            user,
            sought,
            Wanted(
                owner_id=tree.owner_id,
                words=words,
                order=paging.order,
                kind=paging.kind,
                starred=sought.starred,
                trashed=sought.trashed,
                tops=tree.tops,
                with_tops=tree.with_tops,
                type=sought.type,
                since=sought.since,
                sizes=sought.sizes,
                after=after,
            ),
            limit + 1,
        )
        for tree in trees
    ]
    place, is_descending = _place_by(paging.order), paging.order.startswith("-")
    found = list(islice(merge(*streams, key=place, reverse=is_descending), limit + 1))
    results = details.with_copies(found[:limit])
    return Page(results, _write_cursor(sought, paging, results[-1]) if len(found) > limit else None)


def recent(user: "User", paging: Paging) -> Page:
    """List the user's files wherever they lie: along their time of change, or sorted as what is found is."""
    if paging.order.removeprefix("-") == "modified_at" or paging.kind == Entry.Kind.FOLDER:
        return listing.recent(user, paging)
    return search(user, Sought("", whatever=True), replace(paging, kind=Entry.Kind.FILE))


@dataclass(frozen=True, slots=True)
class _Tree:
    """Somebody's tree, or those parts of it below its tops; with these themselves, where it says so."""

    owner_id: int
    tops: Sequence[UUID] = ()
    with_tops: bool = False


def _trees(user: "User", sought: Sought) -> list[_Tree]:
    """Say where is looked: each tree has its own words in the index."""
    if sought.folder_id is not None:
        folder = access.find_folder(user, sought.folder_id)
        return [_Tree(folder.owner_id, [folder.id] if folder.parent_id else [])]  # below a root lies all
    own = _Tree(user.pk, [user.confined_to] if user.confined_to else [])
    if sought.starred or sought.trashed or sought.whose == Whose.ME:
        return [own]
    shared: dict[int, list[UUID]] = defaultdict(list)
    shares = Entry.objects.shared_with(user).values_list("owner_id", "id").distinct()
    for owner_id, entry_id in shares[:MAX_SHARES]:
        shared[owner_id].append(entry_id)
    others = [_Tree(owner_id, tops, with_tops=True) for owner_id, tops in shared.items()]
    return others if sought.whose == Whose.OTHERS else [own, *others]


def _found(user: "User", sought: Sought, wanted: Wanted, page: int) -> Iterator[EntryDetails]:
    """Yield what the user may see of all that matches; no more is read than a page needs."""
    at_once = max(page, FEWEST_READ)
    for entry_ids in candidates.find(wanted, page):
        for start in range(0, len(entry_ids), at_once):
            some = entry_ids[start : start + at_once]
            yield from _in_trash(user, sought, some) if sought.trashed else access.find_all(user, some)


def _place_by(order: str) -> Callable[[EntryDetails], tuple[Any, UUID]]:
    """Return how to compare what was found in different trees."""
    return lambda one: (_value(one, order), one.id)


def _value(one: EntryDetails, order: str) -> Any:
    column = order.removeprefix("-")
    return names.sort_key(one.name) if column == "name" else getattr(one, column)


def _in_trash(user: "User", sought: Sought, entry_ids: Sequence[UUID]) -> list[EntryDetails]:
    """Read those that are shown in the user's trash, in the order of the ids."""
    entries = Entry.objects.in_trash_of(user).filter(id__in=entry_ids)
    if sought.folder_id is not None:
        entries = entries.below(sought.folder_id).exclude(pk=sought.folder_id)
    by_id = {one.id: one for one in details.read(entries, reader=details.reader_of(user))}
    return [by_id[entry_id] for entry_id in entry_ids if entry_id in by_id]


def _belongs_to(sought: Sought, paging: Paging) -> list[Any]:
    folder = sought.folder_id.hex if sought.folder_id else None
    # Not the time: “since today” is said anew with each page, and any place in the order stays one.
    narrowed = [sought.starred, sought.trashed, folder, sought.type, sought.whose, sought.whatever]
    sizes = [sought.sizes[0], sought.sizes[-1]] if sought.sizes else None
    return [sought.text, *narrowed, sizes, paging.order, paging.kind]


def _write_cursor(sought: Sought, paging: Paging, last: EntryDetails) -> str:
    value = _value(last, paging.order)
    if isinstance(value, datetime):
        value = value.isoformat()
    return signing.dumps([*_belongs_to(sought, paging), value, last.id.hex], salt=_SALT, compress=True)


def _read_cursor(sought: Sought, paging: Paging) -> Position:
    """It must belong to this very search."""
    *belongs_to, value, entry_id = cursors.read(paging.cursor or "", salt=_SALT)
    if belongs_to != _belongs_to(sought, paging):
        raise BadCursor(field="cursor")
    if paging.order.removeprefix("-") in ("modified_at", "created_at"):
        value = datetime.fromisoformat(value)
    return Position(value, UUID(hex=entry_id))
