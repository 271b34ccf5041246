"""S18: what a browser still shows to whoever sits down at it next."""

from playwright.sync_api import expect

from tests.e2e.people import Person


def test_s18_nothing_of_the_files_is_seen_by_going_back_after_signing_out(person: Person) -> None:
    page = person.page
    person.put({"secret plan.txt": b"only for me"})
    page.goto(f"{person.url}/recent")
    expect(person.row("secret plan.txt")).to_be_visible()
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    for _ in range(2):
        page.go_back()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert "secret plan" not in page.content()
