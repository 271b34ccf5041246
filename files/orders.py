"""What statements along an order ask of an entry `e`: that it is living, in words of its own for each index.

An index whose condition is said so fits a statement that says the same, and no other. Where every other index
would have to ask `files_by_other_index`, which is dear, it is chosen whatever the tables' figures say
(docs/decisions/0014-hot-statements-fit-one-index.md).
"""

LIVING = "e.trashed_at IS NULL AND e.purged_at IS NULL"


def _by(condition: str, entry_id: str = "e.id") -> str:
    return f"{condition} AND ({condition} OR files_by_other_index({entry_id}))"


TREE_BY_NAME = _by("coalesce(e.purged_at, e.trashed_at) IS NULL")  # entry_named
TREE_BY_CREATION = _by("greatest(e.purged_at, e.trashed_at) IS NULL")  # entry_made
CURRENT_BY_SIZE = _by("v.replaced_at IS NULL", "v.entry_id")  # version_sized, of all trees
FOLDER_BY_TIME = _by("coalesce(e.trashed_at, e.purged_at) IS NULL")  # entry_dated
# Of a folder's entries none but entry_listing has no condition; what is said so is known to be true of most.
FOLDER = "(e.trashed_at IS NULL) IS NOT FALSE AND (e.purged_at IS NULL) IS NOT FALSE"
TREE_BY = {"name": TREE_BY_NAME, "modified_at": LIVING, "created_at": TREE_BY_CREATION}
FOLDER_BY = {"name": FOLDER, "modified_at": FOLDER_BY_TIME}
# What entry_times has of each page of the table: no order, but which pages need not be read.
BY_PAGES = {
    "modified_at": "coalesce(e.modified_at, e.created_at)",
    "created_at": "coalesce(e.created_at, e.modified_at)",
}
_TYPES = {"name": "text", "size": "bigint"}  # the others are times
WITH_SIZE = "CROSS JOIN LATERAL (SELECT size FROM files_version WHERE id = e.version_id OFFSET 0) v"


def type_of(column: str) -> str:
    """Return the type in SQL of what is sorted by."""
    return _TYPES.get(column, "timestamptz")
