"""What a screen reader and weak eyes need: axe finds nothing to complain of, in any light, at any width."""

from playwright.sync_api import expect

from tests.e2e import pictures
from tests.e2e.axe import everywhere, said
from tests.e2e.people import Person


def test_axe_finds_nothing_in_a_list(person: Person) -> None:
    page, found = person.page, everywhere(person.page, "an empty folder")
    person.put({"notes.md": pictures.NOTES.encode(), "table.csv": pictures.TABLE.encode()})
    found |= everywhere(page, "a list")
    person.row("notes.md").locator(".c-box").click()
    found |= everywhere(page, "a selection")
    assert not found, said(found)


def test_axe_finds_nothing_where_a_file_is_looked_at(person: Person) -> None:
    page = person.page
    person.put({"notes.md": pictures.NOTES.encode()})
    person.row("notes.md").focus()
    page.keyboard.press("d")
    expect(page.get_by_role("tab", name="About")).to_be_visible()
    found = everywhere(page, "details")
    for name in ("Versions 1", "Activity"):
        page.get_by_role("tab", name=name).click()
        expect(page.get_by_role("tabpanel", name=name).locator("time").first).to_be_visible()
        found |= everywhere(page, f"details, {name}")
    page.reload()
    person.row("notes.md").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Packing list")).to_be_visible()
    found |= everywhere(page, "preview")
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(page.locator(".list.grid")).to_be_visible()
    found |= everywhere(page, "grid")
    assert not found, said(found)


def test_axe_finds_nothing_in_any_place(person: Person) -> None:
    page, found = person.page, {}
    person.put({"notes.md": pictures.NOTES.encode()})
    for path in ("search?q=notes", "recent", "starred", "shared", "trash"):
        page.goto(f"{person.url}/{path}")
        found |= everywhere(page, path)
    assert not found, said(found)
