"""The tray of uploads while some fail and others are on their way."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Route, expect

from tests.e2e.people import Person, intercept
from tests.e2e.test_uploads import write

ONE_OF_THREE = """data-tone="busy"\\1<span class="c-copies copies busy" role="gridcell"><svg class="mark">\
<use href="#t-full"/><use href="#t-half"/><use href="#t-none"/></svg><span>1 von 3</span></span>"""


def test_what_failed_can_all_be_tried_again_while_others_are_on_their_way(
    person: Person, tmp_path: Path
) -> None:
    page, held = person.page, []
    for name in ("first.txt", "second.txt", "long.bin"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    uploads = "**/api/v1/uploads"
    intercept(
        page,
        uploads,
        lambda route: route.fulfill(status=403, json={"detail": "Not now.", "code": "forbidden"}),
    )
    person.choose_files([tmp_path / "first.txt", tmp_path / "second.txt"])
    for name in ("first.txt", "second.txt"):
        expect(person.transfer(name)).to_have_class("transfer failed")
    page.unroute(uploads)

    def hold(route: Route) -> None:
        held.append(route) if not held else route.continue_()

    intercept(page, uploads, hold)
    with page.expect_request(uploads):
        person.choose_files([tmp_path / "long.bin"])
    expect(person.transfer("long.bin")).to_have_class("transfer sending")
    page.locator("#tray").get_by_role("button", name="Try all again").click()
    for name in ("first.txt", "second.txt"):
        expect(person.transfer(name)).to_have_class("transfer done")
    expect(page.locator("#tray").get_by_role("button", name="Try all again")).to_be_hidden()
    expect(person.transfer("long.bin")).to_have_class("transfer sending")
    held[0].continue_()
    expect(person.transfer("long.bin")).to_have_class("transfer done")
    person.complaints.clear()  # the browser tells of the refusals


def test_an_upload_that_is_cancelled_while_it_waits_to_go_on_keeps_no_room(
    person: Person, tmp_path: Path
) -> None:
    page, names = person.page, ["film.mp4", "a.zip", "b.zip", "c.zip"]
    for name in names:
        write(tmp_path / name, 5 * 2**20)
    film = person.transfer("film.mp4")
    intercept(  # what PATCH sends waits for ever
        page, "**/api/v1/uploads/*", lambda one: one.request.method == "PATCH" or one.continue_()
    )
    with page.expect_request(lambda request: request.method == "PATCH"):
        person.choose_files([tmp_path / "film.mp4"])
    film.get_by_role("button", name="Pause").click()
    person.choose_files([tmp_path / name for name in names[1:]])
    for name in names[1:]:
        expect(person.transfer(name)).to_have_class("transfer sending")
    film.get_by_role("button", name="Go on").click()
    expect(film).to_have_class("transfer waiting")

    with page.expect_response(lambda reply: reply.request.method == "DELETE") as ended:
        film.get_by_role("button", name="Cancel").click()

    assert ended.value.status == 204
    expect(film).to_have_class("transfer cancelled")


def test_the_tray_draws_the_copies_as_the_list_does_in_every_language(
    open_person: Callable[..., Person], tmp_path: Path
) -> None:
    person = open_person(locale="de-DE")
    person.register()

    def tell_of_one(route: Route) -> None:
        reply = route.fetch()
        drawn = r'data-tone="[^"]*"(.*?)<span class="c-copies.*?</span></span>'
        route.fulfill(response=reply, body=re.sub(drawn, ONE_OF_THREE, reply.text(), flags=re.DOTALL))

    intercept(person.page, "**/files/rows", tell_of_one)
    write(tmp_path / "scans.zip", 1000)
    person.page.locator("#pick-files").set_input_files(tmp_path / "scans.zip")

    transfer = person.transfer("scans.zip")
    expect(transfer).to_contain_text("Auf 1 von 3 Knoten gespeichert")
    drawn = transfer.locator(".end use").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    assert drawn == ["#t-full", "#t-half", "#t-none"]
