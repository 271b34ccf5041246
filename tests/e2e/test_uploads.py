"""Uploads when things do not go smoothly: a dead gateway or node, a reload, no connection, taken names."""

import hashlib
import random
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Request, Route, expect

from tests.e2e import films
from tests.e2e.conftest import PHONE
from tests.e2e.people import Person
from tests.e2e.slow_line import SlowLine
from tests.system import System

BYTES_A_SECOND = 2**20
SLICE_BYTES = 16 * 2**20  # as in static/js/upload/source.js


@pytest.fixture
def slow_person(system: System, open_person: Callable[..., Person]) -> Iterator[Person]:
    """A person behind a line so slow that sending takes long enough to be interrupted."""
    with SlowLine(system.port, bytes_a_second=BYTES_A_SECOND) as line:
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


def drop(person: Person, *files: Path, on: Locator) -> None:
    """Drag files or folders from the desktop to the middle of an element, and let go."""
    box = on.bounding_box()
    assert box is not None
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    browser = person.page.context.new_cdp_session(person.page)
    for event in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": event, **at, "data": data})


def test_an_upload_goes_on_where_it_was_when_the_gateway_was_killed(
    slow_person: Person, system: System, tmp_path: Path
) -> None:
    digest = write(tmp_path / "film.mp4", 20 * 2**20)
    sent: list[tuple[str, int]] = []

    def note(request: Request) -> None:
        if "/api/v1/uploads" in request.url:
            sent.append((request.method, int(request.headers.get("upload-offset", 0))))

    slow_person.page.on("request", note)
    slow_person.choose_files([tmp_path / "film.mp4"])
    bar = slow_person.transfer("film.mp4").locator("[role=progressbar]")
    slow_person.page.wait_for_function(
        "bar => Number(bar.getAttribute('aria-valuenow')) > 85", arg=bar.element_handle()
    )
    system.kill("gateway")

    expect(slow_person.transfer("film.mp4")).to_have_class("transfer done", timeout=90_000)

    assert [method for method, _ in sent].count("POST") == 1, "it began anew"
    assert "HEAD" in [method for method, _ in sent], "it asked how far it had come"
    offsets = [offset for method, offset in sent if method == "PATCH"]
    assert offsets == sorted(offsets)
    assert offsets.count(0) == 1
    assert SLICE_BYTES in offsets
    data = slow_person.download("film.mp4", tmp_path)
    assert hashlib.sha256(data).hexdigest() == digest
    slow_person.complaints.clear()  # the browser tells of every broken connection


def test_a_paused_upload_waits_and_then_goes_on(slow_person: Person, tmp_path: Path) -> None:
    digest = write(tmp_path / "scans.zip", 6 * 2**20)
    slow_person.choose_files([tmp_path / "scans.zip"])
    transfer = slow_person.transfer("scans.zip")
    expect(transfer.locator("[role=progressbar]")).not_to_have_attribute("aria-valuenow", "0")

    transfer.get_by_role("button", name="Pause").click()
    expect(transfer).to_contain_text("Paused")
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
        sent: list[str] = []
        for one in (first, second):
            one.page.on("request", lambda request: sent.append(request.method))
        first.choose_files([tmp_path / "film.mp4"])
        bar = first.transfer("film.mp4").locator("[role=progressbar]")
        expect(bar).not_to_have_attribute("aria-valuenow", "0")

        with second.page.expect_response(lambda reply: reply.status == 423):
            second.choose_files([tmp_path / "film.mp4"])

        for one in (first, second):
            expect(one.transfer("film.mp4")).to_have_class("transfer done", timeout=90_000)
        assert sent.count("PATCH") == 1
        assert second.names() == ["film.mp4"]
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


def test_taken_names_are_settled_before_a_byte_is_sent(person: Person, tmp_path: Path) -> None:
    names = ("both.txt", "new.txt", "replace.txt", "skip.txt")
    for name in names:
        (tmp_path / name).write_text(f"old {name}")
    person.upload([tmp_path / name for name in names if name != "new.txt"])
    person.page.get_by_role("button", name="Close").click()
    for name in names:
        (tmp_path / name).write_text(f"the newer {name}")
    sent: list[str] = []
    person.page.on("request", lambda request: sent.append(request.url) if "/uploads" in request.url else None)

    person.choose_files([tmp_path / name for name in names])
    dialog = person.page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 of 4 files are already in “My files”")
    assert sent == []
    dialog.get_by_role("group", name="replace.txt").get_by_role("radio", name="Replace").check()
    dialog.get_by_role("group", name="skip.txt").get_by_role("radio", name="Skip").check()
    dialog.get_by_role("button", name="Upload 3 files").click()

    for name in ("both.txt", "new.txt", "replace.txt"):
        expect(person.transfer(name)).to_have_class("transfer done")
    expect(person.row("both (2).txt")).to_be_visible()
    assert person.names() == ["both (2).txt", "both.txt", "new.txt", "replace.txt", "skip.txt"]
    assert person.download("both.txt", tmp_path) == b"old both.txt"
    assert person.download("both (2).txt", tmp_path) == b"the newer both.txt"
    assert person.download("replace.txt", tmp_path) == b"the newer replace.txt"
    assert person.download("skip.txt", tmp_path) == b"old skip.txt"


def test_one_choice_for_all_counts_also_when_it_is_made_before_and_replaces_no_folder(
    person: Person, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("a.txt", "b.txt", "holiday")]
    person.put({"a.txt": b"old", "b.txt": b"old"})
    person.make_folder("holiday")
    for file in files:
        file.write_text(f"the newer {file.name}")
    person.choose_files(files)
    dialog = person.page.get_by_role("dialog")
    all_alike = dialog.get_by_role("checkbox", name="Same choice for all 3")

    def choose(name: str, choice: str) -> None:
        dialog.get_by_role("group", name=name).get_by_role("radio", name=choice).check()

    def chosen() -> list[str]:
        lines = dialog.get_by_role("group").all()
        return [line.locator("label:has(:checked)").inner_text() for line in lines]

    choose("b.txt", "Skip")
    assert chosen() == ["Keep both", "Skip", "Keep both"]
    all_alike.check()
    assert chosen() == ["Skip"] * 3
    all_alike.uncheck()
    choose("a.txt", "Keep both")
    assert chosen() == ["Keep both", "Skip", "Skip"]
    all_alike.check()
    choose("a.txt", "Replace")
    assert chosen() == ["Replace", "Replace", "Keep both"]
    expect(dialog.get_by_role("group", name="holiday")).to_contain_text("yours gets a number")
    dialog.get_by_role("button", name="Upload 3 files").click()

    expect(person.row("holiday (2)")).to_be_visible()
    for file in files:
        expect(person.transfer(file.name)).to_have_class("transfer done")
    assert person.names() == ["holiday", "a.txt", "b.txt", "holiday (2)"]
    assert person.download("a.txt", tmp_path) == b"the newer a.txt"


def test_the_tray_tells_of_all_together_and_closing_it_ends_what_is_not_sent(
    slow_person: Person, tmp_path: Path
) -> None:
    page, names = slow_person.page, ("scans.zip", "film.mp4")
    for name in names:
        write(tmp_path / name, 40 * 2**20)
    slow_person.choose_files([tmp_path / name for name in names])
    tray = page.get_by_role("region", name="Uploads")
    expect(tray.get_by_role("progressbar", name="All files")).to_be_visible()
    expect(tray).to_contain_text(re.compile("All files: \\d+\xa0%, .* of 83.9\xa0MB"))
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


def test_an_upload_survives_moving_to_another_folder(slow_person: Person, tmp_path: Path) -> None:
    digest = write(tmp_path / "film.mp4", 6 * 2**20)
    slow_person.make_folder("Elsewhere")
    slow_person.choose_files([tmp_path / "film.mp4"])
    expect(slow_person.transfer("film.mp4")).to_have_class("transfer sending")

    slow_person.row("Elsewhere").dblclick()
    expect(slow_person.page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    expect(slow_person.transfer("film.mp4")).to_have_class("transfer done")
    assert slow_person.names() == []
    slow_person.page.go_back()

    expect(slow_person.row("film.mp4")).to_be_visible()
    assert hashlib.sha256(slow_person.download("film.mp4", tmp_path)).hexdigest() == digest


def test_a_whole_folder_is_brought_with_what_it_holds(person: Person, tmp_path: Path) -> None:
    holiday = tmp_path / "Holiday"
    (holiday / "Day 1").mkdir(parents=True)
    (holiday / "plan.md").write_text("go")
    (holiday / "Day 1" / "lake.txt").write_text("swim")
    person.page.locator("#pick-folder").set_input_files(str(holiday))
    expect(person.transfer("lake.txt")).to_have_class("transfer done")
    expect(person.transfer("plan.md")).to_have_class("transfer done")

    person.row("Holiday").dblclick()
    expect(person.row("plan.md")).to_be_visible()
    assert person.names() == ["Day 1", "plan.md"]
    person.row("Day 1").dblclick()
    expect(person.row("lake.txt")).to_be_visible()
    assert person.download("lake.txt", tmp_path) == b"swim"


def set_quota(system: System, person: Person, quota_bytes: int | None) -> None:
    usage = f"Usage.objects.filter(user__username='{person.name}')"
    system.manage("shell", "-c", f"from accounts.models import Usage; {usage}.update({quota_bytes=})")


def test_too_little_room_for_all_files_together_is_said_before_a_byte_is_sent(
    person: Person, system: System, tmp_path: Path
) -> None:
    page, files = person.page, [tmp_path / name for name in ("film.mp4", "scans.zip")]
    for file in files:
        write(file, 3 * 2**20)
    set_quota(system, person, 5_000_000)
    page.reload()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/uploads" in request.url else None)

    person.choose_files(files)
    dialog = page.get_by_role("dialog", name="Too little room for all")
    expect(dialog).to_contain_text("Together they need 6.3\xa0MB, and 5.0\xa0MB of the quota is free.")
    dialog.get_by_role("button", name="Cancel upload").click()
    expect(page.locator("#tray")).to_be_hidden()
    person.choose_files(files)
    expect(dialog).to_be_visible()
    assert sent == []
    dialog.get_by_role("button", name="Upload what fits").click()

    expect(page.locator("#tray .transfer.done")).to_have_count(1)
    expect(page.locator("#tray .transfer.failed")).to_contain_text("of the quota is free.")
    person.complaints.clear()  # the browser tells of the 507


def test_room_that_has_come_free_elsewhere_counts(person: Person, system: System, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.txt", "b.txt")]
    for file in files:
        write(file, 1000)
    set_quota(system, person, 1000)
    person.page.reload()
    set_quota(system, person, 5000)

    person.upload(files)


def test_too_little_room_is_said_with_the_file_and_the_reason(
    person: Person, system: System, tmp_path: Path
) -> None:
    write(tmp_path / "film.mp4", 3 * 2**20)
    set_quota(system, person, 1000)
    person.choose_files([tmp_path / "film.mp4"])
    expect(person.transfer("film.mp4")).to_have_class("transfer failed")
    expect(person.transfer("film.mp4")).to_contain_text("Not sent.")
    expect(person.transfer("film.mp4")).to_contain_text(
        "It needs 3.1\xa0MB, and 1\xa0kB of the quota is free."
    )
    expect(person.transfer("film.mp4").get_by_role("button", name="Try film.mp4 again")).to_be_visible()
    set_quota(system, person, None)
    person.page.get_by_role("button", name="Try all again").click()
    expect(person.transfer("film.mp4")).to_have_class("transfer done")
    person.complaints.clear()  # the browser tells of the 507


def test_an_upload_goes_on_after_a_reload_and_without_a_connection(
    slow_person: Person, tmp_path: Path
) -> None:
    page, film = slow_person.page, tmp_path / "film.mp4"
    digest = write(film, 28 * 2**20)
    slow_person.choose_files([film])
    bar = slow_person.transfer("film.mp4").locator("[role=progressbar]")
    page.wait_for_function(
        "bar => Number(bar.getAttribute('aria-valuenow')) > 62", arg=bar.element_handle(), timeout=90_000
    )
    page.once("dialog", lambda dialog: dialog.accept())  # the page warns before it is left
    page.reload()
    offsets: list[int] = []
    page.on("request", lambda one: offsets.append(int(one.headers.get("upload-offset", -1))))

    slow_person.choose_files([film])
    expect(slow_person.transfer("film.mp4")).to_have_class("transfer sending")
    page.context.set_offline(True)
    expect(page.get_by_text("The connection is gone.")).to_be_visible()
    page.context.set_offline(False)

    expect(slow_person.transfer("film.mp4")).to_have_class("transfer done", timeout=90_000)
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

    page.route("**/api/v1/uploads/*", hold)
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
        if is_holding and all(one.request.url == route.request.url for one in held):
            held.append(route)
        else:
            route.continue_()

    for name in ("first.bin", "second.bin"):
        write(tmp_path / name, 200_000)
    page.route("**/files/*/row", hold)
    with page.expect_request("**/files/*/row"):
        person.choose_files([tmp_path / "first.bin"])
    with page.expect_response("**/files/*/row"):  # its arrival has all rows looked at
        person.choose_files([tmp_path / "second.bin"])
    is_holding = False
    held[0].continue_()
    expect(person.transfer("first.bin")).to_contain_text("Third copy on the way")
    for route in held[1:]:
        route.continue_()

    for name in ("first.bin", "second.bin"):
        expect(person.transfer(name)).to_have_class("transfer done")


def test_a_dropped_folder_of_130_files_comes_whole_and_one_choice_settles_all(
    person: Person, tmp_path: Path
) -> None:
    page, folder = person.page, tmp_path / "Scans"
    folder.mkdir()
    for number in range(130):
        (folder / f"page {number}.txt").write_text(f"page {number}")

    drop(person, folder, on=page.get_by_role("main"))
    expect(page.locator("#tray h2")).to_have_text("130 files sent", timeout=120_000)
    page.get_by_role("button", name="Close", exact=True).click()
    person.row("Scans").dblclick()
    expect(page.locator("#facts")).to_contain_text("130 items")
    person.row("page 0.txt").click()
    page.keyboard.press("End")
    expect(person.row("page 129.txt")).to_be_focused()

    page.go_back()
    drop(person, folder, on=page.get_by_role("main"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("130 of 130 files are already in")
    dialog.get_by_role("checkbox", name="Same choice for all 130").check()
    first = dialog.get_by_role("group", name="page 0.txt", exact=True)
    first.get_by_role("radio", name="Replace").check()
    expect(dialog.get_by_role("button", name="Upload 130 files")).to_be_visible()
    first.get_by_role("radio", name="Skip").check()
    dialog.get_by_role("button", name="Skip all 130").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#tray")).to_be_hidden()


def test_files_go_to_the_folder_or_the_crumb_they_are_dropped_on(person: Person, tmp_path: Path) -> None:
    page = person.page
    for name in ("row.txt", "crumb.txt", "rail.txt"):
        (tmp_path / name).write_text(name)
    person.make_folder("Summer")
    person.row("Summer").dblclick()
    person.make_folder("Day 1")

    person.row("Day 1").click()  # a selected one takes them, too
    drop(person, tmp_path / "row.txt", on=person.row("Day 1"))
    expect(person.transfer("row.txt")).to_have_class("transfer done")
    drop(person, tmp_path / "crumb.txt", on=page.locator(".crumbs").get_by_role("link", name="My files"))
    expect(person.transfer("crumb.txt")).to_have_class("transfer done")
    drop(person, tmp_path / "rail.txt", on=page.get_by_label("Places").get_by_role("link", name="My files"))
    expect(person.transfer("rail.txt")).to_have_class("transfer done")

    assert person.names() == ["Day 1"]
    expect(page.locator(".drop-target, .drop-here")).to_have_count(0)
    person.row("Day 1").dblclick()
    expect(person.row("row.txt")).to_be_visible()
    page.locator(".crumbs").get_by_role("link", name="My files").click()
    expect(person.row("crumb.txt")).to_be_visible()
    assert person.names() == ["Summer", "crumb.txt", "rail.txt"]


def test_empty_folders_that_are_dropped_are_made(person: Person, tmp_path: Path) -> None:
    page = person.page
    for name in ("Trip/Day 1", "Trip/Day 2/Evening", "Letters"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "Trip" / "plan.md").write_text("go")
    main = page.get_by_role("main")

    drop(person, tmp_path / "Letters", on=main)
    expect(page.locator("#toasts")).to_contain_text("The folder is in “My files” now.")
    expect(person.row("Letters")).to_be_visible()
    drop(person, tmp_path / "Trip", on=main)
    expect(person.transfer("plan.md")).to_have_class("transfer done")
    assert person.names() == ["Letters", "Trip"]

    person.row("Trip").dblclick()
    expect(person.row("plan.md")).to_be_visible()
    assert person.names() == ["Day 1", "Day 2", "plan.md"]
    person.row("Day 2").dblclick()
    expect(person.row("Evening")).to_be_visible()


def test_a_node_killed_hurts_neither_an_upload_nor_what_is_playing(
    person: Person, system: System, tmp_path: Path
) -> None:
    page = person.page
    person.put({"film.webm": films.film(seconds=100)})
    digest = write(tmp_path / "scans.zip", 64 * 2**20)
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
        expect(person.row("scans.zip")).to_be_visible(timeout=90_000)
        assert hashlib.sha256(person.download("scans.zip", tmp_path)).hexdigest() == digest
    finally:
        system.start_node("node-2")
        system.wait_for(lambda: "node-2" in system.online_nodes(), what="node-2 to answer again")
