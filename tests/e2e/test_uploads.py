"""Uploads when things do not go smoothly: a dead gateway or node, a reload or no connection."""

import hashlib
import random
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Request, Route, expect

from tests.e2e import films
from tests.e2e.conftest import PHONE
from tests.e2e.people import Person, intercept
from tests.e2e.slow_line import SLOW, SlowLine
from tests.system import System

BYTES_A_SECOND = 2**20
"""Little enough that an upload is met on its way, and so much that its first slice comes soon."""
SLICE_BYTES = 16 * 2**20  # as in static/js/upload/source.js


@pytest.fixture
def line(system: System) -> Iterator[SlowLine]:
    """So slow that whatever is sent can be interrupted, until a story says how fast it is from then on."""
    with SlowLine(system.port, bytes_a_second=SLOW) as line:
        yield line


@pytest.fixture
def slow_person(line: SlowLine, open_person: Callable[..., Person]) -> Iterator[Person]:
    person = open_person()
    person.url = line.url
    person.register()
    yield person
    # Who goes on at once finds what the line still holds of the request before on its way.
    assert [one for one in person.complaints if "423 (Locked)" not in one] == []


def write(path: Path, size: int) -> str:
    """Fill a file with what compresses badly; return its SHA-256."""
    data = random.Random(path.name).randbytes(size)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def send_more_than_a_slice(person: Person, line: SlowLine, film: Path) -> None:
    """Begin to send 28 MiB; on return the first slice is there, and of the next one most is to come."""
    line.bytes_a_second = BYTES_A_SECOND
    person.choose_files([film])
    bar = person.transfer(film.name).locator("[role=progressbar]")
    person.page.wait_for_function(
        "bar => Number(bar.getAttribute('aria-valuenow')) > 62", arg=bar.element_handle()
    )
    line.bytes_a_second = SLOW


def test_an_upload_goes_on_where_it_was_when_the_gateway_was_killed(
    slow_person: Person, line: SlowLine, system: System, tmp_path: Path
) -> None:
    digest = write(tmp_path / "film.mp4", 28 * 2**20)
    sent: list[tuple[str, int]] = []

    def note(request: Request) -> None:
        if "/api/v1/uploads" in request.url:
            sent.append((request.method, int(request.headers.get("upload-offset", 0))))

    slow_person.page.on("request", note)
    send_more_than_a_slice(slow_person, line, tmp_path / "film.mp4")
    system.kill("gateway")
    line.bytes_a_second = None

    expect(slow_person.transfer("film.mp4")).to_have_class("transfer done")

    assert [method for method, _ in sent].count("POST") == 1, "it began anew"
    assert "HEAD" in [method for method, _ in sent], "it asked how far it had come"
    offsets = [offset for method, offset in sent if method == "PATCH"]
    assert offsets == sorted(offsets)
    assert offsets.count(0) == 1
    assert SLICE_BYTES in offsets
    data = slow_person.download("film.mp4", tmp_path)
    assert hashlib.sha256(data).hexdigest() == digest
    slow_person.complaints.clear()  # the browser tells of every broken connection


def test_a_paused_upload_waits_and_then_goes_on(slow_person: Person, line: SlowLine, tmp_path: Path) -> None:
    digest = write(tmp_path / "scans.zip", 6 * 2**20)
    slow_person.choose_files([tmp_path / "scans.zip"])
    transfer = slow_person.transfer("scans.zip")
    expect(transfer.locator("[role=progressbar]")).not_to_have_attribute("aria-valuenow", "0")

    transfer.get_by_role("button", name="Pause").click()
    expect(transfer).to_contain_text("Paused")
    line.bytes_a_second = None
    transfer.get_by_role("button", name="Go on").click()

    expect(transfer).to_have_class("transfer done")
    assert hashlib.sha256(slow_person.download("scans.zip", tmp_path)).hexdigest() == digest


def test_two_windows_that_send_one_file_do_not_take_it_from_each_other(
    system: System, open_person: Callable[..., Person], tmp_path: Path
) -> None:
    """The second waits while the first sends and gets on, and finds the file there in the end."""
    digest = write(tmp_path / "film.mp4", SLICE_BYTES)
    first = open_person()
    with SlowLine(system.port, bytes_a_second=2 * BYTES_A_SECOND) as line:
        first.url = line.url
        first.register()
        second = Person(first.page.context.new_page(), line.url)
        second.page.goto(first.page.url)
        held: dict[str, Route] = {}  # the first of each kind, until both windows are about to go on
        sent: list[str] = []

        def hold(route: Route) -> None:
            sent.append(route.request.method)
            if held.setdefault(route.request.method, route) is not route:
                route.continue_()

        for one in (first, second):
            intercept(one.page, "**/api/v1/uploads/*", hold)
        for one, method in ((first, "PATCH"), (second, "HEAD")):
            with one.page.expect_request(lambda request, method=method: request.method == method):
                one.choose_files([tmp_path / "film.mp4"])

        held["PATCH"].continue_()
        bar = first.transfer("film.mp4").locator("[role=progressbar]")
        expect(bar).not_to_have_attribute("aria-valuenow", "0")
        with second.page.expect_response(lambda reply: reply.status == 423):
            held["HEAD"].continue_()
        line.bytes_a_second = None

        for one in (first, second):
            expect(one.transfer("film.mp4")).to_have_class("transfer done")
        assert sent.count("PATCH") == 1
        second.expect_names("film.mp4")
        assert hashlib.sha256(second.download("film.mp4", tmp_path)).hexdigest() == digest


def test_a_cancelled_upload_leaves_nothing(slow_person: Person, tmp_path: Path) -> None:
    write(tmp_path / "scans.zip", 6 * 2**20)
    slow_person.choose_files([tmp_path / "scans.zip"])
    transfer = slow_person.transfer("scans.zip")
    expect(transfer.locator("[role=progressbar]")).not_to_have_attribute("aria-valuenow", "0")

    transfer.get_by_role("button", name="Cancel").click()

    expect(transfer).to_contain_text("Cancelled")
    slow_person.page.reload()
    expect(slow_person.page.get_by_role("heading", name="Drop files or whole folders here")).to_be_visible()


def test_the_tray_tells_of_all_together_and_closing_it_ends_what_is_not_sent(
    slow_person: Person, tmp_path: Path
) -> None:
    page, names = slow_person.page, ("scans.zip", "film.mp4")
    for name in names:
        write(tmp_path / name, 20 * 2**20)
    slow_person.choose_files([tmp_path / name for name in names])
    tray = page.get_by_role("region", name="Uploads")
    expect(tray.get_by_role("progressbar", name="All files")).to_be_visible()
    expect(tray).to_contain_text(re.compile("All files: \\d+\xa0%, .* of 41.9\xa0MB"))
    tray.get_by_role("button", name="Pause all").click()
    expect(slow_person.transfer("film.mp4")).to_have_class("transfer paused")

    tray.get_by_role("button", name="Close").click()
    dialog = page.get_by_role("dialog", name="Stop uploading?")
    expect(dialog).to_contain_text("2 files not sent yet.")
    dialog.get_by_role("button", name="Go on").click()
    expect(tray).to_be_visible()
    tray.get_by_role("button", name="Close").click()
    dialog.get_by_role("button", name="Stop uploading").click()

    expect(tray).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", name="Drop files or whole folders here")).to_be_visible()


def test_what_has_arrived_leads_to_its_place(person: Person, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    person.upload([tmp_path / "a.txt", tmp_path / "b.txt"])
    person.page.get_by_role("link", name="Starred").click()
    expect(person.page.get_by_role("heading", name="Starred")).to_be_visible()

    person.transfer("b.txt").get_by_role("link", name="b.txt").click()

    expect(person.row("b.txt")).to_be_focused()


def test_on_a_phone_the_tray_is_folded_and_covers_nothing_that_is_pressed(
    open_person: Callable[..., Person], tmp_path: Path
) -> None:
    person = open_person(viewport=PHONE, has_touch=True, is_mobile=True)
    person.register()
    page, files = person.page, [tmp_path / f"page {number}.txt" for number in range(12)]
    for file in files:
        file.write_text(file.name)
    person.upload(files)
    tray = page.get_by_role("region", name="Uploads")
    expect(tray.get_by_role("list")).to_be_hidden()

    for fold in ("Unfold", "Fold"):
        tray.get_by_role("button", name=fold).tap()
        page.get_by_role("button", name="New", exact=True).tap()  # nothing lies over it
        expect(page.get_by_role("menuitem", name="Upload files")).to_be_visible()
        page.keyboard.press("Escape")
    row = person.row("page 11.txt")
    row.get_by_role("button").tap()
    page.get_by_role("menuitem", name="Move to trash").tap()
    expect(page.locator(".toast")).to_be_visible()
    page.get_by_role("button", name="New", exact=True).tap()
    expect(page.get_by_role("menuitem", name="Upload files")).to_be_visible()
    assert person.complaints == []


def test_an_upload_survives_moving_to_another_folder(
    slow_person: Person, line: SlowLine, tmp_path: Path
) -> None:
    digest = write(tmp_path / "film.mp4", 6 * 2**20)
    slow_person.make_folder("Elsewhere")
    arriving = slow_person.page.locator("#arriving")
    slow_person.choose_files([tmp_path / "film.mp4"])
    transfer = slow_person.transfer("film.mp4")
    transfer.get_by_role("button", name="Pause").click()
    expect(arriving).to_contain_text("film.mp4")
    slow_person.page.keyboard.press("v")
    expect(arriving.locator(".how-far")).to_contain_text("Paused")
    transfer.get_by_role("button", name="Go on").click()
    expect(transfer).to_have_class("transfer sending")

    slow_person.row("Elsewhere").dblclick()
    expect(slow_person.page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    expect(arriving).to_have_count(0)
    line.bytes_a_second = None
    expect(slow_person.transfer("film.mp4")).to_have_class("transfer done")
    slow_person.expect_names()
    slow_person.page.go_back()

    expect(slow_person.row("film.mp4")).to_be_visible()
    expect(arriving).to_have_count(0)
    assert hashlib.sha256(slow_person.download("film.mp4", tmp_path)).hexdigest() == digest


def test_an_upload_goes_on_after_a_reload_and_without_a_connection(
    slow_person: Person, line: SlowLine, tmp_path: Path
) -> None:
    page, film = slow_person.page, tmp_path / "film.mp4"
    digest = write(film, 28 * 2**20)
    send_more_than_a_slice(slow_person, line, film)
    page.once("dialog", lambda dialog: dialog.accept())  # the page warns before it is left
    page.reload()
    offsets: list[int] = []
    page.on("request", lambda one: offsets.append(int(one.headers.get("upload-offset", -1))))

    slow_person.choose_files([film])
    expect(slow_person.transfer("film.mp4")).to_have_class("transfer sending")
    page.context.set_offline(True)
    expect(page.get_by_text("The connection is gone.")).to_be_visible()
    page.context.set_offline(False)
    line.bytes_a_second = None

    expect(slow_person.transfer("film.mp4")).to_have_class("transfer done")
    resumed = [offset for offset in offsets if offset >= 0]
    assert resumed and min(resumed) >= SLICE_BYTES, "it began anew"
    assert hashlib.sha256(slow_person.download("film.mp4", tmp_path)).hexdigest() == digest
    slow_person.complaints.clear()  # the browser tells of every broken connection


def test_bytes_that_stand_still_are_sent_again(person: Person, tmp_path: Path) -> None:
    page = person.page
    digest = write(tmp_path / "scans.zip", 5 * 2**20)
    stuck: list[Route] = []  # the first one gets neither an answer nor an error

    def hold(route: Route) -> None:
        if route.request.method == "PATCH" and not stuck:
            stuck.append(route)
        else:
            route.continue_()

    intercept(page, "**/api/v1/uploads/*", hold)
    page.clock.install()
    with page.expect_request(lambda request: request.method == "PATCH"):
        person.choose_files([tmp_path / "scans.zip"])
    page.clock.run_for(46_000)
    page.clock.resume()

    expect(person.transfer("scans.zip")).to_have_class("transfer done")
    assert len(stuck) == 1
    assert hashlib.sha256(person.download("scans.zip", tmp_path)).hexdigest() == digest


def test_an_answer_that_hangs_keeps_no_upload_from_hearing_of_its_copies(
    person: Person, tmp_path: Path
) -> None:
    page = person.page
    held: list[Route] = []  # questions about the first file
    is_holding = True

    def hold(route: Route) -> None:
        if is_holding and all(one.request.post_data == route.request.post_data for one in held):
            held.append(route)
        else:
            route.continue_()

    for name in ("first.bin", "second.bin"):
        write(tmp_path / name, 200_000)
    intercept(page, "**/files/rows", hold)
    with page.expect_request("**/files/rows"):
        person.choose_files([tmp_path / "first.bin"])
    with page.expect_response("**/files/rows"):  # its arrival has all rows looked at
        person.choose_files([tmp_path / "second.bin"])
    is_holding = False
    with page.expect_response("**/files/rows"):
        held[0].continue_()
    for route in held[1:]:
        route.continue_()

    for name in ("first.bin", "second.bin"):
        expect(person.transfer(name)).to_have_class("transfer done")


def test_a_node_killed_hurts_neither_an_upload_nor_what_is_playing(
    slow_person: Person, line: SlowLine, system: System, tmp_path: Path
) -> None:
    person, page = slow_person, slow_person.page
    line.bytes_a_second = None
    person.put({"film.webm": films.film(seconds=100)})
    digest = write(tmp_path / "scans.zip", 64 * 2**20)
    line.bytes_a_second = SLOW
    person.choose_files([tmp_path / "scans.zip"])
    expect(person.transfer("scans.zip")).to_have_class("transfer sending")
    person.row("film.webm").dblclick()
    film = page.get_by_role("dialog", name="Preview").locator("video")
    film.evaluate("film => { film.muted = true; return film.play(); }")
    system.stop_node("node-2", signal.SIGKILL)
    try:
        with page.expect_response(lambda reply: reply.status == 206 and "content" in reply.url) as sought:
            film.evaluate("film => (film.currentTime = 90)")  # bytes that have not come yet
        assert int(sought.value.header_value("Content-Range").split()[1].split("-")[0]) > 0
        page.wait_for_function("film => film.currentTime > 91", arg=film.element_handle())
        seen = film.evaluate("film => film.getVideoPlaybackQuality().totalVideoFrames")
        assert seen > 0 and film.evaluate("film => film.videoWidth") == films.SIZE[0]
        page.keyboard.press("Escape")
        line.bytes_a_second = None
        expect(person.row("scans.zip")).to_be_visible()
        assert hashlib.sha256(person.download("scans.zip", tmp_path)).hexdigest() == digest
    finally:
        system.start_node("node-2")
        system.wait_for(lambda: "node-2" in system.online_nodes(), what="node-2 to answer again")
