"""Who comes next waits for a writer that has not ended, but not for ever."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from nodes import contents
from nodes.errors import SourceCut, WriterAtWork, WriterSuperseded
from nodes.models import Segment
from tests.nodes.living_cluster import CHUNK_BYTES, Bytes, seal
from tests.storagenode.running_node import wait_until

LENGTH = 3 * CHUNK_BYTES + 100


class Line(Bytes):
    """A source that stalls at its middle until the test lets it end."""

    def __init__(self, *, cut_at: int | None = None) -> None:
        super().__init__(bytes(LENGTH), cut_at=cut_at)
        self.stalled = threading.Event()
        self.may_end = threading.Event()

    def readinto(self, view: memoryview, /) -> int:
        if self.at >= CHUNK_BYTES:
            self.stalled.set()
            assert self.may_end.wait(120)
        return super().readinto(view)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine busy with others, what waits here would be over before it is looked at."""
    monkeypatch.setattr(contents, "TAKE_OVER_PATIENCE_SECONDS", 120)


@pytest.fixture
def segment_id(cluster) -> UUID:
    with transaction.atomic():
        return contents.create_segment().id


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    """A thread with a database connection of its own, as another request has."""
    with ThreadPoolExecutor(1) as executor:
        yield executor
        executor.submit(connections.close_all).result()


def require_waiting(future: Future[int]) -> None:
    """See that the other one still waits after several looks at the row."""
    with pytest.raises(TimeoutError):
        future.result(4 * contents.TAKE_OVER_POLL_SECONDS)


def is_writing(segment_id: UUID) -> bool:
    return Segment.objects.get(id=segment_id).is_writing


def upload(segment_id: UUID, line: Line) -> None:
    with contents.resume(segment_id) as writer:
        writer.append(line)
        writer.record()


def test_who_asks_while_a_broken_line_is_being_recorded_is_told_all_that_had_come(segment_id, other):
    line = Line(cut_at=LENGTH - 7)
    broken = other.submit(upload, segment_id, line)
    assert line.stalled.wait(120)
    with ThreadPoolExecutor(1) as third:
        asked = third.submit(contents.take_over, segment_id)
        require_waiting(asked)
        line.may_end.set()
        with pytest.raises(SourceCut):
            broken.result()
        assert asked.result() == LENGTH - 7
        third.submit(connections.close_all).result()
    assert not is_writing(segment_id)


def test_who_goes_on_waits_just_so_and_bytes_do_not_mix(segment_id, other):
    with contents.resume(segment_id) as first:
        first.append(Bytes(b"a" * 100))
        resumed = other.submit(lambda: contents.resume(segment_id).offset)
        require_waiting(resumed)
        first.record()
    assert resumed.result() == 100
    assert is_writing(segment_id)


def test_who_waits_for_a_writer_that_commits_is_told_that_it_is_finished(segment_id, other):
    with contents.resume(segment_id) as writer:
        writer.append(Bytes(b"a" * 100))
        asked = other.submit(contents.take_over, segment_id)
        require_waiting(asked)
        seal(writer)
        with pytest.raises(WriterSuperseded):
            asked.result()


def test_a_writer_that_never_ends_is_shut_out_when_patience_is_over(segment_id, monkeypatch):
    monkeypatch.setattr(contents, "TAKE_OVER_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(contents, "SILENCE_SECONDS", 0.2)
    began = time.monotonic()
    dead = contents.resume(segment_id)  # silent from now on
    dead.append(Bytes(b"z" * 100))

    assert contents.take_over(segment_id) == 0

    assert time.monotonic() - began >= 0.2
    with pytest.raises(WriterSuperseded):
        dead.record()
    assert not is_writing(segment_id), "the next one need not wait for the dead again"


def test_a_writer_that_has_not_recorded_for_long_has_the_patience_of_those_who_have_just_come(
    segment_id, other, monkeypatch
):
    monkeypatch.setattr(contents, "SILENCE_SECONDS", 0)
    with contents.resume(segment_id) as slow:
        slow.append(Bytes(b"a" * 100))
        asked = other.submit(contents.take_over, segment_id)
        require_waiting(asked)
        slow.record()
    assert asked.result() == 100


def test_a_writer_that_goes_on_recording_keeps_the_segment(segment_id, other, monkeypatch):
    monkeypatch.setattr(contents, "TAKE_OVER_PATIENCE_SECONDS", 0.2)
    with contents.resume(segment_id) as living:
        asked = other.submit(contents.take_over, segment_id)
        while not asked.done():
            living.append(Bytes(b"a" * 100))
            living.record()
        with pytest.raises(WriterAtWork):
            asked.result()
        living.append(Bytes(b"the end"))
        living.record()
        assert Segment.objects.get(id=segment_id).length == living.offset


def test_a_zombie_that_ends_at_last_does_not_speak_for_the_writer_after_it(segment_id, no_patience):
    with contents.resume(segment_id):
        contents.resume(segment_id)
    assert is_writing(segment_id)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_writer_that_fails_has_ended_too(segment_id, error):
    with pytest.raises(error), contents.resume(segment_id):
        raise error
    assert not is_writing(segment_id)


def test_one_after_the_other_pays_one_statement_more_and_never_sleeps(segment_id, monkeypatch):
    monkeypatch.setattr(contents, "TAKE_OVER_POLL_SECONDS", None)  # sleeping would fail
    with CaptureQueriesContext(connection) as taken, contents.resume(segment_id):
        pass
    assert len(taken) == 2
    with CaptureQueriesContext(connection) as asked:
        contents.take_over(segment_id)
    assert len(asked) == 1


def test_a_writer_of_its_own_segment_pays_nothing(cluster):
    with CaptureQueriesContext(connection) as asked, contents.begin():
        pass
    assert len(asked) == 0


def test_no_connection_is_held_while_waiting(segment_id, other, connections_in_use):
    with contents.resume(segment_id):
        connection.close()
        asked = other.submit(contents.take_over, segment_id)
        require_waiting(asked)
        for _ in range(3):
            wait_until(lambda: connections_in_use() == 0, "a moment between two looks at the row")
        assert not asked.done()
    asked.result()
