"""Pictures of what passes: an earlier version, a deed that can be undone, a page without its server."""

import io
import random
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e import films, pictures
from tests.e2e.sounds import tone
from tests.system import System

FOLDER = "/Family/To look at"
RESET = """
from django.contrib.auth.tokens import default_token_generator as tokens
from django.utils.http import urlsafe_base64_encode
from accounts.models import User
user = User.objects.get(username="lena.ostrowski")
print(urlsafe_base64_encode(str(user.pk).encode()) + "/" + tokens.make_token(user))
"""
GONE_FOR_LONG = """
from datetime import timedelta
from django.utils import timezone
from nodes.models import Node
Node.objects.filter(name="{node}").update(failing_since=timezone.now() - timedelta(hours=1))
"""
PREVIEWS = {
    "preview-film": ("Ferry.webm", "video"),
    "preview-sound": ("Church bell.wav", "audio"),
    "preview-table": ("Budget 2026.csv", "table"),
    "preview-code": ("rename_photos.py", "code"),
}
TURNING_MS = 4000
"""Until the sign of loading, which Chromium draws over a film, has turned to its end."""
PACE_MS = 200_000
"""Until repair has gone on for long enough to say how fast it is."""
opened: dict[str, str] = {}
"""Addresses that `seed` has made, by the name of their picture."""


def seed(api, system: System) -> None:
    api.make(FOLDER)
    api.put(f"{FOLDER}/Ferry.webm", films.film(seconds=12, scene=_sea()))
    api.put(f"{FOLDER}/Church bell.wav", tone(seconds=6))
    api.put(f"{FOLDER}/Budget 2026.csv", pictures.TABLE.encode())
    api.put(f"{FOLDER}/rename_photos.py", pictures.PROGRAM.encode())
    for number in range(3):
        api.put(f"{FOLDER}/Ideas.md", random.Random(number).randbytes(800 + 300 * number))
    api.ask("PATCH", f"entries/{api.id_of(f'{FOLDER}/Ideas.md')}", json={"starred": True})
    opened["password-new"] = "password-reset/" + system.manage("shell", "-c", RESET).split()[-1]
    opened["confirm-email"] = "confirm-email/a-proof"


def _sea() -> Image.Image:
    return Image.open(io.BytesIO(pictures.landscape(*pictures.PICTURES["Sea at dusk.jpg"])))


def states(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    _open_folder(page, is_phone)
    expect(_row(page, "Ferry.webm").locator(".c-thumb img")).to_have_count(1)
    for shot, (name, element) in PREVIEWS.items():
        _open(_row(page, name), is_phone)
        shown = page.locator(f".preview-body {element}").first
        expect(shown).to_be_visible()
        if element == "video":
            page.wait_for_function("film => film.readyState === 4", arg=shown.element_handle())
            page.wait_for_timeout(TURNING_MS)
        take(shot)
        page.get_by_role("button", name="Close the preview").click()
        expect(page.locator(".preview")).to_have_count(0)
    _details(page, take, is_phone)
    _undo(page, take, is_phone)
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    take("offline")
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()


def risk(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    page.goto(f"{_origin(page)}/cluster")
    page.get_by_role("button", name="What to do with node-1").click()
    page.get_by_role("menuitem", name="What if it fails?").click()
    expect(page.get_by_role("dialog").locator(".risk")).to_be_visible()
    take("cluster-risk")
    page.keyboard.press("Escape")


def doctor(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    page.goto(f"{_origin(page)}/admin/doctor")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    take("admin-doctor")


def repairing(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    page.goto(f"{_origin(page)}/cluster")
    expect(page.locator(".repair")).to_contain_text("B/s", timeout=PACE_MS)
    take("cluster-repair")


def begin_repair(system: System, node: str) -> None:
    """Have a node that is off count as gone for long."""
    system.manage("shell", "-c", GONE_FOR_LONG.format(node=node))


def papers(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    page.goto(f"{_origin(page)}/api/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    take("api-docs")


def letters(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    """What the links in letters open, to somebody who is not signed in."""
    url = _origin(page)
    page.context.clear_cookies()
    for shot, address in opened.items():
        page.goto(f"{url}/{address}")
        take(shot)


def _details(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    if is_phone:
        page.get_by_role("button", name="What to do with Ideas.md").tap()
        page.get_by_role("menuitem", name="Details").tap()
    else:
        _row(page, "Ideas.md").click()
        page.keyboard.press("d")
    details = page.get_by_role("complementary", name="Details")
    details.get_by_role("tab", name="Versions").click()
    expect(details.locator(".versions li")).to_have_count(3)
    take("versions")
    details.get_by_role("tab", name="Activity").click()
    expect(details.get_by_role("listitem").first).to_be_visible()
    take("activity")
    page.get_by_role("button", name="Close the details").click()
    page.keyboard.press("Escape")


def _undo(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    _row(page, "Ideas.md").locator(".c-box").click()
    page.get_by_role("toolbar").get_by_role("button", name="Trash").click()
    undo = page.locator("#toasts").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    take("undo")
    undo.click()
    expect(_row(page, "Ideas.md")).to_be_visible()
    page.goto(page.url)  # what was selected is so no more


def _open_folder(page: Page, is_phone: bool) -> None:
    page.goto(_origin(page))
    for name in FOLDER.strip("/").split("/"):
        _open(_row(page, name), is_phone)
        expect(page.locator(f'#page[data-name="{name}"]')).to_be_visible()


def _row(page: Page, name: str) -> Locator:
    return page.locator(f'.row[data-name="{name}"]')


def _open(row: Locator, is_phone: bool) -> None:
    row.tap() if is_phone else row.dblclick()


def _origin(page: Page) -> str:
    return str(page.evaluate("location.origin"))
