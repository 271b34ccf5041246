import io
import os

import pytest

from dfsclient import Journal, Retries, errors, parts, tus
from tests.dfsclient.conftest import MIB


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal")


def test_a_small_file_goes_in_one_request_with_its_digest(service, client, random_file):
    source = random_file(1000)

    entry = client.upload(source, "/new/folder/")

    assert entry.path == f"/new/folder/{source.name}"
    assert service.bytes_of(entry.path) == source.read_bytes()
    assert [method for method, _, _ in service.seen] == ["PUT"]


def test_a_small_file_whose_answer_was_lost_does_not_become_two_versions(service, client, random_file):
    service.faults.add("PUT", "/content/", drop_reply=True)

    client.upload(random_file(10), "/a.bin")

    assert service.find("/a.bin").version == 1
    assert len(service.asked("PUT")) == 2


@pytest.mark.parametrize("size", [2 * MIB, tus.PIECE_BYTES, tus.PIECE_BYTES + 1])
def test_a_large_file_goes_in_pieces(service, client, random_file, size):
    source = random_file(size)
    told = []

    entry = client.upload(source, "/new/big.bin", progress=lambda done, total: told.append((done, total)))

    assert service.bytes_of("/new/big.bin") == source.read_bytes()
    assert entry.size == size
    assert len(service.asked("PATCH")) == -(-size // tus.PIECE_BYTES)
    assert told[-1] == (size, size)


def test_the_upload_tells_name_type_time_and_what_to_do_with_a_taken_name(service, client, random_file):
    source = random_file(2 * MIB)
    os.utime(source, ns=(0, 1_700_000_000_000_000_000))

    client.upload(source, "/Übung.pdf")

    (upload,) = service.uploads.values()
    assert upload.metadata == {
        "filename": "Übung.pdf",
        "parent": "root",
        "mtime": "2023-11-14T22:13:20Z",
        "filetype": "application/pdf",
        "on_conflict": "replace",
    }


def test_an_upload_goes_on_where_the_connection_was_cut(service, client, random_file):
    source = random_file(5 * MIB)
    for cut_after in (MIB, 2 * MIB, 100):
        service.faults.add("PATCH", "/uploads/", cut_after=cut_after)

    client.upload(source, "/big.bin")

    assert service.bytes_of("/big.bin") == source.read_bytes()
    offsets = [int(headers["upload-offset"]) for headers in service.asked("PATCH")]
    assert offsets == [0, MIB, 3 * MIB, 3 * MIB + 100]


def test_an_upload_goes_on_when_only_the_last_answer_was_lost(service, client, random_file):
    service.faults.add("PATCH", "/uploads/", drop_reply=True)

    entry = client.upload(random_file(2 * MIB), "/big.bin")

    assert entry.path == "/big.bin"
    assert service.find("/big.bin").version == 1
    assert len(service.asked("PATCH")) == 1


def test_an_upload_waits_for_a_service_without_a_quorum(service, client, naps, random_file):
    service.faults.add(
        "PATCH", "/uploads/", times=3, status=503, code="quorum_not_reached", headers={"Retry-After": "5"}
    )

    client.upload(random_file(2 * MIB), "/big.bin")

    assert len(naps.seconds) == 3
    assert min(naps.seconds) >= 5


def test_an_upload_without_progress_ends_with_the_service_s_own_reason(service, client, naps, random_file):
    service.faults.add("PATCH", "/uploads/", times=99, status=503, code="quorum_not_reached")

    with pytest.raises(errors.Unavailable) as refused:
        client.upload(random_file(2 * MIB), "/big.bin")

    assert refused.value.code == "quorum_not_reached"
    assert len(service.asked("PATCH")) == Retries().calls


def test_progress_renews_the_patience(service, client, naps, random_file):
    for _ in range(20):  # more cuts than tries, each with a little progress
        service.faults.add("PATCH", "/uploads/", cut_after=100_000)

    client.upload(random_file(4 * MIB), "/big.bin")

    assert len(naps.seconds) == 20
    assert max(naps.seconds) < 1


@pytest.mark.parametrize("told", ["\u00b2", "9" * 5000, "-1", "1.5", ""])
def test_an_offset_that_cannot_be_read_is_said_in_one_sentence(service, client, journal, random_file, told):
    file = random_file(3 * MIB)
    service.faults.add("PATCH", "/uploads/", status=204, headers={"Upload-Offset": told})

    with pytest.raises(errors.BadReply, match="no usable offset"):
        client.upload(file, "/big", journal=journal)


def test_a_wrong_offset_is_asked_for_and_mended(service, client, journal, random_file):
    source = random_file(2 * MIB)
    service.faults.add("PATCH", "/uploads/", status=409, code="offset_mismatch")

    client.upload(source, "/big.bin", journal=journal)

    assert service.bytes_of("/big.bin") == source.read_bytes()
    assert len(service.asked("HEAD", "/uploads/")) == 1


def test_a_conflict_that_asking_does_not_mend_is_an_error(service, client, naps, random_file):
    service.faults.add("PATCH", "/uploads/", times=99, status=409, code="name_taken")

    with pytest.raises(errors.Conflict):
        client.upload(random_file(2 * MIB), "/big.bin")

    assert len(service.asked("PATCH")) == 2


def test_why_an_upload_became_no_file_is_told_though_a_head_has_no_words(service, client, naps, random_file):
    service.faults.add("PATCH", "/uploads/", drop_reply=True)
    service.faults.add("HEAD", "/uploads/", times=99, status=409, code="name_taken")
    service.faults.add("PATCH", "/uploads/", times=99, status=409, code="name_taken")

    with pytest.raises(errors.Conflict) as refused:
        client.upload(random_file(2 * MIB), "/big.bin")

    assert refused.value.code == "name_taken"
    assert service.asked("PATCH")[-1]["upload-offset"] == str(2 * MIB)


@pytest.mark.parametrize("status", [404, 410])
def test_an_upload_that_vanished_is_begun_anew(service, client, journal, random_file, status):
    source = random_file(2 * MIB)
    service.faults.add("PATCH", "/uploads/", status=status)

    client.upload(source, "/big.bin", journal=journal)

    assert service.bytes_of("/big.bin") == source.read_bytes()
    assert len(service.asked("POST", "/uploads")) == 2


def test_an_upload_that_always_vanishes_is_given_up(service, client, random_file):
    service.faults.add("PATCH", "/uploads/", times=99, status=404)

    with pytest.raises(errors.NotFound):
        client.upload(random_file(2 * MIB), "/big.bin")

    assert len(service.asked("POST", "/uploads")) == parts.NEW_STARTS + 1


def test_the_next_run_goes_on_with_the_upload_of_the_one_before(service, client, journal, random_file):
    source = random_file(3 * MIB)
    service.faults.add("PATCH", "/uploads/", cut_after=MIB)
    service.faults.add("HEAD", "/uploads/", times=99, status=403)
    with pytest.raises(errors.Forbidden):
        client.upload(source, "/big.bin", journal=journal)
    service.faults.clear()

    client.upload(source, "/big.bin", journal=journal)

    assert service.bytes_of("/big.bin") == source.read_bytes()
    assert len(service.asked("POST", "/uploads")) == 1
    assert [headers["upload-offset"] for headers in service.asked("PATCH")] == ["0", str(MIB)]


def test_a_changed_file_or_another_target_does_not_continue_an_old_upload(
    service, client, journal, random_file
):
    source = random_file(2 * MIB)
    service.faults.add("PATCH", "/uploads/", times=2, status=403)
    with pytest.raises(errors.Forbidden):
        client.upload(source, "/big.bin", journal=journal)
    with pytest.raises(errors.Forbidden):
        client.upload(source, "/other.bin", journal=journal)
    source.write_bytes(os.urandom(2 * MIB))

    client.upload(source, "/big.bin", journal=journal)

    assert service.bytes_of("/big.bin") == source.read_bytes()
    assert len(service.asked("POST", "/uploads")) == 3


def test_a_damaged_journal_costs_a_new_upload_and_nothing_else(
    service, client, journal, tmp_path, random_file
):
    source = random_file(2 * MIB)
    service.faults.add("PATCH", "/uploads/", status=403)
    with pytest.raises(errors.Forbidden):
        client.upload(source, "/big.bin", journal=journal)
    for record in (tmp_path / "journal").iterdir():
        record.write_text("{half")

    client.upload(source, "/big.bin", journal=journal)

    assert service.bytes_of("/big.bin") == source.read_bytes()
    assert list((tmp_path / "journal").iterdir()) == []


def test_a_file_that_changes_while_it_is_sent_never_becomes_visible(service, client, journal, random_file):
    source = random_file(3 * MIB)

    def scribble(done, total):
        if done == MIB:
            with open(source, "r+b") as file:
                file.write(b"changed")

    with pytest.raises(errors.SourceChanged):
        client.upload(source, "/big.bin", progress=scribble, journal=journal)

    assert service.paths() == set()
    assert service.uploads == {}


def test_a_taken_name_can_be_kept_or_avoided(service, client, random_file):
    service.file("/a.bin", b"first")
    small, large = random_file(10), random_file(2 * MIB)

    with pytest.raises(errors.PreconditionFailed):
        client.upload(small, "/a.bin", on_conflict="fail")
    with pytest.raises(errors.Conflict) as refused:
        client.upload(large, "/a.bin", on_conflict="fail")
    assert refused.value.code == "name_taken"
    assert client.upload(small, "/a.bin", on_conflict="rename").path == "/a.bin (2)"
    assert service.bytes_of("/a.bin") == b"first"


def test_an_empty_file_is_a_file(service, client, tmp_path):
    empty = tmp_path / "empty"
    empty.touch()

    assert client.upload(empty, "/empty").size == 0
    assert client.upload(empty, "/empty", on_conflict="rename").path == "/empty (2)"


@pytest.mark.parametrize("size", [0, 10, MIB, MIB + 1, 5 * MIB])
def test_a_pipe_of_any_length_is_stored(service, client, size):
    data = os.urandom(size)

    client.upload(io.BytesIO(data), "/a/from-pipe.bin")

    assert service.bytes_of("/a/from-pipe.bin") == data


def test_a_long_pipe_that_was_cut_says_that_it_cannot_be_sent_again(service, client):
    service.faults.add("PUT", "/content/", cut_after=MIB)

    with pytest.raises(errors.DfsError, match="cannot be read twice"):
        client.upload(io.BytesIO(os.urandom(8 * MIB)), "/from-pipe.bin")

    assert service.paths() == set()


def test_what_is_no_file_is_refused_before_anything_is_sent(service, client, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(errors.LocalProblem):
        client.upload(tmp_path, "/a")
    with pytest.raises(errors.LocalProblem):
        client.upload(tmp_path / "pipe", "/a")
    with pytest.raises(FileNotFoundError):
        client.upload(tmp_path / "missing", "/a")
    assert service.seen == []
