"""What becomes of the files somebody chooses or drops before a byte is sent: names, room, places, folders."""

from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.e2e.people import Person
from tests.e2e.test_uploads import write
from tests.system import System


def drop(person: Person, *files: Path, on: Locator) -> None:
    """Drag files or folders from the desktop to the middle of an element, and let go."""
    box = on.bounding_box()
    assert box is not None
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    browser = person.page.context.new_cdp_session(person.page)
    for event in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": event, **at, "data": data})


PASTE = """([where, ...names]) => {
  const given = new DataTransfer();
  for (const name of names) given.items.add(new File(["from the clipboard"], name, { type: "text/plain" }));
  const paste = new ClipboardEvent("paste", { clipboardData: given, bubbles: true, cancelable: true });
  document.querySelector(where).dispatchEvent(paste);
}"""

LOCKED = """() => {
  const find = DataTransferItem.prototype.webkitGetAsEntry;
  DataTransferItem.prototype.webkitGetAsEntry = function () {
    const entry = find.call(this);
    const refuse = (take, refused) => refused(new DOMException("It cannot be read.", "NotReadableError"));
    return entry.name === "locked.txt" ? Object.defineProperty(entry, "file", { value: refuse }) : entry;
  };
}"""


def test_taken_names_are_settled_before_a_byte_is_sent(person: Person, tmp_path: Path) -> None:
    names = ("both.txt", "new.txt", "replace.txt", "skip.txt")
    for name in names:
        (tmp_path / name).write_text(f"old {name}")
    person.upload([tmp_path / name for name in names if name != "new.txt"])
    person.page.get_by_role("button", name="Close").click()
    for name in names:
        (tmp_path / name).write_text(f"the newer {name}")
    sent: list[str] = []
    person.page.on("request", lambda request: sent.append(request.url) if "/uploads" in request.url else None)

    person.choose_files([tmp_path / name for name in names])
    dialog = person.page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 of 4 files are already in “My files”")
    assert sent == []
    dialog.get_by_role("group", name="replace.txt").get_by_role("radio", name="Replace").check()
    dialog.get_by_role("group", name="skip.txt").get_by_role("radio", name="Skip").check()
    dialog.get_by_role("button", name="Upload 3 files").click()

    for name in ("both.txt", "new.txt", "replace.txt"):
        expect(person.transfer(name)).to_have_class("transfer done")
    expect(person.row("both (2).txt")).to_be_visible()
    person.expect_names("both (2).txt", "both.txt", "new.txt", "replace.txt", "skip.txt")
    assert person.download("both.txt", tmp_path) == b"old both.txt"
    assert person.download("both (2).txt", tmp_path) == b"the newer both.txt"
    assert person.download("replace.txt", tmp_path) == b"the newer replace.txt"
    assert person.download("skip.txt", tmp_path) == b"old skip.txt"


def test_a_thousand_long_names_are_asked_for_before_a_byte_is_sent(person: Person) -> None:
    names = [f"{number:04} {'scan ' * 12}.txt" for number in range(1000)]
    person.put({names[0]: b"old"})

    person.page.evaluate(PASTE, ["body", *names])

    dialog = person.page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 of 1000 files are already in “My files”")
    dialog.get_by_role("button", name="Cancel upload").click()
    expect(person.page.locator("#tray")).to_be_hidden()


def test_one_choice_for_all_counts_also_when_it_is_made_before_and_replaces_no_folder(
    person: Person, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("a.txt", "b.txt", "holiday")]
    person.put({"a.txt": b"old", "b.txt": b"old"})
    person.make_folder("holiday")
    for file in files:
        file.write_text(f"the newer {file.name}")
    person.choose_files(files)
    dialog = person.page.get_by_role("dialog")
    all_alike = dialog.get_by_role("checkbox", name="Same choice for all 3")

    def choose(name: str, choice: str) -> None:
        dialog.get_by_role("group", name=name).get_by_role("radio", name=choice).check()

    def chosen() -> list[str]:
        lines = dialog.get_by_role("group").all()
        return [line.locator("label:has(:checked)").inner_text() for line in lines]

    choose("b.txt", "Skip")
    assert chosen() == ["Keep both", "Skip", "Keep both"]
    all_alike.check()
    assert chosen() == ["Skip"] * 3
    all_alike.uncheck()
    choose("a.txt", "Keep both")
    assert chosen() == ["Keep both", "Skip", "Skip"]
    all_alike.check()
    choose("a.txt", "Replace")
    assert chosen() == ["Replace", "Replace", "Keep both"]
    expect(dialog.get_by_role("group", name="holiday")).to_contain_text("yours gets a number")
    dialog.get_by_role("button", name="Upload 3 files").click()

    expect(person.row("holiday (2)")).to_be_visible()
    for file in files:
        expect(person.transfer(file.name)).to_have_class("transfer done")
    person.expect_names("holiday", "a.txt", "b.txt", "holiday (2)")
    assert person.download("a.txt", tmp_path) == b"the newer a.txt"


def test_a_whole_folder_is_brought_with_what_it_holds(person: Person, tmp_path: Path) -> None:
    holiday = tmp_path / "Holiday"
    (holiday / "Day 1").mkdir(parents=True)
    (holiday / "plan.md").write_text("go")
    (holiday / "Day 1" / "lake.txt").write_text("swim")
    person.page.locator("#pick-folder").set_input_files(str(holiday))
    expect(person.transfer("lake.txt")).to_have_class("transfer done")
    expect(person.transfer("plan.md")).to_have_class("transfer done")

    person.row("Holiday").dblclick()
    expect(person.row("plan.md")).to_be_visible()
    person.expect_names("Day 1", "plan.md")
    person.row("Day 1").dblclick()
    expect(person.row("lake.txt")).to_be_visible()
    assert person.download("lake.txt", tmp_path) == b"swim"


def set_quota(system: System, person: Person, quota_bytes: int | None) -> None:
    usage = f"Usage.objects.filter(user__username='{person.name}')"
    system.manage("shell", "-c", f"from accounts.models import Usage; {usage}.update({quota_bytes=})")


def test_too_little_room_for_all_files_together_is_said_before_a_byte_is_sent(
    person: Person, system: System, tmp_path: Path
) -> None:
    page, files = person.page, [tmp_path / name for name in ("film.mp4", "scans.zip")]
    for file in files:
        write(file, 3 * 2**20)
    set_quota(system, person, 5_000_000)
    page.reload()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/uploads" in request.url else None)

    person.choose_files(files)
    dialog = page.get_by_role("dialog", name="Too little room for all")
    expect(dialog).to_contain_text("Together they need 6.3\xa0MB, and 5.0\xa0MB of the quota is free.")
    dialog.get_by_role("button", name="Cancel upload").click()
    expect(page.locator("#tray")).to_be_hidden()
    person.choose_files(files)
    expect(dialog).to_be_visible()
    assert sent == []
    dialog.get_by_role("button", name="Upload what fits").click()

    expect(page.locator("#tray .transfer.done")).to_have_count(1)
    expect(page.locator("#tray .transfer.failed")).to_contain_text("of the quota is free.")
    person.complaints.clear()  # the browser tells of the 507


def test_room_that_has_come_free_elsewhere_counts(person: Person, system: System, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.txt", "b.txt")]
    for file in files:
        write(file, 1000)
    set_quota(system, person, 1000)
    person.page.reload()
    set_quota(system, person, 5000)

    person.upload(files)


def test_too_little_room_is_said_with_the_file_and_the_reason(
    person: Person, system: System, tmp_path: Path
) -> None:
    write(tmp_path / "film.mp4", 3 * 2**20)
    set_quota(system, person, 1000)
    person.choose_files([tmp_path / "film.mp4"])
    expect(person.transfer("film.mp4")).to_have_class("transfer failed")
    expect(person.transfer("film.mp4")).to_contain_text("Not sent.")
    expect(person.transfer("film.mp4")).to_contain_text(
        "It needs 3.1\xa0MB, and 1\xa0kB of the quota is free."
    )
    expect(person.transfer("film.mp4").get_by_role("button", name="Try film.mp4 again")).to_be_visible()
    set_quota(system, person, None)
    person.page.get_by_role("button", name="Try all again").click()
    expect(person.transfer("film.mp4")).to_have_class("transfer done")
    person.complaints.clear()  # the browser tells of the 507


def test_a_dropped_folder_of_130_files_comes_whole_and_one_choice_settles_all(
    person: Person, tmp_path: Path
) -> None:
    page, folder = person.page, tmp_path / "Scans"
    folder.mkdir()
    for number in range(130):
        (folder / f"page {number}.txt").write_text(f"page {number}")

    drop(person, folder, on=page.get_by_role("main"))
    expect(page.locator("#tray h2")).to_have_text("130 files sent", timeout=120_000)
    page.get_by_role("button", name="Close", exact=True).click()
    person.row("Scans").dblclick()
    expect(page.locator("#facts")).to_contain_text("130 items")
    person.row("page 0.txt").click()
    page.keyboard.press("End")
    expect(person.row("page 129.txt")).to_be_focused()

    page.go_back()
    expect(person.row("Scans")).to_be_visible()
    drop(person, folder, on=page.get_by_role("main"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("130 of 130 files are already in")
    dialog.get_by_role("checkbox", name="Same choice for all 130").check()
    first = dialog.get_by_role("group", name="page 0.txt", exact=True)
    first.get_by_role("radio", name="Replace").check()
    expect(dialog.get_by_role("button", name="Upload 130 files")).to_be_visible()
    first.get_by_role("radio", name="Skip").check()
    dialog.get_by_role("button", name="Skip all 130").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#tray")).to_be_hidden()


def test_files_go_to_the_folder_or_the_crumb_they_are_dropped_on(person: Person, tmp_path: Path) -> None:
    page = person.page
    for name in ("row.txt", "crumb.txt", "rail.txt"):
        (tmp_path / name).write_text(name)
    person.make_folder("Summer")
    person.row("Summer").dblclick()
    expect(page.get_by_role("heading", name="Summer")).to_be_visible()
    person.make_folder("Day 1")

    person.row("Day 1").click()  # a selected one takes them, too
    drop(person, tmp_path / "row.txt", on=person.row("Day 1"))
    expect(person.transfer("row.txt")).to_have_class("transfer done")
    drop(person, tmp_path / "crumb.txt", on=page.locator(".crumbs").get_by_role("link", name="My files"))
    expect(person.transfer("crumb.txt")).to_have_class("transfer done")
    drop(person, tmp_path / "rail.txt", on=page.get_by_label("Places").get_by_role("link", name="My files"))
    expect(person.transfer("rail.txt")).to_have_class("transfer done")

    person.expect_names("Day 1")
    expect(page.locator(".drop-target, .drop-here")).to_have_count(0)
    person.row("Day 1").dblclick()
    expect(person.row("row.txt")).to_be_visible()
    page.locator(".crumbs").get_by_role("link", name="My files").click()
    expect(person.row("crumb.txt")).to_be_visible()
    person.expect_names("Summer", "crumb.txt", "rail.txt")


def test_empty_folders_that_are_dropped_are_made(person: Person, tmp_path: Path) -> None:
    page = person.page
    for name in ("Trip/Day 1", "Trip/Day 2/Evening", "Letters"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "Trip" / "plan.md").write_text("go")
    main = page.get_by_role("main")

    drop(person, tmp_path / "Letters", on=main)
    expect(page.locator("#toasts")).to_contain_text("The folder is in “My files” now.")
    expect(person.row("Letters")).to_be_visible()
    drop(person, tmp_path / "Trip", on=main)
    expect(person.transfer("plan.md")).to_have_class("transfer done")
    person.expect_names("Letters", "Trip")

    person.row("Trip").dblclick()
    expect(person.row("plan.md")).to_be_visible()
    person.expect_names("Day 1", "Day 2", "plan.md")
    person.row("Day 2").dblclick()
    expect(person.row("Evening")).to_be_visible()


def test_a_file_in_the_place_of_a_dropped_folder_is_told_of_and_nothing_is_sent(
    person: Person, tmp_path: Path
) -> None:
    person.make_folder("Trip")
    person.store({"Trip/Day 1": b"a diary"})
    (tmp_path / "Trip" / "Day 1").mkdir(parents=True)
    (tmp_path / "Trip" / "Day 1" / "lake.txt").write_text("swim")

    drop(person, tmp_path / "Trip", on=person.page.get_by_role("main"))

    expect(person.page.locator("#toasts")).to_contain_text("“Day 1” is a file there, and no folder can have")
    expect(person.page.locator("#tray")).to_be_hidden()


def test_a_dropped_file_that_cannot_be_read_is_named_and_the_others_are_sent(
    person: Person, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("locked.txt", "plan.md")]
    for file in files:
        file.write_text(file.name)
    person.page.evaluate(LOCKED)

    drop(person, *files, on=person.page.get_by_role("main"))

    expect(person.transfer("plan.md")).to_have_class("transfer done")
    expect(person.page.locator("#toasts")).to_contain_text("“locked.txt” cannot be read and was left out.")
    expect(person.page.locator("#tray .transfer")).to_have_count(1)


def test_the_keys_that_paste_go_to_the_browser_where_nothing_was_cut(person: Person) -> None:
    """It hands over the files that were copied on the desktop."""
    page = person.page
    person.make_folder("Summer 2026")
    page.evaluate("document.addEventListener('paste', () => { document.body.dataset.pasted = 'yes'; })")
    person.row("Summer 2026").click()

    page.keyboard.press("Control+v")

    expect(page.locator("body")).to_have_attribute("data-pasted", "yes")


def test_files_that_are_pasted_come_into_the_folder_on_show(person: Person) -> None:
    """Never while something is typed: there a paste is for the field."""
    page = person.page
    person.make_folder("Summer 2026")
    person.row("Summer 2026").dblclick()
    expect(page.get_by_role("heading", name="Summer 2026")).to_be_visible()
    page.evaluate(PASTE, ["#search", "typed.txt"])
    page.evaluate(PASTE, ["body", "pasted.txt"])

    expect(person.transfer("pasted.txt")).to_have_class("transfer done")
    person.expect_names("pasted.txt")
    expect(page.locator("#tray .transfer")).to_have_count(1)
