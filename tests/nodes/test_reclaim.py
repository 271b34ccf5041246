"""Nothing that anybody needs is ever removed; what nobody needs goes, whole, sooner or later."""

import threading

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from files import tree
from files.models import Version
from nodes import brake, contents, health, reclaim
from nodes.errors import WriterSuperseded
from nodes.models import Chunk, Content, ContentSegment, Extent, Replica, Segment
from tests.nodes.living_cluster import CHUNK_BYTES, Bytes, age, chunk_of, seal
from tests.nodes.slow_line import line_to
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import wait_until


def release(*content_ids) -> None:
    with transaction.atomic():
        contents.release(content_ids)


def let_grace_end(settings) -> None:
    age("nodes_chunk", "condemned_at", settings.GRACE_SECONDS + 1)


def nothing_is_left() -> bool:
    return not any(
        model.objects.exists() for model in (Content, ContentSegment, Segment, Extent, Chunk, Replica)
    )


def test_a_released_content_goes_after_its_grace_files_and_rows(cluster, settings):
    content = some_bytes(2 * CHUNK_BYTES + 3, seed=1)
    content_id = cluster.store(content)
    replicate_all()
    release(content_id)

    reclaim.reclaim()

    assert set(Chunk.objects.values_list("state", flat=True)) == {Chunk.State.CONDEMNED}
    assert len(cluster.files(content[:CHUNK_BYTES])) == 3
    let_grace_end(settings)
    reclaim.reclaim()
    assert nothing_is_left()
    assert not cluster.files(content[:CHUNK_BYTES])
    reclaim.reclaim()


def test_what_nobody_released_stays(cluster, settings):
    kept, gone = cluster.store(b"kept" * 100), cluster.store(b"gone" * 100)
    release(gone)
    reclaim.reclaim()
    let_grace_end(settings)
    reclaim.reclaim()

    assert cluster.read(kept) == b"kept" * 100
    assert Chunk.objects.get() == chunk_of(b"kept" * 100)


def test_shared_chunks_stay_with_who_still_needs_them(cluster, settings):
    shared, own = some_bytes(CHUNK_BYTES, seed=2), some_bytes(100, seed=3)
    both, one = cluster.store(shared + own), cluster.store(shared)
    release(both)
    reclaim.reclaim()
    let_grace_end(settings)
    reclaim.reclaim()

    assert cluster.read(one) == shared
    assert Chunk.objects.get() == chunk_of(shared)


def test_within_its_grace_a_chunk_that_is_uploaded_again_stays(cluster, settings):
    release(cluster.store(b"again"))
    reclaim.reclaim()
    content_id = cluster.store(b"again")
    let_grace_end(settings)
    reclaim.reclaim()

    assert cluster.read(content_id) == b"again"


def test_half_of_the_nodes_away_stops_every_removal(cluster, settings):
    release(cluster.store(b"safe mode"))
    reclaim.reclaim()
    let_grace_end(settings)
    for name in ("node-c", "node-d"):
        cluster.update(name, health="offline")

    reclaim.reclaim()
    assert chunk_of(b"safe mode").state == Chunk.State.CONDEMNED

    cluster.update("node-d", health="online")
    reclaim.reclaim()
    assert nothing_is_left()


def test_health_that_nobody_looked_at_lately_stops_every_removal(cluster, settings):
    release(cluster.store(b"no probes"))
    reclaim.reclaim()
    let_grace_end(settings)
    age("nodes_node", "probed_at", 10 * settings.PROBE_INTERVAL_SECONDS)

    reclaim.reclaim()

    assert chunk_of(b"no probes").state == Chunk.State.CONDEMNED


def test_the_brake_stops_a_pass_until_someone_confirms(cluster, settings):
    Chunk.objects.bulk_create(
        Chunk(digest=number.to_bytes(32, "big"), size=1, state=Chunk.State.CONDEMNED, condemned_at=Now())
        for number in range(brake.FLOOR_CHUNKS + 1)
    )
    let_grace_end(settings)

    reclaim.reclaim()
    assert Chunk.objects.count() == brake.FLOOR_CHUNKS + 1

    reclaim.reclaim(is_confirmed=True)
    assert nothing_is_left()


def test_files_on_a_node_that_does_not_answer_wait_and_keep_nobody_elses(cluster, settings, monkeypatch):
    monkeypatch.setattr(reclaim, "SLICE", 2)
    contents_stored = [cluster.store(b"chunk %d" % number) for number in range(4)]
    for _ in range(2):
        replicate_all()
    release(*contents_stored)
    while reclaim.drop_extents():
        pass
    let_grace_end(settings)
    cluster.take_down("node-a")

    while reclaim.reclaim():
        pass

    waiting = set(Replica.objects.values_list("node__name", flat=True))
    assert waiting == {"node-a"}
    cluster.bring_back("node-a")
    while reclaim.reclaim():
        pass
    assert nothing_is_left()
    assert not any(cluster.files(b"chunk %d" % number) for number in range(4))


def marked_for_removal(cluster, settings, *pieces: bytes) -> None:
    """Store chunks with three copies each, and bring them to where only files and rows are left to go."""
    stored = [cluster.store(piece) for piece in pieces]
    replicate_all()
    release(*stored)
    reclaim.drop_extents()
    let_grace_end(settings)
    reclaim.condemn_for_good()


def test_a_node_that_is_slow_to_remove_files_holds_up_no_other(cluster, settings):
    marked_for_removal(cluster, settings, b"side by side")
    first_asked = Replica.objects.order_by("node_id")[0].node.name

    def delete_files() -> None:
        try:
            reclaim.delete_files()
        finally:
            connection.close()

    with line_to(cluster, first_asked) as line:
        line.to_target.black_hole = True
        thread = threading.Thread(target=delete_files)
        thread.start()
        wait_until(lambda: line.to_target.bytes_held, "the removal that is held up")
        wait_until(lambda: len(cluster.files(b"side by side")) == 1, "the removals on other nodes")
        line.heal()
        thread.join()

    assert line.to_target.bytes_held
    assert nothing_is_left()


def test_a_node_that_needs_long_for_its_files_goes_on_in_the_next_pass(cluster, settings, monkeypatch):
    monkeypatch.setattr(reclaim, "BUDGET_SECONDS", 0)
    marked_for_removal(cluster, settings, *(b"slow disk %d" % number for number in range(4)))
    before = Replica.objects.count()

    assert reclaim.delete_files()

    assert before - 4 <= Replica.objects.count() < before
    while reclaim.delete_files():
        pass
    assert nothing_is_left()


def test_two_contents_over_one_segment_keep_its_extents(cluster, settings):
    settings.GRACE_SECONDS = 0
    content = some_bytes(CHUNK_BYTES + 1, seed=5)
    first = cluster.store(content)
    segment_id = ContentSegment.objects.get(content_id=first).segment_id
    with transaction.atomic():
        second, size = contents.join([segment_id])
    assert size == len(content)

    release(first)
    reclaim.reclaim()
    reclaim.reclaim()
    assert cluster.read(second) == content
    assert sum(line.length for line in contents.manifest(second)) == len(content)

    release(second)
    reclaim.reclaim()
    reclaim.reclaim()
    assert nothing_is_left()


def test_joined_segments_are_read_as_one_and_go_as_one(cluster, settings):
    settings.GRACE_SECONDS = 0
    parts = [some_bytes(CHUNK_BYTES + number, seed=10 + number) for number in range(3)]
    segments = []
    for part in parts:
        with transaction.atomic():
            segment = contents.create_segment()
        writer = contents.resume(segment.id)
        writer.append(Bytes(part))
        writer.record()
        segments.append(segment.id)
    with transaction.atomic():
        content_id, size = contents.join(segments)

    assert size == sum(map(len, parts))
    assert cluster.read(content_id) == b"".join(parts)
    start = len(parts[0]) - 5
    assert cluster.read(content_id, start, start + 10) == b"".join(parts)[start : start + 10]
    release(content_id)
    reclaim.reclaim()
    reclaim.reclaim()
    assert nothing_is_left()


def test_a_segment_that_is_being_taken_apart_cannot_be_joined(cluster, monkeypatch):
    content_id = cluster.store(some_bytes(4 * CHUNK_BYTES, seed=20))
    segment_id = ContentSegment.objects.get(content_id=content_id).segment_id
    release(content_id)
    with pytest.raises(WriterSuperseded), transaction.atomic():
        contents.join([segment_id])


def test_a_large_content_goes_slice_by_slice(cluster, settings, monkeypatch):
    settings.GRACE_SECONDS = 0
    monkeypatch.setattr(reclaim, "SLICE", 2)
    release(cluster.store(some_bytes(5 * CHUNK_BYTES, seed=21)))

    while reclaim.reclaim():
        pass
    reclaim.reclaim()

    assert nothing_is_left()


def test_a_released_content_that_a_version_points_at_is_kept_whole(
    cluster, settings, monkeypatch, django_user_model
):
    """It must not happen above; if it does, not one slice of it goes, and others are not held up."""
    settings.GRACE_SECONDS = 0
    monkeypatch.setattr(reclaim, "SLICE", 2)
    content = some_bytes(5 * CHUNK_BYTES, seed=22)
    kept = cluster.store(content)
    owner = django_user_model.objects.create_user(username="owner", password="a long password")
    version = Version.objects.create(
        entry=tree.root_folder(owner),
        number=1,
        content_id=kept,
        size=len(content),
        created_by=owner,
        modified_at=health.database_now(),
    )
    other = cluster.store(b"other")
    release(kept, other)

    for _ in range(9):
        reclaim.reclaim()

    assert cluster.read(kept) == content
    assert not cluster.files(b"other")
    version.delete()
    while reclaim.reclaim():
        pass
    reclaim.reclaim()
    assert nothing_is_left()


def test_an_upload_that_was_dropped_goes_and_its_writer_is_shut_out(cluster, settings):
    settings.GRACE_SECONDS = 0
    with transaction.atomic():
        segment = contents.create_segment()
    writer = contents.resume(segment.id)
    writer.append(Bytes(b"d" * 100))
    writer.record()
    writer.append(Bytes(b"e" * 100))
    with transaction.atomic():
        contents.drop_segments([segment.id])

    with pytest.raises(WriterSuperseded):
        writer.record()
    reclaim.reclaim()
    reclaim.reclaim()
    assert nothing_is_left()


def test_segments_nobody_writes_to_are_abandoned_but_not_those_in_progress(cluster, settings):
    settings.GRACE_SECONDS = 0
    segments = []
    for _ in range(2):
        with transaction.atomic():
            segments.append(contents.create_segment())
        with contents.resume(segments[-1].id) as writer:
            writer.append(Bytes(b"s%d" % len(segments)))
            writer.record()
    _, young = segments
    age("nodes_segment", "recorded_at", settings.UPLOAD_EXPIRY_SECONDS + 7200)
    contents.take_over(young.id)
    Segment.objects.filter(id=young.id).update(recorded_at=Now())

    reclaim.reclaim()
    reclaim.reclaim()

    assert Segment.objects.get() == young
    assert cluster.read(seal(contents.resume(young.id))) == b"s2"


def test_a_pass_is_bounded_however_much_is_released(cluster, settings, monkeypatch):
    settings.GRACE_SECONDS = 0
    monkeypatch.setattr(reclaim, "SLICE", 3)
    release(*(cluster.store(b"film %d" % number) for number in range(5)))

    assert reclaim.drop_extents()
    assert Content.objects.count() == 2
    assert not reclaim.drop_extents()
    assert not Content.objects.exists()


def test_a_file_that_a_node_cannot_remove_keeps_none_of_the_others(cluster, settings):
    settings.GRACE_SECONDS = 0
    release(*(cluster.store(b"film %d" % number) for number in range(6)))
    reclaim.drop_extents()
    reclaim.condemn_for_good()
    stuck = Replica.objects.filter(state=Replica.State.DELETING).select_related("node", "chunk").first()
    place = cluster.file(stuck).parent
    cluster.file(stuck).unlink()
    place.rmdir()
    place.write_bytes(b"")  # a file where a folder should be: a fault of its disk

    for _ in range(2):
        reclaim.delete_files()
    assert set(Replica.objects.values_list("id", flat=True)) == {stuck.id}

    place.unlink()
    reclaim.delete_files()
    assert not Replica.objects.exists()
