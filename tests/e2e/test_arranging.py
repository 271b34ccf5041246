"""Putting things where they belong, and seeing them as one likes: order, grid, stars, moves, undo."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.people import Person, intercept


@pytest.fixture
def marie(person: Person) -> Person:
    """A person with two folders and three files of different sizes."""
    for name in ("Alps", "Beach"):
        person.make_folder(name)
    person.put({"a.txt": b"a" * 300, "b.txt": b"b", "c.txt": b"c" * 2000})
    return person


def test_a_list_is_ordered_by_its_heads_and_stays_so(marie: Person) -> None:
    page = marie.page
    order = page.get_by_role("navigation", name="Order")
    order.get_by_role("link", name="Size").click()
    expect(order.get_by_role("link", name="Size descending")).to_be_focused()
    marie.expect_names("Alps", "Beach", "c.txt", "a.txt", "b.txt")

    order.get_by_role("link", name="Size").click()
    expect(order.get_by_role("link", name="Size ascending")).to_be_visible()
    marie.expect_names("Alps", "Beach", "b.txt", "a.txt", "c.txt")
    page.reload()
    marie.expect_names("Alps", "Beach", "b.txt", "a.txt", "c.txt")

    order.get_by_role("link", name="Name").click()
    expect(order.get_by_role("link", name="Name ascending")).to_be_visible()
    marie.expect_names("Alps", "Beach", "a.txt", "b.txt", "c.txt")


def test_a_click_on_a_name_selects_and_a_double_click_opens(marie: Person) -> None:
    page, name = marie.page, marie.row("Alps").get_by_role("link", name="Alps")
    name.click()
    expect(page.get_by_role("toolbar")).to_contain_text("1 selected")
    expect(marie.row("Alps")).to_be_focused()

    name.dblclick()

    expect(page.get_by_role("heading", name="Alps")).to_be_visible()


def test_what_is_found_anywhere_is_shown_in_its_folder(marie: Person) -> None:
    page = marie.page
    marie.put({"Alps/lake.txt": b"swim"})
    page.get_by_role("searchbox").fill("lake")
    marie.row("lake.txt").click(button="right")
    page.get_by_role("menuitem", name="Show in its folder").click()

    expect(page.get_by_role("heading", name="Alps")).to_be_visible()
    expect(marie.row("lake.txt")).to_be_focused()
    marie.row("lake.txt").click(button="right")
    expect(page.get_by_role("menuitem", name="Details")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Show in its folder")).to_have_count(0)


def test_the_arrow_keys_walk_a_grid_in_both_directions(marie: Person) -> None:
    page = marie.page
    page.keyboard.press("v")
    expect(page.get_by_role("link", name="As a grid")).to_have_attribute("aria-current", "true")
    marie.row("a.txt").click()

    page.keyboard.press("ArrowRight")
    expect(marie.row("b.txt")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(marie.row("a.txt")).to_be_focused()
    page.keyboard.press("v")
    expect(page.get_by_role("link", name="As a list")).to_have_attribute("aria-current", "true")


def test_what_has_a_star_is_found_again(marie: Person) -> None:
    marie.row("b.txt").click()
    marie.page.keyboard.press("s")
    expect(marie.row("b.txt").get_by_role("img", name="Starred")).to_be_visible()

    marie.page.get_by_role("link", name="Starred").click()
    expect(marie.page.get_by_role("heading", name="Starred")).to_be_visible()
    marie.expect_names("b.txt")

    marie.row("b.txt").click()
    marie.page.keyboard.press("s")
    expect(marie.page.get_by_role("heading", name="Nothing has a star yet")).to_be_visible()


def test_a_long_name_leaves_its_star_in_sight(marie: Person) -> None:
    page, name = marie.page, "a name as long as only a scanner gives it " * 5 + ".txt"
    marie.put({name: b"scanned"})
    marie.row(name).click()
    page.keyboard.press("s")
    star = marie.row(name).get_by_label("Starred")
    expect(star).to_be_visible()
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        for view in ("list", "grid"):
            switch = page.locator(f'.view-switch a[data-view="{view}"]')
            expect(switch).to_have_attribute("aria-current", "true")
            cell, box = marie.row(name).locator(".c-name").bounding_box(), star.bounding_box()
            assert box["x"] + box["width"] <= cell["x"] + cell["width"], (size, view)
            marie.row(name).focus()
            page.keyboard.press("v")


def test_the_files_changed_last_stand_under_recent(marie: Person) -> None:
    marie.page.get_by_role("link", name="Recent").click()
    expect(marie.row("a.txt")).to_contain_text("My files")
    marie.expect_names("c.txt", "b.txt", "a.txt")


def test_files_are_moved_by_the_dialog_into_a_folder_made_there_and_back_by_undo(marie: Person) -> None:
    page = marie.page
    marie.row("a.txt").click()
    marie.row("b.txt").click(modifiers=["Control"])
    page.get_by_role("toolbar").get_by_role("button", name="Move").click()
    dialog = page.get_by_role("dialog", name="Move 2 items")
    dialog.get_by_role("treeitem", name="Alps").click()
    dialog.get_by_role("button", name="New folder").click()
    page.get_by_role("dialog", name="New folder in").get_by_label("Name").fill("Day 1")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("treeitem", name="Day 1")).to_have_attribute("aria-selected", "true")
    dialog.get_by_role("button", name="Move here").click()

    expect(page.locator(".toast")).to_contain_text("2 items are moved to “Day 1”.")
    marie.expect_names("Alps", "Beach", "c.txt")
    page.keyboard.press("Control+z")
    expect(marie.row("b.txt")).to_be_visible()
    marie.expect_names("Alps", "Beach", "a.txt", "b.txt", "c.txt")


def test_a_folder_that_cannot_be_looked_into_says_so_and_opens_later(marie: Person) -> None:
    page = marie.page
    inner = {"kind": "folder", "path": "/Alps/Day 1"}
    assert page.request.post(f"{marie.url}/api/v1/entries", data=inner, headers=marie.proof()).ok
    marie.row("a.txt").click()
    page.get_by_role("toolbar").get_by_role("button", name="Move").click()
    dialog = page.get_by_role("dialog", name="Move")
    dialog.get_by_role("treeitem", name="Alps").click()
    intercept(page, "**/api/v1/entries?parent=*", lambda route: route.abort())
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text("The connection is gone. Try again")).to_be_visible()

    page.unroute("**/api/v1/entries?parent=*")
    page.keyboard.press("ArrowRight")

    expect(dialog.get_by_role("treeitem", name="Day 1")).to_be_visible()
    marie.complaints.clear()  # the browser tells of the broken connection


def test_files_are_cut_copied_and_pasted_with_keys(marie: Person) -> None:
    page = marie.page
    marie.row("a.txt").click()
    page.keyboard.press("Control+x")
    marie.row("Beach").dblclick()
    expect(page.get_by_role("heading", name="Beach")).to_be_visible()
    page.keyboard.press("Control+v")
    expect(marie.row("a.txt")).to_be_visible()

    marie.row("a.txt").click()
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(marie.row("a (copy).txt")).to_be_visible()
    page.keyboard.press("Alt+ArrowUp")
    expect(marie.row("Alps")).to_be_visible()
    marie.expect_names("Alps", "Beach", "b.txt", "c.txt")


def test_files_are_dragged_onto_a_folder_and_onto_a_crumb(marie: Person) -> None:
    page = marie.page
    marie.row("c.txt").drag_to(marie.row("Alps"))
    expect(marie.row("c.txt")).to_have_count(0)

    marie.row("Alps").dblclick()
    expect(marie.row("c.txt")).to_be_visible()
    marie.row("c.txt").drag_to(page.get_by_role("link", name="My files").last)
    expect(page.get_by_role("heading", name="Drop files or whole folders here")).to_be_visible()


def test_a_file_is_dragged_onto_a_folder_that_is_selected_and_a_folder_onto_itself_stays(
    marie: Person,
) -> None:
    marie.row("Alps").click()
    marie.row("Alps").drag_to(marie.row("Alps"))

    marie.row("c.txt").drag_to(marie.row("Alps"))

    expect(marie.page.locator("#toasts")).to_contain_text("“c.txt” is moved to “Alps”.")
    marie.expect_names("Alps", "Beach", "a.txt", "b.txt")


def test_a_rubber_band_selects_what_it_touches(marie: Person) -> None:
    page = marie.page
    first, last = marie.row("Beach").bounding_box(), marie.row("c.txt").bounding_box()
    assert first is not None and last is not None
    page.mouse.move(last["x"] + 400, last["y"] + last["height"] + 60)
    page.mouse.down()
    page.mouse.move(first["x"] + 200, first["y"] + 5, steps=4)
    page.mouse.up()
    expect(page.get_by_role("toolbar")).to_contain_text("4 selected")


def test_beside_the_rows_a_menu_tells_what_can_be_done_here(marie: Person) -> None:
    page = marie.page
    marie.row("a.txt").click()
    beside = {"x": 500, "y": 600}
    page.get_by_role("main").click(button="right", position=beside)
    items = page.get_by_role("menuitem")
    expect(page.get_by_role("menuitem", name="Upload folder")).to_be_visible()
    expect(page.get_by_role("toolbar")).to_have_count(0)  # it is about the folder, so nothing is selected
    expect(items.filter(has_text="Paste")).to_have_count(0)  # nothing was cut or copied
    page.get_by_role("menuitem", name="Select all").click()
    expect(page.get_by_role("toolbar")).to_contain_text("5 selected")
    page.keyboard.press("Escape")

    marie.row("a.txt").click()
    page.keyboard.press("Control+c")
    page.get_by_role("main").click(button="right", position=beside)
    page.get_by_role("menuitem", name="Paste").click()
    expect(marie.row("a (copy).txt")).to_be_visible()
    page.get_by_role("main").click(button="right", position=beside)
    page.get_by_role("menuitem", name="New folder").click()
    page.get_by_role("dialog", name="New folder").get_by_label("Name").fill("Cabin")
    page.keyboard.press("Enter")
    expect(marie.row("Cabin")).to_be_focused()
    page.get_by_role("main").click(button="right", position=beside)
    page.get_by_role("menuitem", name="As a grid").click()
    expect(page.get_by_role("link", name="As a grid")).to_have_attribute("aria-current", "true")


def test_what_the_bar_does_not_show_is_in_its_menu(marie: Person) -> None:
    page = marie.page
    marie.row("a.txt").click()
    page.get_by_role("button", name="More to do with the selection").click()
    page.get_by_role("menuitem", name="Details").click()
    expect(page.get_by_role("complementary", name="Details")).to_contain_text("a.txt")


def test_the_keys_are_told_and_single_letters_can_be_switched_off(marie: Person) -> None:
    page = marie.page
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Move to trash")
    dialog.get_by_label("Single letters do something").uncheck()
    dialog.get_by_role("button", name="Close").click()

    marie.row("b.txt").click()
    page.keyboard.press("v")
    expect(page.get_by_role("link", name="As a list")).to_have_attribute("aria-current", "true")
