"""Joins uploads that came as parts into one file: by metadata alone, at one cost for any size."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from files import aiming, content_types, resumable, uploads
from files.errors import FilesError, PartUnfinished, UploadNotFound
from files.models import Upload
from files.resumable import Progress
from files.tus import PARTIAL, Concat, Wanted
from nodes import contents

if TYPE_CHECKING:
    from accounts.models import User


def join(user: "User", wanted: Wanted, concat: Concat, *, metadata: str = "") -> Progress:
    """Make a file of the user's parts in their order; the parts are used up.

    Asking again after a lost answer finds the file. Raises UploadNotFound for a part that is none,
    PartUnfinished, what aiming at the file raises, and QuotaExceeded; then the parts are as they were, and no
    folder was made.
    """
    if (made := _made(user, concat)) is not None:
        return made
    try:
        return _join(user, wanted, concat, metadata)
    except FilesError:  # the parts are used up, or the name is taken: perhaps by this request sent twice
        if (made := _made(user, concat)) is not None:
            return made
        raise


def _made(user: "User", concat: Concat) -> Progress | None:
    """Return what these parts became already."""
    upload = Upload.objects.own(user).filter(concat=concat.header).first()
    return None if upload is None else resumable.progress_of(resumable.find(user, upload.id))


def _join(user: "User", wanted: Wanted, concat: Concat, metadata: str) -> Progress:
    with transaction.atomic():  # folders that are made on the way stay only with the file
        segment_ids = _take_parts(user, concat)
        target = aiming.aim(user, wanted)
        content_id, size = contents.join(segment_ids)
        upload = Upload.objects.create(
            owner=user,
            parent_id=target.parent_id,
            name=target.name,
            length=size,
            content_type=content_types.settle(wanted.content_type, target.name),
            modified_at=wanted.modified_at,
            on_conflict=target.on_conflict,
            metadata=metadata,
            concat=concat.header,
            committed_at=Now(),
        )
        committed = uploads.commit_content(
            user,
            content_id,
            size,
            target,
            content_type=wanted.content_type,
            modified_at=wanted.modified_at,
            kept_for=segment_ids,
        )
        Upload.objects.filter(id=upload.id).update(committed_entry=committed.entry_id)
    return resumable.progress_of(resumable.find(user, upload.id))


def _take_parts(user: "User", concat: Concat) -> list[UUID]:
    """Return the segments of the parts in their order, and forget the uploads they were."""
    parts = {
        part.id: part
        for part in Upload.objects.own(user)
        .select_for_update(of=("self",))
        .select_related("segment")
        .filter(id__in=concat.part_ids, concat=PARTIAL)
        .order_by("id")
    }
    segment_ids = []
    for part_id in concat.part_ids:
        part = parts.get(part_id)
        if part is None or part.segment is None:
            raise UploadNotFound(f"You have no part {part_id}.")
        if part.checked_from is not None or part.segment.length != part.length:
            raise PartUnfinished(part=str(part_id))
        segment_ids.append(part.segment.id)
    Upload.objects.filter(id__in=concat.part_ids).delete()
    return segment_ids
