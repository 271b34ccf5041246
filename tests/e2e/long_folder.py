"""A folder of thousands, by rows of the database alone: what matters is how many there are."""

from tests.e2e.people import Person
from tests.system import System

# A file's row and its version's name each other.
MAKE = """
from django.db import connection, transaction
from accounts.models import User
from files import access
from nodes.models import Content
root = access.root_folder(User.objects.get(username="{name}"))
facts = dict(owner=root.owner_id, root=root.id, folders={folders}, all={folders} + {files})
with transaction.atomic(), connection.cursor() as cursor:
    facts["content"] = Content.objects.create(size=4096).id
    cursor.execute('''
        WITH made AS MATERIALIZED (
            SELECT gen_random_uuid() AS id, CASE WHEN n > %(folders)s THEN gen_random_uuid() END AS version,
                   CASE WHEN n <= %(folders)s THEN 'album ' ELSE 'photo ' END AS word, n::text AS n
              FROM generate_series(1, %(all)s) n
        ), entries AS (
            INSERT INTO files_entry
                   (id, owner_id, created_by_id, parent_id, name, sort_key, words,
                    kind, version_id, revision, starred)
            SELECT id, %(owner)s, %(owner)s, %(root)s, word || n,
                   word || lpad(length(n)::text, 3, '0') || n, '',
                   CASE WHEN version IS NULL THEN 'folder' ELSE 'file' END, version, 1, false FROM made
        )
        INSERT INTO files_version
               (id, entry_id, number, content_id, size, content_type, created_by_id, modified_at)
        SELECT version, id, 1, %(content)s, 4096, 'text/plain', %(owner)s, now()
          FROM made WHERE version IS NOT NULL
        ''', facts)
"""


def fill(system: System, person: Person, *, folders: int, files: int) -> None:
    """Put “album 1” … and “photo N” … into a person's root folder, numbered through."""
    system.manage("shell", "-c", MAKE.format(name=person.name, folders=folders, files=files))
