"""Takes a picture of every page, small and large, light and dark: `make screenshots`. Not a test.

Names of pictures or of stories after the folder take those alone.
"""

import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e import cluster_pictures, dialog_pictures, door_pictures, pictures, state_pictures
from tests.e2e.conftest import CHROMIUM, DESKTOP, PHONE, QUIET
from tests.e2e.people import PASSWORD, SLOW_MS
from tests.system import System

FOLDERS = ("Camera roll", "Film scans", "Receipts", "To print")
HERE = "/Family/Summer 2026"
PEOPLE = ("marie.keller", "jonas.keller", "lena.ostrowski")
NAMED = """
from accounts.models import User
User.objects.filter(username="marie.keller").update(
    first_name="Marie", last_name="Keller", email="marie@keller.example"
)
"""
SETTINGS = {
    "DEFAULT_QUOTA_BYTES": str(door_pictures.QUOTA_BYTES),
    "NEARFULL_SHARE": "0",  # how full the disk of this machine is belongs into no picture
    "OFFLINE_AFTER_SECONDS": "5",
    "REPAIR_BYTES_PER_SECOND": "800000",  # so that it goes on while pictures of it are taken
}
Shot = Callable[[Page, str, bool], None]


def seed(system: System) -> None:
    """Fill an installation: people, folders, files, stars, versions, something in the trash."""
    for name in PEOPLE:
        body = {"username": name, "password": PASSWORD}
        requests.post(f"{system.url}/api/v1/auth/register", json=body, timeout=60).raise_for_status()
    system.manage("shell", "-c", NAMED)
    api = Api(system.url, "admin", system.admin_password)
    for name in FOLDERS:
        api.make(f"{HERE}/{name}")
    api.make("/Family/Winter 2027")
    for name, data in pictures.files().items():
        api.put(f"{HERE}/{name}", data)
    api.put(f"{HERE}/Packing list.md", pictures.NOTES.encode() + b"\nAnd a deck of cards.\n")
    for name in ("Camera roll", "Ridge at dawn.jpg", "Packing list.md"):
        api.ask("PATCH", f"entries/{api.id_of(f'{HERE}/{name}')}", json={"starred": True})
    for name in ("Old tickets.pdf", "Draft.md"):
        api.put(f"/Family/{name}", pictures.NOTES.encode() + name.encode())
        api.ask("DELETE", f"entries/{api.id_of(f'/Family/{name}')}")
    for name, role in (("lena.ostrowski", "editor"), ("jonas.keller", "viewer")):
        api.share(f"{HERE}/Meadow.jpg", name, role)
    for name, paths in {
        "lena.ostrowski": ("/Choir", "/Hut keys.txt"),
        "jonas.keller": ("/Film scans",),
    }.items():
        theirs = Api(system.url, name, PASSWORD)
        for path in paths:
            theirs.put(path, b"Under the stone.") if path.endswith(".txt") else theirs.make(path)
            theirs.share(path, "admin", "viewer")
    state_pictures.seed(api, system)
    door_pictures.seed(Api(system.url, door_pictures.MARIE, PASSWORD))


class Api:
    """The API as one person."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = f"{url}/api/v1"
        self.session = requests.Session()
        answer = self.ask("POST", "auth/tokens", json={"username": username, "password": password})
        self.session.headers["Authorization"] = f"Token {answer['token']}"

    def ask(self, method: str, path: str, **options: object) -> dict[str, object]:
        reply = self.session.request(method, f"{self.url}/{path}", timeout=60, **options)
        reply.raise_for_status()
        return dict(reply.json()) if reply.content else {}

    def make(self, path: str) -> None:
        self.ask("POST", "entries", json={"kind": "folder", "path": path, "parents": True})

    def put(self, path: str, data: bytes) -> None:
        self.ask("PUT", f"content{path}", data=data, headers={"Content-Type": ""})

    def share(self, path: str, with_whom: str, role: str) -> None:
        self.ask("POST", f"entries/{self.id_of(path)}/shares", json={"user": with_whom, "role": role})

    def id_of(self, path: str) -> object:
        return self.ask("GET", f"paths{path}")["id"]


def sign_in(page: Page, system: System) -> None:
    page.goto(f"{system.url}/sign-in")
    page.get_by_label("user name").fill("admin")
    page.get_by_label("Password", exact=True).fill(system.admin_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/files/*")


def open_summer(page: Page, view: str = "list") -> None:
    page.locator('.place[data-place="files"]').click()
    for name in ("Family", "Summer 2026"):
        row = page.locator(f'.row[data-name="{name}"]')
        row.dblclick() if page.viewport_size != PHONE else row.tap()
        expect(page.locator(f'#page[data-name="{name}"]')).to_be_visible()
    wanted = page.locator(f'.view-switch a[data-view="{view}"]')
    if wanted.get_attribute("aria-current") is None:
        (wanted if wanted.is_visible() else page.locator("#phone-view")).click()
        expect(wanted).to_have_attribute("aria-current", "true")
    thumbs = page.locator(".row .c-thumb img")
    if page.viewport_size == PHONE:  # where those below are asked for later
        thumbs = page.locator('.row[data-name="Lake at noon 2.jpg"] .c-thumb img')
    expect(thumbs).to_have_count(1 if page.viewport_size == PHONE else len(pictures.PICTURES))


def files(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    open_summer(page)
    if is_phone:
        take("files")
        for name in ("Meadow.jpg", "Ridge at dawn.jpg"):
            page.locator(f'.row[data-name="{name}"] .c-box').tap()
        take("selection")
        page.get_by_role("button", name="Clear the selection").tap()
        page.get_by_role("button", name="What to do with Slide archive 1978.zip").tap()
        take("menu")
        page.get_by_role("menuitem", name="Details").tap()
    else:
        page.locator('.row[data-name="Sea at dusk.jpg"]').click(button="right")
        take("menu")
        page.keyboard.press("Escape")
        page.locator('.row[data-name="Meadow.jpg"]').click()
        page.locator('.row[data-name="Ridge at dawn.jpg"]').click(modifiers=["Control"])
        page.locator('.row[data-name="Slide archive 1978.zip"]').click(modifiers=["Control"])
        page.keyboard.press("d")
    expect(page.get_by_role("heading", name="Safe: 3 of 3 copies")).to_be_visible()
    take("details" if is_phone else "files")
    page.get_by_role("button", name="Close the details").click()
    page.keyboard.press("Escape")


def grid(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    open_summer(page, "grid")
    if not is_phone:
        page.locator('.row[data-name="Milky way.jpg"]').click()
        page.locator('.row[data-name="Ridge at dawn.jpg"]').click(modifiers=["Control"])
    take("grid")
    page.keyboard.press("Escape")
    open_summer(page)


def looking(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    for name, shot in (
        ("Ridge at dawn.jpg", "preview"),
        ("Packing list.md", "preview-markdown"),
        ("Hut booking.pdf", "preview-pdf"),
    ):
        row = page.locator(f'.row[data-name="{name}"]')
        row.tap() if is_phone else row.dblclick()
        body = page.locator(".preview-body")
        expect(body.locator("img, article, canvas").first).to_be_visible()
        take(shot)
        page.get_by_role("button", name="Close the preview").click()
        expect(page.locator(".preview")).to_have_count(0)


def moving(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    page.locator('.row[data-name="Meadow.jpg"]' + (" .c-box" if is_phone else "")).click()
    page.get_by_role("toolbar").get_by_role("button", name="Move").click()
    expect(page.get_by_role("treeitem", name="To print")).to_be_visible()
    take("move")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear the selection").click()


def places(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    for name, path in {
        "search": "search?q=lake",
        "starred": "starred",
        "shared": "shared",
        "recent": "recent",
        "trash": "trash",
    }.items():
        page.goto(f"{origin(page)}/{path}")
        expect(page.locator("#list .row").first).to_be_visible()
        take(name)


def empty(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    page.goto(origin(page))
    for name in ("Family", "Winter 2027"):
        row = page.locator(f'.row[data-name="{name}"]')
        row.tap() if is_phone else row.dblclick()
    words = "Nothing is here yet" if is_phone else "Drop files or whole folders here"
    expect(page.get_by_role("heading", name=words)).to_be_visible()
    take("empty")


def origin(page: Page) -> str:
    return str(page.evaluate("location.origin"))


STORIES: tuple[Shot, ...] = (  # type: ignore[assignment]
    *(files, grid, looking, moving, dialog_pictures.dialogs, places, empty, cluster_pictures.cluster),
    *(cluster_pictures.admin, dialog_pictures.uploading, state_pictures.states, state_pictures.risk),
    *(state_pictures.papers, door_pictures.doors, state_pictures.letters, door_pictures.account),
)
LAST: tuple[Shot, ...] = (cluster_pictures.node_off, state_pictures.doctor)  # type: ignore[assignment]
"""While a node is down."""
LATER: tuple[Shot, ...] = (state_pictures.repairing,)  # type: ignore[assignment]
"""While what it held is copied."""
UNSETTLED = ("offline", "uploading")
"""Pictures whose rail may say of the copies what it will."""


@contextmanager
def desk(browser: Browser, scheme: str, size: dict[str, int]) -> Iterator[Page]:
    is_phone = size == PHONE
    context = browser.new_context(
        viewport=size,
        color_scheme=scheme,
        has_touch=is_phone,
        is_mobile=is_phone,
        device_scale_factor=2 if is_phone else 1,
    )
    page = context.new_page()
    page.set_default_timeout(SLOW_MS)
    yield page
    context.close()


def take_all(
    folder: Path, system: System, browser: Browser, only: set[str], stories: Sequence[Shot] = STORIES
) -> None:
    expect.set_options(timeout=SLOW_MS)
    told = [story for story in (*STORIES, *LAST, *LATER) if story.__name__ in only]
    names = set() if told else only
    stories = [story for story in stories if story in told or not told]
    is_well = not {*LAST, *LATER}.intersection(stories)
    for size in (DESKTOP, PHONE):
        for scheme in ("light", "dark"):
            with desk(browser, scheme, size) as page:

                def take(
                    name: str, page: Page = page, scheme: str = scheme, width: int = size["width"]
                ) -> None:
                    if names and name not in names:
                        return
                    if is_well and name not in UNSETTLED:  # of what was just stored every copy is made
                        expect(page.locator(".safety:is([hidden], .warn)")).to_have_count(0)
                    page.wait_for_timeout(350)  # until what moves has come to rest
                    with Image.open(io.BytesIO(page.screenshot())) as picture:
                        picture.convert("RGB").save(folder / f"{name}-{scheme}-{width}.webp", quality=90)

                if not stories:
                    continue
                page.goto(f"{system.url}/sign-in")
                take("signin")
                sign_in(page, system)
                for story in stories:
                    story(page, take, size == PHONE)  # type: ignore[arg-type]


def main() -> None:
    folder, only = Path(sys.argv[1]), set(sys.argv[2:])
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        System(Path(data) / "data", nodes=4, env=SETTINGS) as system,
    ):
        seed(system)
        cluster_pictures.seed(Api(system.url, "admin", system.admin_password), system)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
            take_all(folder, system, browser, only)
            cluster_pictures.lose_a_node(system)
            take_all(folder, system, browser, only, LAST)
            state_pictures.begin_repair(system, cluster_pictures.LOST)
            take_all(folder, system, browser, only, LATER)
            browser.close()


if __name__ == "__main__":
    main()
