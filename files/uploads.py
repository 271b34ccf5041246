"""Brings bytes into the tree: a plain PUT as a whole, and the commit that every upload ends with.

A plain PUT has no Upload row: nothing of it can be resumed, and its segment alone expires when it breaks off.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from accounts import quota
from files import access, conditions, content_types, names, reserving, tree
from files.conditions import NO_CONDITIONS, Preconditions
from files.details import EDITOR, OWNER, EntryDetails
from files.errors import (
    DigestMismatch,
    NameTaken,
    NotAFile,
    ParentGone,
    ParentNotFound,
    PreconditionFailed,
    ReadOnly,
)
from files.models import Entry, Upload
from nodes import contents
from nodes.ids import uuid7

if TYPE_CHECKING:
    from accounts.models import User
    from files.access import Place
    from nodes.contents import Glance, Source, Writer

RESERVED_FROM_BYTES = 2**20  # for smaller bodies no room is kept: the commit decides before much was sent

_COMMITTED = "outcome, entry, folder, owner_id, owner, revision, starred, created_at, committed_at, path"
_ARGUMENTS = """%s::bigint, %s::uuid, %s::uuid, %s::text, %s::text, %s::text, %s::text, %s::text, %s::uuid[],
    %s::uuid, %s::uuid, %s::uuid, %s::bigint, %s::text, %s::timestamptz, %s::uuid[],
    %s::uuid"""
_COMMIT = f"SELECT {_COMMITTED} FROM files_commit({_ARGUMENTS})"
_SEAL_AND_COMMIT = f"SELECT {_COMMITTED} FROM files_commit_or_fail({{seal}}, {_ARGUMENTS})"
_REFUSED = "DF100"  # the SQLSTATE of files_commit_or_fail; its message is the outcome
_REFUSALS = {
    "parent_gone": ParentGone,
    "read_only": ReadOnly,
    "not_a_file": NotAFile,
    "precondition_failed": PreconditionFailed,
    "name_taken": NameTaken,
}


class Condition(StrEnum):
    """What must be true of the file when it is written."""

    ANY = "any"
    ABSENT = "absent"
    PRESENT = "present"
    MATCH = "match"
    DIFFER = "differ"


@dataclass(frozen=True, slots=True)
class Target:
    """Where bytes go: a file by its id, or else a name in a folder; and what must hold there."""

    parent_id: UUID
    name: str
    entry_id: UUID | None = None
    on_conflict: str = Upload.OnConflict.REPLACE
    condition: Condition = Condition.ANY
    versions: tuple[UUID, ...] = ()
    """With MATCH: the versions one of which must be current."""
    missing_folder: str = ""
    """The path of the folder that is made with the file; until then `parent_id` is the root."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit made of an upload, without its copies. `is_new` unless it replaced a file's version."""

    details: EntryDetails
    is_new: bool

    @property
    def entry_id(self) -> UUID:
        return self.details.id


def target_in(user: "User", folder_id: UUID | None, name: str, *, on_conflict: str) -> Target:
    """Aim at a name in a folder, the root when none is named.

    Raises NotFound, ReadOnly, NotAFolder, InvalidName, and NameTaken at once when that is what the commit
    would do.
    """
    folder = access.require_editable(access.find_folder(user, folder_id))
    target = Target(folder.id, names.clean(name), on_conflict=on_conflict)
    if on_conflict == Upload.OnConflict.FAIL and access.is_taken(folder.id, target.name):
        raise NameTaken
    return target


def target_of(file: EntryDetails, *, terms: Preconditions = NO_CONDITIONS) -> Target:
    """Aim at a file that is there, whatever it is called when the bytes have come.

    The tags are content etags. Raises NotAFile, ReadOnly or PreconditionFailed.
    """
    access.require_editable(access.require_file(file))
    assert file.parent_id is not None
    return Target(file.parent_id, file.name, entry_id=file.id, **_require(file, terms))


def target_at(
    user: "User",
    path: str,
    *,
    find_place: "Callable[[], Place] | None" = None,
    parents: bool = False,
    terms: Preconditions = NO_CONDITIONS,
) -> Target:
    """Aim at a path, to create the file or to replace it; with parents, missing folders are made with it.

    Who has found where the path leads already says so by `find_place`.
    Raises ParentNotFound, NotAFolder, NotAFile, InvalidName or PreconditionFailed.
    """
    try:
        place = find_place() if find_place else access.locate(user, path)
    except ParentNotFound:
        if not parents:
            raise
        *folders, name = names.split_path(path)
        root_id = access.root_folder(user).id
        return Target(root_id, name, missing_folder=names.join_path(folders), **_require(None, terms))
    if place.entry is not None:
        access.require_file(place.entry)
    return Target(place.folder_id, place.name, **_require(place.entry, terms))


def _require(file: EntryDetails | None, terms: Preconditions) -> dict[str, Any]:
    """Hold what is there to the headers, and say for the commit what must hold then.

    If-Match alone counts when others are sent as well. Raises PreconditionFailed.
    """
    conditions.require_match(file.content_etag if file else None, terms.if_match, terms.if_none_match)
    if terms.if_match is not None and "*" not in terms.if_match:
        return {"condition": Condition.MATCH, "versions": conditions.version_ids(terms.if_match)}
    if terms.if_match is not None:
        return {"condition": Condition.PRESENT}
    if terms.unmodified_since is not None and file is not None and file.version_at and file.version_id:
        conditions.require_unmodified(file.version_at, terms.unmodified_since)
        return {"condition": Condition.MATCH, "versions": (file.version_id,)}
    if terms.if_none_match is not None:
        if "*" in terms.if_none_match:
            return {"condition": Condition.ABSENT}
        return {"condition": Condition.DIFFER, "versions": conditions.version_ids(terms.if_none_match)}
    return {}


def put_file(
    user: "User",
    target: Target,
    source: "Source",
    *,
    content_type: str = "",
    length: int | None = None,
    sha256: bytes | None = None,
    glance: "Glance | None" = None,
    guard: "Callable[[], None] | None" = None,
    told: "Callable[[EntryDetails, bool], None] | None" = None,
) -> tuple[EntryDetails, bool]:
    """Store a body as the file's new version; True when the file is new.

    On return it is on a write quorum of nodes and committed. A guard is called within the commit's
    transaction before it, `told` at its end with what is returned; both may raise. Raises PreconditionFailed,
    NameTaken, NotAFile, ParentGone, ReadOnly, DigestMismatch (the bytes are not those of the SHA-256),
    QuotaExceeded, and what making missing folders and appending to a content raise; then nothing is visible.
    """
    writer = contents.begin(hash_whole=sha256 is not None, glance=glance)
    kept_for: list[UUID] = []
    if length is not None and length >= RESERVED_FROM_BYTES:
        reserving.reserve(writer.segment_id, target.parent_id, length)
        kept_for.append(writer.segment_id)
    try:
        writer.append(source)
        if sha256 is not None and writer.sha256() != sha256:
            raise DigestMismatch
        is_one_step = target.on_conflict != Upload.OnConflict.RENAME and not target.missing_folder
        if guard is None and told is None and is_one_step:
            return _described(_commit_at_once(user, writer, target, content_type, kept_for), writer)
        with transaction.atomic():  # it may take several names to find a free one
            if guard is not None:
                guard()
            if target.missing_folder:
                folder_id, _ = tree.create_folder_at(user, target.missing_folder, parents=True)
                target = replace(target, parent_id=folder_id, missing_folder="")
            committed = commit(user, writer, target, content_type=content_type, kept_for=kept_for)
            made = _described(committed, writer)
            if told is not None:
                told(*made)
        return made
    except BaseException:
        if kept_for:
            reserving.give_back_after_failure(writer.segment_id)
        raise


def _described(committed: Committed, writer: "Writer") -> tuple[EntryDetails, bool]:
    return committed.details._replace(copies=contents.copies_made(writer)), committed.is_new


def commit(
    user: "User",
    writer: "Writer",
    target: Target,
    *,
    content_type: str = "",
    modified_at: datetime | None = None,
    kept_for: Sequence[UUID] = (),
) -> Committed:
    """Make what the writer took the target's current version, in the caller's transaction, as its last step.

    Charges the owner, and takes the room that was kept for the segments. Raises ParentGone, NotAFile,
    PreconditionFailed, NameTaken or QuotaExceeded; the caller's transaction must then be rolled back.
    """
    content_id, size, sha256 = writer.seal()
    return commit_content(
        user,
        content_id,
        size,
        target,
        sha256=sha256,
        content_type=content_type,
        modified_at=modified_at,
        kept_for=kept_for,
    )


def commit_content(
    user: "User",
    content_id: UUID,
    size: int,
    target: Target,
    *,
    sha256: bytes | None = None,
    content_type: str = "",
    modified_at: datetime | None = None,
    kept_for: Sequence[UUID] = (),
) -> Committed:
    """Do the tree's part of `commit`, for a content that is sealed already in this transaction."""
    candidates = chain([target.name])
    if target.on_conflict == Upload.OnConflict.RENAME:
        candidates = chain([target.name], names.alternatives(target.name, is_file=True))
    for name in candidates:
        draft = Draft(user, target, name, content_type, modified_at, kept_for)
        with connection.cursor() as cursor:
            cursor.execute(_COMMIT, draft.arguments(content_id, size))
            row = cursor.fetchone()
        if row[0] not in ("name_taken", "not_a_file"):  # a folder's name is no more free than a file's
            break
    _require_accepted(target, row[0], size)
    return draft.committed(row, content_id, size, sha256)


def _commit_at_once(
    user: "User", writer: "Writer", target: Target, content_type: str, kept_for: Sequence[UUID]
) -> Committed:
    """Seal and commit in one call to the database: everybody who stores for the owner waits for their quota's
    row, and it is held no longer than the database itself takes.
    """
    draft = Draft(user, target, target.name, content_type, None, kept_for)
    content: list[UUID] = []

    def arguments(content_id: UUID, size: int) -> list[Any]:
        content.append(content_id)
        return draft.arguments(content_id, size)

    try:
        row = writer.seal_within(_SEAL_AND_COMMIT, arguments)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) != _REFUSED:
            raise
        outcome = error.__cause__.diag.message_primary  # type: ignore[union-attr]
        _require_accepted(target, outcome, writer.offset)
        raise
    return draft.committed(row, content[0], writer.offset, writer.sha256())


def _require_accepted(target: Target, outcome: str, size: int) -> None:
    """Raise the error that a refused commit means."""
    if outcome == "quota_exceeded":
        raise quota.exceeded(reserving.payer_id(target.parent_id), size)
    if outcome in _REFUSALS:
        raise _REFUSALS[outcome]


class Draft:
    """A version about to be committed under a name: what the database is told, and what it is then."""

    def __init__(
        self,
        user: "User",
        target: Target,
        name: str,
        content_type: str,
        modified_at: datetime | None,
        kept_for: Sequence[UUID],
    ) -> None:
        self._kept_for = list(kept_for)
        self._user = user
        self._target = target
        self._name = name
        self._type = content_types.settle(content_type, name)
        self._modified_at = modified_at or datetime.now(UTC)
        self._version_id = uuid7()

    def arguments(self, content_id: UUID, size: int) -> list[Any]:
        """Return what `files_commit` takes, in its order."""
        target = self._target
        return [
            *(self._user.pk, target.parent_id, target.entry_id, self._name, names.sort_key(self._name)),
            " ".join(names.words(self._name)),
            *(target.on_conflict, target.condition, list(target.versions)),
            *(uuid7(), self._version_id, content_id, size, self._type, self._modified_at),
            *(self._kept_for, self._user.confined_to),
        ]

    def committed(self, row: Sequence[Any], content_id: UUID, size: int, sha256: bytes | None) -> Committed:
        """Read the entry as it is now from what `files_commit` returned."""
        outcome, entry_id, folder_id, owner_id, owner, revision, starred, created_at, version_at, path = row
        made = EntryDetails(
            id=entry_id,
            kind=Entry.Kind.FILE.value,
            name=path.rpartition("/")[2],
            parent_id=folder_id,
            owner_id=owner_id,
            owner=owner,
            revision=revision,
            starred=starred,
            created_at=created_at,
            modified_at=self._modified_at,
            trashed_at=None,
            version_id=self._version_id,
            version_at=version_at,
            content_id=content_id,
            size=size,
            content_type=self._type,
            sha256=sha256,
            path=path,
            role=OWNER if owner_id == self._user.pk else EDITOR,
        )
        return Committed(made, is_new=outcome == "created")
