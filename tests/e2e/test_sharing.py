"""Sharing as two people see it: one lets the other in, and takes it back; a link for everybody else."""

from playwright.sync_api import expect

from tests.e2e.people import Person


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

    link.uncheck()
    expect(dialog.get_by_label("The link", exact=True)).to_have_count(0)
    dialog.get_by_role("button", name="Done").click()
    assert stranger.page.goto(address).status == 404


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
    page.keyboard.press("/")
    page.keyboard.press("Control+v")
    expect(page.get_by_role("searchbox")).to_have_value(address)
    assert person.complaints == []
