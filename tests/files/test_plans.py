"""What thousands of small files wait for reads a few rows by their keys, whatever the tables' figures said.

A statement's plan is kept. It may have been made while a table was young, or from figures of another time:
the index that looked cheapest then may be one that has to be read from end to end now.
"""

import os
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from dfsweb.database.base import PlanAge
from files import access
from files.models import Entry
from nodes import contents, replication
from nodes.models import Content, Node
from tests.files.conftest import make_folder
from tests.files.rows import ask, begin_anew, on_one_connection, rows_read

MANY = 1500
MOST_READ = 60
"""Rows that one operation may read by one index: those on the way to a file, and those it is made of."""
CHUNK_BYTES = 4096
WHAT_FILES_ARE_MADE_OF = (
    *("files_entry", "files_version", "nodes_content", "nodes_contentsegment", "nodes_segment"),
    *("nodes_extent", "nodes_chunk", "nodes_replica"),
)
_FILL = """
WITH n AS MATERIALIZED (
    SELECT i, gen_random_uuid() AS entry, gen_random_uuid() AS version,
           gen_random_uuid() AS content, gen_random_uuid() AS segment
    FROM generate_series(1, %(count)s::int) i
), made_contents AS (
    INSERT INTO nodes_content (id, size) SELECT content, 4096 FROM n
), made_segments AS (
    INSERT INTO nodes_segment (id, length, writer_epoch, sealed) SELECT segment, 4096, 0, true FROM n
), made_places AS (
    INSERT INTO nodes_contentsegment (content_id, base_offset, segment_id) SELECT content, 0, segment FROM n
), chunks AS (
    INSERT INTO nodes_chunk (digest, size, state, copies_seen, attempts)
    SELECT sha256(content::text::bytea), 4096, 'live', 3, 0 FROM n RETURNING id
), numbered AS (
    SELECT id, row_number() OVER () AS i FROM chunks
), made_extents AS (
    INSERT INTO nodes_extent (segment_id, "offset", length, chunk_id)
    SELECT segment, 0, 4096, numbered.id FROM n JOIN numbered USING (i)
), made_replicas AS (
    INSERT INTO nodes_replica (id, chunk_id, node_id, state, stored_at, verified_at)
    SELECT gen_random_uuid(), numbered.id, node.id, 'stored', now(), now()
    FROM numbered CROSS JOIN nodes_node node
), made_entries AS (
    INSERT INTO files_entry (id, owner_id, created_by_id, parent_id, name, sort_key, words, kind, version_id,
                             revision, starred)
    SELECT entry, %(owner)s, %(owner)s, %(folder)s::uuid, entry, entry, '', 'file', version, 1, false FROM n
)
INSERT INTO files_version (id, entry_id, number, content_id, size, content_type, created_by_id, modified_at)
SELECT version, entry, 1, content, 4096, 'text/plain', %(owner)s, now() FROM n
"""


def fill(folder: Entry) -> None:
    ask(_FILL, {"count": MANY, "owner": folder.owner_id, "folder": folder.id})


def look_at_tables(how: str) -> None:
    for table in WHAT_FILES_ARE_MADE_OF:
        ask(f"{how} {table}")


def empty() -> None:
    """Remove all files as a bulk deletion would, whose rows go and whose indexes keep their pages."""
    ask("SET session_replication_role = replica")  # no checks of references: what refers goes, too
    ask("DELETE FROM files_entry WHERE kind = 'file'")
    for table in WHAT_FILES_ARE_MADE_OF[1:]:
        ask(f"DELETE FROM {table}")
    ask("RESET session_replication_role")


@pytest.fixture
def one_connection(transactional_db: None) -> Iterator[None]:
    """Have all statements run on one connection, whose plans are looked at."""
    with on_one_connection():
        yield


@pytest.fixture
def folder(cluster: Callable[[], list[Node]], owner: User, settings) -> Entry:
    settings.CHUNK_SIZE = CHUNK_BYTES
    settings.PUSH_AFTER_SECONDS = 0
    return make_folder(owner, "/much/of it")


@pytest.fixture
def operations(api: APIClient, folder: Entry) -> dict[str, Callable[[], None]]:
    known = os.urandom(CHUNK_BYTES)

    def put(name: str, body: bytes) -> None:
        reply = api.put(f"/api/v1/content/much/of it/{name}", body, content_type="text/plain")
        assert reply.status_code in (200, 201), reply.content

    def get(name: str, **headers: str) -> bytes:
        return b"".join(api.get(f"/api/v1/content/much/of it/{name}", **headers))

    def list_pages(order: str) -> None:
        page = api.get(f"/api/v1/entries?parent={folder.id}&limit=2&order={order}").json()
        assert len(page["results"]) == 2
        api.get(page["next"].removeprefix("http://testserver"))

    def copy() -> None:
        replication.replicate_due(budget_seconds=0)

    def content_of_large() -> UUID:
        content_id = access.find_by_path(folder.owner, "/much/of it/large").content_id
        assert content_id is not None
        return content_id

    return {
        "a new file": lambda: put(os.urandom(8).hex(), os.urandom(CHUNK_BYTES)),
        "a file's next version": lambda: put("one", os.urandom(CHUNK_BYTES)),
        "bytes that are known": lambda: put(os.urandom(8).hex(), known),
        "a file comes back": lambda: get("one"),
        "three chunks": lambda: put("large", os.urandom(3 * CHUNK_BYTES)),
        "a range of them": lambda: get("large", HTTP_RANGE="bytes=5000-9000"),
        "two pages of the folder": lambda: list_pages("name"),
        "two pages of the folder, the latest first": lambda: list_pages("-modified_at"),
        "further copies": copy,
        "copies of a file": lambda: contents.copies([content_of_large()]),
        "the root folder": lambda: access.root_folder(folder.owner),
    }


@pytest.mark.parametrize("figures_of", ["no time", "a first file", "files that are gone"])
def test_a_plan_of_another_time_reads_no_more_than_one_of_today(
    one_connection: None, operations: dict[str, Callable[[], None]], folder: Entry, figures_of: str
) -> None:
    if figures_of == "files that are gone":
        fill(folder)
        look_at_tables("VACUUM ANALYZE")
        empty()
    if figures_of != "no time":
        operations["a file's next version"]()
        look_at_tables("VACUUM ANALYZE")
    begin_anew()
    backend = ask("SELECT pg_backend_pid()")
    connection.connection.plan_age = PlanAge(lambda: 0.0)  # they are kept
    for _ in range(2):
        for operation in operations.values():
            operation()
    fill(make_folder(User.objects.get(), "/much/more"))
    fill(folder)

    excessive = {}
    for name, operation in operations.items():
        before = rows_read()
        operation()
        for index, rows in (rows_read() - before).items():
            if rows > MOST_READ:
                excessive[name, index] = rows
    assert not excessive
    assert ask("SELECT pg_backend_pid()") == backend, "all of it ran on the connection with the old plans"


def test_copies_of_a_page_are_told_by_one_look_at_what_waits_for_its_own(
    one_connection: None, folder: Entry
) -> None:
    """Without any figures of the tables, too, where a page took a fifth of a second while ten uploaded."""
    waiting = 900
    fill(folder)
    ask(
        "UPDATE nodes_chunk SET copies_due_at = now() WHERE id <= (SELECT min(id) + %s FROM nodes_chunk)",
        [waiting],
    )
    page = list(Content.objects.order_by("id").values_list("id", flat=True)[:200])
    begin_anew()

    before = rows_read()
    contents.copies(page)

    assert max((rows_read() - before).values()) < 4 * waiting
