"""A folder of twenty thousand opens at once, scrolls without holes, and the keyboard reaches all of it."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import long_folder
from tests.e2e.people import Person, intercept
from tests.system import System

FOLDERS, FILES = 400, 19_600
FIRST_ROWS_MS = 1_000
TIMES_A_SHORT_FOLDER = 8
"""On a machine so busy that a page of one row takes long, too, that often as long: the first page has 80."""
MOST_ROWS_IN_PAGE = 250
# Scrolls, and tells what stands then at every row's height: a name, “…” while it comes, None for a hole.
SEEN = """async (by) => {
  window.scrollBy(0, by);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const top = Math.max(200, document.querySelector("#list").getBoundingClientRect().top) + 20;
  const names = [];
  for (let y = top; y < innerHeight - 20; y += 40) {
    const there = document.elementFromPoint(700, y);
    const isComing = there?.matches(".gap, .spacer-above, .spacer-below");
    names.push(there?.closest(".row")?.dataset.name ?? (isComing ? "…" : null));
  }
  return names;
}"""
# As those of a change that was made elsewhere.
NEWS = r"""async () => {
  const scripts = performance.getEntriesByType("resource").map((one) => one.name);
  (await import(scripts.find((name) => /js\/page\.([0-9a-f]+\.)?js/.test(name)))).refresh();
}"""
ROWS_IN_PAGE = "document.querySelectorAll('#list .row').length"


@pytest.fixture
def archivist(person: Person, system: System) -> Person:
    long_folder.fill(system, person, folders=FOLDERS, files=FILES)
    return person


def first_rows_ms(page: Page) -> float:
    started = time.perf_counter()
    page.reload(wait_until="commit")
    page.locator("#list .row[tabindex='0']").wait_for()  # the scripts have taken it up, too
    return (time.perf_counter() - started) * 1000


def assert_opens_at_once(person: Person) -> None:
    """Its first rows are there within a second, or on a slow machine not long after a short one's."""
    page, long = person.page, person.page.url
    page.reload()
    person.row("album 1").dblclick()
    expect(page.get_by_role("heading", name="album 1", exact=True)).to_be_visible()
    person.put({"album 1/one.txt": b"the only one"})
    short = page.url
    times: dict[str, list[float]] = {short: [], long: []}
    for url in (short, long) * 5:
        page.goto(url)
        times[url].append(first_rows_ms(page))
    assert min(times[long]) < max(FIRST_ROWS_MS, TIMES_A_SHORT_FOLDER * min(times[short])), times


def test_twenty_thousand_entries_open_at_once_scroll_without_holes_and_obey_keys(archivist: Person) -> None:
    page = archivist.page
    assert_opens_at_once(archivist)
    expect(page.locator("#facts")).to_contain_text("20000 items")
    expect(page.locator("#list")).to_have_attribute("aria-rowcount", "20000")

    met: dict[str, None] = {}
    while "photo 1000" not in met:
        met |= dict.fromkeys(still_names(page, 600))
        assert page.evaluate(ROWS_IN_PAGE) <= MOST_ROWS_IN_PAGE
    numbers = [int(name.split()[1]) for name in met]
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "a row was passed over"

    # the keyboard and the way back
    page.mouse.move(700, 500)
    page.mouse.wheel(0, -200_000)
    archivist.row("album 1").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    archivist.type_at_once("photo 13000")  # not loaded yet
    expect(archivist.row("photo 13000")).to_be_focused()
    assert len([url for url in asked if "part=rows" in url]) <= 6, "what lies between came, too"

    page.mouse.wheel(0, -800_000)
    expect(archivist.row("album 1")).to_be_in_viewport()
    expect(archivist.row("photo 13000")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(archivist.row("photo 13001")).to_be_in_viewport()

    page.get_by_role("main").get_by_role("link", name="As a grid").click()  # from the first page again
    expect(page.locator(".list.grid")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="As a list").click()
    expect(page.locator(".list.grid")).to_have_count(0)
    page.evaluate("window.scrollTo(0, 0)")
    archivist.row("album 1").click()
    archivist.type_at_once("album 390")
    expect(archivist.row("album 390")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="album 390")).to_be_visible()
    page.go_back()
    expect(archivist.row("album 390")).to_be_focused()
    expect(archivist.row("album 390")).to_be_in_viewport()

    asked.clear()
    page.keyboard.press("Control+a")
    expect(page.get_by_role("toolbar")).to_contain_text("20000 selected")
    assert not [url for url in asked if "part=rows" in url], "rows came that nobody looks at"


def still_names(page: Page, by: int = 0) -> list[str]:
    """Scroll, and wait until every row that is seen has come; a hole is never seen."""
    names: list[str] = page.evaluate(SEEN, by)
    while None in names or "…" in names:
        assert None not in names
        names = page.evaluate(SEEN, 0)
    return names


def test_the_end_and_the_middle_of_twenty_thousand_come_without_what_lies_between(archivist: Person) -> None:
    page = archivist.page
    page.reload()
    archivist.row("album 1").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.keyboard.press("End")
    expect(archivist.row("photo 20000")).to_be_focused()
    assert still_names(page)[-1] == "photo 20000"
    page.keyboard.press("ArrowUp")
    expect(archivist.row("photo 19999")).to_be_focused()
    page.keyboard.press("Home")
    expect(archivist.row("album 1")).to_be_focused()
    assert still_names(page)[0] == "album 1"
    assert len([url for url in asked if "part=rows" in url]) <= 6, "what lies between came, too"

    page.keyboard.press("Shift+End")
    expect(page.get_by_role("toolbar")).to_contain_text("20000 selected")
    page.keyboard.press("Escape")

    # The bar is pulled into the middle, then the wheel goes both ways.
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight / 2)")
    middle = still_names(page)
    assert 9_900 < int(middle[0].split()[1]) < 10_200
    for by in (-600, 600):
        met: dict[str, None] = dict.fromkeys(still_names(page))
        for _ in range(40):
            met |= dict.fromkeys(still_names(page, by))
        numbers = sorted(int(name.split()[1]) for name in met)
        assert len(numbers) > 400
        assert numbers == list(range(numbers[0], numbers[-1] + 1)), "a row was passed over"
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    assert still_names(page)[-1] == "photo 20000"
    assert page.evaluate(ROWS_IN_PAGE) <= MOST_ROWS_IN_PAGE
    assert len([url for url in asked if "part=rows" in url]) <= 20, "what nobody looks at came, too"

    # A picture on either side of what has not come is one key away.
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight * 0.75)")
    name = still_names(page)[3]
    archivist.row(name).dblclick()
    overlay = page.get_by_role("dialog", name="Preview")
    expect(overlay).to_contain_text("of 19600")
    overlay.press("ArrowRight")
    expect(overlay.get_by_role("heading")).to_have_text(f"photo {int(name.split()[1]) + 1}")
    page.keyboard.press("Escape")
    expect(archivist.row(f"photo {int(name.split()[1]) + 1}")).to_be_focused()
    archivist.complaints.clear()  # there are no bytes to look at


def test_the_end_of_long_cards_comes_in_its_columns(archivist: Person) -> None:
    page = archivist.page
    page.get_by_role("main").get_by_role("link", name="As a grid").click()
    expect(page.locator(".list.grid")).to_be_visible()
    archivist.row("album 1").click()
    page.keyboard.press("End")
    expect(archivist.row("photo 20000")).to_be_in_viewport()

    columns: int = page.evaluate(
        "getComputedStyle(document.querySelector('#list')).gridTemplateColumns.split(' ').length"
    )
    width: float = page.evaluate("document.querySelector('.row:not(.away)').getBoundingClientRect().width")
    lefts: dict[str, float] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('#list .row:not(.away)')]"
        ".map((row) => [row.dataset.name, row.getBoundingClientRect().left]))"
    )
    first = min(lefts.values())
    for number in range(19_980, 20_001):
        column = (number - FOLDERS - 1) % columns
        assert abs(lefts[f"photo {number}"] - first - column * (width + 16)) < 2
    page.keyboard.press("Home")
    expect(archivist.row("album 1")).to_be_in_viewport()


def test_what_comes_to_stand_where_nothing_has_come_yet_is_brought(archivist: Person) -> None:
    page = archivist.page
    page.reload()
    archivist.make_folder("Zermatt")
    expect(archivist.row("Zermatt")).to_be_focused()
    expect(page.locator("#facts")).to_contain_text("20001 items")

    page.keyboard.press("End")
    expect(archivist.row("photo 20000")).to_be_focused()
    page.keyboard.press("F2")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("New name").fill("photo 5000 again")
    dialog.get_by_role("button", name="Rename").click()
    expect(archivist.row("photo 5000 again")).to_be_focused()
    assert None not in page.evaluate(SEEN, 0)
    page.keyboard.press("Control+z")
    expect(archivist.row("photo 20000")).to_be_focused()
    expect(page.locator("#facts")).to_contain_text("20001 items")
    expect(page.locator("#list")).to_have_attribute("aria-rowcount", "20001")


def left_at_a_row_of_the_second_page(person: Person, system: System) -> str:
    """Go from the 150th of the recent files back to the folder; returns its name."""
    long_folder.fill(system, person, folders=0, files=150)
    page = person.page
    page.get_by_role("link", name="Recent").click()
    expect(page.get_by_role("heading", name="Recent")).to_be_visible()
    page.locator("#list .row").first.click()
    page.keyboard.press("End")
    last = page.locator("#list .row:focus")
    expect(last).to_have_attribute("aria-rowindex", "150")
    name = last.get_attribute("data-name")
    assert name
    page.go_back()
    expect(page.get_by_role("heading", name="My files")).to_be_visible()
    return name


def test_the_way_back_into_a_long_list_that_is_asked_for_anew_leads_to_the_row_that_was_left(
    person: Person, system: System
) -> None:
    name = left_at_a_row_of_the_second_page(person, system)
    person.page.go_forward()
    expect(person.row(name)).to_be_focused()
    expect(person.row(name)).to_be_in_viewport()


def test_news_that_come_on_that_way_do_not_lead_to_its_beginning(person: Person, system: System) -> None:
    name = left_at_a_row_of_the_second_page(person, system)
    page = person.page
    intercept(page, "**/recent*", lambda route: None)  # held until there is no route
    with page.expect_request("**/recent*"):
        page.go_forward()
    page.evaluate(NEWS)
    page.unroute("**/recent*")
    expect(person.row(name)).to_be_focused()
