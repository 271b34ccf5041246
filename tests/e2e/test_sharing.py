"""Sharing as two people see it: one lets the other in, and takes it back; a link for everybody else."""

from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.people import Person, intercept
from tests.e2e.test_choosing_files import drop


def test_a_folder_shared_with_somebody_is_theirs_to_see_until_it_is_taken_back(
    person: Person, open_person
) -> None:
    jonas: Person = open_person()
    jonas.register()
    person.make_folder("Summer 2026")
    person.put({"Summer 2026/notes.txt": b"from the lake"})
    person.row("Summer 2026").click()
    person.page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    dialog = person.page.get_by_role("dialog", name="Share “Summer 2026”")
    sign = person.page.locator(".account-button .avatar").get_attribute("class") or ""
    expect(dialog.locator(".avatar").first).to_have_class(sign)  # a person's, wherever it is drawn
    dialog.get_by_label("User name").fill("nobody-of-this-name")
    person.page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    person.complaints.clear()  # the browser tells of the refusal
    dialog.get_by_label("User name").fill(jonas.name)
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("listitem").filter(has_text=jonas.name)).to_be_visible()

    jonas.page.get_by_role("link", name="Shared with me").click()
    jonas.row("Summer 2026").dblclick()
    expect(jonas.row("notes.txt")).to_be_visible()
    jonas.row("notes.txt").click()
    expect(jonas.page.get_by_role("toolbar").get_by_role("button", name="Download")).to_be_visible()
    expect(jonas.page.get_by_role("toolbar").get_by_role("button", name="Trash")).to_have_count(0)

    dialog.get_by_label(f"What {jonas.name} can do").select_option("Take it back")
    expect(dialog.get_by_role("listitem").filter(has_text=jonas.name)).to_have_count(0)
    jonas.page.get_by_role("link", name="Shared with me").click()
    expect(jonas.page.get_by_role("heading", name="Nobody has shared anything with you yet")).to_be_visible()


def test_several_are_shared_at_once_and_taken_back_at_once(person: Person, open_person) -> None:
    jonas: Person = open_person()
    jonas.register()
    person.put({"a.txt": b"a", "b.txt": b"b", "c.txt": b"c"})
    _share(person, "a.txt", jonas.name)  # one of them alone, before
    person.row("a.txt").click()
    person.row("b.txt").click(modifiers=["Control"])
    person.row("c.txt").click(modifiers=["Control"])
    person.page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    dialog = person.page.get_by_role("dialog", name="Share 3 items")
    expect(dialog.get_by_role("checkbox", name="Anyone with the link")).to_have_count(0)
    role = dialog.get_by_label(f"What {jonas.name} can do")
    expect(role.locator("option:checked")).to_have_text("Not the same for all")

    dialog.get_by_label("User name").fill(jonas.name)
    dialog.get_by_label("Role").select_option("Can edit")
    dialog.get_by_label("User name").press("Enter")
    expect(role.locator("option:checked")).to_have_text("Can edit")

    jonas.page.get_by_role("link", name="Shared with me").click()
    expect(jonas.row("c.txt")).to_be_visible()
    jonas.expect_names("a.txt", "b.txt", "c.txt")
    role.select_option("Take it back")
    expect(dialog.get_by_role("listitem").filter(has_text=jonas.name)).to_have_count(0)
    dialog.get_by_role("button", name="Done").click()
    jonas.page.reload()
    expect(jonas.page.get_by_role("heading", name="Nobody has shared anything with you yet")).to_be_visible()


def test_what_is_shared_is_ordered_by_whose_it_is(person: Person, open_person) -> None:
    lena: Person = open_person()
    lena.register()
    reader: Person = open_person()
    reader.register()
    first, second = sorted((person, lena), key=lambda one: one.name)
    first.put({"b.txt": b"b"})
    second.put({"a.txt": b"a"})
    for one, name in ((first, "b.txt"), (second, "a.txt")):
        _share(one, name, reader.name)

    reader.page.get_by_role("link", name="Shared with me").click()
    order = reader.page.get_by_role("navigation", name="Order")
    order.get_by_role("link", name="Owner").click()
    expect(order.get_by_role("link", name="Owner ascending")).to_be_focused()
    reader.expect_names("b.txt", "a.txt")
    order.get_by_role("link", name="Owner").click()
    expect(order.get_by_role("link", name="Owner descending")).to_be_focused()
    reader.expect_names("a.txt", "b.txt")
    assert reader.complaints == []


def test_a_folder_shared_to_be_looked_at_offers_nothing_to_bring(person: Person, open_person) -> None:
    jonas: Person = open_person()
    jonas.register()
    person.make_folder("Summer 2026")
    _share(person, "Summer 2026", jonas.name)
    jonas.page.get_by_role("link", name="Shared with me").click()
    jonas.row("Summer 2026").dblclick()
    expect(jonas.page.get_by_role("heading", name="Nothing is here yet")).to_be_visible()
    main = jonas.page.get_by_role("main")
    expect(main.get_by_role("button", name="New folder")).to_have_count(0)
    main.click(button="right", position={"x": 400, "y": 300})
    expect(jonas.page.get_by_role("menuitem", name="As a grid")).to_be_visible()
    expect(jonas.page.get_by_role("menuitem", name="Upload files")).to_have_count(0)


def test_what_one_may_do_with_what_is_shared_follows_the_role(person: Person, open_person) -> None:
    jonas: Person = open_person()
    jonas.register()
    person.put({"notes.txt": b"from the lake"})
    _share(person, "notes.txt", jonas.name)
    jonas.page.get_by_role("link", name="Shared with me").click()
    jonas.row("notes.txt").click()
    deeds = jonas.page.get_by_role("toolbar")
    expect(deeds.get_by_role("button", name="Download")).to_be_visible()
    expect(deeds.get_by_role("button", name="Rename")).to_have_count(0)

    person.page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    role = person.page.get_by_label(f"What {jonas.name} can do")
    role.select_option("Can edit")
    expect(deeds.get_by_role("button", name="Rename")).to_be_visible()
    expect(jonas.row("notes.txt")).to_have_attribute("aria-selected", "true")
    role.select_option("Can view")
    expect(deeds.get_by_role("button", name="Rename")).to_have_count(0)
    expect(jonas.row("notes.txt")).to_have_attribute("aria-selected", "true")

    role.select_option("Take it back")
    expect(jonas.page.get_by_role("heading", name="Nobody has shared anything with you yet")).to_be_visible()
    assert jonas.complaints == []


def test_who_is_in_a_shared_folder_sees_what_the_others_do_there(person: Person, open_person) -> None:
    jonas: Person = open_person()
    jonas.register()
    page = person.page
    person.make_folder("Summer 2026")
    person.put({"Summer 2026/old.txt": b"", "Summer 2026/away.txt": b""})
    jonas.page.get_by_role("link", name="Shared with me").click()
    expect(jonas.page.get_by_role("heading", name="Nobody has shared anything with you yet")).to_be_visible()
    _share(person, "Summer 2026", jonas.name, role="Can edit")
    person.row("Summer 2026").dblclick()
    jonas.row("Summer 2026").dblclick()
    expect(jonas.row("old.txt")).to_be_visible()

    jonas.make_folder("From Jonas")
    expect(person.row("From Jonas")).to_be_visible()
    person.row("old.txt").click()
    page.keyboard.press("Delete")
    expect(person.row("old.txt")).to_have_count(0)
    person.make_folder("From Marie")
    person.row("away.txt").click()
    page.keyboard.press("Control+x")
    page.keyboard.press("Alt+ArrowUp")
    expect(person.row("Summer 2026")).to_be_visible()
    page.keyboard.press("Control+v")
    expect(person.row("away.txt")).to_be_visible()

    expect(jonas.row("From Marie")).to_be_visible()
    expect(jonas.row("old.txt")).to_have_count(0)
    expect(jonas.row("away.txt")).to_have_count(0)
    jonas.expect_names("From Jonas", "From Marie")
    assert jonas.complaints == []

    person.row("Summer 2026").click()
    page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    page.get_by_label(f"What {jonas.name} can do").select_option("Take it back")
    expect(jonas.page.get_by_role("heading", name="Nobody has shared anything with you yet")).to_be_visible()
    expect(jonas.page.locator("#toasts")).to_contain_text("“Summer 2026” is not shared with you any more.")


def test_a_folder_dropped_into_a_shared_one_comes_there_and_joins_one_of_its_name(
    person: Person, open_person, tmp_path: Path
) -> None:
    jonas: Person = open_person()
    jonas.register()
    person.make_folder("Team")
    _share(person, "Team", jonas.name, role="Can edit")
    person.row("Team").dblclick()
    expect(person.page.get_by_role("heading", name="Team")).to_be_visible()
    person.make_folder("Sub")
    person.store({"Team/Sub/old.txt": b"old"})
    (tmp_path / "Sub" / "Day 1").mkdir(parents=True)
    (tmp_path / "Sub" / "Day 1" / "lake.txt").write_text("swim")
    jonas.page.get_by_role("link", name="Shared with me").click()
    jonas.row("Team").dblclick()
    expect(jonas.row("Sub")).to_be_visible()

    drop(jonas, tmp_path / "Sub", on=jonas.page.get_by_role("main"))
    expect(jonas.transfer("lake.txt")).to_have_class("transfer done")

    person.row("Sub").dblclick()
    expect(person.row("old.txt")).to_be_visible()
    person.expect_names("Day 1", "old.txt")
    person.row("Day 1").dblclick()
    expect(person.row("lake.txt")).to_be_visible()
    assert jonas.complaints == []


def _share(person: Person, name: str, whom: str, *, role: str = "Can view") -> None:
    """Let somebody look at something, or more."""
    person.row(name).click()
    person.page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    dialog = person.page.get_by_role("dialog", name=f"Share “{name}”")
    dialog.get_by_label("User name").fill(whom)
    dialog.get_by_label("Role").select_option(role)
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("listitem").filter(has_text=whom)).to_be_visible()
    dialog.get_by_role("button", name="Done").click()


def test_a_link_opens_for_whoever_has_it_until_it_is_gone(person: Person, open_person) -> None:
    stranger: Person = open_person()
    person.put({"notes.txt": b"from the lake"})
    person.row("notes.txt").click()
    person.page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    dialog = person.page.get_by_role("dialog", name="Share “notes.txt”")
    link = dialog.get_by_role("checkbox", name="Anyone with the link")
    link.check()
    address = dialog.get_by_label("The link", exact=True).input_value()

    stranger.page.goto(address)
    expect(stranger.page.get_by_role("heading", name="notes.txt")).to_be_visible()
    dialog.get_by_label("Password").fill("hut and stove")
    dialog.get_by_label("Password").press("Tab")
    expect(dialog.get_by_role("button", name="Without a password")).to_be_visible()
    stranger.page.reload()
    expect(stranger.page.get_by_label("Password")).to_be_visible()

    sure = person.page.get_by_role("dialog", name="Turn the link off?")
    link.uncheck()
    sure.get_by_role("button", name="Keep it").click()
    expect(link).to_be_checked()
    stranger.page.reload()
    expect(stranger.page.get_by_label("Password")).to_be_visible()
    link.uncheck()
    sure.get_by_role("button", name="Turn it off").click()
    expect(dialog.get_by_label("The link", exact=True)).to_have_count(0)
    dialog.get_by_role("button", name="Done").click()
    assert stranger.page.goto(address).status == 404


def test_what_is_said_while_a_dialog_is_open_is_in_the_dialog(person: Person) -> None:
    """Beneath it nothing is seen, pressed or read out."""
    page = person.page
    person.put({"notes.txt": b"from the lake"})
    person.row("notes.txt").dblclick()
    preview = page.get_by_role("dialog", name="Preview")
    expect(preview.get_by_role("status").filter(has_text="notes.txt, 1 of 1")).to_be_attached()
    preview.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share “notes.txt”")
    dialog.get_by_role("checkbox", name="Anyone with the link").check()
    expect(dialog.get_by_role("status").filter(has_text="The link works")).to_be_attached()

    intercept(page, "**/api/v1/shares/*", lambda route: route.abort())
    dialog.get_by_role("checkbox", name="Anyone with the link").click()  # on again before one looks
    page.get_by_role("button", name="Turn it off").click()
    said = dialog.get_by_role("status").filter(has_text="The connection is gone.")
    expect(said).to_be_visible()
    said.get_by_role("button", name="Close").click()
    expect(said).to_have_count(0)
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Done").click()
    expect(preview.locator("#toasts")).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator("body > #toasts")).to_be_attached()
    person.complaints.clear()  # the browser tells of the broken connection


def test_a_link_is_copied_where_browsers_keep_their_clipboard_from_pages_without_tls(open_person) -> None:
    person: Person = open_person()
    page = person.page
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    person.register()
    person.put({"notes.txt": b"from the lake"})
    person.row("notes.txt").click()
    page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share “notes.txt”")
    dialog.get_by_role("checkbox", name="Anyone with the link").check()
    address = dialog.get_by_label("The link", exact=True).input_value()

    dialog.get_by_role("button", name="Copy link").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_focused()

    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.press("Control+v")
    expect(page.get_by_role("searchbox")).to_have_value(address)
    assert person.complaints == []
