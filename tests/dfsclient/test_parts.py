"""A large file goes up in parts side by side, and becomes one file or none."""

import os
import random
import threading
import time

import pytest

from dfsclient import Client, Journal, Retries, errors, parts, tus
from tests.dfsclient.conftest import MIB
from tests.storagenode.running_node import wait_until

LARGE = 16 * MIB
PART = LARGE // parts.AT_ONCE


@pytest.fixture(autouse=True)
def files_are_large_soon(monkeypatch):
    monkeypatch.setattr(parts, "PARTS_FROM_BYTES", LARGE)
    monkeypatch.setattr(parts, "STEP_BYTES", 2 * MIB)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal")


@pytest.fixture
def source(tmp_path):
    """A file whose bytes tell where they belong."""
    path = tmp_path / "large.bin"
    path.write_bytes(random.Random(7).randbytes(LARGE))
    return path


@pytest.mark.parametrize(
    ("size", "begin_at"),
    [
        (0, [0]),
        (LARGE - 1, [0]),
        (LARGE, [0, 4 * MIB, 8 * MIB, 12 * MIB]),
        (LARGE + 1, [0, 6 * MIB, 12 * MIB]),
        (1000 * MIB, [0, 250 * MIB, 500 * MIB, 750 * MIB]),
    ],
)
def test_parts_are_few_cover_the_file_and_begin_where_chunks_do(size, begin_at):
    extents = parts.cut(size, parts.AT_ONCE)

    assert [start for start, _ in extents] == begin_at
    assert [*begin_at[1:], size] == [stop for _, stop in extents]


def test_a_large_file_goes_in_parts_and_is_one_file(service, client, journal, source):
    told = []

    entry = client.upload(
        source, "/new/large.bin", journal=journal, progress=lambda done, total: told.append((done, total))
    )

    assert service.bytes_of("/new/large.bin") == source.read_bytes()
    assert entry.size == LARGE
    concats = [headers.get("upload-concat", "") for headers in service.asked("POST", "/uploads")]
    assert concats[:-1] == ["partial"] * parts.AT_ONCE
    assert concats[-1].startswith("final;")
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (LARGE, LARGE)
    assert next(iter(service.uploads.values())).metadata["filename"] == "large.bin"


def test_parts_go_up_at_the_same_time(service, client, source):
    service.faults.add("PATCH", "/uploads/", times=parts.AT_ONCE, meets=threading.Barrier(parts.AT_ONCE))

    client.upload(source, "/large.bin")

    assert service.bytes_of("/large.bin") == source.read_bytes()


def test_one_part_at_once_is_a_plain_upload(service, client, source):
    client.upload(source, "/large.bin", at_once=1)

    assert [headers.get("upload-concat") for headers in service.asked("POST", "/uploads")] == [None]


def test_every_part_goes_on_where_its_connection_was_cut(service, client, source):
    for cut_after in (MIB, 2 * MIB, 3 * MIB, 100, 0):
        service.faults.add("PATCH", "/uploads/", cut_after=cut_after)

    client.upload(source, "/large.bin")

    assert service.bytes_of("/large.bin") == source.read_bytes()


def test_a_service_that_takes_some_and_not_others_is_waited_for(service, source):
    """More refusals of one part than tries of one request, while the others get on."""

    def nap(_: float) -> None:
        wait_until(lambda: len(client._transport._sessions) == 2, "the end of the other parts")

    patient = Retries(sleep=nap)
    service.faults.add("PATCH", "/uploads/3", times=2 * patient.calls, status=503)
    with Client(service.url, "dfs_ada", retries=patient) as client:
        client.upload(source, "/large.bin")

    assert service.bytes_of("/large.bin") == source.read_bytes()
    assert len(service.asked("PATCH", "/uploads/3")) == 2 * patient.calls + 1


def test_a_lost_answer_to_the_joining_makes_no_second_version(service, client, source):
    service.faults.add("POST", "/uploads", times=parts.AT_ONCE, headers={})  # lets the parts begin
    service.faults.add("POST", "/uploads", drop_reply=True)

    client.upload(source, "/large.bin")

    assert service.find("/large.bin").version == 1


def test_a_part_that_was_refused_once_goes_on_like_a_whole(service, client, source):
    service.faults.add("PATCH", "/uploads/2", status=409, code="writer_superseded")

    client.upload(source, "/large.bin")

    assert service.bytes_of("/large.bin") == source.read_bytes()


def test_a_part_that_is_refused_ends_all_and_nothing_is_visible(service, client, journal, source):
    service.faults.add("PATCH", "/uploads/2", times=99, status=403)

    with pytest.raises(errors.Forbidden):
        client.upload(source, "/large.bin", journal=journal)

    assert service.paths() == set()
    service.faults.clear()
    client.upload(source, "/large.bin", journal=journal)
    assert service.bytes_of("/large.bin") == source.read_bytes()
    assert len(service.asked("POST", "/uploads")) == parts.AT_ONCE + 1  # with the parts of the first run


def test_a_part_that_waits_for_its_next_try_hears_that_another_failed(service, source):
    naps = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        wait_until(lambda: refused.times == 0, "the refusal of the other part")
        time.sleep(0.05)  # as a nap does: a minute of them may not be over at once

    service.faults.add("PATCH", "/uploads/1", times=99, status=503, headers={"Retry-After": "60"})
    refused = service.faults.add("PATCH", "/uploads/2", times=2, status=409)
    client = Client(service.url, "dfs_ada", retries=Retries(sleep=nap))
    with client, pytest.raises(errors.Conflict):
        client.upload(source, "/large.bin")

    assert sum(naps) < 60


def test_whole_parts_are_asked_for_while_another_takes_long(service, source, monkeypatch):
    monkeypatch.setattr(parts, "ASK_SECONDS", 0.01)

    def nap(_: float) -> None:
        for whole in ("1", "2", "4"):
            wait_until(lambda whole=whole: service.asked("HEAD", f"/uploads/{whole}"), "the question for it")

    service.faults.add("PATCH", "/uploads/3", status=503)
    with Client(service.url, "dfs_ada", retries=Retries(sleep=nap)) as client:
        client.upload(source, "/large.bin")

    assert service.bytes_of("/large.bin") == source.read_bytes()


def test_parts_that_cannot_all_begin_are_given_up(service, client, source):
    service.faults.add("POST", "/uploads", times=3, headers={})
    service.faults.add("POST", "/uploads", status=507, code="quota_exceeded")

    with pytest.raises(errors.NoSpace):
        client.upload(source, "/large.bin")

    assert service.uploads == {}


def test_when_a_part_has_vanished_all_is_begun_anew(service, client, journal, source):
    service.faults.add("PATCH", "/uploads/2", status=410)

    client.upload(source, "/large.bin", journal=journal)

    assert service.bytes_of("/large.bin") == source.read_bytes()
    assert {"1", "2", "3", "4"}.isdisjoint(service.uploads)  # what is left of the first is given up


def test_what_was_joined_by_a_run_that_did_not_hear_of_it_is_found(service, client, journal, source):
    service.faults.add("POST", "/uploads", times=parts.AT_ONCE, headers={})
    service.faults.add("POST", "/uploads", times=99, drop_reply=True)
    with pytest.raises(errors.Unreachable):
        client.upload(source, "/large.bin", journal=journal)
    service.faults.clear()

    entry = client.upload(source, "/large.bin", journal=journal)

    assert (entry.path, service.find("/large.bin").version) == ("/large.bin", 1)
    assert service.bytes_of("/large.bin") == source.read_bytes()


def test_a_file_that_changes_while_its_parts_are_sent_never_becomes_visible(service, client, journal, source):
    def scribble(done, total):
        if done >= PART:
            os.utime(source)

    with pytest.raises(errors.SourceChanged):
        client.upload(source, "/large.bin", progress=scribble, journal=journal)

    assert service.paths() == set()
    assert service.uploads == {}


def test_whoever_stops_it_from_the_progress_stops_every_part(service, client, source):
    class Enough(Exception):
        pass

    def stop(done, total):
        if done > 5 * MIB:
            raise Enough

    with pytest.raises(Enough):
        client.upload(source, "/large.bin", progress=stop)

    asked = len(service.seen)
    assert service.paths() == set()
    assert sum(len(upload.data) for upload in service.uploads.values()) < LARGE
    assert len(service.seen) == asked  # nothing of it runs on


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record.replace('"parts": [[', '"parts": [[]], "x": [['),
        lambda record: record.replace(f", {PART}, {2 * PART}]", f", {PART}, {2 * PART - 1}]"),
        lambda record: record.replace(f", {PART}, {2 * PART}]", f', "{PART}x", {2 * PART}]'),
    ],
)
def test_a_record_whose_parts_do_not_fit_costs_a_new_upload_and_nothing_else(
    service, client, journal, tmp_path, source, damage
):
    service.faults.add("PATCH", "/uploads/", times=99, status=403)
    with pytest.raises(errors.Forbidden):
        client.upload(source, "/large.bin", journal=journal)
    service.faults.clear()
    (record,) = (tmp_path / "journal").iterdir()
    damaged = damage(record.read_text())
    assert damaged != record.read_text()
    record.write_text(damaged)

    client.upload(source, "/large.bin", journal=journal)

    assert service.bytes_of("/large.bin") == source.read_bytes()
    assert len(service.asked("POST", "/uploads")) == 2 * parts.AT_ONCE + 1


def test_threads_of_parts_leave_no_connection_behind(client, source):
    client.upload(source, "/large.bin")

    assert len(client._transport._sessions) == 1


def test_pieces_of_a_part_are_no_larger_than_those_of_a_whole(service, client, tmp_path):
    path = tmp_path / "larger.bin"
    with open(path, "wb") as file:
        file.truncate(5 * tus.PIECE_BYTES)

    client.upload(path, "/larger.bin")

    assert max(int(headers["content-length"]) for headers in service.asked("PATCH")) <= tus.PIECE_BYTES
    assert service.find("/larger.bin").data == bytes(5 * tus.PIECE_BYTES)
