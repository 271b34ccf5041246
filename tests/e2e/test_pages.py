"""The pages themselves: small and large, light and dark, with thousands of rows, without scripts."""

import random
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE
from tests.e2e.people import PASSWORD, Person
from tests.system import System

AIMED_AT = "button, a.place, a.button, .spans a, summary, select, [role=tab], input:not([type=hidden])"
SMALL_TARGETS = """(aimed_at) => [...document.querySelectorAll(aimed_at)]
  .filter(element => element.checkVisibility() && !element.closest("[hidden]"))
  .map(element => [(element.closest("label.check-line") ?? element).getBoundingClientRect(), element])
  .filter(([box]) => box.width && Math.round(Math.min(box.width, box.height)) < 44)
  .map(([box, element]) => `${element.outerHTML.slice(0, 80)} ${box.width}×${box.height}`)"""

PLACES = (
    *("recent", "starred", "shared", "trash", "search?q=notes"),
    *("account", "account/security", "account/tokens", "account/room", "account/look"),
)


def assert_fits(page: Page) -> None:
    """Nothing scrolls sideways, and a thumb meets what it aims at."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    assert page.evaluate(SMALL_TARGETS, AIMED_AT) == []


def test_every_page_fits_a_phone_and_a_thumb(open_person, tmp_path: Path) -> None:
    person: Person = open_person(viewport=PHONE, has_touch=True, is_mobile=True)
    page = person.page
    page.goto(f"{person.url}/register")
    assert_fits(page)
    person.register()
    assert_fits(page)
    film = tmp_path / ("a very long name " * 12 + ".mp4")
    film.write_bytes(random.Random(1).randbytes(5 * 2**20))
    person.upload([film])
    assert_fits(page)
    page.get_by_role("button", name="Close").tap()

    person.row(film.name).tap()
    expect(page.get_by_role("heading", name=film.name)).to_be_visible()
    assert_fits(page)
    page.get_by_role("dialog").get_by_role("button", name="Details").tap()
    details = page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading", name="Safe: 3 of 3 copies")).to_be_visible()
    assert_fits(page)
    details.get_by_role("button", name="Close").tap()
    person.press_long(person.row(film.name))
    expect(page.get_by_role("menuitem", name="Rename")).to_be_visible()
    assert_fits(page)
    page.get_by_text("1 selected").tap()  # beside the menu, which closes it
    expect(page.get_by_role("menuitem", name="Rename")).to_be_hidden()
    expect(page.get_by_role("toolbar")).to_contain_text("1 selected")
    assert_fits(page)
    page.get_by_role("toolbar").get_by_role("button", name="Trash").tap()
    expect(page.locator(".toast")).to_be_visible()
    page.get_by_role("button", name="More").tap()
    page.get_by_role("menuitem", name="Trash").tap()
    expect(person.row(film.name)).to_be_visible()
    assert_fits(page)
    assert person.complaints == []


def test_every_place_and_dialog_fits_a_phone_and_a_thumb(open_person, system: System) -> None:
    admin: Person = open_person(viewport=PHONE, has_touch=True, is_mobile=True)
    page = admin.page
    page.goto(f"{system.url}/sign-in?next=/cluster")
    assert_fits(page)
    page.get_by_label("user name").fill("admin")
    page.get_by_label("Password", exact=True).fill(system.admin_password)
    page.get_by_role("button", name="Sign in").tap()
    expect(page.locator(".live-words")).to_contain_text("Live")
    assert_fits(page)
    admin.put({"notes.md": b"# Packing list"})
    for path in PLACES:
        page.goto(f"{system.url}/{path}")
        expect(page.get_by_role("main")).to_be_visible()
        assert_fits(page)

    page.goto(system.url)
    admin.row("notes.md").locator(".c-box").tap()
    page.get_by_role("toolbar").get_by_role("button", name="Share").tap()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name="Anyone with the link").check()
    expect(dialog.get_by_label("The link", exact=True)).to_be_visible()
    assert_fits(page)
    dialog.get_by_role("checkbox", name="Anyone with the link").uncheck()
    assert_fits(page)
    page.get_by_role("button", name="Turn it off").tap()
    expect(dialog.get_by_label("The link", exact=True)).to_have_count(0)
    dialog.get_by_role("button", name="Done").tap()
    page.get_by_role("toolbar").get_by_role("button", name="Move").tap()
    expect(dialog.get_by_role("treeitem").first).to_be_visible()
    assert_fits(page)
    dialog.get_by_role("button", name="Cancel").tap()
    expect(dialog).to_have_count(0)
    assert admin.complaints == []


def test_the_theme_is_the_systems_until_one_is_chosen_and_then_remembered(open_person) -> None:
    person: Person = open_person(color_scheme="dark")
    person.register()
    ground = "getComputedStyle(document.body).backgroundColor"
    assert person.page.evaluate(ground) == "rgb(16, 23, 22)"

    person.page.get_by_role("banner").get_by_role("button", name="Light or dark").click()
    assert person.page.evaluate(ground) == "rgb(253, 253, 251)"

    person.page.reload()
    assert person.page.evaluate(ground) == "rgb(253, 253, 251)"


def test_browse_download_and_upload_work_without_scripts(open_person, tmp_path: Path) -> None:
    person: Person = open_person(java_script_enabled=False)
    page = person.page
    page.goto(f"{person.url}/register")
    page.get_by_label("User name").fill(person.name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="My files")).to_be_visible()

    film = tmp_path / "film.mp4"
    film.write_bytes(random.Random(7).randbytes(9 * 2**20 + 17))
    for names in (["film.mp4"], ["film (2).mp4", "film.mp4"]):
        page.get_by_label("File to upload").set_input_files(str(film))
        page.get_by_role("main").get_by_role("button", name="Upload", exact=True).click()
        person.expect_names(*names)

    with page.expect_download() as download:
        page.get_by_role("link", name="film (2).mp4").click()
    download.value.save_as(tmp_path / "back.mp4")
    assert (tmp_path / "back.mp4").read_bytes() == film.read_bytes()


def test_what_is_not_there_is_said_in_words(person: Person) -> None:
    person.page.goto(f"{person.url}/files/00000000-0000-0000-0000-000000000000")
    expect(person.page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    person.page.get_by_role("link", name="Back to my files").click()
    expect(person.page.get_by_role("heading", name="My files")).to_be_visible()
    person.complaints.clear()  # the browser tells of the 404
