"""Names the files that have lost bytes for good: to their owners, and to administrators all of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import F

from files.models import IsKept, PathOf, Version
from nodes import contents

if TYPE_CHECKING:
    from accounts.models import User

MOST_FILES = 1_000


@dataclass(frozen=True, slots=True)
class DamagedFile:
    """One version of a file whose bytes cannot be had as a whole any more."""

    entry_id: UUID
    owner: str
    path: str
    version: int
    is_current: bool
    """Else an older version of a file that may be whole."""


def damaged_files(owner: "User | None") -> list[DamagedFile]:
    """Return the damaged files of one owner, or with None of everybody, those in the trash too.

    By owner and path, at most MOST_FILES.
    """
    damaged = contents.damaged()
    if not damaged:
        return []
    versions = Version.objects.filter(IsKept("entry_id"), content_id__any_of=damaged)
    if owner is not None:
        versions = versions.filter(entry__owner=owner)
    rows = versions.annotate(path=PathOf("entry_id"), current=F("entry__version_id")).values_list(
        "entry_id", "entry__owner__username", "path", "number", "id", "current"
    )
    return [
        DamagedFile(entry_id, username, path, number, version_id == current)
        for entry_id, username, path, number, version_id, current in rows.order_by(
            "entry__owner__username", "path", "number"
        )[:MOST_FILES]
    ]
