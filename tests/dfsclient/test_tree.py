import pytest

from dfsclient import Client, Retries, errors


def test_a_listing_follows_every_page_and_stays_with_its_own_server(service, client):
    service.page_limit = 2
    for number in range(5):
        service.file(f"/many/{number}.txt", b"x")

    assert [entry.name for entry in client.list("/many")] == [f"{number}.txt" for number in range(5)]
    assert len(service.asked("GET", "/entries")) == 3  # the next links named another host


def test_the_root_is_listed_and_looked_up_like_any_folder(service, client):
    service.file("/a.txt", b"hello")

    assert client.entry("/").is_folder
    assert [entry.path for entry in client.list()] == ["/a.txt"]


def test_an_entry_is_read_with_its_figures(service, client):
    service.file("/Ordner/Übung 1.txt", b"hello")

    entry = client.entry("/Ordner/Übung 1.txt")

    assert (entry.name, entry.size, entry.kind) == ("Übung 1.txt", 5, "file")
    assert entry.modified_at.isoformat() == "2026-02-03T04:05:06+00:00"


def test_folders_are_made_with_those_above_them(service, client):
    client.make_folder("/a/b/c", parents=True)

    assert service.paths() == {"/a", "/a/b", "/a/b/c"}
    assert client.make_folder("/a/b", exist_ok=True).path == "/a/b"
    with pytest.raises(errors.Conflict):
        client.make_folder("/a/b")
    with pytest.raises(errors.NotFound):
        client.make_folder("/x/y")


def test_an_entry_is_moved_copied_trashed_and_restored(service, client):
    service.file("/a.txt", b"hello")
    service.folder("/box")

    assert client.move("/a.txt", "/box/b.txt").path == "/box/b.txt"
    assert client.copy("/box/b.txt", "/c.txt").path == "/c.txt"
    client.remove("/c.txt")
    assert service.paths() == {"/box", "/box/b.txt"}
    (trashed,) = client.trashed()
    assert client.restore(trashed.id).path == "/c.txt"
    client.remove("/c.txt", permanent=True)
    assert list(client.trashed()) == []


def test_a_removal_whose_answer_was_lost_counts_as_done(service, client):
    service.file("/a.txt", b"hello")
    service.faults.add("DELETE", "/entries/", drop_reply=True)

    client.remove("/a.txt")

    assert service.paths() == set()


def test_a_call_waits_as_long_as_a_busy_service_asks(service, client, naps):
    service.faults.add("GET", "/me", times=2, status=503, headers={"Retry-After": "7"})

    assert client.account().username == "ada"

    assert len(naps.seconds) == 2
    assert min(naps.seconds) >= 7


@pytest.mark.parametrize(
    "asked",
    [
        "\u00b2",
        "9" * 5000,
        "-1",
        "soon",
        "",
        "Fri, 01 Jan 2027 00:00:00 -0000",
        "Fri, 99 Jan 2027 00:00:00 GMT",
    ],
)
def test_a_wait_that_cannot_be_read_is_as_good_as_none_or_too_long(service, client, asked):
    service.faults.add("GET", "/me", times=99, status=503, headers={"Retry-After": asked})

    with pytest.raises(errors.Unavailable):
        client.account()


def test_a_call_whose_answer_was_lost_is_sent_again_under_its_key(service, client):
    service.file("/b.txt", b"hello")
    service.faults.add("POST", "/entries", drop_reply=True)

    made = client.make_folder("/a")
    service.faults.add("POST", "/entries", drop_reply=True)
    client.copy("/b.txt", "/a/b.txt")

    assert made.path == "/a"
    keys = [headers["idempotency-key"] for headers in service.asked("POST", "/entries")]
    assert len(keys) == 4
    assert len(set(keys)) == 2
    assert service.paths() == {"/a", "/a/b.txt", "/b.txt"}


def test_a_call_without_a_key_is_not_sent_twice_when_nobody_knows_its_outcome(service, client):
    service.faults.add("POST", "/nodes/rebalance", drop_reply=True)

    with pytest.raises(errors.Unreachable):
        client.rebalance()

    assert len(service.asked("POST", "/nodes/rebalance")) == 1


def test_a_call_that_was_plainly_refused_may_be_sent_again(service, client):
    service.faults.add("POST", "/entries", status=429)

    assert client.make_folder("/a").path == "/a"


def test_patience_ends_after_a_few_tries(service, client, naps):
    service.faults.add("GET", "/me", times=99, status=503)

    with pytest.raises(errors.Unavailable) as refused:
        client.account()

    assert refused.value.request_id == "req-1"
    assert len(service.asked("GET", "/me")) == Retries().calls
    assert naps.seconds == sorted(naps.seconds)


def test_a_wait_that_is_too_long_is_not_begun(service, client, naps):
    service.faults.add("GET", "/me", status=503, headers={"Retry-After": "3600"})

    with pytest.raises(errors.Unavailable):
        client.account()

    assert naps.seconds == []


def test_a_service_that_is_not_there_is_said_in_one_sentence(naps):
    client = Client("127.0.0.1:1", "dfs_ada", retries=Retries(sleep=naps))

    with pytest.raises(errors.Unreachable) as missing:
        client.account()

    assert str(missing.value) == "http://127.0.0.1:1 does not answer (connection refused)"


def test_every_status_becomes_its_own_error(service, client):
    expected = {
        400: errors.Invalid,
        401: errors.NotSignedIn,
        403: errors.Forbidden,
        404: errors.NotFound,
        409: errors.Conflict,
        410: errors.Gone,
        412: errors.PreconditionFailed,
        418: errors.Invalid,
        422: errors.Invalid,
        507: errors.NoSpace,
    }
    for status, kind in expected.items():
        service.faults.add("GET", "/cluster", status=status, code="its_own_word")
        with pytest.raises(kind) as refused:
            client.cluster()
        assert refused.value.code == "its_own_word"


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("drive.example.org", "https://drive.example.org"),
        ("localhost:8000/", "http://localhost:8000"),
        ("https://example.org/drive/api/v1/", "https://example.org/drive"),
    ],
)
def test_an_address_is_understood_as_people_type_it(typed, url):
    assert Client(typed).url == url


@pytest.mark.parametrize("typed", ["", "ftp://example.org", "https://", "https://user:secret@example.org"])
def test_an_address_that_is_none_is_refused(typed):
    with pytest.raises(errors.LocalProblem):
        Client(typed)
