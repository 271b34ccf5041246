"""Says what a person's bytes are: files as they are now, earlier versions, the trash. Reads only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from accounts import quota

if TYPE_CHECKING:
    from accounts.models import User

# One statement, so one moment: what is charged and what it is for are told together. It costs what lies in
# the trash and how many files have earlier versions, never how many files there are.
_PARTS = """
WITH RECURSIVE trashed AS (
    SELECT e.id FROM files_entry e
     WHERE e.owner_id = %(owner)s::bigint AND e.trashed_at IS NOT NULL AND e.purged_at IS NULL
       AND files_is_alive(e.parent_id)
    UNION ALL
    SELECT c.id FROM trashed t CROSS JOIN LATERAL (
        SELECT id FROM files_entry WHERE parent_id = t.id AND purged_at IS NULL OFFSET 0
    ) c
), replaced AS (
    SELECT entry_id, sum(size) AS size FROM files_version WHERE replaced_at IS NOT NULL GROUP BY entry_id
)
SELECT u.quota_bytes, u.used_bytes,
       (SELECT coalesce(sum(v.size), 0) FROM replaced v JOIN files_entry e ON e.id = v.entry_id
         WHERE e.owner_id = u.user_id AND files_is_alive(e.id))::bigint,
       (SELECT coalesce(sum(v.size), 0) FROM trashed t CROSS JOIN LATERAL (
            SELECT sum(size) AS size FROM files_version WHERE entry_id = t.id
        ) v)::bigint,
       u.reserved_bytes
  FROM accounts_usage u WHERE u.user_id = %(owner)s::bigint
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """What one person may store and does store, and what that is. In bytes; no quota means no limit."""

    quota_bytes: int | None
    used_bytes: int
    versions_bytes: int
    """Of earlier versions of files that are not in the trash."""
    trash_bytes: int
    reserved_bytes: int = 0
    """Kept for uploads on their way; not among what is used."""

    @property
    def files_bytes(self) -> int:
        return self.used_bytes - self.versions_bytes - self.trash_bytes

    @property
    def free_bytes(self) -> int | None:
        if self.quota_bytes is None:
            return None
        return max(0, self.quota_bytes - self.used_bytes - self.reserved_bytes)


def parts(user: "User") -> Parts:
    """Tell what the user's bytes are at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTS, {"owner": user.pk})
        row = cursor.fetchone()
    if row is None:  # nobody has asked before, and nothing was stored
        return Parts(quota.figures(user.pk).quota_bytes, 0, 0, 0)
    return Parts(*row)
