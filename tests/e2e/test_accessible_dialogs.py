"""What opens over a page: axe finds nothing to complain of in any dialog, in any light, at any width."""

import pytest
from playwright.sync_api import expect

from tests.e2e import pictures
from tests.e2e.axe import everywhere, said
from tests.e2e.people import Person


@pytest.fixture
def marie(person: Person) -> Person:
    person.put({"notes.md": pictures.NOTES.encode(), "table.csv": pictures.TABLE.encode()})
    return person


def test_axe_finds_nothing_where_something_is_shared(marie: Person, open_person) -> None:
    jonas: Person = open_person()
    jonas.register()
    page = marie.page
    marie.row("notes.md").locator(".c-box").click()
    page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name").fill(jonas.name)
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_label(f"What {jonas.name} can do")).to_be_visible()
    dialog.get_by_role("checkbox", name="Anyone with the link").check()
    expect(dialog.get_by_label("The link", exact=True)).to_be_visible()
    dialog.get_by_label("Downloads at most").fill("3")
    dialog.get_by_label("Downloads at most").press("Tab")
    expect(dialog).to_contain_text("0 of 3 downloads were made")
    found = everywhere(page, "share")
    dialog.get_by_label("User name").fill("nobody-of-this-name")
    page.keyboard.press("Enter")
    expect(dialog.locator("#share-error")).not_to_be_empty()
    found |= everywhere(page, "share, refused")
    assert not found, said(found)
    marie.complaints.clear()  # the browser tells of the refusal


def test_axe_finds_nothing_where_something_is_named_moved_or_taken(marie: Person) -> None:
    page, found = marie.page, {}
    marie.make_folder("Summer 2026")
    page.get_by_role("main").get_by_role("button", name="New folder").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Summer 2026")
    dialog.get_by_role("button", name="Make the folder").click()
    expect(dialog.get_by_role("alert").first).not_to_be_empty()
    found |= everywhere(page, "new folder, refused")
    page.keyboard.press("Escape")
    marie.row("notes.md").locator(".c-box").click()
    page.keyboard.press("F2")
    expect(dialog.get_by_label("New name")).to_be_visible()
    found |= everywhere(page, "rename")
    page.keyboard.press("Escape")
    page.get_by_role("toolbar").get_by_role("button", name="Move").click()
    expect(page.get_by_role("treeitem").first).to_be_visible()
    found |= everywhere(page, "move")
    page.keyboard.press("Escape")
    taken = [{"name": name, "mimeType": "text/plain", "buffer": b"new"} for name in ("notes.md", "other.md")]
    page.locator("#pick-files").set_input_files(taken)
    expect(dialog.get_by_role("group", name="notes.md")).to_be_visible()
    found |= everywhere(page, "conflict")
    assert not found, said(found)
    marie.complaints.clear()  # the browser tells of the refusal


def test_axe_finds_nothing_in_menus_keys_toasts_and_questions(marie: Person) -> None:
    page, found = marie.page, {}
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    found |= everywhere(page, "keys")
    page.keyboard.press("Escape")
    marie.row("notes.md").click(button="right")
    expect(page.get_by_role("menu", name="What to do")).to_be_visible()
    found |= everywhere(page, "menu")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New", exact=True).click()
    found |= everywhere(page, "new")
    page.keyboard.press("Escape")
    marie.row("table.csv").click()
    page.keyboard.press("Delete")
    expect(page.locator(".toast")).to_be_visible()
    found |= everywhere(page, "a toast")
    page.get_by_role("link", name="Trash").click()
    page.get_by_role("button", name="Empty the trash").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found |= everywhere(page, "a question")
    assert not found, said(found)
