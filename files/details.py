"""What a person or a program is told about an entry: its row, its current version, its path and its copies.

Read in one statement for any number of entries, and one more for the copies.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import F, TextField, Value
from django.db.models.functions import Concat

from files.errors import NotFound
from files.models import Entry, EntryQuerySet, PathFor, PathOf, RoleOf, sight_of
from nodes import contents
from nodes.contents import Copies

if TYPE_CHECKING:
    from accounts.models import User

# The fields of EntryDetails in their order, as the query builder and as SQL name them.
_FIELDS = (
    *("id", "kind", "name", "parent_id", "owner_id", "owner__username", "revision", "starred"),
    *("created_at", "modified_at", "trashed_at", "version_id", "version__created_at", "version__content_id"),
    *("version__size", "version__content_type", "version__content__sha256"),
)
COLUMNS = """e.id, e.kind, e.name, e.parent_id, e.owner_id, u.username, e.revision, e.starred,
       e.created_at, e.modified_at, e.trashed_at, e.version_id, v.created_at, v.content_id,
       v.size, v.content_type, c.sha256"""
# One row after the other, each by its key, whatever the tables' figures say: OFFSET 0 keeps the order.
JOINS = """
  LEFT JOIN LATERAL (SELECT username FROM accounts_user WHERE id = e.owner_id OFFSET 0) u ON true
  LEFT JOIN LATERAL (
      SELECT created_at, content_id, size, content_type FROM files_version WHERE id = e.version_id OFFSET 0
  ) v ON true
  LEFT JOIN LATERAL (SELECT sha256 FROM nodes_content WHERE id = v.content_id OFFSET 0) c ON true"""

OWNER, EDITOR = "owner", "editor"
_ONE = f"""
SELECT {COLUMNS}, s.path, s.role
  FROM files_entry e CROSS JOIN LATERAL files_sight(%s::bigint, e.id, %s::uuid) s {JOINS}
 WHERE e.id = %s::uuid
"""


class EntryDetails(NamedTuple):
    """An entry as it is shown. What concerns bytes is None for a folder.

    A tuple: a frozen dataclass takes six times as long to make, for each of the hundred entries of a page.
    """

    id: UUID
    kind: str
    name: str
    parent_id: UUID | None
    owner_id: int
    owner: str
    revision: int
    starred: bool
    created_at: datetime
    modified_at: datetime
    trashed_at: datetime | None
    version_id: UUID | None
    version_at: datetime | None
    content_id: UUID | None
    size: int | None
    content_type: str | None
    sha256: bytes | None
    path: str
    role: str = OWNER
    """What the reader may do with it; the path is theirs, too."""
    copies: Copies | None = None

    @property
    def is_own(self) -> bool:
        return self.role == OWNER

    @property
    def may_edit(self) -> bool:
        return self.role in (OWNER, EDITOR)

    @property
    def shown_parent_id(self) -> UUID | None:
        """The folder it lies in, if its reader sees that one: above what is shared nothing is told."""
        is_topmost = self.path == "/" or (not self.is_own and self.path.count("/") == 1)
        return None if is_topmost else self.parent_id

    @property
    def is_folder(self) -> bool:
        return self.kind == Entry.Kind.FOLDER

    @property
    def etag(self) -> str:
        """Guards rename, move and delete: another one after every change of the entry."""
        return entry_etag(self.id, self.revision)

    @property
    def content_etag(self) -> str | None:
        """Guards the bytes: the version."""
        return self.version_id.hex if self.version_id else None


def entry_etag(entry_id: UUID, revision: int) -> str:
    return f"{entry_id.hex}-{revision}"


def shown_etag(etag: str, shown: bytes) -> str:
    """Return a tag of all that is shown: a path and a SHA-256 become others without a change of the entry."""
    return f"{etag}.{blake2b(shown, digest_size=8).hexdigest()}"


def guarding(etag: str) -> str:
    """Return the part of a tag that guards a change: the etag, whatever was shown with it."""
    return etag.partition(".")[0]


def from_row(row: Sequence[Any], copies: Copies | None = None) -> EntryDetails:
    """Make the details of one row of COLUMNS, a path and the reader's role."""
    return EntryDetails._make((*row, copies))


def read(
    entries: EntryQuerySet, *, folder: EntryDetails | None = None, reader: "User | None" = None
) -> list[EntryDetails]:
    """Read the details of the entries in their order, without their copies.

    They are the reader's own, or all lie in the folder, which saves a walk for each; where neither is so,
    name the reader.
    """
    path: Any = PathOf("id")
    role: Any = Value(folder.role if folder else OWNER, output_field=TextField())
    if folder is not None:
        path = Concat(Value(folder.path.rstrip("/") + "/"), F("name"))
    elif reader is not None:
        path, role = PathFor(*sight_of(reader)), RoleOf(*sight_of(reader))
    rows = entries.annotate(path=path, role=role).values_list(*_FIELDS, "path", "role")
    return [_as_seen(from_row(row), reader) for row in rows]


def reader_of(user: "User") -> "User | None":
    """Return for `read` who reads their own entries: nobody, unless a folder keeps them in."""
    return None if user.confined_to is None else user


def describe(entries: EntryQuerySet, reader: "User") -> list[EntryDetails]:
    """Read the details of entries that were found for the reader, or that they have put into the trash."""
    return with_copies(read(entries, reader=reader))


def describe_one(user: "User", entry_id: UUID) -> EntryDetails:
    """Read the details of an entry that was found for this user, or that they have put into the trash."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE, [user.pk, user.confined_to, entry_id])
        row = cursor.fetchone()
    if row is None or row[-2] is None:
        raise NotFound
    return with_copies([_as_seen(from_row(row), user)])[0]


def _as_seen(details: EntryDetails, reader: "User | None") -> EntryDetails:
    """Say what the reader may do with it; without a role it is in the trash, and theirs who put it there."""
    if details.role:
        return details
    return details._replace(role=OWNER if reader is None or details.owner_id == reader.pk else EDITOR)


def with_copies(page: Iterable[EntryDetails]) -> list[EntryDetails]:
    """Add how many copies there are of each file's bytes where that is not known yet, asked for at once."""
    page = list(page)
    unknown = [one.content_id for one in page if one.content_id and one.copies is None]
    if not unknown:
        return page
    copies = iter(contents.copies(unknown))
    # `_replace` takes three times as long.
    return [
        EntryDetails._make((*one[:-1], next(copies))) if one.content_id and one.copies is None else one
        for one in page
    ]
