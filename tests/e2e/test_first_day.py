"""What a person does on the first day: make a place, bring files, get them back, change their mind."""

import random
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.people import Person


def test_files_go_into_a_new_folder_with_progress_and_come_back_identical(
    person: Person, tmp_path: Path
) -> None:
    sizes = {
        "Packing list.md": 3_000,
        "Budget 2026.xlsx": 86_000,
        "Forest walk.mp4": 30_000_000,
        "empty.txt": 0,
    }
    files = []
    for name, size in sizes.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(random.Random(name).randbytes(size))

    person.make_folder("Summer 2026")
    person.row("Summer 2026").dblclick()
    expect(person.page.get_by_role("heading", name="Summer 2026")).to_be_visible()
    person.choose_files(files)
    expect(person.transfer("Forest walk.mp4").locator("[role=progressbar]")).to_have_attribute(
        "aria-valuenow", "100"
    )
    for file in files:
        expect(person.transfer(file.name)).to_have_class("transfer done")

    person.expect_names("Budget 2026.xlsx", "empty.txt", "Forest walk.mp4", "Packing list.md")
    expect(person.row("Forest walk.mp4").locator(".c-copies")).to_contain_text("3 of 3")
    for file in files:
        assert person.download(file.name, tmp_path) == file.read_bytes()


def test_a_file_is_renamed_takes_its_place_in_the_order_and_has_its_name_again_by_undo(
    person: Person, tmp_path: Path
) -> None:
    for name in ("file 2.txt", "file 10.txt", "zebra.txt"):
        (tmp_path / name).write_text(name)
    person.upload(sorted(tmp_path.glob("*.txt")))
    person.expect_names("file 2.txt", "file 10.txt", "zebra.txt")

    person.row("zebra.txt").click()
    person.page.get_by_role("toolbar").get_by_role("button", name="Rename").click()
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_label("New name").fill("file 3.txt")
    dialog.get_by_role("button", name="Rename").click()

    expect(person.row("file 3.txt")).to_be_focused()
    person.expect_names("file 2.txt", "file 3.txt", "file 10.txt")
    person.page.keyboard.press("Control+z")
    expect(person.row("zebra.txt")).to_be_focused()
    person.expect_names("file 2.txt", "file 10.txt", "zebra.txt")


def test_a_taken_name_is_explained_in_the_dialog(person: Person) -> None:
    person.make_folder("Receipts")
    person.page.get_by_role("main").get_by_role("button", name="New folder").click()
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Receipts")
    dialog.get_by_role("button", name="Make the folder").click()

    expect(dialog.get_by_role("alert")).to_contain_text("already")
    person.page.keyboard.press("Escape")
    person.expect_names("Receipts")
    person.complaints.clear()  # the browser tells of every 409


def test_what_is_trashed_can_be_undone_at_once(person: Person) -> None:
    for name in ("Camera roll", "Film scans", "Receipts"):
        person.make_folder(name)
    person.row("Film scans").click()
    person.page.get_by_role("toolbar").get_by_role("button", name="Trash").click()
    expect(person.row("Film scans")).to_have_count(0)
    expect(person.row("Receipts")).to_be_focused()

    person.page.get_by_role("button", name="Undo").click()

    expect(person.row("Film scans")).to_be_visible()
    person.expect_names("Camera roll", "Film scans", "Receipts")


def test_what_is_in_the_trash_is_put_back_or_deleted_for_ever(person: Person) -> None:
    for name in ("Camera roll", "Film scans"):
        person.make_folder(name)
    person.page.keyboard.press("Control+a")
    person.page.get_by_role("toolbar").get_by_role("button", name="Trash").click()
    expect(person.page.get_by_role("heading", name="Drop files or whole folders here")).to_be_visible()

    person.page.get_by_role("link", name="Trash").click()
    expect(person.row("Film scans")).to_contain_text("30 days more")
    person.row("Camera roll").click()
    person.page.get_by_role("toolbar").get_by_role("button", name="Put back").click()
    expect(person.row("Camera roll")).to_have_count(0)
    person.row("Film scans").click()
    person.page.get_by_role("toolbar").get_by_role("button", name="Delete for ever").click()
    person.page.get_by_role("dialog").get_by_role("button", name="Delete for ever").click()
    expect(person.page.get_by_role("heading", name="The trash is empty")).to_be_visible()

    person.page.get_by_role("link", name="My files").click()
    expect(person.row("Camera roll")).to_be_visible()
    person.expect_names("Camera roll")


def test_the_details_say_where_every_piece_is(person: Person, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(random.Random(1).randbytes(9 * 2**20))
    person.upload([film])

    person.row("film.mp4").click()
    person.page.keyboard.press("d")

    details = person.page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading", name="Safe: 3 of 3 copies")).to_be_visible()
    expect(details.get_by_role("img", name="3 of 3 pieces are here")).to_have_count(3)
    with person.page.expect_request(lambda request: request.url.endswith("/verify")) as first:
        details.get_by_role("button", name="Verify now").click()
    assert first.value.post_data_json == {
        "offset": 0,
        "length": 4 * 2**20,
    }  # so that there is news in between
    expect(details.get_by_text("All 9 copies read just now, and every one is good")).to_be_visible()
    expect(details.get_by_role("button", name="Verify now")).to_be_focused()

    person.page.keyboard.press("Escape")
    person.page.keyboard.press("Escape")
    expect(details).to_be_hidden()


def test_the_details_say_who_did_what_and_who_has_access(person: Person) -> None:
    person.make_folder("Hut")
    person.page.keyboard.press("F2")
    person.page.get_by_role("dialog").get_by_label("New name").fill("Mountain hut")
    person.page.keyboard.press("Enter")
    expect(person.row("Mountain hut")).to_be_focused()
    person.page.keyboard.press("d")

    details = person.page.get_by_role("complementary", name="Details")
    expect(details.get_by_text("Only you")).to_be_visible()
    details.get_by_role("tab", name="Activity").click()
    expect(details.get_by_role("listitem").first).to_contain_text("You renamed it; it was “Hut”")
    expect(details.get_by_role("listitem").last).to_contain_text("You made it")


def test_signing_out_ends_it(person: Person) -> None:
    person.page.get_by_role("button", name="Account of").click()
    person.page.get_by_role("menuitem", name="Sign out").click()
    expect(person.page.get_by_role("heading", name="Sign in")).to_be_visible()
    person.page.goto(person.url)
    expect(person.page.get_by_role("heading", name="Sign in")).to_be_visible()
