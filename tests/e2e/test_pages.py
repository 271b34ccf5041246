"""The pages themselves: small and large, light and dark, with thousands of rows, without scripts."""

import random
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE
from tests.e2e.people import PASSWORD, Person

SMALL_TARGETS = """() => [...document.querySelectorAll("button, a.place, a.button, input:not([type=hidden])")]
  .filter(element => element.checkVisibility() && !element.closest("[hidden]"))
  .map(element => [element.getBoundingClientRect(), element])
  .filter(([box]) => box.width && Math.round(Math.min(box.width, box.height)) < 44)
  .map(([box, element]) => `${element.outerHTML.slice(0, 80)} ${box.width}×${box.height}`)"""


def assert_fits(page: Page) -> None:
    """Nothing scrolls sideways, and a thumb meets what it aims at."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    assert page.evaluate(SMALL_TARGETS) == []


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
    person.row(film.name).locator(".c-box").tap()
    expect(page.get_by_role("toolbar")).to_contain_text("1 selected")
    assert_fits(page)
    page.get_by_role("toolbar").get_by_role("button", name="Trash").tap()
    expect(page.locator(".toast")).to_be_visible()
    page.get_by_role("button", name="More").tap()
    page.get_by_role("menuitem", name="Trash").tap()
    expect(person.row(film.name)).to_be_visible()
    assert_fits(page)
    assert person.complaints == []


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
    for _ in range(2):
        page.get_by_label("File to upload").set_input_files(str(film))
        page.get_by_role("main").get_by_role("button", name="Upload", exact=True).click()
        page.wait_for_load_state()
    assert person.names() == ["film (2).mp4", "film.mp4"]

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
