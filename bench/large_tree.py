"""Fills a running system's database with a large tree: rows alone."""

import json
from dataclasses import dataclass

from tests.system import System

LISTED = 100_000
"""Entries of the one large folder; the rest lie in folders of FOLDER_ENTRIES."""
FOLDER_ENTRIES = 1_000

# All files are one empty content. What comes later in number is older; all have the words "report" and "pdf",
# so those are as frequent as words can be; the older half has "autumn", too. The last folder, "rare", holds
# the oldest ones.
_PLANT = """
from django.db import connection, transaction
from accounts.models import Usage, User
from files import access, tree
from nodes.models import Content

owner = User.objects.get(username="admin")
Usage.objects.filter(user=owner).update(quota_bytes=None)
folders = [tree.create_folder(owner, name).id for name in {names}]
values = dict(
    owner=owner.id, content=Content.objects.create(size=0).id, folders=folders, listed={listed},
    each={each}, entries={entries},
)
ENTRY = "('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
VERSION = "('01900000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid"
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute(
        "INSERT INTO files_entry (id, owner_id, created_by_id, parent_id, name, sort_key, words, kind,"
        " version_id, revision, created_at, modified_at, starred)"
        " SELECT " + ENTRY + ", %(owner)s, %(owner)s, (%(folders)s::uuid[])["
        "   CASE WHEN n <= %(listed)s THEN 1 ELSE 2 + (n - %(listed)s - 1) / %(each)s END],"
        " 'report ' || n || '.pdf', 'report ' || lpad(length(n::text)::text, 3, '0') || n || '.pdf',"
        " ('@' || %(owner)s || ' report pdf ' || n"
        "   || CASE WHEN n > %(entries)s / 2 THEN ' autumn' ELSE '' END)::tsvector, 'file', " + VERSION + ","
        " 1, now() - n * interval '1 second', now() - n * interval '1 second', n %% 100000 = 0"
        " FROM generate_series(1, %(entries)s) n", values)
    cursor.execute(
        "INSERT INTO files_version (id, entry_id, number, content_id, size, content_type, created_by_id,"
        " created_at, modified_at)"
        " SELECT " + VERSION + ", " + ENTRY + ", 1, %(content)s, 0, 'application/pdf',"
        " %(owner)s, now(), now() FROM generate_series(1, %(entries)s) n", values)
with connection.cursor() as cursor:
    cursor.execute("VACUUM (ANALYZE) files_entry")
    cursor.execute("ANALYZE files_version")
import json
print(json.dumps([str(one) for one in folders]))
"""


@dataclass(frozen=True)
class LargeTree:
    """The ids of its folders: the large one, and the one with the oldest files."""

    listed: str
    rare: str


def plant(system: System, entries: int) -> LargeTree:
    """Put so many files into the admin's tree; they have a row each, and no bytes."""
    listed = min(LISTED, entries // 2)
    rest = -(-(entries - listed) // FOLDER_ENTRIES)
    names = ["listed", *(f"folder {number}" for number in range(rest - 1)), "rare"]
    command = _PLANT.format(names=names, listed=listed, each=FOLDER_ENTRIES, entries=entries)
    told = system.manage("shell", "--verbosity", "0", "--command", command)
    folders = json.loads(told.splitlines()[-1])
    return LargeTree(listed=folders[0], rare=folders[-1])
