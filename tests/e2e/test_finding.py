"""Finding things again, by their names and among their earlier versions; and two windows that agree."""

import re

from playwright.sync_api import expect

from tests.e2e import pictures
from tests.e2e.people import Person, intercept


def test_what_is_typed_is_looked_for_at_once_in_the_whole_tree(person: Person) -> None:
    page = person.page
    person.make_folder("Alps")
    person.put({"Alps/lake at noon.txt": b"1", "lake at dusk.txt": b"2", "meadow.txt": b"3"})

    page.keyboard.press("/")
    page.keyboard.type("lak")
    expect(person.row("lake at noon.txt")).to_contain_text("Alps")
    person.expect_names("lake at dusk.txt", "lake at noon.txt")
    page.keyboard.type("e du")
    expect(page).to_have_url(re.compile(r"/search\?q=lake\+du$"))  # all letters, not some of them
    person.expect_names("lake at dusk.txt")
    page.keyboard.press("ArrowDown")
    expect(person.row("lake at dusk.txt")).to_be_focused()

    page.get_by_role("button", name="Type").click()
    page.get_by_role("menuitem", name="Folders").click()
    expect(page.get_by_role("heading", name="Nothing found for “lake du”")).to_be_visible()
    expect(page.get_by_role("button", name="Type: Folders")).to_be_focused()
    page.go_back()
    page.go_back()
    expect(person.row("meadow.txt")).to_be_visible()


def test_an_answer_that_comes_when_one_is_elsewhere_leaves_the_address_alone(person: Person) -> None:
    page = person.page
    person.put({"lake at dusk.txt": b"1"})
    page.keyboard.press("/")
    page.keyboard.type("lak")
    expect(person.row("lake at dusk.txt")).to_be_visible()
    waiting = person.hold("**/search?*")
    with page.expect_request("**/search?*"):
        page.keyboard.type("e")

    page.get_by_role("link", name="Starred").click()
    expect(page).to_have_url(f"{person.url}/starred")
    with page.expect_response("**/search?*") as late:
        waiting.pop().continue_()
    late.value.finished()
    person.see_drawn()

    assert page.url == f"{person.url}/starred"


def test_an_earlier_version_is_brought_back(person: Person) -> None:
    page = person.page
    person.put({"notes.txt": b"first"})
    person.put({"notes.txt": b"second, and longer"})
    person.row("notes.txt").click()
    page.keyboard.press("d")
    details = page.get_by_role("complementary", name="Details")
    details.get_by_role("tab", name="Versions").click()
    expect(details.get_by_role("listitem").first).to_contain_text("Current")

    details.get_by_role("button", name="Bring back").click()

    expect(person.row("notes.txt").locator(".c-size")).to_contain_text("5")
    expect(details.locator(".versions li")).to_have_count(3)


def test_two_windows_of_a_person_agree(person: Person) -> None:
    other = person.page.context.new_page()
    other.goto(person.page.url)
    expect(other.get_by_role("heading", name="Drop files or whole folders here")).to_be_visible()

    person.make_folder("Alps")
    expect(other.locator('.row[data-name="Alps"]')).to_be_visible()
    person.row("Alps").click()
    person.page.keyboard.press("Delete")
    expect(other.locator('.row[data-name="Alps"]')).to_have_count(0)
    other.close()


def test_the_way_back_to_a_page_that_was_left_at_once_shows_what_has_come_meanwhile(person: Person) -> None:
    page = person.page
    person.make_folder("Alps")
    intercept(page, "**/now", lambda route: None)  # held until there is no route
    with page.expect_request("**/now"):
        page.reload()
    person.row("Alps").dblclick()
    expect(page.get_by_role("heading", name="Alps")).to_be_visible()
    person.store({"lake.txt": b""})
    with page.expect_response("**/now"):
        page.unroute("**/now")

    page.go_back()

    expect(person.row("lake.txt")).to_be_visible()


def test_pictures_are_seen_small_in_the_list_and_in_the_grid(person: Person) -> None:
    person.put({"meadow.jpg": pictures.landscape(*pictures.PICTURES["Meadow.jpg"])})
    expect(person.row("meadow.jpg").locator(".c-thumb img")).to_be_visible()
    person.page.keyboard.press("v")
    expect(person.row("meadow.jpg").locator(".c-thumb img")).to_be_visible()


def test_the_trash_is_emptied_after_a_question(person: Person) -> None:
    page = person.page
    person.make_folder("Alps")
    person.row("Alps").click()
    page.keyboard.press("Delete")
    expect(person.row("Alps")).to_have_count(0)
    page.get_by_role("link", name="Trash").click()
    page.get_by_role("button", name="Empty the trash").click()
    page.get_by_role("dialog").get_by_role("button", name="Empty the trash").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_lists_of_what_lies_anywhere_show_what_another_window_brings(person: Person) -> None:
    page = person.page
    person.put({"a.txt": b""})  # without copies, which would be asked after when it is gone
    others = {}
    for place in ("Recent", "Starred", "Trash"):
        others[place] = page.context.new_page()
        others[place].goto(f"{person.url}/{place.lower()}")
    empty = "What you delete waits here"
    expect(others["Trash"].get_by_text(empty)).to_be_visible()

    def shows(place: str, count: int) -> None:
        others[place].bring_to_front()
        expect(others[place].locator('.row[data-name="a.txt"]')).to_have_count(count)

    shows("Recent", 1)
    person.row("a.txt").click()
    page.keyboard.press("s")
    shows("Starred", 1)
    page.keyboard.press("Delete")
    expect(page.locator("#toasts")).to_contain_text("“a.txt” is in the trash.")
    shows("Trash", 1)
    shows("Recent", 0)
    shows("Starred", 0)
    page.bring_to_front()
    page.keyboard.press("Control+z")
    shows("Trash", 0)
    shows("Recent", 1)
    shows("Starred", 1)
