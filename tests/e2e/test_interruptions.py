"""A connection or a session ends while a page is open: it is said, the page stays, and goes on afterwards."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PHONE
from tests.e2e.people import PASSWORD, Person, intercept

GONE = "The connection is gone. Try again when it is back."


def test_without_a_connection_a_folder_stays_open_and_says_so(person: Person) -> None:
    page = person.page
    person.make_folder("Receipts")
    here = page.url

    page.context.set_offline(True)
    person.row("Receipts").dblclick()
    expect(page.locator("#toasts")).to_contain_text(GONE)
    expect(person.row("Receipts")).to_be_visible()
    assert page.url == here
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    person.row("Receipts").dblclick()
    expect(page.get_by_role("heading", name="Receipts")).to_be_visible()
    person.complaints.clear()  # the browser tells of every broken connection


def test_the_way_back_that_found_no_connection_is_gone_when_there_is_one(person: Person) -> None:
    page = person.page
    page.get_by_role("link", name="Recent").click()
    expect(page.get_by_role("heading", name="Recent")).to_be_visible()
    page.get_by_role("link", name="Starred").click()
    expect(page.get_by_role("heading", name="Starred")).to_be_visible()

    page.context.set_offline(True)
    page.go_back()
    expect(page.locator("#toasts")).to_contain_text(GONE)
    page.context.set_offline(False)

    expect(page.get_by_role("heading", name="Recent")).to_be_visible()
    person.complaints.clear()


def test_the_way_back_that_failed_is_gone_again_though_the_browser_was_never_offline(person: Person) -> None:
    page = person.page
    page.get_by_role("link", name="Recent").click()
    expect(page.get_by_role("heading", name="Recent")).to_be_visible()
    page.get_by_role("link", name="Starred").click()
    expect(page.get_by_role("heading", name="Starred")).to_be_visible()

    intercept(page, "**/recent", lambda route: route.abort())
    page.go_back()
    expect(page.locator("#toasts")).to_contain_text(GONE)
    page.unroute("**/recent")

    expect(page.get_by_role("heading", name="Recent")).to_be_visible()
    person.complaints.clear()


def test_who_is_signed_out_meanwhile_is_told_and_comes_back_to_the_same_place(person: Person) -> None:
    page = person.page
    person.make_folder("Receipts")
    person.row("Receipts").dblclick()
    expect(page.get_by_role("heading", name="Receipts")).to_be_visible()
    person.make_folder("Hotels")
    page.context.clear_cookies()

    person.row("Hotels").click()
    page.keyboard.press("s")
    expect(page.get_by_role("alert")).to_contain_text("You are signed out.")
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_label("user name").fill(person.name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Receipts")).to_be_visible()
    expect(person.row("Hotels")).to_be_visible()
    person.complaints.clear()  # the browser tells of the 401


def test_a_page_goes_on_when_one_has_signed_in_again_in_another_tab(person: Person, tmp_path: Path) -> None:
    page = person.page
    (tmp_path / "notes.txt").write_text("from the lake")
    intercept(page, "**/api/v1/uploads", lambda route: route.fulfill(status=403, json={"detail": "Not now."}))
    person.choose_files([tmp_path / "notes.txt"])
    expect(person.transfer("notes.txt")).to_have_class("transfer failed")
    page.unroute("**/api/v1/uploads")
    page.context.clear_cookies()
    other = page.context.new_page()
    other.goto(f"{person.url}/sign-in")
    other.get_by_label("user name").fill(person.name)
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="My files")).to_be_visible()
    person.complaints.clear()  # the browser tells of the refusal

    person.make_folder("Receipts")
    person.transfer("notes.txt").get_by_role("button", name="Try notes.txt again").click()
    expect(person.transfer("notes.txt")).to_have_class("transfer done")
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_ends_while_a_dialog_is_open_is_said_above_it(person: Person) -> None:
    page = person.page
    page.get_by_role("main").get_by_role("button", name="New folder").click()
    dialog = page.get_by_role("dialog")
    page.context.set_offline(True)
    expect(dialog.locator("#offline")).to_be_visible()
    dialog.locator("#offline").click(trial=True)  # nothing lies above it
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()

    page.context.clear_cookies()
    dialog.get_by_label("Name").fill("Receipts")
    dialog.get_by_role("button", name="Make the folder").click()
    expect(dialog.locator("#signed-out")).to_be_visible()
    dialog.get_by_role("link", name="Sign in again").click()
    expect(page.get_by_label("user name")).to_be_visible()
    person.complaints.clear()  # the browser tells of every broken connection and of the 401


def test_on_a_phone_the_news_of_a_lost_connection_lies_over_no_row(person: Person) -> None:
    page = person.page
    person.put({"first.txt": b"1"})
    page.set_viewport_size(PHONE)
    page.context.set_offline(True)
    news = page.get_by_text("The connection is gone. Uploads go on when it is back.")
    expect(news).to_be_visible()
    told, heads = page.locator("#offline").bounding_box(), page.locator(".heads").bounding_box()
    assert told["y"] + told["height"] <= heads["y"]
    page.context.set_offline(False)
    expect(news).to_be_hidden()
    person.complaints.clear()  # the browser tells of what it could not reach


@pytest.mark.parametrize("script", ["js/main", "js/words", "vendor/tus-js-client/tus.min"])
def test_a_script_that_does_not_load_is_told_of_with_a_way_out(person: Person, script: str) -> None:
    page, line = person.page, person.page.locator("#unloaded")
    person.make_folder("Receipts")
    expect(line).to_have_count(0)

    intercept(page, f"**/{script}*.js", lambda route: route.abort())
    page.reload()
    expect(line).to_have_text("Part of this page did not load, so not all of it works. Reload")
    expect(line).to_be_visible()
    expect(person.row("Receipts")).to_be_visible()

    page.unroute(f"**/{script}*.js")
    with page.expect_event("load"):
        line.get_by_role("link", name="Reload").click()
    expect(line).to_have_count(0)
    person.row("Receipts").press("Enter")
    expect(page.get_by_role("heading", name="Receipts")).to_be_visible()
    person.complaints.clear()


def test_a_script_that_takes_long_to_load_is_waited_for_without_a_word(person: Person) -> None:
    page, line = person.page, person.page.locator("#unloaded")
    person.make_folder("Receipts")
    held = person.hold("**/js/words*.js")
    with page.expect_request("**/js/words*.js"):
        page.reload(wait_until="commit")
    expect(person.row("Receipts")).to_be_visible()
    expect(page.locator("#toasts")).to_be_attached()
    expect(line).to_be_hidden()

    held[0].continue_()
    expect(line).to_have_count(0)
