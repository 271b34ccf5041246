"""Contents and lists longer than the 65,535 parameters that one statement of PostgreSQL takes."""

from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from files import damage
from nodes import contents, reclaim
from nodes.ids import uuid7
from nodes.manifests import WINDOW_CHUNKS
from nodes.models import Chunk, Content, ContentSegment, Extent, Node, Replica, Segment

pytestmark = pytest.mark.django_db

MANY = 70_000
CHUNK = 1000


def fill(segment, *, chunks=MANY):
    """Give a segment chunks that are rows alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH made AS ("
            " INSERT INTO nodes_chunk (digest, size, state, copies_seen, attempts)"
            " SELECT int8send(n) || uuid_send(%s), %s, 'live', 0, 0 FROM generate_series(1, %s) n"
            " RETURNING id"
            ') INSERT INTO nodes_extent (segment_id, "offset", length, chunk_id)'
            " SELECT %s, (row_number() OVER (ORDER BY id) - 1) * %s, %s, id FROM made",
            [segment.id, CHUNK, chunks, segment.id, CHUNK, CHUNK],
        )
    segment.length = chunks * CHUNK
    segment.save()


def make(table, columns, values):
    """Make many rows of one kind; returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (id, {columns})"
            f" SELECT gen_random_uuid(), {values} FROM generate_series(1, {MANY}) RETURNING id"
        )
        return [row[0] for row in cursor.fetchall()]


def content_of(*segments):
    content = Content.objects.create(size=sum(segment.length for segment in segments))
    base_offset = 0
    for segment in segments:
        ContentSegment.objects.create(content=content, base_offset=base_offset, segment=segment)
        base_offset += segment.length
    return content.id


@contextmanager
def rows_fetched():
    """Count the rows that statements bring."""
    counts = []

    def count(execute, statement, parameters, many, context):
        result = execute(statement, parameters, many, context)
        counts.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(count):
        yield counts


def test_a_manifest_of_any_length_is_told_and_a_part_of_it_costs_its_own_rows():
    first, second = Segment.objects.create(), Segment.objects.create()
    fill(first)
    fill(second, chunks=10)
    content_id = content_of(first, second)
    tenth = Extent.objects.get(segment=first, offset=10 * CHUNK)
    node = Node.objects.create(name="node-a", store_id=uuid7(), url="http://127.0.0.1:1", zone="a")
    Replica.objects.create(id=uuid7(), chunk_id=tenth.chunk_id, node=node, state="stored")

    lines = contents.manifest(content_id)
    assert [line.offset for line in lines] == [number * CHUNK for number in range(MANY + 10)]
    with rows_fetched() as counts:
        windows = [len(window) for window in contents.manifest_windows(content_id)]
    assert set(windows[:-1]) == {WINDOW_CHUNKS} and windows[-1] < WINDOW_CHUNKS
    assert counts == windows and sum(windows) == contents.count_chunks(content_id)
    with rows_fetched() as counts:
        part = contents.manifest(content_id, 10 * CHUNK - 1, 12 * CHUNK)
        across = contents.manifest(content_id, (MANY - 1) * CHUNK, (MANY + 2) * CHUNK)
    assert (part, across) == (lines[10:12], lines[MANY - 1 : MANY + 2])
    assert [place.node for place in part[0].replicas] == ["node-a"]
    assert counts == [2, 3]


def test_bytes_that_did_not_match_their_checksum_are_cut_off_however_many_there_are():
    segment = Segment.objects.create()
    fill(segment)

    with transaction.atomic():
        assert contents.cut_back(segment.id, 0)

    assert not Extent.objects.exists()
    assert Chunk.objects.filter(state=Chunk.State.CONDEMNED).count() == MANY


def test_any_number_of_uploads_is_given_up_together_and_taken_apart():
    segment_ids = make("nodes_segment", "length, writer_epoch, sealed", "0, 0, false")

    with transaction.atomic():
        contents.drop_segments(segment_ids)
    while reclaim.drop_extents():
        pass

    assert not Segment.objects.exists()
    assert not Content.objects.exists()


def test_any_number_of_contents_is_released_together():
    content_ids = make("nodes_content", "size", "0")

    with transaction.atomic():
        contents.release(content_ids)

    assert not Content.objects.filter(released_at=None).exists()


def test_one_lost_chunk_may_damage_any_number_of_contents():
    segment = Segment.objects.create()
    fill(segment, chunks=1)
    Chunk.objects.make_due()
    content_ids = make("nodes_content", "size", str(CHUNK))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO nodes_contentsegment (content_id, base_offset, segment_id)"
            " SELECT unnest(%s::uuid[]), 0, %s",
            [content_ids, segment.id],
        )

    assert len(contents.damaged()) == MANY
    assert damage.damaged_files(None) == []
