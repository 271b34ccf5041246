"""What is done to thousands of entries at once: by few calls, seen to go on, and undone."""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Request, expect

from tests.e2e import long_folder
from tests.e2e.people import Person, intercept
from tests.system import System

FOLDERS, FILES = 20, 1180
MOST_CALLS = 6  # 200 entries each
PATIENT_MS = 600_000


def test_thousands_go_to_the_trash_and_back_and_elsewhere_by_few_calls(
    person: Person, system: System
) -> None:
    page, calls, changes = person.page, list[Request](), list[Request]()

    def note(request: Request) -> None:
        if request.url.endswith("/api/v1/batch"):
            calls.append(request)
        elif "/api/v1/" in request.url and request.method != "GET":
            changes.append(request)

    page.on("request", note)
    long_folder.fill(system, person, folders=FOLDERS, files=FILES)
    page.reload()
    toolbar, toast = page.get_by_role("toolbar"), page.locator(".toast")

    person.row("album 1").click()
    page.keyboard.press("Control+a")
    expect(toolbar).to_contain_text("1200 selected")
    intercept(page, "**/api/v1/batch", lambda route: None)  # held until there is no route
    page.keyboard.press("Delete")
    expect(toast.get_by_role("progressbar", name="Moving to the trash")).to_be_visible()
    page.unroute("**/api/v1/batch")
    expect(toast).to_contain_text("1200 items are in the trash.", timeout=PATIENT_MS)
    expect(page.get_by_role("heading", name="Drop files or whole folders here")).to_be_visible()
    assert len(calls) <= MOST_CALLS

    page.keyboard.press("Control+z")
    expect(page.locator("#facts")).to_contain_text("1200 items", timeout=PATIENT_MS)
    expect(toolbar).to_be_hidden()

    # all but one into a new folder, those that have not come into the list included
    person.make_folder("Elsewhere")
    person.row("album 1").click()
    page.keyboard.press("Control+a")
    expect(toolbar).to_contain_text("1201 selected")
    person.row("Elsewhere").click(modifiers=["Control"])
    expect(toolbar).to_contain_text("1200 selected")
    page.keyboard.press("Control+x")
    person.row("Elsewhere").dblclick()
    expect(page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    page.keyboard.press("Control+v")
    expect(toast).to_contain_text("1200 items are moved to “Elsewhere”.", timeout=PATIENT_MS)
    expect(page.locator("#facts")).to_contain_text("1200 items")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#facts")).to_contain_text(re.compile(r"^1 item$"))
    assert len(changes) == 1, "each but the new folder goes by the batch"


def test_several_come_as_one_archive_and_a_refusal_leaves_the_page(person: Person, tmp_path: Path) -> None:
    person.make_folder("Alps")
    person.put({"a.txt": b"first", "b.txt": b"second", "Alps/c.txt": b"third"})
    page = person.page
    person.row("Alps").click()
    page.keyboard.press("Control+a")
    with page.expect_download() as download:
        page.get_by_role("toolbar").get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "My files.zip"
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "Alps/": b"",
            "Alps/c.txt": b"third",
            "a.txt": b"first",
            "b.txt": b"second",
        }

    intercept(page, "**/archive", lambda route: route.fulfill(status=503, body="busy"))
    page.get_by_role("toolbar").get_by_role("button", name="Download").click()
    expect(page.locator(".toast")).to_contain_text("This could not be made one archive.")
    expect(page.get_by_role("toolbar")).to_contain_text("3 selected")
    person.complaints.clear()  # the browser tells of the refusal


def test_what_one_entry_refuses_is_told_and_done_for_the_others(person: Person) -> None:
    person.make_folder("Alps")
    person.make_folder("Beach")
    page = person.page
    person.row("Beach").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+x")
    person.row("Alps").dblclick()
    expect(page.get_by_role("heading", name="Alps")).to_be_visible()
    page.keyboard.press("Control+v")  # into itself
    expect(page.locator(".toast")).to_contain_text("“Beach” is moved to “Alps”. “Alps” stays as it is.")
    expect(person.row("Beach")).to_be_visible()
