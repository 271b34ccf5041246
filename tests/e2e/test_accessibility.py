"""What a screen reader and weak eyes need: axe finds nothing to complain of, in any light, at any width."""

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e import pictures
from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.people import Person
from tests.system import System

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


def complaints(page: Page) -> list[str]:
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("(rules) => axe.run(document, rules)", RULES)
    return [
        f"{one['id']}: {one['help']}\n  {node['html'][:160]}\n  {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


def everywhere(page: Page, name: str) -> dict[str, list[str]]:
    """What axe complains of, by light and width."""
    found = {}
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found[f"{name}, {scheme}, {size['width']}"] = complaints(page)
    page.set_viewport_size(DESKTOP)
    return {where: one for where, one in found.items() if one}


def test_axe_finds_nothing_in_a_list_and_its_dialogs(person: Person) -> None:
    page, found = person.page, everywhere(person.page, "an empty folder")
    person.put({"notes.md": pictures.NOTES.encode(), "table.csv": pictures.TABLE.encode()})
    found |= everywhere(page, "a list")
    person.row("notes.md").locator(".c-box").click()
    found |= everywhere(page, "a selection")
    page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("checkbox", name="Anyone with the link").check()
    expect(page.get_by_label("The link", exact=True)).to_be_visible()
    found |= everywhere(page, "share")
    page.keyboard.press("Escape")
    page.get_by_role("toolbar").get_by_role("button", name="Move").click()
    expect(page.get_by_role("treeitem")).to_be_visible()
    found |= everywhere(page, "move")
    assert found == {}


def test_axe_finds_nothing_where_a_file_is_looked_at(person: Person) -> None:
    page = person.page
    person.put({"notes.md": pictures.NOTES.encode()})
    person.row("notes.md").focus()
    page.keyboard.press("d")
    expect(page.get_by_role("tab", name="About")).to_be_visible()
    found = everywhere(page, "details")
    page.reload()
    person.row("notes.md").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Packing list")).to_be_visible()
    found |= everywhere(page, "preview")
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(page.locator(".list.grid")).to_be_visible()
    found |= everywhere(page, "grid")
    assert found == {}


def test_axe_finds_nothing_in_any_place(person: Person) -> None:
    page, found = person.page, {}
    person.put({"notes.md": pictures.NOTES.encode()})
    for path in ("search?q=notes", "recent", "starred", "shared", "trash"):
        page.goto(f"{person.url}/{path}")
        found |= everywhere(page, path)
    assert found == {}


def test_axe_finds_nothing_on_the_cluster_page(open_person, system: System) -> None:
    page = open_person().page
    page.goto(f"{system.url}/sign-in?next=/cluster")
    page.get_by_label("user name").fill("admin")
    page.get_by_label("Password", exact=True).fill(system.admin_password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".live-words")).to_contain_text("Live")
    assert everywhere(page, "cluster") == {}
