"""Once a day all chunks are counted anew, and what nobody was told of is ordered."""

import pytest

from nodes import census, doctor, figures, recount, replication, tasks, trim
from nodes.figures import Figure
from nodes.models import Census, Chunk, Extent, Replica
from nodes.problems import Code
from tests.nodes.living_cluster import age, chunk_of
from tests.nodes.test_replication import replicate_all

CONTENTS = [b"chunk %d" % number for number in range(5)]


@pytest.fixture
def whole(cluster):
    """Five chunks with all their copies, and nothing to be done."""
    for content in CONTENTS:
        cluster.store(content)
    replicate_all()
    census.take()
    assert not Chunk.objects.under_replicated().exists()
    return [chunk_of(content) for content in CONTENTS]


def wrong() -> int:
    return figures.read()[Figure.CHUNKS_RECOUNTED_WRONG].value


def lose_a_copy(chunk: Chunk) -> None:
    """Take a row away by hand, with no order for another."""
    chunk.replicas.stored().first().delete()


def day_passes() -> None:
    age("nodes_census", "recount_next_at", recount.INTERVAL.total_seconds())


def test_all_is_well_and_nothing_is_ordered(whole):
    assert recount.walk_on() == 0

    assert not Chunk.objects.exclude(copies_due_at=None, surplus_at=None, state=Chunk.State.LIVE).exists()
    assert Code.RECOUNT_CORRECTED not in {problem.code for problem in doctor.examine()}


def test_r14_a_copy_nobody_was_told_is_missing_is_found_by_the_daily_recount_and_made(cluster, whole, caplog):
    lose_a_copy(whole[2])
    assert not replication.replicate_due()
    assert len(cluster.holders(whole[2])) == 2, "no sweep sees it"

    assert recount.walk_on() == 1

    assert "1 lack copies" in caplog.text
    assert wrong() == 1
    assert Code.RECOUNT_CORRECTED in {problem.code for problem in doctor.examine()}
    replicate_all()
    assert len(cluster.holders(whole[2])) == 3
    day_passes()
    assert recount.walk_on() == 0


def test_replicas_that_were_raised_or_lowered_are_found(whole, settings):
    settings.REPLICAS = 4
    assert recount.walk_on() == len(CONTENTS)
    replicate_all()
    assert Replica.objects.stored().count() == 4 * len(CONTENTS)

    settings.REPLICAS = 3
    day_passes()
    assert recount.walk_on() == len(CONTENTS)
    trim.trim()
    assert Replica.objects.stored().count() == 3 * len(CONTENTS)


def test_a_copy_that_was_begun_and_left_is_given_up(whole):
    holding = whole[0].replicas.values("node_id")
    free = {replica.node_id for replica in Replica.objects.exclude(node_id__in=holding)}.pop()
    Replica.objects.create(chunk=whole[0], node_id=free, state=Replica.State.PENDING)
    assert recount.walk_on() == 0, "somebody may be at it"
    day_passes()
    age("nodes_replica", "created_at", recount.PENDING_SECONDS + 1)

    assert recount.walk_on() == 1
    replicate_all()
    assert not Replica.objects.filter(state=Replica.State.PENDING).exists()


def test_what_no_content_needs_begins_its_grace(whole):
    Extent.objects.filter(chunk=whole[4]).delete()

    assert recount.walk_on() == 1

    whole[4].refresh_from_db()
    assert whole[4].state == Chunk.State.CONDEMNED
    assert whole[4].condemned_at is not None
    assert Chunk.objects.filter(state=Chunk.State.LIVE).count() == 4


def test_a_day_has_one_walk_a_slice_a_call(whole, monkeypatch):
    monkeypatch.setattr(recount, "SLICE_CHUNKS", 2)
    for chunk in whole:
        lose_a_copy(chunk)

    assert [recount.walk_on() for _ in range(5)] == [2, 2, 1, 0, 0]
    assert Census.objects.get().recounted_to == 0

    lose_a_copy(whole[0])
    Chunk.objects.update(copies_due_at=None)
    assert recount.walk_on() == 0, "today's is over"
    day_passes()
    assert recount.walk_on() == 2


def test_what_somebody_works_on_or_should_is_left_to_them(whole):
    lose_a_copy(whole[0])
    lose_a_copy(whole[1])
    Chunk.objects.filter(id=whole[0].id).make_due()
    [claim] = replication.claim(10)
    Chunk.objects.filter(id=whole[1].id).make_due()

    assert recount.walk_on() == 0
    assert claim.chunk_id == whole[0].id


def test_the_task_of_the_census_recounts(whole):
    lose_a_copy(whole[0])

    tasks.take_census()

    assert wrong() == 1
