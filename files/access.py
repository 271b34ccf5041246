"""Finds what a user may see or change, by id or by path, in one statement each. A stranger finds nothing.

The rule itself is the SQL function `files_sight`: `Entry.objects.visible_to`, `editable_by`, `placeable_by`
ask it, and so does what finds by id here. A path leads through the user's own tree alone, all of it theirs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db import connection, transaction

from accounts.authentication import Errand
from accounts.models import Usage
from files import names
from files.details import COLUMNS, JOINS, OWNER, EntryDetails, describe_one, from_row
from files.errors import (
    Invalid,
    NotAFile,
    NotAFolder,
    NotFound,
    OwnerOnly,
    ParentNotFound,
    ReadOnly,
    RootIsFixed,
)
from files.models import Entry
from nodes.ids import as_array

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from accounts.models import User

_database = cast(Any, connection)  # ours: it has `fetch_row`
BY_PATH = Errand(
    f"{COLUMNS}, w.depth",
    "LEFT JOIN LATERAL files_walk(sender.id, string_to_array(%s::text, '/'), t.folder_id) w ON true"
    f" LEFT JOIN LATERAL (SELECT * FROM files_entry WHERE id = w.entry OFFSET 0) e ON true {JOINS}",
)
_BY_ID = f"""
SELECT {COLUMNS}, s.path, s.role
  FROM files_entry e CROSS JOIN LATERAL files_sight(%s::bigint, e.id, %s::uuid) s {JOINS}
 WHERE e.id = %s::uuid AND s.role IS NOT NULL
"""
# One after the other by its key, in the order asked for: OFFSET 0 keeps it.
_BY_IDS = f"""
SELECT {COLUMNS}, s.path, s.role
  FROM unnest(%s::uuid[]) WITH ORDINALITY AS asked (id, place)
  CROSS JOIN LATERAL (SELECT * FROM files_entry WHERE id = asked.id OFFSET 0) e
  CROSS JOIN LATERAL files_sight(%s::bigint, e.id, %s::uuid) s {JOINS}
 WHERE s.role IS NOT NULL ORDER BY asked.place
"""
_LOOKING_UP = "SELECT path, role FROM files_sight(%s::bigint, %s::uuid, %s::uuid) WHERE role IS NOT NULL"
_LOOKED_UP = "SELECT %s::text AS path, %s::text AS role"


@dataclass(frozen=True, slots=True)
class Sight:
    """A statement that gives an entry's path and role to its reader, and no row to who may not see it."""

    id: UUID
    statement: str
    parameters: Sequence[Any]


def looking_up(user: "User", entry_id: UUID) -> Sight:
    """Have a statement look on its way whether the user may see an entry."""
    return Sight(entry_id, _LOOKING_UP, [user.pk, entry_id, user.confined_to])


def looked_up(details: EntryDetails) -> Sight:
    """Tell a statement of an entry that its reader has been found to see."""
    return Sight(details.id, _LOOKED_UP, [details.path, details.role])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads: what is there, or the folder in which the last name is still free."""

    parts: Sequence[str]
    entry: EntryDetails | None
    parent: EntryDetails | None
    """The folder to make the entry in, when there is none yet."""

    @property
    def name(self) -> str:
        return self.parts[-1] if self.parts else ""

    @property
    def folder_id(self) -> UUID:
        """The folder that holds the entry, or shall hold it."""
        holder = self.entry.parent_id if self.entry else self.parent.id if self.parent else None
        assert holder is not None  # the root is a folder: nothing is put in its place
        return holder


def signed_in(request: "HttpRequest | Request") -> "User":
    """Return who sends a request that has been authenticated."""
    assert request.user.is_authenticated
    return request.user


def root_folder(user: "User") -> Entry:
    """Return the user's root folder; it is made when it is first asked for.

    For who is confined to a folder it is that one; raises NotFound when it is in the trash or gone.
    """
    if user.confined_to is not None:
        folder = Entry.objects.visible_to(user).filter(id=user.confined_to).first()
        if folder is None:
            raise NotFound("The folder that this token is bound to is gone. Make another token.")
        return folder
    root = Entry.objects.root_of(user).first()
    if root is None:
        with transaction.atomic():
            Usage.objects.get_or_create(user=user)
            Entry.objects.bulk_create(
                [Entry(owner=user, created_by=user, name="", sort_key="", kind=Entry.Kind.FOLDER)],
                ignore_conflicts=True,  # two first requests at once
            )
        root = Entry.objects.root_of(user).get()
    return root


def locate(user: "User", path: str) -> Place:
    """Say where the path leads. Raises InvalidName, NotAFolder (a file on the way) or ParentNotFound."""
    parts = names.split_path(path)
    return place(user, parts, BY_PATH.ask(user, ["/".join(parts)]))


def place(user: "User", parts: Sequence[str], row: Sequence[Any]) -> Place:
    """Read from a row of BY_PATH where the names lead; raises as `locate` does."""
    if row[0] is None:  # the user's first request: there is no root yet
        root_folder(user)
        row = BY_PATH.ask(user, ["/".join(parts)])
    *columns, depth = row
    found = from_row([*columns, names.join_path(parts[:depth]), OWNER])
    if depth == len(parts):
        return Place(parts, found, None)
    if not found.is_folder:
        raise NotAFolder(f"“{found.path}” is a file; it cannot hold “{parts[depth]}”.", path=found.path)
    if depth < len(parts) - 1:
        missing = names.join_path(parts[: depth + 1])
        raise ParentNotFound(f"The folder “{missing}” does not exist.", path=missing)
    return Place(parts, None, found)


def find_by_path(user: "User", path: str) -> EntryDetails:
    """Return what lies at the path; raises NotFound."""
    return found_by(lambda: locate(user, path))


def found_by(find_place: Callable[[], Place]) -> EntryDetails:
    """Return what is at a place; NotFound also where no path could lead."""
    try:
        entry = find_place().entry
    except (ParentNotFound, NotAFolder) as error:
        raise NotFound from error
    if entry is None:
        raise NotFound
    return entry


def find(user: "User", entry_id: UUID) -> EntryDetails:
    """Return an entry the user may see; one in the trash is not found. Raises NotFound."""
    row = _database.fetch_row(_BY_ID, [user.pk, user.confined_to, entry_id])
    if row is None:
        raise NotFound
    return from_row(row)


def find_all(user: "User", entry_ids: Sequence[UUID]) -> list[EntryDetails]:
    """Return those of the entries that the user may see, in their order, without their copies."""
    rows = _database.fetch_rows(_BY_IDS, [as_array(entry_ids), user.pk, user.confined_to])
    return [from_row(row) for row in rows]


def find_known(user: "User", entry_id: UUID) -> EntryDetails:
    """Return an entry the user may see or has in the trash, its copies included. Raises NotFound."""
    if not Entry.objects.known_to(user).filter(id=entry_id).exists():
        raise NotFound
    return describe_one(user, entry_id)


def find_own(user: "User", entry_id: UUID) -> EntryDetails:
    """Return an entry of the user's own tree. Raises NotFound, or OwnerOnly for one that others share."""
    details = find(user, entry_id)
    if not details.is_own:
        raise OwnerOnly
    return details


def require_bindable(user: "User", folder_id: UUID) -> None:
    """Raise Invalid unless a token of this user may be bound to the folder: a folder of their own."""
    found = Entry.objects.owned_by(user).filter(id=folder_id, kind=Entry.Kind.FOLDER)
    if not found.exists():
        raise Invalid("You have no such folder.", field="folder")


def refusal(user: "User", entry_id: UUID) -> NotFound | ReadOnly | RootIsFixed:
    """Say why the user may not change an entry: it is shared with them to be read, or not theirs to see."""
    return refusals(user, [entry_id])[entry_id]


def refusals(user: "User", entry_ids: Sequence[UUID]) -> dict[UUID, NotFound | ReadOnly | RootIsFixed]:
    """As `refusal`, for many."""
    seen = set(Entry.objects.visible_to(user).filter(id__in=entry_ids).values_list("id", flat=True))
    return {
        entry_id: RootIsFixed()
        if entry_id == user.confined_to
        else ReadOnly()
        if entry_id in seen
        else NotFound()
        for entry_id in entry_ids
    }


def require_editable(details: EntryDetails) -> EntryDetails:
    if not details.may_edit:
        raise ReadOnly
    return details


def find_file(user: "User", entry_id: UUID) -> EntryDetails:
    return require_file(find(user, entry_id))


def require_file(details: EntryDetails) -> EntryDetails:
    if details.is_folder:
        raise NotAFile
    return details


def find_folder(user: "User", folder_id: UUID | None) -> EntryDetails:
    """Return a folder the user may see, the root when none is named. Raises NotFound or NotAFolder."""
    return require_folder(find_by_path(user, "/") if folder_id is None else find(user, folder_id))


def require_folder(details: EntryDetails) -> EntryDetails:
    if not details.is_folder:
        raise NotAFolder
    return details


def is_taken(folder_id: UUID, name: str) -> bool:
    """Tell whether something of this name is in a folder now; only a commit decides."""
    return Entry.objects.living().filter(parent_id=folder_id, name=name).exists()
