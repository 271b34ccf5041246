"""The share dialog: a link's terms hold for whoever has it, and what was refused is shown as it is."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, Response, expect

from tests.e2e.people import Person, intercept

PASSWORD = "hut and stove"


def shared(person: Person, name: str) -> Locator:
    """Open the dialog of one entry."""
    person.row(name).click()
    person.page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    return person.page.get_by_role("dialog", name=f"Share “{name}”")


def test_the_terms_of_a_link_hold_for_whoever_has_it(person: Person, open_person) -> None:
    stranger: Person = open_person()
    person.put({"notes.txt": b"from the lake"})
    dialog = shared(person, "notes.txt")
    dialog.get_by_role("checkbox", name="Anyone with the link").check()
    address = dialog.get_by_label("The link", exact=True).input_value()
    dialog.get_by_label("Ends on").fill("2099-12-31")
    expect(dialog).to_contain_text("until 31 Dec 2099")
    dialog.get_by_label("Downloads at most").fill("1")
    dialog.get_by_label("Downloads at most").press("Tab")
    expect(dialog).to_contain_text("0 of 1 downloads were made")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Password").press("Tab")
    expect(dialog.get_by_role("button", name="Without a password")).to_be_visible()

    page = stranger.page
    page.goto(address)
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="notes.txt")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == b"from the lake"
    page.goto(address)
    expect(page.get_by_role("heading", name="This link is used up")).to_be_visible()

    dialog.get_by_role("button", name="Done").click()
    dialog = shared(person, "notes.txt")
    expect(dialog).to_contain_text("1 of 1 downloads were made")
    dialog.get_by_label("Downloads at most").fill("")
    dialog.get_by_label("Downloads at most").press("Tab")
    expect(dialog.get_by_text("downloads were made")).to_have_count(0)
    page.goto(address)
    expect(page.get_by_role("heading", name="notes.txt")).to_be_visible()


def test_what_could_not_be_changed_is_shown_as_it_is(person: Person, open_person) -> None:
    jonas: Person = open_person()
    jonas.register()
    page = person.page
    person.put({"notes.txt": b"from the lake"})
    dialog = shared(person, "notes.txt")
    dialog.get_by_label("User name").fill(jonas.name)
    dialog.get_by_role("button", name="Add").click()
    role = dialog.get_by_label(f"What {jonas.name} can do")
    link = dialog.get_by_role("checkbox", name="Anyone with the link")
    expect(role.locator("option:checked")).to_have_text("Can view")

    lose_the_line(page)
    for wanted in ("Can edit", "Take it back"):
        role.select_option(wanted)
        expect(dialog.get_by_role("status").filter(has_text="The connection is gone.")).to_be_visible()
        expect(role.locator("option:checked")).to_have_text("Can view")
        expect(role).to_be_focused()
    link.click()
    expect(link).not_to_be_checked()

    page.unroute("**/api/v1/**")
    link.check()
    terms = dialog.get_by_label("People can")
    expect(terms).to_be_visible()  # the link is made
    lose_the_line(page)
    link.click()
    page.get_by_role("button", name="Turn it off").click()
    expect(link).to_be_checked()
    terms.select_option("View only")
    expect(terms.locator("option:checked")).to_have_text("View and download")
    page.unroute("**/api/v1/**")
    terms.focus()
    terms.select_option("View only")
    expect(dialog).to_contain_text("Whoever has it can view")
    expect(terms).to_be_focused()
    person.complaints.clear()  # the browser tells of the broken connections


def test_a_switch_that_is_pressed_twice_makes_one_link(person: Person) -> None:
    page = person.page
    person.put({"notes.txt": b"from the lake"})
    entry_id = person.row("notes.txt").get_attribute("data-id")
    dialog = shared(person, "notes.txt")
    link = dialog.get_by_role("checkbox", name="Anyone with the link")
    waiting = person.hold("**/shares")

    with page.expect_request("**/shares"):
        link.click()
    link.click()
    expect(link).to_be_checked()
    for route in waiting:
        route.continue_()

    expect(dialog.get_by_label("The link", exact=True)).to_be_visible()
    made = page.request.get(f"{person.url}/api/v1/entries/{entry_id}/shares").json()
    assert len(made["results"]) == 1


def test_what_was_asked_for_last_holds(person: Person) -> None:
    page = person.page
    person.put({"notes.txt": b"from the lake"})
    dialog = shared(person, "notes.txt")
    dialog.get_by_role("checkbox", name="Anyone with the link").check()
    most = dialog.get_by_label("Downloads at most")
    most.fill("5")
    waiting = person.hold("**/api/v1/shares/*")
    with page.expect_request("**/api/v1/shares/*"):
        most.press("Tab")
    most.fill("7")
    most.press("Tab")

    def answer(most: int) -> Callable[[Response], bool]:
        return lambda response: response.request.post_data == f'{{"max_downloads":{most}}}'

    with page.expect_response(answer(5)) as first, page.expect_response(answer(7)) as second:
        waiting.pop().continue_()  # of two under way the later one would come first
        page.unroute("**/api/v1/shares/*")
    first.value.finished()
    second.value.finished()
    person.see_drawn()

    expect(dialog).to_contain_text("0 of 7 downloads were made")


def test_the_answer_to_one_term_leaves_alone_what_is_typed_into_another(person: Person) -> None:
    page = person.page
    person.put({"notes.txt": b"from the lake"})
    dialog = shared(person, "notes.txt")
    dialog.get_by_role("checkbox", name="Anyone with the link").check()
    role, password = dialog.get_by_label("People can"), dialog.get_by_label("Password")
    most = dialog.get_by_label("Downloads at most")
    expect(role).to_be_visible()
    waiting = person.hold("**/api/v1/shares/*")

    with page.expect_request("**/api/v1/shares/*"):
        role.select_option("View only")
    password.focus()
    page.keyboard.type("hut and")
    waiting.pop().continue_()
    expect(dialog).to_contain_text("Whoever has it can view")
    expect(role.locator("option:checked")).to_have_text("View only")
    expect(password).to_be_focused()
    page.keyboard.type(" stove")
    expect(password).to_have_value(PASSWORD)

    with page.expect_request("**/api/v1/shares/*"):
        page.keyboard.press("Tab")
    most.focus()
    page.keyboard.type("5")
    waiting.pop().continue_()
    expect(dialog.get_by_role("button", name="Without a password")).to_be_visible()
    expect(password).to_have_attribute("placeholder", "Set; type a new one")
    expect(password).to_have_value("")
    expect(most).to_be_focused()
    expect(most).to_have_value("5")

    with page.expect_request("**/api/v1/shares/*"):
        role.select_option("View and download")
    page.keyboard.type("0")
    waiting.pop().abort()
    expect(role.locator("option:checked")).to_have_text("View only")
    expect(most).to_be_focused()
    expect(most).to_have_value("50")
    page.unroute("**/api/v1/shares/*")
    page.keyboard.press("Tab")
    expect(dialog).to_contain_text("0 of 50 downloads were made")
    person.complaints.clear()  # the browser tells of the broken connection


def test_a_day_is_typed_key_by_key_and_means_what_it_is_when_it_is_left(person: Person) -> None:
    keyboard = person.page.keyboard
    person.put({"notes.txt": b"from the lake"})
    dialog = shared(person, "notes.txt")
    dialog.get_by_role("checkbox", name="Anyone with the link").check()
    end = dialog.get_by_label("Ends on")
    end.focus()
    keyboard.type("12312099")
    expect(dialog).to_contain_text("until 31 Dec 2099")
    expect(end).to_be_focused()

    end.focus()
    keyboard.press("Backspace")  # the year is gone, and so is the day
    expect(end).to_have_value("")
    dialog.get_by_label("Password").focus()
    expect(end).to_have_value("2099-12-31")

    end.fill("2020-01-01")
    dialog.get_by_label("Password").focus()
    expect(person.page.get_by_role("status").filter(has_text="This time is over.")).to_be_visible()
    expect(end).to_have_value("2099-12-31")
    expect(dialog).to_contain_text("until 31 Dec 2099")
    person.complaints.clear()  # the browser tells of the refusal


def lose_the_line(page: Page) -> None:
    """Have nothing changed any more, as if the connection were gone."""
    intercept(
        page,
        "**/api/v1/**",
        lambda route: route.continue_() if route.request.method == "GET" else route.abort(),
    )
