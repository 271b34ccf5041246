"""The pages for who is not signed in: entrances, public links, and what is said when something fails.

They are used without scripts here; axe, which is one, looks at them in a browser that runs some.
"""

from pathlib import Path

from playwright.sync_api import expect

from tests.e2e import pictures
from tests.e2e.people import PASSWORD, Person
from tests.e2e.screenshots import Api
from tests.e2e.test_accessibility import everywhere

ENTRANCES = (
    *("sign-in", "register", "password-reset", "password-reset/sent", "password-reset/MQ/worn-out"),
    *("confirm-email/made-up", "s/made-up", "nothing-here"),
)


def links_of(person: Person) -> dict[str, str]:
    """Fill an album and share it and what lies in it in every way; the addresses by their kind."""
    api = Api(person.url, person.name, PASSWORD)
    api.make("/album/first day")
    sun = pictures.landscape(3, ((120, 170, 205), (240, 205, 160)), ((222, 172, 110), (150, 74, 38)))
    for name, data in {
        "sun.jpg": sun,
        "notes.md": b"# Notes",
        "first day/a.txt": b"a",
        "b.zip": b"PK",
    }.items():
        api.put(f"/album/{name}", data)

    def share(path: str, **terms: object) -> str:
        made = api.ask("POST", f"entries/{api.id_of(path)}/shares", json={"role": "download", **terms})
        return str(made["link"]["url"])  # type: ignore[index]

    return {
        "folder": share("/album"),
        "picture": share("/album/sun.jpg"),
        "archive": share("/album/b.zip", max_downloads=3),
        "upload": share("/album/first day", role="upload"),
        "password": share("/album/notes.md", password="hut and stove, lit"),
    }


def test_axe_finds_nothing_at_the_doors(open_person) -> None:
    person: Person = open_person()
    found: dict[str, list[str]] = {}
    for path in ENTRANCES:
        person.page.goto(f"{person.url}/{path}")
        found |= everywhere(person.page, path)
    assert found == {}


def test_axe_finds_nothing_on_the_pages_of_links(person: Person, open_person) -> None:
    page, found = open_person().page, {}
    for kind, address in links_of(person).items():
        page.goto(address)
        found |= everywhere(page, f"a link: {kind}")
    assert found == {}


def test_a_link_is_browsed_loaded_from_and_sent_to_without_scripts(
    person: Person, open_person, tmp_path: Path
) -> None:
    links, page = links_of(person), open_person(java_script_enabled=False).page

    page.goto(links["folder"])
    page.get_by_role("link", name="first day", exact=True).click()
    expect(page.get_by_role("heading", name="first day")).to_be_visible()
    page.get_by_role("link", name="album", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download notes.md").click()
    assert Path(download.value.path()).read_bytes() == b"# Notes"

    page.goto(links["picture"])
    picture = page.get_by_role("img", name="sun.jpg")
    expect(picture).to_be_visible()
    assert picture.bounding_box()["width"] > 100  # it came, and was drawn

    page.goto(links["password"])
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill("hut and stove, lit")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="notes.md")).to_be_visible()

    (tmp_path / "from me.txt").write_bytes(b"here it is")
    page.goto(links["upload"])
    page.get_by_label("Choose a file").set_input_files(str(tmp_path / "from me.txt"))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("Your file has arrived.")
    api = Api(person.url, person.name, PASSWORD)
    assert api.ask("GET", "paths/album/first day/from me.txt")["size"] == 10
