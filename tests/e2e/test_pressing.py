"""News that come while something is pressed: the press counts, and what is new is shown after it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

from tests.e2e.people import Person, intercept
from tests.e2e.test_cluster_page import admin as admin  # a fixture


@contextmanager
def news_meanwhile(page: Page, url: str, pressed: Locator) -> Iterator[None]:
    """Press something, and let it go when news have come that are asked for at this address in the block."""
    intercept(page, url, lambda route: None)  # held until there is no route
    with page.expect_request(url):
        yield
    pressed.hover()
    page.mouse.down()
    with page.expect_response(url) as news:
        page.unroute(url)
    news.value.finished()
    page.mouse.up()


def test_a_press_on_a_row_selects_it_though_there_is_news_of_it(person: Person) -> None:
    row = person.row("Alps")
    person.make_folder("Alps")
    with news_meanwhile(person.page, "**/files/rows", row):
        person.change(person.row("Alps").get_attribute("data-id"), starred=True)

    expect(row).to_have_attribute("aria-selected", "true")
    expect(row.get_by_role("img", name="Starred")).to_be_visible()


def test_a_press_in_the_details_counts_though_there_is_news_of_what_they_are_about(person: Person) -> None:
    page, details = person.page, person.page.get_by_role("complementary", name="Details")
    person.make_folder("Alps")
    page.keyboard.press("d")
    tab = details.get_by_role("tab", name="Activity")
    expect(tab).to_be_visible()
    with news_meanwhile(page, "**/files/*/details", tab):
        person.change(person.row("Alps").get_attribute("data-id"), starred=True)

    expect(tab).to_have_attribute("aria-selected", "true")
    expect(details.get_by_text("You made it")).to_be_visible()


def test_a_press_on_the_board_of_the_cluster_counts_though_it_is_drawn_anew(admin: Person) -> None:
    page = admin.page
    with news_meanwhile(page, "**/cluster?part=board", page.get_by_role("button", name="node-2")):
        pass  # it looks every few seconds

    expect(page.get_by_role("menuitem", name="What if it fails?")).to_be_visible()
