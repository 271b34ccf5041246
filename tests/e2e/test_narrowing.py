"""Narrowing what is found, and sorting lists that are no folder."""

import re

from playwright.sync_api import expect

from tests.e2e.people import Person

LAKES = ("Lake 2.jpg", "Lake 10.jpg", "Lake 1.jpg")


def test_what_is_found_is_narrowed_and_sorted_and_the_address_says_so(person: Person) -> None:
    page = person.page
    person.put({"Lake notes.txt": b"1", **dict.fromkeys(LAKES, b"no picture")})
    page.goto(f"{person.url}/search?q=lake")

    page.get_by_role("button", name="Type").click()
    expect(page.get_by_role("menuitem", name="Any type")).to_be_focused()
    page.get_by_role("menuitem", name="Pictures").click()
    expect(person.row("Lake notes.txt")).to_have_count(0)
    expect(page.get_by_role("button", name="Type: Pictures")).to_be_focused()
    page.get_by_role("navigation", name="Order").get_by_role("link", name="Name").click()
    expect(page).to_have_url(re.compile(r"/search\?q=lake&type=picture&order=name$"))
    natural = ["Lake 1.jpg", "Lake 2.jpg", "Lake 10.jpg"]
    person.expect_names(*natural)

    page.get_by_role("searchbox").fill("lake 1")
    expect(person.row("Lake 2.jpg")).to_have_count(0)
    person.expect_names("Lake 1.jpg", "Lake 10.jpg")  # filters and order stay while one types on
    page.get_by_role("button", name="Modified").click()
    page.get_by_role("menuitem", name="Last 24 hours").click()
    expect(page.get_by_role("button", name="Modified: Last 24 hours")).to_be_focused()
    person.expect_names("Lake 1.jpg", "Lake 10.jpg")
    page.get_by_role("button", name="Size").click()
    page.get_by_role("menuitem", name="Over 1 GB").click()
    expect(page.get_by_role("heading", name="Nothing found for “lake 1”")).to_be_visible()
    page.get_by_role("link", name="Clear the filters").click()
    expect(page.get_by_role("button", name="Type", exact=True)).to_be_visible()


def test_the_heads_of_recent_and_trash_sort(person: Person) -> None:
    page = person.page
    person.put(dict.fromkeys(LAKES, b""))  # without copies, which would be asked after when they are gone
    heads = page.get_by_role("navigation", name="Order")

    page.get_by_role("link", name="Recent").click()
    expect(page.get_by_role("heading", name="Recent")).to_be_visible()
    heads.get_by_role("link", name="Name").click()
    expect(heads.get_by_role("link", name="Name")).to_contain_text("ascending")
    person.expect_names("Lake 1.jpg", "Lake 2.jpg", "Lake 10.jpg")
    page.reload()
    person.expect_names("Lake 1.jpg", "Lake 2.jpg", "Lake 10.jpg")

    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(page.get_by_role("heading", name="Nothing has changed yet")).to_be_visible()
    page.get_by_role("link", name="Trash").click()
    expect(page.get_by_role("heading", name="Trash", exact=True)).to_be_visible()
    expect(heads.get_by_role("link", name="Deleted")).to_contain_text("descending")
    heads.get_by_role("link", name="Name").click()
    expect(heads.get_by_role("link", name="Name")).to_contain_text("ascending")
    person.expect_names("Lake 1.jpg", "Lake 2.jpg", "Lake 10.jpg")
