"""What must not depend on how much there is: the end of an upload, and a page of a large tree."""

import contextlib
import io
import math

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Usage
from bench import large_tree
from files.models import Entry, Version
from nodes import roster
from tests.files.conftest import person, token_client
from tests.files.tus_requests import create, patch

pytestmark = pytest.mark.usefixtures("cluster")

MIB, GIB = 2**20, 2**30
# Makes an upload look as if the same chunk had come over and over; the benchmark does send 100 GiB.
EXTENTS = """
INSERT INTO nodes_extent (segment_id, "offset", length, chunk_id)
SELECT u.segment_id, n::bigint * c.size, c.size, c.id
  FROM files_upload u, nodes_chunk c, generate_series(0, %(pieces)s - 1) n
 WHERE u.id = %(upload)s AND c.size = %(piece)s
"""
LENGTH = """
UPDATE nodes_segment s SET length = %(pieces)s::bigint * %(piece)s FROM files_upload u
 WHERE s.id = u.segment_id AND u.id = %(upload)s
"""


class ThisProcess:
    """Runs what the benchmark has a running system do."""

    def manage(self, *arguments):
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            exec(arguments[-1], {})  # the benchmark's own statements
        return told.getvalue()


def test_the_end_of_an_upload_asks_the_database_as_often_after_100_gib_as_after_8_mib(
    api, owner, monkeypatch
):
    roster.reload()
    monkeypatch.setattr(roster, "REFRESH_SECONDS", math.inf)  # they are asked for again by the clock
    Usage.objects.filter(user=owner).update(quota_bytes=None)
    chunk_bytes = settings.CHUNK_SIZE
    api.put("/api/v1/content/zeros", bytes(chunk_bytes), content_type="application/octet-stream")
    asked = []

    for before in (2 * chunk_bytes, 2 * chunk_bytes, 100 * GIB):  # the first has statements to plan
        upload = create(api, before + MIB, filename=f"{len(asked)}.bin")["Location"]
        upload_id, pieces = upload.rpartition("/")[2], before // chunk_bytes
        with connection.cursor() as cursor:
            for statement in (EXTENTS, LENGTH):
                cursor.execute(statement, {"upload": upload_id, "pieces": pieces, "piece": chunk_bytes})
        with CaptureQueriesContext(connection) as statements:
            assert patch(api, upload, before, bytes(MIB)).status_code == 204
        asked.append(len(statements))

    assert asked[1] == asked[2]
    assert Version.objects.get(entry__name="2.bin").size == 100 * GIB + MIB


def test_the_benchmarks_tree_is_listed_and_searched_like_any_other():
    admin = person("admin")
    planted = large_tree.plant(ThisProcess(), 4_000)
    api = token_client(admin)

    def names(query):
        return [one["name"] for one in api.get(f"/api/v1/entries?{query}").json()["results"]]

    assert Entry.objects.filter(kind="file").count() == 4_000
    assert names(f"parent={planted.listed}&limit=3") == ["report 1.pdf", "report 2.pdf", "report 3.pdf"]
    assert names("q=report&limit=2") == ["report 1.pdf", "report 2.pdf"]
    assert names(f"q=report&parent={planted.rare}&limit=1") == ["report 3001.pdf"]
    assert names("q=3999") == ["report 3999.pdf"]
