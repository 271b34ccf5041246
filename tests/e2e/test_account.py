"""One's own account as a person uses it; and axe finds nothing on its pages, in any light, at any width."""

from playwright.sync_api import BrowserContext, expect

from tests.e2e.people import PASSWORD, Person
from tests.e2e.test_accessibility import everywhere

SECTIONS = ("", "/security", "/tokens", "/room", "/look")


def test_a_person_looks_after_the_account_without_leaving_the_page(person: Person) -> None:
    page = person.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=f"Account of {person.name}").click()
    page.get_by_role("menuitem", name="Account").click()
    page.evaluate("window.isTheSame = true")
    main = page.get_by_role("main")

    main.get_by_label("Your name").fill("Marie Keller")
    page.keyboard.press("Enter")
    expect(main.get_by_role("status").filter(has_text="Your name is saved.")).to_be_focused()
    expect(main.get_by_text("Marie Keller", exact=True)).to_be_visible()

    main.get_by_role("link", name="Tokens").click()
    expect(main.get_by_role("heading", name="New token")).to_be_visible()
    main.get_by_role("textbox", name="Name").fill("laptop")
    main.get_by_label("Your password").fill("not this one")
    main.get_by_role("button", name="Make the token").click()
    expect(main.get_by_text("This is not your password.")).to_be_visible()
    expect(main.get_by_label("Your password")).to_be_focused()
    main.get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(main.get_by_role("heading", name="“laptop” is made")).to_be_visible()
    text = main.get_by_label("The token", exact=True).input_value()
    main.get_by_role("button", name="Copy").click()
    expect(page.locator("#news")).to_have_text("Copied")
    assert text.startswith("dfs_") and page.evaluate("navigator.clipboard.readText()") == text
    main.get_by_role("button", name="Revoke laptop").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(main.get_by_text("There is none. Programs cannot get in.")).to_be_visible()

    main.get_by_role("link", name="Look").click()
    main.get_by_role("radio", name="Dark").check()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.evaluate("document.getElementById('page').dataset.old = ''")
    main.get_by_role("checkbox", name="Single letters do something").uncheck()
    expect(page.locator("#page:not([data-old])").get_by_text("Saved for this browser.")).to_be_visible()
    expect(main.get_by_role("checkbox", name="Single letters do something")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="My files").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("window.isTheSame")


def test_a_button_that_is_pressed_twice_makes_one_token(person: Person) -> None:
    page = person.page
    page.goto(f"{person.url}/account/tokens")
    main = page.get_by_role("main")
    main.get_by_role("textbox", name="Name").fill("laptop")
    main.get_by_label("Your password").fill(PASSWORD)

    main.get_by_role("button", name="Make the token").dblclick()

    expect(main.get_by_role("heading", name="“laptop” is made")).to_be_visible()
    page.goto(f"{person.url}/account/tokens")
    expect(main.get_by_role("button", name="Revoke laptop")).to_have_count(1)


def test_axe_finds_nothing_on_the_pages_of_the_account(person: Person) -> None:
    page, found = person.page, {}
    for section in SECTIONS:
        page.goto(f"{person.url}/account{section}")
        found |= everywhere(page, f"/account{section}")

    assert found == {}


def test_the_account_is_looked_after_without_scripts(open_person) -> None:
    person: Person = open_person(java_script_enabled=False)
    person.register()
    page, context = person.page, person.page.context
    expect(page.get_by_role("button", name="New", exact=True)).to_be_hidden()  # it would do nothing
    page.get_by_role("button", name=f"Account of {person.name}").click()
    page.get_by_role("menuitem", name="Account").click()

    page.get_by_label("Your name").fill("Marie Keller")
    page.get_by_role("button", name="Save the name").click()
    expect(page.get_by_text("Your name is saved.")).to_be_visible()
    page.get_by_role("link", name="Look").click()
    page.get_by_role("radio", name="Dark").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert cookie(context, "keys") is None


def cookie(context: BrowserContext, name: str) -> str | None:
    return next((one["value"] for one in context.cookies() if one["name"] == name), None)
