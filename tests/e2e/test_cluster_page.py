"""The cluster's page, as staff see it: how all is, what a loss would mean, and that it hears of one."""

import re
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import cluster_pictures
from tests.e2e.people import Person, intercept
from tests.system import System

A_LITTLE = timedelta(minutes=10)  # the moments of newer figures lie a little beside those of older ones


@pytest.fixture
def admin(system: System, open_person) -> Iterator[Person]:
    admin: Person = open_person()
    page = admin.page
    page.goto(f"{system.url}/sign-in?next=/cluster")
    page.get_by_label("user name").fill("admin")
    page.get_by_label("Password", exact=True).fill(system.admin_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/cluster")
    yield admin
    assert admin.complaints == []


@pytest.fixture
def admins_page(admin: Person) -> Page:
    return admin.page


def card_of(page: Page, node: str) -> Locator:
    return page.get_by_role("region", name="Nodes").get_by_role("listitem").filter(has_text=node)


def test_who_is_not_staff_finds_no_cluster_page(person: Person) -> None:
    expect(person.page.get_by_role("link", name="Cluster")).to_have_count(0)
    person.page.goto(f"{person.url}/cluster")
    expect(person.page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    person.complaints.clear()  # the browser tells of the 404


def test_staff_see_every_node_and_what_its_loss_would_mean(admins_page: Page) -> None:
    page = admins_page
    for name in ("node-1", "node-2", "node-3"):
        expect(card_of(page, name)).to_contain_text("Online")
    page.get_by_role("button", name="What to do with node-2").click()
    page.get_by_role("menuitem", name="What if it fails?").click()

    dialog = page.get_by_role("dialog", name="If node-2 failed now")
    expect(dialog).to_contain_text("node-2")
    dialog.get_by_role("button", name="Close").click()


def test_a_span_is_chosen_and_the_charts_go_as_far_back(admins_page: Page, system: System) -> None:
    system.manage("shell", "-c", f"{cluster_pictures.SAMPLES}\nfrom nodes import samples\nsamples.take()")
    page = admins_page
    page.reload()
    expect(page.locator(".axis[data-shown=time]").first).to_be_visible()
    for name, shown in (("7 d", "day"), ("24 h", "time"), ("30 d", "day")):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("link", name=name)).to_have_attribute("aria-current", "true")
        expect(page.locator(f".axis[data-shown={shown}]").first).to_be_visible()


def test_what_is_ordered_for_all_nodes_is_said_and_done(admins_page: Page) -> None:
    page = admins_page
    with page.expect_response(lambda reply: reply.url.endswith("/scrub") and reply.ok) as ordered:
        page.get_by_role("button", name="Check all now").click()
    assert ordered.value.json()["ordered_at"]
    expect(page.locator("#toasts")).to_contain_text("Every copy on 3 nodes is read and checked again")

    # Where a disk is nearly full, its problem has this deed; the board is drawn anew at any moment.
    page.evaluate("""() => {
      const deed = Object.assign(document.createElement("button"), { type: "button" });
      deed.dataset.deed = "even-out";
      document.querySelector(".board-deeds").append(deed);
      deed.click();
    }""")
    expect(page.locator("#toasts")).to_contain_text(re.compile("move to emptier nodes|Nothing moves yet"))


def test_a_node_that_is_needed_is_not_retired(admin: Person) -> None:
    page = admin.page
    admin.put({"needed.txt": b"on three nodes"})
    page.get_by_role("button", name="What to do with node-3").click()
    page.get_by_role("menuitem", name="Empty it").click()
    page.get_by_role("dialog", name="Empty node-3?").get_by_role("button", name="Empty node-3").click()
    expect(card_of(page, "node-3")).to_contain_text("Emptying")

    page.get_by_role("button", name="What to do with node-3").click()
    page.get_by_role("menuitem", name="Retire it").click()
    with page.expect_response(lambda reply: reply.url.endswith("/retire") and not reply.ok):
        page.get_by_role("dialog", name="Retire node-3?").get_by_role("button", name="Retire node-3").click()
    expect(page.locator("#toasts")).to_contain_text("node-3")
    expect(card_of(page, "node-3")).to_contain_text("Emptying")
    page.get_by_role("button", name="What to do with node-3").click()
    page.get_by_role("menuitem", name="Take it into use").click()
    expect(card_of(page, "node-3")).to_contain_text("Online")
    admin.complaints.clear()  # the browser tells of the refusal


def test_charts_tell_their_figures_by_keys_under_the_pointer_and_as_a_table(
    admins_page: Page, system: System
) -> None:
    system.manage("shell", "-c", cluster_pictures.SAMPLES)
    page = admins_page
    intercept(page, "**/cluster?part=board", lambda route: None)  # no news moves what the pointer is on
    page.reload()
    chart = page.get_by_role("figure").filter(has=page.get_by_role("heading", name="Throughput"))
    plot, when = chart.get_by_role("slider"), chart.locator(".chart-when")
    plot.focus()
    page.keyboard.press("Home")
    first = plot.get_attribute("aria-valuetext") or ""
    assert re.fullmatch(r".+, read [\d.,]+, write [\d.,]+, repair [\d.,–]+", first)
    expect(when).to_have_text(first.partition(", read")[0])
    page.keyboard.press("ArrowRight")
    expect(plot).not_to_have_attribute("aria-valuetext", first)
    page.get_by_role("heading", level=1).click()
    plot.evaluate("(one) => one.blur()")
    expect(when).to_have_text("now")

    point_at(plot)
    expect(when).not_to_have_text("now")
    page.mouse.move(0, 0)
    expect(when).to_have_text("now")

    chart.get_by_text("As a table").click()
    last_row = chart.get_by_role("row").last
    expect(last_row.get_by_role("rowheader")).to_have_text(first.partition(", read")[0])
    page.get_by_role("link", name="24 h").click()
    expect(chart.get_by_role("table")).to_be_visible()  # it stays open


def point_at(plot: Locator) -> None:
    """Rest the pointer a third of the way along it, wherever the page has to be scrolled for that."""
    box = plot.bounding_box()
    assert box
    plot.hover(position={"x": box["width"] / 3, "y": box["height"] / 2})


def test_a_chart_goes_on_telling_the_moment_one_looks_at_when_newer_figures_come(
    admins_page: Page, system: System
) -> None:
    system.manage("shell", "-c", cluster_pictures.SAMPLES)
    page = admins_page
    board = page.request.get(f"{system.url}/cluster?part=board").text()
    intercept(
        page, "**/cluster?part=board", lambda route: route.fulfill(body=board, content_type="text/html")
    )
    page.clock.install()
    page.reload()
    chart = page.get_by_role("figure").filter(has=page.get_by_role("heading", name="Throughput"))
    plot, when = chart.get_by_role("slider"), chart.locator(".chart-when")

    await_newer_charts(page)  # from now on the board above them is always the same, and moves nothing
    point_at(plot)
    under_pointer = moment_of(plot)
    await_newer_charts(page)
    assert abs(moment_of(plot) - under_pointer) < A_LITTLE
    expect(when).not_to_have_text("now")
    page.mouse.move(0, 0)
    expect(when).to_have_text("now")

    plot.focus()
    for key in ("End", "PageUp", "ArrowLeft"):
        page.keyboard.press(key)
    chosen = moment_of(plot)
    await_newer_charts(page)
    expect(plot).to_be_focused()
    assert abs(moment_of(plot) - chosen) < A_LITTLE
    plot.evaluate("(one) => one.blur()")
    expect(when).to_have_text("now")

    table = page.get_by_role("figure").last.locator("summary")  # each chart has one of the same words
    table.focus()
    await_newer_charts(page)
    expect(table).to_be_focused()


def moment_of(plot: Locator) -> datetime:
    return datetime.fromisoformat(plot.get_attribute("data-tells") or "")


def await_newer_charts(page: Page) -> None:
    page.locator(".plot").first.evaluate("(one) => one.setAttribute('data-old', '')")
    page.clock.fast_forward(61_000)
    expect(page.locator(".plot[data-old]")).to_have_count(0)


def test_a_node_is_emptied_after_a_question_and_taken_into_use_again(admins_page: Page) -> None:
    page = admins_page
    card = card_of(page, "node-3")
    page.get_by_role("button", name="What to do with node-3").click()
    page.get_by_role("menuitem", name="Empty it").click()
    page.get_by_role("dialog", name="Empty node-3?").get_by_role("button", name="Empty node-3").click()
    expect(card).to_contain_text("Emptying")

    page.get_by_role("button", name="What to do with node-3").click()
    page.get_by_role("menuitem", name="Take it into use").click()
    expect(card).to_contain_text("Online")


def test_an_open_page_hears_of_a_node_that_does_not_answer_and_of_its_return(
    admin: Person, system: System
) -> None:
    """While it is away neither the page nor the rail counts its copies, and the page says what comes next."""
    page, rail = admin.page, admin.page.locator("#safety")
    admin.put({"kept.txt": b"on three nodes"})
    expect(rail).to_have_text("All your files have 3 copies")
    card = card_of(page, "node-1")
    expect(card).to_contain_text("Online")

    system.kill("node-1", signal.SIGSTOP)
    try:
        expect(card).to_contain_text("Slow to answer")
        expect(page.get_by_role("heading", level=1)).to_contain_text("One node")
        problems = page.get_by_role("region", name="Problems")
        expect(problems).to_contain_text("node-1 has not answered since")
        expect(problems).to_contain_text("If node-1 comes back, nothing has to be copied.")
        expect(page.locator(".board-more")).to_contain_text("1 of 3 nodes is away.")
        page.reload()
        expect(rail).to_contain_text("1 of 3 nodes away")
        expect(page.get_by_role("link", name="Cluster 1 off")).to_be_visible()
    finally:
        system.kill("node-1", signal.SIGCONT)
    expect(card).to_contain_text("Online")
    expect(rail).to_have_text("All your files have 3 copies")
    expect(problems.locator(".is-notice")).not_to_have_count(0)  # all nodes here share a disk
    expect(problems.locator("article:not(.is-notice)")).to_have_count(0)
    expect(page.locator(".cluster-news:visible")).to_have_count(0)


def test_the_rail_looks_again_soon_while_copies_are_made_and_as_soon_after_hours_of_calm(
    person: Person,
) -> None:
    page, rail = person.page, person.page.locator("#safety")
    calm = {"copies_wanted": 3, "fewest_in_reach": 3, "out_of_reach": 0, "unavailable": 0, "lost": 0}
    told = calm | {"fewest_in_reach": 2}
    intercept(page, "**/api/v1/cluster", lambda route: route.fulfill(json=route.fetch().json() | told))
    page.clock.install(time=datetime(2026, 1, 1))
    page.clock.pause_at(datetime(2026, 1, 2))  # from now on no time passes but what is said here
    page.reload()
    expect(rail).to_have_text("Some files have 2 of 3 copies")
    told |= calm
    page.clock.fast_forward(2_500)
    expect(rail).to_have_text("All your files have 3 copies")
    for copies in range(4, 9):
        told |= {"copies_wanted": copies, "fewest_in_reach": copies}
        page.clock.fast_forward(30_000)
        expect(rail).to_have_text(f"All your files have {copies} copies")

    told |= {"copies_wanted": 3, "fewest_in_reach": 2}
    page.clock.fast_forward(30_000)
    expect(rail).to_have_text("Some files have 2 of 3 copies")
    told |= calm
    page.clock.fast_forward(2_500)
    expect(rail).to_have_text("All your files have 3 copies")
