"""Keeps folders near enough to the root that a path leads to all they hold.

The callers hold or share the shape of the tree: no folder above comes to lie elsewhere before they are done.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from files import names
from files.errors import TooDeep
from files.models import Entry, PathOf
from nodes.ids import as_array

# Those in the trash count, too: restored, they lie where they lay. OFFSET 0: see `archives`.
_HEIGHTS = """
WITH RECURSIVE below (top, id, level) AS (
    SELECT id, id, 0 FROM unnest(%s::uuid[]) AS id
    UNION ALL
    SELECT b.top, c.id, b.level + 1 FROM below b CROSS JOIN LATERAL (
        SELECT e.id FROM files_entry e WHERE e.parent_id = b.id AND e.kind = 'folder' AND e.purged_at IS NULL
        OFFSET 0
    ) c
)
SELECT top, max(level) FROM below GROUP BY top
"""


def of(folder_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how many folders the path of each has; a root's has none."""
    paths = Entry.objects.filter(id__in=set(folder_ids)).values_list("id", PathOf("id"))
    return {folder_id: path.rstrip("/").count("/") for folder_id, path in paths}


def require_allowed(depth: int) -> None:
    """Raise TooDeep for a folder with more folders on its path, itself included, than there may be."""
    if depth > names.MAX_DEPTH:
        raise TooDeep


def too_deep_in(folder_id: UUID, entries: Sequence[Entry]) -> set[UUID]:
    """Return which of the entries, with the folders below them, would lie too deep in the folder.

    What comes no farther from the root may always move, also where a tree was made too deep in former times.
    """
    folders = [one for one in entries if one.kind == Entry.Kind.FOLDER and one.parent_id is not None]
    depths = of([folder_id, *(one.parent_id for one in folders if one.parent_id)])
    farther = [one.id for one in folders if one.parent_id and depths[one.parent_id] < depths[folder_id]]
    if not farther:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_HEIGHTS, [as_array(farther)])
        heights = cursor.fetchall()
    return {top for top, height in heights if depths[folder_id] + 1 + height > names.MAX_DEPTH}
