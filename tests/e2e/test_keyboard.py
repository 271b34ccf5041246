"""Everything with the keyboard alone."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.people import PASSWORD, Person

TYPED_APART_MS = 1000  # letters further apart than 800 ms begin another name


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_person_does_it_all_with_the_keyboard_alone(open_person, tmp_path: Path) -> None:
    person: Person = open_person()
    page = person.page
    page.goto(f"{person.url}/register")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type(person.name)
    press(page, "Tab", "Tab")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    page.wait_for_url("**/files/*")

    for name in ("Alps", "Beach", "City"):
        page.get_by_role("button", name="New", exact=True).focus()
        press(page, "Enter")
        expect(page.get_by_role("menuitem", name="Folder", exact=True)).to_be_focused()
        press(page, "Enter")
        expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
        page.keyboard.type(name)
        press(page, "Enter")
        expect(person.row(name)).to_be_focused()

    press(page, "Home")
    expect(person.row("Alps")).to_be_focused()
    press(page, "ArrowDown", "F2")
    expect(page.get_by_role("dialog").get_by_label("New name")).to_be_focused()
    page.keyboard.type("Dunes")
    press(page, "Enter")
    expect(person.row("Dunes")).to_be_focused()
    person.expect_names("Alps", "City", "Dunes")

    press(page, "c")  # type-ahead
    expect(person.row("City")).to_be_focused()
    press(page, "Delete")
    expect(person.row("City")).to_have_count(0)
    expect(person.row("Dunes")).to_be_focused()
    page.locator(".toast").filter(has_text="“City”").get_by_role("button", name="Undo").focus()
    press(page, "Enter")
    expect(person.row("City")).to_be_focused()

    press(page, "Control+a")
    expect(page.get_by_role("toolbar")).to_contain_text("3 selected")
    press(page, "Escape")
    expect(page.get_by_role("toolbar")).to_be_hidden()
    press(page, "Home", " ", "Shift+ArrowDown")
    expect(page.get_by_role("toolbar")).to_contain_text("2 selected")
    press(page, "Escape", "Home", "Enter")
    expect(page.get_by_role("heading", name="Alps")).to_be_visible()
    press(page, "Alt+ArrowUp")
    expect(person.row("City")).to_be_visible()
    assert person.complaints == []


def test_a_letter_does_something_and_with_shift_or_switched_off_it_begins_a_name(person: Person) -> None:
    for name in ("Alps", "Assisi", "Dunes", "Sea", "Valley"):
        person.make_folder(name)
    page = person.page
    stars = page.locator("#list .star")
    for letter, name in (("S", "Sea"), ("D", "Dunes"), ("V", "Valley")):
        page.wait_for_timeout(TYPED_APART_MS)
        press(page, f"Shift+{letter}")
        expect(person.row(name)).to_be_focused()
    page.wait_for_timeout(TYPED_APART_MS)
    person.type_at_once("ass")  # of a name that is being typed each letter is a part
    expect(person.row("Assisi")).to_be_focused()
    expect(stars).to_have_count(0)
    expect(page.locator("#details")).to_be_hidden()

    page.wait_for_timeout(TYPED_APART_MS)
    press(page, "s")
    expect(person.row("Assisi").get_by_role("img", name="Starred")).to_be_visible()
    press(page, "d")
    expect(page.locator("#details").get_by_role("heading", name="Assisi")).to_be_visible()
    press(page, "d", "v")
    expect(page.locator("#details")).to_be_hidden()
    expect(page.get_by_role("link", name="As a grid")).to_have_attribute("aria-current", "true")

    press(page, "?")
    page.get_by_role("dialog", name="Keys").get_by_label("Single letters do something").uncheck()
    press(page, "Escape")
    person.row("Alps").focus()
    press(page, "d")
    expect(person.row("Dunes")).to_be_focused()
    expect(page.locator("#details")).to_be_hidden()


def test_the_menu_of_a_row_is_reached_and_left_by_keys(person: Person) -> None:
    person.make_folder("Alps")
    page = person.page
    press(page, "Shift+F10")
    menu = page.get_by_role("menu", name="What to do")
    expect(menu.get_by_role("menuitem", name="Open")).to_be_focused()
    press(page, "End")
    expect(menu.get_by_role("menuitem", name="Move to trash")).to_be_focused()
    press(page, "Escape")
    expect(menu).to_be_hidden()
    expect(person.row("Alps")).to_be_focused()


def test_the_way_to_the_files_can_be_skipped_to(person: Person) -> None:
    person.page.reload()
    press(person.page, "Tab")
    skip = person.page.get_by_role("link", name="Skip to the files")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()


def test_the_selection_of_a_click_goes_with_the_arrows_and_that_of_the_space_bar_stays(
    person: Person,
) -> None:
    for name in ("Archive", "Bills", "Camera roll", "Drafts"):
        person.make_folder(name)
    page = person.page
    selected = page.locator('#list .row[aria-selected="true"]')

    person.row("Archive").click()
    press(page, "ArrowDown")
    expect(selected).to_have_attribute("data-name", "Bills")
    page.keyboard.press("Delete")
    expect(person.row("Camera roll")).to_be_focused()
    person.expect_names("Archive", "Camera roll", "Drafts")

    person.row("Archive").focus()
    press(page, "Escape", "Space", "ArrowDown", "ArrowDown", "Space")
    expect(selected).to_have_count(2)
    expect(person.row("Camera roll")).to_have_attribute("aria-selected", "false")


def test_a_range_of_rows_goes_on_from_where_it_began_after_news_of_that_row(person: Person) -> None:
    person.put({"a.txt": b"a", "b.txt": b"b", "c.txt": b"c", "d.txt": b"d"})
    page, row = person.page, person.row("c.txt")
    selected = page.locator('#list .row[aria-selected="true"]')
    row.focus()
    person.change(row.get_attribute("data-id"), starred=True)
    expect(row.get_by_role("img", name="Starred")).to_be_visible()

    press(page, "Shift+ArrowDown")

    expect(selected).to_have_count(2)
    expect(selected.first).to_have_attribute("data-name", "c.txt")
    press(page, "Escape", "ArrowUp")
    person.trash(row.get_attribute("data-id"))
    expect(row).to_have_count(0)

    person.row("d.txt").click(modifiers=["Shift"])

    expect(selected).to_have_count(1)


def test_the_focus_stays_in_the_list_when_its_row_goes_to_the_trash_elsewhere_or_is_drawn_anew(
    person: Person,
) -> None:
    person.put({"a.txt": b"a", "b.txt": b"b", "c.txt": b"c", "d.txt": b"d"})
    page = person.page
    person.row("b.txt").focus()
    person.trash(person.row("b.txt").get_attribute("data-id"))
    expect(person.row("c.txt")).to_be_focused()

    press(page, "F2")
    expect(page.get_by_role("dialog").get_by_label("New name")).to_be_focused()
    person.change(person.row("c.txt").get_attribute("data-id"), starred=True)
    expect(person.row("c.txt").locator(".star")).to_be_visible()
    press(page, "Escape")

    expect(person.row("c.txt")).to_be_focused()
    press(page, "ArrowDown")
    expect(person.row("d.txt")).to_be_focused()
