"""Finds entries by the beginnings of words in their names, wherever they lie.

What a user may see is decided upward from each candidate, a slice of them at a time, after they were put in
order: the rule is asked for a page, not for all that match.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing

from files import access, candidates, details, names
from files.candidates import Position, Wanted
from files.details import EntryDetails
from files.errors import BadCursor, Invalid
from files.listing import MAX_LIMIT, Page, Paging
from files.models import Entry

if TYPE_CHECKING:
    from accounts.models import User

MAX_WORDS = 16
_SALT = "files.searching"


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for, and where."""

    text: str
    starred: bool = False
    trashed: bool = False
    folder_id: UUID | None = None
    """Only what lies below this folder."""


def search(user: "User", sought: Sought, paging: Paging) -> Page:
    """Find entries whose names have a word that begins so, for each word of the text.

    One's own entries; below a folder that others share, theirs. Files and folders are mixed, the latest first
    unless the paging says otherwise; by size only files. Text without letters or digits finds nothing. Raises
    NotFound or NotAFolder for the folder, Invalid, BadCursor.
    """
    owner_id, top_id = user.pk, user.confined_to
    if sought.folder_id is not None:
        folder = access.find_folder(user, sought.folder_id)
        owner_id, top_id = folder.owner_id, folder.id if folder.parent_id else None  # below a root lies all
    if paging.order.removeprefix("-") not in candidates.COLUMNS:
        raise Invalid("What is found cannot be sorted so.", field="order")
    after = _read_cursor(sought, paging) if paging.cursor else None
    words = names.words(sought.text)[:MAX_WORDS]
    if not words:
        return Page([], None)
    limit = max(1, min(paging.limit, MAX_LIMIT))
    wanted = Wanted(
        owner_id=owner_id,
        words=words,
        order=paging.order,
        kind=paging.kind,
        starred=sought.starred,
        trashed=sought.trashed,
        top_id=top_id,
        after=after,
    )
    found: list[EntryDetails] = []
    for entry_ids in candidates.find(wanted, limit + 1):
        found += _in_trash(user, sought, entry_ids) if sought.trashed else access.find_all(user, entry_ids)
        if len(found) > limit:
            break
    results = details.with_copies(found[:limit])
    return Page(results, _write_cursor(sought, paging, results[-1]) if len(found) > limit else None)


def _in_trash(user: "User", sought: Sought, entry_ids: Sequence[UUID]) -> list[EntryDetails]:
    """Read those that are shown in the user's trash, in the order of the ids."""
    entries = Entry.objects.in_trash_of(user).filter(id__in=entry_ids)
    if sought.folder_id is not None:
        entries = entries.below(sought.folder_id).exclude(pk=sought.folder_id)
    by_id = {one.id: one for one in details.read(entries, reader=details.reader_of(user))}
    return [by_id[entry_id] for entry_id in entry_ids if entry_id in by_id]


def _belongs_to(sought: Sought, paging: Paging) -> list[Any]:
    folder = sought.folder_id.hex if sought.folder_id else None
    return [sought.text, sought.starred, sought.trashed, folder, paging.order, paging.kind]


def _write_cursor(sought: Sought, paging: Paging, last: EntryDetails) -> str:
    column = paging.order.removeprefix("-")
    value = names.sort_key(last.name) if column == "name" else getattr(last, column)
    if isinstance(value, datetime):
        value = value.isoformat()
    return signing.dumps([*_belongs_to(sought, paging), value, last.id.hex], salt=_SALT, compress=True)


def _read_cursor(sought: Sought, paging: Paging) -> Position:
    """Signed, so that what it holds was written here; still it must belong to this very search."""
    try:
        *belongs_to, value, entry_id = signing.loads(paging.cursor or "", salt=_SALT)
    except signing.BadSignature as error:
        raise BadCursor(field="cursor") from error
    if belongs_to != _belongs_to(sought, paging):
        raise BadCursor(field="cursor")
    if paging.order.removeprefix("-") in ("modified_at", "created_at"):
        value = datetime.fromisoformat(value)
    return Position(value, UUID(hex=entry_id))
