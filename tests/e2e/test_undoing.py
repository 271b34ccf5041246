"""What was arranged is taken back: by the message's deed, or by the key."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.people import Person


@pytest.fixture
def marie(person: Person) -> Person:
    person.put({"a.txt": b"first", "b.txt": b"b"})
    return person


def said(person: Person, words: str) -> None:
    expect(person.page.locator("#toasts")).to_contain_text(words)


def test_stars_are_given_and_taken_back_from_those_that_got_them(marie: Person) -> None:
    page = marie.page
    marie.row("a.txt").click()
    page.keyboard.press("s")
    said(marie, "“a.txt” has a star.")
    expect(marie.row("a.txt").locator(".star")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.press("s")
    said(marie, "“b.txt” has a star.")

    page.get_by_role("button", name="Undo").click()

    expect(marie.row("b.txt").locator(".star")).to_have_count(0)
    expect(marie.row("a.txt").locator(".star")).to_be_visible()
    page.get_by_role("link", name="Starred").click()
    expect(page.get_by_role("heading", name="Starred")).to_be_visible()
    marie.row("a.txt").click()
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Nothing has a star yet")).to_be_visible()
    said(marie, "“a.txt” has no star any more.")
    page.keyboard.press("Control+z")
    expect(marie.row("a.txt")).to_be_visible()


def test_a_new_folder_and_what_was_put_back_go_to_the_trash_again(marie: Person) -> None:
    page = marie.page
    marie.make_folder("Alps")
    said(marie, "The folder “Alps” is made.")
    page.keyboard.press("Control+z")
    expect(marie.row("Alps")).to_have_count(0)

    page.get_by_role("link", name="Trash").click()
    marie.row("Alps").click()
    page.get_by_role("toolbar").get_by_role("button", name="Put back").click()
    said(marie, "“Alps” is back in its place.")
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(marie.row("Alps")).to_be_visible()


def test_an_earlier_version_gives_way_again(marie: Person) -> None:
    page = marie.page
    marie.put({"a.txt": b"second, and longer"})
    marie.row("a.txt").click()
    page.keyboard.press("d")
    details = page.get_by_role("complementary", name="Details")
    details.get_by_role("tab", name="Versions").click()
    details.get_by_role("button", name="Bring back").click()
    said(marie, "That version is the current one again.")
    expect(marie.row("a.txt").locator(".c-size")).to_have_text("5\xa0B")

    page.get_by_role("button", name="Undo").click()

    expect(marie.row("a.txt").locator(".c-size")).to_have_text("18\xa0B")
    expect(details.locator(".versions li")).to_have_count(4)


def test_who_was_left_out_sees_it_again_in_the_same_role(
    marie: Person, open_person: Callable[..., Person]
) -> None:
    jonas = open_person()
    jonas.register()
    marie.row("a.txt").click()
    marie.page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    dialog = marie.page.get_by_role("dialog", name="Share “a.txt”")
    dialog.get_by_label("Role").select_option("Can edit")
    dialog.get_by_label("User name").fill(jonas.name)
    dialog.get_by_role("button", name="Add").click()
    role = dialog.get_by_label(f"What {jonas.name} can do")
    role.select_option("Take it back")
    expect(role).to_have_count(0)

    dialog.get_by_role("button", name="Undo").click()

    expect(role.locator("option:checked")).to_have_text("Can edit")
    jonas.page.get_by_role("link", name="Shared with me").click()
    expect(jonas.row("a.txt")).to_be_visible()


def test_the_delete_key_held_down_or_pressed_again_meanwhile_takes_one_file_and_undo_brings_it_back(
    marie: Person,
) -> None:
    page, keyboard = marie.page, marie.page.keyboard
    held = marie.hold("**/api/v1/batch")
    marie.row("a.txt").focus()
    with page.expect_request("**/api/v1/batch"):
        keyboard.press("Delete")
    keyboard.down("Delete")
    page.unroute("**/api/v1/batch")
    expect(marie.row("b.txt")).to_be_focused()
    keyboard.down("Delete")  # again, without being let go
    keyboard.up("Delete")

    page.locator(".toast").filter(has_text="“a.txt”").get_by_role("button", name="Undo").click()

    expect(marie.row("a.txt")).to_be_focused()
    marie.expect_names("a.txt", "b.txt")
    assert len(held) == 1


def test_what_goes_to_the_trash_from_a_folder_that_is_left_meanwhile_changes_nothing_in_the_next(
    marie: Person,
) -> None:
    page = marie.page
    marie.make_folder("Alps")
    marie.put({"Alps/hut.txt": b"hut", "Alps/lake.txt": b"lake"})
    held = marie.hold("**/api/v1/batch")
    marie.row("a.txt").focus()
    with page.expect_request("**/api/v1/batch"):
        page.keyboard.press("Delete")
    marie.row("Alps").dblclick()
    marie.row("lake.txt").click()

    held[0].continue_()
    page.unroute("**/api/v1/batch")
    said(marie, "“a.txt” is in the trash.")
    expect(marie.row("lake.txt")).to_have_attribute("aria-selected", "true")
    expect(marie.row("lake.txt")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#news")).to_have_text("Back in its place.")

    marie.expect_names("hut.txt", "lake.txt")
