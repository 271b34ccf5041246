"""What can go wrong with the tree and transfers. HTTP statuses stand in `dfsweb/api_errors.py`.

FilesError
├── NotFound                  absent, or not visible to this user
│   ├── ParentNotFound        a folder of the path does not exist
│   ├── UploadNotFound
│   ├── VersionNotFound
│   └── ShareNotFound
├── Invalid                   a value that cannot be used
│   ├── InvalidName
│   ├── BadCursor
│   └── BadHeader
├── Conflict                  the tree is in another state than the request needs
│   ├── NameTaken
│   ├── NotAFolder
│   ├── NotAFile
│   ├── MoveIntoItself
│   ├── RootIsFixed
│   ├── ParentGone            the folder went while the bytes came
│   ├── NotInTrash
│   ├── TooManyEntries
│   ├── TooDeep               folders in folders in folders
│   ├── VersionIsCurrent
│   ├── AnotherTree
│   ├── OffsetMismatch        tus: the bytes are not the next ones
│   ├── PartUnfinished        tus: a part of a file lacks bytes
│   └── UploadComplete        tus: it has become a file already
├── Forbidden                 seen, and not to be changed by this user
│   ├── ReadOnly
│   └── OwnerOnly
├── PreconditionFailed
├── RangeNotSatisfiable
├── DigestMismatch
├── ChecksumMismatch          tus: the bytes of one request
├── FinalUpload               tus: a file joined of parts takes no bytes
├── UnsupportedTusVersion
├── UnsupportedUploadType
├── UploadTooLong             more bytes than declared
├── UploadExpired
├── CursorExpired
├── LinkExpired
├── LinkExhausted
├── LinkPasswordRefused
└── TooManyTransfers
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class FilesError(Exception):
    """The base: a stable `code`, whether trying again may help, facts, and a message with the way out."""

    code: ClassVar[str] = "files_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.facts = facts


class NotFound(FilesError):
    """There is nothing here, or it is not yours to see."""

    code = "not_found"


class ParentNotFound(NotFound):
    """The folder it should lie in does not exist. Make it first, or send ?parents=true."""

    code = "parent_not_found"


class UploadNotFound(NotFound):
    """You have no such upload."""


class VersionNotFound(NotFound):
    """The file has no such version, or it has it no more."""


class ShareNotFound(NotFound):
    """You have no such share."""


class Invalid(FilesError):
    """This value cannot be used."""

    code = "invalid"

    def __init__(self, message: str | None = None, *, field: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.errors: Mapping[str, Sequence[str]] = {field: [str(self)]} if field else {}


class InvalidName(Invalid):
    """A name has 1 to 255 bytes, no slash and no control character, and is neither “.” nor “..”."""

    code = "invalid_name"


class BadCursor(Invalid):
    """This cursor does not belong to this list. Begin again without one."""

    code = "bad_cursor"


class BadHeader(Invalid):
    """A header of the request cannot be understood."""

    code = "bad_header"


class Conflict(FilesError):
    """The request does not fit the present state."""

    code = "conflict"


class NameTaken(Conflict):
    """Something with this name is already there. Choose another name."""

    code = "name_taken"


class NotAFolder(Conflict):
    """This is a file; only a folder can hold entries."""

    code = "not_a_folder"


class NotAFile(Conflict):
    """This is a folder; it has no bytes of its own."""

    code = "not_a_file"


class MoveIntoItself(Conflict):
    """A folder cannot be moved into itself or into a folder below it."""

    code = "move_into_itself"


class RootIsFixed(Conflict):
    """The topmost folder cannot be renamed, moved, copied or deleted."""

    code = "root_is_fixed"


class ParentGone(Conflict):
    """The folder was deleted while the bytes were on their way. Nothing was stored there."""

    code = "parent_gone"


class NotInTrash(Conflict):
    """This is not in the trash, so there is nothing to restore."""

    code = "not_in_trash"


class TooManyEntries(Conflict):
    """This folder holds more than can be copied at once. Copy its parts."""

    code = "too_many_entries"


class TooDeep(Conflict):
    """More folders would lie in each other than a path may have. Choose a folder nearer to the root."""

    code = "too_deep"


class VersionIsCurrent(Conflict):
    """This version is the file as it is now. Restore another one first, or delete the file."""

    code = "version_is_current"


class AnotherTree(Conflict):
    """It belongs to somebody else than the folder it is to go into. Copy it instead."""

    code = "another_tree"


class OffsetMismatch(Conflict):
    """These are not the next bytes of the upload. Ask for its offset and go on from there."""

    code = "offset_mismatch"


class PartUnfinished(Conflict):
    """Not all bytes of a part have come. Finish each part before they are joined."""

    code = "part_unfinished"


class UploadComplete(Conflict):
    """This upload has become a file already."""

    code = "upload_complete"


class Forbidden(FilesError):
    """You may not do this."""

    code = "forbidden"


class ReadOnly(Forbidden):
    """It is shared with you to be read. Ask its owner to let you change it."""

    code = "read_only"


class OwnerOnly(Forbidden):
    """Only its owner can do this."""

    code = "owner_only"


class PreconditionFailed(FilesError):
    """It was changed in the meantime: the condition of the request does not hold."""

    code = "precondition_failed"


class RangeNotSatisfiable(FilesError):
    """The file has no such range."""

    code = "range_not_satisfiable"

    def __init__(self, message: str | None = None, *, size: int) -> None:
        super().__init__(message, size=size)
        self.size = size


class DigestMismatch(FilesError):
    """The bytes that came are not the ones the digest names. Nothing was stored; send them again."""

    code = "digest_mismatch"


class ChecksumMismatch(FilesError):
    """The bytes of this request do not match their checksum and were dropped. Send them again."""

    code = "checksum_mismatch"


class FinalUpload(FilesError):
    """This upload was joined of parts; no bytes can be added to it."""

    code = "final_upload"


class UnsupportedTusVersion(FilesError):
    """Send the header Tus-Resumable: 1.0.0."""

    code = "unsupported_tus_version"


class UnsupportedUploadType(FilesError):
    """The bytes of an upload have the type application/offset+octet-stream."""

    code = "unsupported_upload_type"


class UploadTooLong(FilesError):
    """There are more bytes than the upload declared."""

    code = "upload_too_long"


class UploadExpired(FilesError):
    """This upload has expired. Begin a new one."""

    code = "upload_expired"


class CursorExpired(FilesError):
    """Too much was forgotten since this cursor was given. Begin again without one."""

    code = "cursor_expired"


class LinkExpired(FilesError):
    """This link has ended. Ask who gave it to you for a new one."""

    code = "link_expired"


class LinkExhausted(FilesError):
    """This link was used as often as it may be. Ask who gave it to you for a new one."""

    code = "link_exhausted"


class LinkPasswordRefused(FilesError):
    """This is not the link's password."""

    code = "link_password_refused"


class TooManyTransfers(FilesError):
    """The server is busy with other transfers. Try again in a moment."""

    code = "too_many_transfers"
    retryable = True
    retry_after_seconds: ClassVar[int] = 1
