"""What the details tell of a file that has just come, and of one that changes meanwhile."""

import hashlib
import random
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.people import Person, intercept
from tests.system import System

# What was sent lately waits: whoever sent it may be sending more.
HASH_NOW = """
from datetime import timedelta
from django.db.models import F
from nodes import hashing
from nodes.models import Content
Content.objects.filter(sha256=None).update(created_at=F("created_at") - timedelta(days=1))
hashing.fill()  # unless a worker is about it
"""


def test_the_sha_256_of_a_fresh_upload_stands_in_its_details_as_soon_as_it_is_known(
    person: Person, system: System, tmp_path: Path
) -> None:
    """A browser sends none, and a worker reads the file when nothing else is to be done."""
    page, film = person.page, tmp_path / "film.bin"
    film.write_bytes(random.Random(3).randbytes(9 * 2**20))
    person.upload([film])
    entry_id = person.row("film.bin").get_attribute("data-id")
    entry = f"{person.url}/api/v1/entries/{entry_id}"
    assert page.request.get(entry).json()["sha256"] is None
    system.manage("shell", "-c", HASH_NOW)
    system.wait_for(lambda: page.request.get(entry).json()["sha256"], what="the worker to hash it")

    person.row("film.bin").focus()
    page.keyboard.press("d")
    digest = hashlib.sha256(film.read_bytes()).hexdigest()
    row = page.get_by_role("complementary", name="Details").get_by_text("SHA-256", exact=True)
    expect(row).to_be_visible()
    expect(page.get_by_title(digest)).to_have_text(f"{digest[:4]} {digest[4:8]} … {digest[60:]}")
    expect(page.get_by_role("button", name="Copy the SHA-256")).to_have_attribute("data-text", digest)


def test_news_in_the_details_leave_the_focus_and_the_view_where_they_are(person: Person) -> None:
    page, details = person.page, person.page.get_by_role("complementary", name="Details")
    page.set_viewport_size({"width": 1440, "height": 400})  # so that there is something to scroll
    person.put({"notes.txt": b"from the lake"})
    entry_id = person.row("notes.txt").get_attribute("data-id")
    person.row("notes.txt").focus()
    page.keyboard.press("d")
    table = details.locator("summary", has_text="As a table")
    table.focus()
    page.keyboard.press("Enter")
    expect(details.get_by_role("table")).to_be_visible()
    details.evaluate("panel => panel.scrollTo(0, panel.scrollHeight)")
    scrolled = details.evaluate("panel => panel.scrollTop")
    assert scrolled > 0

    person.change(entry_id, name="lake.txt")
    expect(details.get_by_role("heading", name="lake.txt")).to_be_attached()
    expect(table).to_be_focused()
    expect(details.get_by_role("table")).to_be_visible()
    assert details.evaluate("panel => panel.scrollTop") == scrolled

    for name, control in {
        "hut.txt": details.get_by_role("tab", name="About"),
        "stove.txt": details.get_by_role("link", name="Download"),
        "wood.txt": details.get_by_role("button", name="More"),
    }.items():
        control.focus()
        person.change(entry_id, name=name)
        expect(details.get_by_role("heading", name=name)).to_be_attached()
        expect(control).to_be_focused()


def test_a_check_that_breaks_off_can_be_asked_for_again_from_where_one_is(person: Person) -> None:
    page, details = person.page, person.page.get_by_role("complementary", name="Details")
    person.put({"notes.txt": b"from the lake"})
    person.row("notes.txt").focus()
    page.keyboard.press("d")
    check = details.get_by_role("button", name="Verify now")
    check.focus()
    intercept(page, "**/verify", lambda route: route.abort())
    with page.expect_response("**/files/*/details"):
        page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="The connection is gone.")).to_be_visible()
    expect(check).to_be_enabled()
    expect(check).to_be_focused()
    page.unroute("**/verify")
    page.keyboard.press("Enter")
    expect(details.get_by_text("read just now, and every one is good")).to_be_visible()
    expect(check).to_be_focused()
    person.complaints.clear()  # the browser tells of the broken connection


def test_an_earlier_version_comes_back_of_the_file_that_is_shown_while_another_is_awaited(
    person: Person,
) -> None:
    page, details = person.page, person.page.get_by_role("complementary", name="Details")
    person.store({"a.txt": b"one", "b.txt": b"first"})
    person.put({"a.txt": b"two, longer", "b.txt": b"second, longer"})
    entry_id = person.row("b.txt").get_attribute("data-id")
    person.row("a.txt").click()
    page.keyboard.press("d")
    details.get_by_role("tab", name="Versions").click()
    expect(details.get_by_role("button", name="Bring back")).to_be_visible()
    held = person.hold(f"**/files/{entry_id}/details")
    with page.expect_request(f"**/files/{entry_id}/details"):
        person.row("b.txt").click()

    details.get_by_role("button", name="Bring back").click()

    expect(person.row("a.txt").locator(".c-size")).to_have_text("3\xa0B")
    expect(person.row("b.txt").locator(".c-size")).to_have_text("14\xa0B")
    held[0].continue_()
    expect(details.get_by_role("heading", name="b.txt")).to_be_visible()


def test_the_versions_of_one_file_do_not_come_to_stand_under_another(person: Person) -> None:
    page, details = person.page, person.page.get_by_role("complementary", name="Details")
    person.put({"a.txt": b"one", "b.txt": b"other"})
    held = person.hold("**/files/*/versions")
    person.row("a.txt").click()
    page.keyboard.press("d")
    versions = details.get_by_role("tab", name="Versions")
    with page.expect_request("**/files/*/versions"):
        versions.click()
    person.row("b.txt").click()
    expect(details.get_by_role("heading", name="b.txt")).to_be_visible()
    with page.expect_request("**/files/*/versions"):
        versions.click()

    for of_file in (1, 0):
        with page.expect_response("**/files/*/versions") as answer:
            held[of_file].continue_()
        answer.value.finished()
        expect(details.locator(".versions")).to_contain_text("5\xa0B, by me")


def test_what_was_opened_before_there_was_news_gives_the_focus_back_to_what_stands_there_since(
    person: Person,
) -> None:
    page, details = person.page, person.page.get_by_role("complementary", name="Details")
    person.put({"a.txt": b"from the lake"})
    entry_id = person.row("a.txt").get_attribute("data-id")
    person.row("a.txt").focus()
    page.keyboard.press("d")

    details.get_by_role("button", name="Share").press("Enter")
    expect(page.get_by_role("dialog", name="Share “a.txt”")).to_be_visible()
    person.change(entry_id, name="b.txt")
    expect(page.locator("#details .details-name")).to_have_text("b.txt")
    page.keyboard.press("Escape")
    expect(details.get_by_role("button", name="Share")).to_be_focused()

    for name, deed in {"c.txt": None, "d.txt": "Move or copy"}.items():
        details.get_by_role("button", name="More").press("Enter")
        expect(page.get_by_role("menuitem", name="Open")).to_be_focused()
        person.change(entry_id, name=name)
        expect(person.row(name)).to_be_visible()
        if deed:
            page.get_by_role("menuitem", name=deed).press("Enter")
            expect(page.get_by_role("dialog", name=f"Move “{name}”")).to_be_visible()
        page.keyboard.press("Escape")
        expect(person.row(name)).to_be_focused()
