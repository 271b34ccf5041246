"""Uploads that survive a broken connection: begun, filled piece by piece, committed once, ended or expired.

What arrived is recorded in the upload's segment; its length is the offset. A new request shuts out the one
before, so two writers never mix their bytes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from files import access, aiming, content_types, reserving, tus, uploads
from files.errors import (
    FilesError,
    FinalUpload,
    OffsetMismatch,
    UploadExpired,
    UploadNotFound,
    UploadTooLong,
)
from files.hashed import Hashed
from files.models import Upload, UploadQuerySet
from files.tus import Checksum, Wanted
from files.uploads import Target
from nodes import contents
from nodes.errors import WriterSuperseded
from storagenode.protocol.body import RequestBody

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from nodes.contents import Source, Writer


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an upload stands. Once it is committed, `entry_id` says what it became."""

    upload: Upload
    offset: int
    expires_at: datetime
    entry_id: UUID | None = None


def create(
    user: "User", wanted: Wanted, *, length: int | None, metadata: str = "", is_part: bool = False
) -> Progress:
    """Begin an upload; one without bytes is committed at once. A part only waits to be joined with others.

    A part that says where the file goes is refused as that would be, and its room is kept there. Raises
    NotFound, ReadOnly, NotAFolder, ParentNotFound, InvalidName, NameTaken when a taken name is to fail, and
    QuotaExceeded before a byte is sent.
    """
    is_aimed = bool(wanted.filename or wanted.path) or not is_part
    with transaction.atomic():  # nothing half-made stays: folders on the way, an upload without bytes
        target = aiming.aim(user, wanted) if is_aimed else Target(access.root_folder(user).id, "")
        upload = Upload.objects.create(
            owner=user,
            parent_id=target.parent_id,
            name=target.name,
            length=length,
            segment_id=contents.create_segment().id,
            content_type=content_types.settle(wanted.content_type, target.name),
            modified_at=wanted.modified_at,
            on_conflict=target.on_conflict,
            metadata=metadata,
            concat=tus.PARTIAL if is_part else "",
        )
        _reserve(upload)
        if length == 0 and upload.segment_id and not is_part:
            with contents.resume(upload.segment_id) as writer:
                return _commit(user, upload, writer)
    upload.refresh_from_db()
    return progress_of(upload)


def find(user: "User", upload_id: UUID) -> Upload:
    """Return an upload of this user. Raises UploadNotFound, or UploadExpired.

    One into a folder that its sender may not change any more is ended, and not found.
    """
    upload = _seen_now().own(user).filter(id=upload_id).first()
    if upload is None:
        raise UploadNotFound
    if _is_expired(upload) or (upload.committed_at and not upload.committed_entry_id):
        raise UploadExpired
    is_in_own_tree = upload.tree_owner_id == user.pk  # type: ignore[attr-defined]
    if not is_in_own_tree and end_shut_out(Upload.objects.filter(id=upload_id)):
        raise UploadNotFound
    return upload


def take_over(user: "User", upload_id: UUID) -> Progress:
    """Shut out whoever was sending, and tell from where to go on.

    One that has all its bytes is committed: to its sender it looks finished. Raises UploadNotFound,
    UploadExpired, and what committing raises.
    """
    upload = _settled(user, upload_id)
    if upload.segment_id is None:
        return progress_of(upload)
    try:
        contents.take_over(upload.segment_id)
        upload = find(user, upload_id)
        if upload.segment_id is not None and _is_whole(upload):
            with contents.resume(upload.segment_id) as writer:
                return _commit(user, upload, writer)
    except WriterSuperseded:  # it was committed, or ended, since we looked
        return progress_of(find(user, upload_id))
    return progress_of(upload)


def append(
    user: "User",
    upload_id: UUID,
    body: RequestBody,
    *,
    offset: int,
    length: int | None = None,
    checksums: Sequence[Checksum] = (),
) -> Progress:
    """Add the bytes of a body at the offset; the last ones commit the upload.

    What arrived before a broken connection stays, unless it came with checksums: of that all bytes stay or
    none. Sending the last piece again after its answer was lost finds the entry it became. `length` settles a
    deferred one. Raises OffsetMismatch, UploadTooLong, BadHeader for a digest that cannot be compared,
    ChecksumMismatch, DigestMismatch, UploadNotFound, UploadExpired, FinalUpload, and what appending and
    committing raise.
    """
    upload = _settled(user, upload_id)
    if upload.concat and upload.concat != tus.PARTIAL:
        raise FinalUpload
    if upload.segment_id is None:
        return _repeated(upload, offset)
    _settle_length(upload, length)
    if (expected := progress_of(upload).offset) != offset:
        raise _mismatch(expected)
    left = None if upload.length is None else upload.length - offset
    if left is not None and (body.remaining or 0) > left:
        raise UploadTooLong
    tus.require_comparable(checksums, offset=offset, brought=body.remaining, length=upload.length)
    if checksums:
        return _append_checked(user, upload, body, offset, checksums)
    try:
        writer = contents.resume(upload.segment_id)
    except WriterSuperseded:
        return _repeated(find(user, upload_id), offset)
    with writer:
        _take(upload, writer, body, offset)
        return _finish(user, upload, writer)


def end(user: "User", upload_id: UUID) -> None:
    """Give an unfinished upload up, with what has arrived; a committed one is only forgotten.

    Raises UploadNotFound or UploadExpired.
    """
    find(user, upload_id)
    with transaction.atomic():
        if not _end(Upload.objects.own(user).select_for_update().filter(id=upload_id)):
            raise UploadNotFound


@contextmanager
def ended_on_failure(user: "User", upload_id: UUID, *, is_known: bool) -> Iterator[None]:
    """End an upload when the block fails, unless its sender knows it: it would keep its room for a day."""
    try:
        yield
    except BaseException:
        if not is_known:
            with suppress(FilesError, DatabaseError):  # ended by another request, or left to expire
                end(user, upload_id)
        raise


def unfinished(user: "User") -> UploadQuerySet:
    """Return the user's unfinished uploads, the newest first."""
    living = Upload.objects.filter(committed_at=None, segment__recorded_at__gt=_expired_before())
    return living.own(user).select_related("segment").order_by("-created_at", "-id")


def end_expired(limit: int = 1000) -> int:
    """End uploads that brought nothing for too long, or whose senders may write no more where they go.

    At most so many of a kind; returns how many.
    """
    silent = Upload.objects.filter(committed_at=None, segment__recorded_at__lte=_expired_before())
    answered = Upload.objects.filter(committed_at__lte=_expired_before())
    count = 0
    for over in (silent, answered, Upload.objects.all().shut_out()):
        with transaction.atomic():
            count += _end(over.select_for_update(skip_locked=True, of=("self",))[:limit])
    return count


def end_shut_out(uploads: UploadQuerySet) -> int:
    """End those whose senders may write no more where they go; returns how many. As `give_back`, last."""
    with transaction.atomic():
        return _end(uploads.shut_out().select_for_update(of=("self",)).order_by("id"))


def _end(locked: "QuerySet[Upload]") -> int:
    """Forget uploads, and give up what has arrived of them; returns how many they were."""
    segment_of = dict(locked.values_list("id", "segment_id"))
    if not segment_of:
        return 0
    Upload.objects.filter(id__in=segment_of).delete()
    segment_ids = [segment_id for segment_id in segment_of.values() if segment_id]
    contents.drop_segments(segment_ids)
    reserving.give_back(segment_ids)
    return len(segment_of)


def _settle_length(upload: Upload, length: int | None) -> None:
    """Settle a deferred length; one that says that all bytes have come is stored by the commit alone."""
    if length is None or length == upload.length:
        return
    offset = progress_of(upload).offset
    if upload.length is not None or length < offset:
        raise OffsetMismatch("The length of this upload is settled already, or more bytes have come.")
    if length == offset and not upload.concat:
        upload.length = length
        return
    with transaction.atomic():
        if not Upload.objects.filter(id=upload.id, length=None, committed_at=None).update(length=length):
            raise WriterSuperseded("Another request has settled the length of this upload.")
        upload.length = length
        _reserve(upload)


def _reserve(upload: Upload) -> None:
    """Keep room for an upload of a known length; who fills it deferred may send what fits by then."""
    if upload.length:
        assert upload.segment_id is not None
        reserving.reserve(upload.segment_id, upload.parent_id, upload.length)


def _take(upload: Upload, writer: "Writer", body: "Source", offset: int) -> None:
    if writer.offset != offset:
        raise _mismatch(writer.offset)
    left = None if upload.length is None else upload.length - offset
    if left != 0:
        writer.append(body, max_bytes=left)
    if left is not None and writer.offset == upload.length and body.readinto(memoryview(bytearray(1))):
        raise UploadTooLong


def _finish(user: "User", upload: Upload, writer: "Writer") -> Progress:
    if writer.offset == upload.length and not upload.concat:
        return _commit(user, upload, writer)
    writer.record()
    return progress_of(find(user, upload.id))


def _append_checked(
    user: "User", upload: Upload, body: RequestBody, offset: int, checksums: Sequence[Checksum]
) -> Progress:
    """Take bytes that stay only if they match. What is recorded on the way is marked until they do.

    Should this process die, the next request finds the mark and drops them.
    """
    assert upload.segment_id is not None
    mine = Upload.objects.filter(id=upload.id)
    if not mine.filter(checked_from=None, committed_at=None).update(checked_from=offset):
        raise WriterSuperseded
    source: Source = body
    expected: list[tuple[Hashed | None, Checksum]] = []
    for checksum in checksums:
        hashed = None
        if not checksum.is_of_whole:
            source = hashed = Hashed(source, hashlib.new(checksum.algorithm, usedforsecurity=False))
        expected.append((hashed, checksum))
    hash_whole = any(checksum.is_of_whole for checksum in checksums)
    with contents.resume(upload.segment_id, hash_whole=hash_whole, keep_tail=True) as writer:
        try:
            _take(upload, writer, source, offset)
            for hashed, checksum in expected:
                if (hashed.digest() if hashed else writer.sha256()) != checksum.digest:
                    raise checksum.mismatch
            progress = _finish(user, upload, writer)
        except OffsetMismatch:  # somebody added bytes meanwhile: they are not ours to drop
            mine.update(checked_from=None)
            raise
        except BaseException:
            with transaction.atomic():
                if contents.cut_back(upload.segment_id, offset, epoch=writer.epoch):
                    mine.update(checked_from=None)
            raise
    mine.filter(checked_from=offset).update(checked_from=None)
    return progress


def _settled(user: "User", upload_id: UUID) -> Upload:
    """Find an upload, after dropping bytes that nobody has seen to match their checksum.

    Whoever sends them still is shut out, once they had the time to end.
    """
    upload = find(user, upload_id)
    if upload.checked_from is None or upload.segment_id is None:
        return upload
    try:
        contents.take_over(upload.segment_id)
    except WriterSuperseded:  # it was committed, or ended, since we looked
        return find(user, upload_id)
    with transaction.atomic():
        marked = Upload.objects.select_for_update().filter(id=upload_id, checked_from__isnull=False).first()
        if marked is not None and marked.segment_id is not None and marked.checked_from is not None:
            contents.cut_back(marked.segment_id, marked.checked_from)
            Upload.objects.filter(id=upload_id).update(checked_from=None)
    return find(user, upload_id)


def _commit(user: "User", upload: Upload, writer: "Writer") -> Progress:
    with transaction.atomic():
        # First the upload's own row: whoever ends it meanwhile waits here, or has won already.
        is_as_told = Q(length=None) | Q(length=upload.length)
        mine = Upload.objects.filter(is_as_told, id=upload.id, committed_at=None)
        if not mine.update(committed_at=Now(), segment=None, checked_from=None, length=upload.length):
            find(user, upload.id)  # ended
            raise WriterSuperseded("Another request has finished this upload, or settled its length.")
        committed = uploads.commit(
            user,
            writer,
            _target(upload),
            content_type=upload.content_type,
            modified_at=upload.modified_at,
            kept_for=[writer.segment_id],
        )
        Upload.objects.filter(id=upload.id).update(committed_entry=committed.entry_id)
    return progress_of(find(user, upload.id))


def _target(upload: Upload) -> Target:
    return Target(upload.parent_id, upload.name, on_conflict=upload.on_conflict)


def _repeated(upload: Upload, offset: int) -> Progress:
    """Answer again what was answered when the upload was committed."""
    progress = progress_of(upload)
    if progress.entry_id is None:
        raise WriterSuperseded
    if offset != progress.offset:
        raise _mismatch(progress.offset)
    return progress


def _mismatch(offset: int) -> OffsetMismatch:
    return OffsetMismatch(f"The next byte of this upload is number {offset}.", offset=offset)


def _is_whole(upload: Upload) -> bool:
    """All bytes of a file are there: only its commit is missing."""
    return not upload.concat and upload.checked_from is None and progress_of(upload).offset == upload.length


def progress_of(upload: Upload) -> Progress:
    if upload.segment is None:
        return Progress(upload, upload.length or 0, _expires_at(upload), upload.committed_entry_id)
    return Progress(upload, upload.segment.length, _expires_at(upload))


def _seen_now() -> UploadQuerySet:
    """Uploads with their segments and the database's time: a gateway's own clock ends none."""
    told = {"seen_at": Now(), "tree_owner_id": F("parent__owner_id")}
    return Upload.objects.select_related("segment").annotate(**told)


def _expired_before() -> CombinedExpression:
    """Return the time of the last progress of what has just expired, by the database's clock."""
    return Now() - timedelta(seconds=settings.UPLOAD_EXPIRY_SECONDS)


def _is_expired(upload: Upload) -> bool:
    seen_at: datetime = upload.seen_at  # type: ignore[attr-defined]
    return _expires_at(upload) <= seen_at


def _expires_at(upload: Upload) -> datetime:
    progressed_at = upload.segment.recorded_at if upload.segment else upload.committed_at
    return (progressed_at or upload.created_at) + timedelta(seconds=settings.UPLOAD_EXPIRY_SECONDS)
